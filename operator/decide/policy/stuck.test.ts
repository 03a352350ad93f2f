import { expect, test } from '@jest/globals';
import { aPackageRecord, anAccess, aPolicy, aRecord, now } from '../../../test/support/builders/decide.ts';
import type { Rollback } from '../../api/rollback.ts';
import type { Order } from '../record/package.ts';
import { emergencyStuck, policyStuck, releaseStuck } from './stuck.ts';

const failure = { message: 'Maximum call stack size exceeded' };
const isStalled = expect.objectContaining({
  type: 'Stalled',
  status: 'True',
  reason: 'InternalError',
  message: expect.stringContaining(failure.message),
});

const old = (type: string) => ({
  type,
  status: 'False' as const,
  reason: 'Settled',
  message: 'as before',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  observedGeneration: 1,
});

test('a policy that cannot be worked on says so, beside what it said before', () => {
  const policy = {
    ...aPolicy(),
    status: { observedGeneration: 1, conditions: [old('Ready'), old('Stalled')], packages: [] },
  };
  const [write] = policyStuck({ policy }, failure, now);
  expect(write).toMatchObject({ kind: 'ReleasePolicy', before: policy.status });
  expect(write?.status.conditions).toEqual([old('Ready'), isStalled]);
  expect(policyStuck({ policy: aPolicy() }, failure, now)[0]?.status.conditions).toEqual([isStalled]);
});

const order = (uid: string): Rollback => ({
  ...aPolicy(),
  kind: 'Rollback',
  metadata: { ...aPolicy().metadata, name: uid, uid },
  spec: { package: 'payments', reason: 'r', to: '', requester: { username: 'sre-a', uid: '', groups: [] } },
  status: undefined,
});

const known = (state: Order['state']): Order => ({ state, decision: '', message: '', from: '', to: '' });

test('of the orders of a package those that wait for it say so, and those that are over do not', () => {
  const orders = new Map([
    ['begun', known('Started')],
    ['done', known('Done')],
    ['refused', known('Refused')],
  ]);
  const record = { ...aRecord(), packages: new Map([['payments', aPackageRecord({ orders })]]) };
  const rollbacks = ['new', 'begun', 'done', 'refused'].map(order);
  const writes = releaseStuck({ rollbacks, record, package: 'payments' }, failure, now);
  expect(writes.map(({ name }) => name)).toEqual(['new', 'begun']);
  for (const { status } of writes) expect(status.conditions).toEqual([isStalled]);
});

test('an emergency access says so, and one that is gone says nothing', () => {
  const [write] = emergencyStuck({ access: anAccess() }, failure, now);
  expect(write).toMatchObject({ kind: 'EmergencyAccess', status: { state: 'Pending', conditions: [isStalled] } });
  expect(emergencyStuck({ access: undefined }, failure, now)).toEqual([]);
});

test('a long message is cut', () => {
  const [write] = emergencyStuck({ access: anAccess() }, { message: 'x'.repeat(50_000) }, now);
  expect(write?.status.conditions[0]?.message.length).toBeLessThan(4_100);
});
