import { expect, test } from '@jest/globals';
import { aCandidate, now } from '../../test/support/builders/decide.ts';
import { textOf } from '../output/parts.ts';
import { candidateTree, treeLines } from './tree.ts';

const gate = (message: string, remedy: string) => ({
  name: 'StagingReferences',
  outcome: 'Blocked' as const,
  reason: 'StagingNamed' as const,
  message,
  remedy,
});

const printed = (message: string, remedy: string): readonly string[] => {
  const candidate = aCandidate();
  const status = { gates: [gate(message, remedy)], conditions: [], approvalManifests: {} };
  const story = {
    candidate: { ...candidate, status: { ...candidate.status, ...status } },
    policy: undefined,
    bundle: undefined,
    approvals: [],
  };
  return treeLines(candidateTree(story as never, { seen: undefined, whole: false, now })).map((line) =>
    line.map(textOf).join(''),
  );
};

test('a remedy of several lines is printed as lines, so that an overlay in it can be copied', () => {
  const lines = printed('it names staging', 'Add to spec.overlay:\n- kind: Deployment\n  name: api');
  expect(lines.every((line) => !line.includes('\n'))).toBe(true);
  const first = lines.findIndex((line) => line.includes('Add to spec.overlay:'));
  expect(lines[first + 1]).toMatch(/- kind: Deployment$/);
  expect(lines[first + 2]).toMatch(/ {2}name: api$/);
});
