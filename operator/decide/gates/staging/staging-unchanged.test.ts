import { describe, expect, test } from '@jest/globals';
import {
  aBundle,
  aGateSnapshot,
  anApproval,
  aPolicy,
  aRecord,
  digestOf,
  enoughApprovals,
  hour,
  now,
} from '../../../../test/support/builders/decide.ts';
import { isTested } from './staging-hold.ts';
import type { ObjectKey } from '../../objects.ts';
import type { GateSnapshot } from '../gate.ts';
import { stagingUnchanged } from './staging-unchanged.ts';

type Staged = [ObjectKey, { digest: string } | undefined];
const [config, api] = aBundle().objects;
const configMap: Staged = ['ConfigMap/api-config', config];
const deployment: Staged = ['Deployment/api', api];
const staged = (...objects: Staged[]): Partial<GateSnapshot> => ({ stagedNow: new Map(objects) });

const changed = staged(configMap, ['Deployment/api', { digest: digestOf('9') }]);
const gone = staged(configMap);
const added = staged(configMap, deployment, ['Service/api', { digest: digestOf('1') }]);
const unanswered = staged(configMap, ['Deployment/api', undefined]);
const tested = { record: aRecord({ candidate: { tested: true } }) };

test('staging with exactly this content passes', () => {
  expect(stagingUnchanged.judge(aGateSnapshot(), now)).toMatchObject({ outcome: 'Passed', reason: 'StagingUnchanged' });
});

test.each([
  ['an object that changed', changed, 'Deployment api has changed'],
  ['an object that is gone', gone, 'Deployment api is gone'],
  ['an object that was added', added, 'Service api was added'],
])('%s blocks before it was tested, and is named', (_, given, message) => {
  const verdict = stagingUnchanged.judge(aGateSnapshot(given), now);
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'StagingChanged' });
  expect(verdict.message).toContain(message);
  expect(verdict.remedy).toContain('spec.replaces: payments-2.4.0');
});

test('after it was tested staging may move on', () => {
  expect(stagingUnchanged.judge(aGateSnapshot({ ...changed, ...tested }), now)).toMatchObject({
    outcome: 'Passed',
    reason: 'HoldOver',
  });
});

test('a policy that holds staging until the promotion lets it move never', () => {
  const policy = aPolicy({ stagingHold: 'UntilPromoted' });
  expect(stagingUnchanged.judge(aGateSnapshot({ ...changed, ...tested, policy }), now).outcome).toBe('Blocked');
});

test('while it is not answered what staging would become it is unknown', () => {
  expect(stagingUnchanged.judge(aGateSnapshot(unanswered), now)).toMatchObject({
    outcome: 'Unknown',
    reason: 'StagingUnknown',
  });
});

test('a change that is seen counts more than one that is not', () => {
  const s = aGateSnapshot(staged(['Deployment/api', undefined]));
  expect(stagingUnchanged.judge(s, now).reason).toBe('StagingChanged');
});

test('after it was tested nobody need ask what staging would become', () => {
  expect(stagingUnchanged.judge(aGateSnapshot({ ...unanswered, ...tested }), now).outcome).toBe('Passed');
});

describe('it was tested', () => {
  const [tester, ...others] = enoughApprovals();
  const soakEnds = { soakingSince: now - hour };
  test.each<[sentence: string, given: Partial<GateSnapshot>, expected: boolean]>([
    ['when the soak is over and the testers have signed', soakEnds, true],
    ['not a moment before the soak is over', { soakingSince: now - hour + 1 }, false],
    ['not while no soak has begun', { soakingSince: undefined }, false],
    [
      'without any soak if the policy asks for none',
      { soakingSince: undefined, policy: aPolicy({ soak: '0s' }) },
      true,
    ],
    ['not without the tester', { approvals: others }, false],
    ['with nobody but the tester', { approvals: tester === undefined ? [] : [tester] }, true],
    ['not by a tester whose right is not confirmed', { rights: new Map() }, false],
    ['not by a tester who wrote it', { approvals: [anApproval('developer-a', { role: 'tester' })] }, false],
    [
      'without a tester if the policy asks for none',
      { approvals: [], policy: aPolicy({ approvals: [{ role: 'approver', count: 1 }] }) },
      true,
    ],
    ['not once staging has moved', changed, false],
    ['not while it is not known what staging would become', unanswered, false],
  ])('%s', (_, given, expected) => {
    expect(isTested(aGateSnapshot(given), now)).toBe(expected);
  });
});
