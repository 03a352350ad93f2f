/** Two projects: `unit` is pure and quick; `cluster` runs on real control planes. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/hack/jest/strip-types.js' },
};

/** @type {import('jest').Config} */
export default {
  maxWorkers: 2,
  // For what never comes; what comes is never slower than a busy machine.
  testTimeout: 180_000,
  reporters: ['default', '<rootDir>/hack/jest/count-reporter.js'],
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/operator/**/*.test.ts',
        '<rootDir>/cli/**/*.test.ts',
        '<rootDir>/hack/*.test.ts',
        // A model, and no cluster.
        '<rootDir>/test/faults/model*.test.ts',
      ],
    },
    {
      ...shared,
      displayName: 'cluster',
      globalSetup: '<rootDir>/test/support/cluster/global-setup.ts',
      testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/hack/*/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/faults/model'],
    },
  ],
};
