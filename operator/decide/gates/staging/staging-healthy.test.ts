import { expect, test } from '@jest/globals';
import {
  aBundle,
  aGateSnapshot,
  anObject,
  aPolicy,
  aRecord,
  digestOf,
  now,
} from '../../../../test/support/builders/decide.ts';
import type { ObjectKey } from '../../objects.ts';
import type { WorkloadHealth } from '../gate.ts';
import { stagingHealthy } from './staging-healthy.ts';

const health = (state: WorkloadHealth['state'], key: ObjectKey = 'Deployment/api') =>
  new Map([[key, { state, message: 'crash loop' }]]);
const moved = new Map([['Deployment/api' as const, { digest: digestOf('9') }]]);
const tested = aRecord({ candidate: { tested: true } });
const failed = health('Failed');

test('healthy workloads pass', () => {
  expect(stagingHealthy.judge(aGateSnapshot(), now)).toMatchObject({ outcome: 'Passed', reason: 'StagingHealthy' });
});

test.each([
  ['Failed', 'Blocked', 'StagingUnhealthy'],
  ['Progressing', 'Waiting', 'StagingUnhealthy'],
  ['Unknown', 'Unknown', 'HealthUnknown'],
] as const)('a workload that is %s makes it %s', (state, outcome, reason) => {
  const verdict = stagingHealthy.judge(aGateSnapshot({ stagedHealth: health(state) }), now);
  expect(verdict).toMatchObject({ outcome, reason });
  expect(verdict.message).toContain('Deployment api (crash loop)');
  expect(verdict.remedy).toContain('kubectl describe deployment/api -n payments-staging');
});

test('a workload that could not be observed is not healthy', () => {
  expect(stagingHealthy.judge(aGateSnapshot({ stagedHealth: new Map() }), now).outcome).toBe('Unknown');
});

test('the worst is said first', () => {
  const objects = ['a', 'b'].map((name) => anObject('StatefulSet', name));
  const stagedHealth = new Map([...health('Progressing', 'StatefulSet/a'), ...health('Failed', 'StatefulSet/b')]);
  const verdict = stagingHealthy.judge(aGateSnapshot({ bundle: aBundle({ objects }), stagedHealth }), now);
  expect(verdict.outcome).toBe('Blocked');
  expect(verdict.message).not.toContain('StatefulSet a');
});

test('a release without workloads is healthy', () => {
  const bundle = aBundle({ objects: [anObject('ConfigMap', 'a')] });
  expect(stagingHealthy.judge(aGateSnapshot({ bundle, stagedHealth: new Map() }), now).outcome).toBe('Passed');
});

test('staging that moved on after it was tested says nothing about this content', () => {
  const s = aGateSnapshot({ record: tested, stagedNow: moved, stagedHealth: failed });
  expect(stagingHealthy.judge(s, now)).toMatchObject({ outcome: 'Passed', reason: 'HoldOver' });
});

test.each([
  ['staging that fails with the content it still has', { record: tested, stagedHealth: failed }],
  ['staging that moved before it was tested', { stagedNow: moved, stagedHealth: failed }],
  [
    'staging that moved although it must hold until the promotion',
    { record: tested, stagedNow: moved, stagedHealth: failed, policy: aPolicy({ stagingHold: 'UntilPromoted' }) },
  ],
])('%s is not healthy', (_, given) => {
  expect(stagingHealthy.judge(aGateSnapshot(given), now).outcome).toBe('Blocked');
});
