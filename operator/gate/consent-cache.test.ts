import { expect, test } from '@jest/globals';
import {
  aCandidate,
  aNamespace,
  anIntent,
  aPackageRecord,
  aPolicy,
  aRecord,
  aSealedBundle,
  enoughApprovals,
  now,
  noneReported,
} from '../../test/support/builders/decide.ts';
import { createConsents, type ConsentTools } from './consent-cache.ts';
import type { Grounds } from './state.ts';

const bundle = aSealedBundle();
const intent = anIntent(bundle);
const approvals = enoughApprovals().map((each) => ({ ...each, spec: { ...each.spec, digest: bundle.digest } }));
const enough: Grounds = {
  policy: aPolicy(),
  candidate: aCandidate(),
  bundle,
  approvals,
  lifts: new Map(),
  ...noneReported,
};
const record = {
  ...aRecord({ candidate: { stagedDigests: new Set([bundle.digest]) } }),
  packages: new Map([['payments', aPackageRecord({ open: intent })]]),
};

/** Each reading takes what it is given next; the last one for ever. */
const world = (...found: readonly (Grounds | Error | Promise<Grounds>)[]) => {
  let at = now;
  let readings = 0;
  const locks: string[] = [];
  const sight: ConsentTools['sight'] = {
    namespace: () => aNamespace(),
    record: () => record,
    integrity: () => locks,
    returnGrounds: () => Promise.reject(new Error('etcd is away')),
    grounds: async () => {
      const grounds = found[Math.min(readings, found.length - 1)];
      readings += 1;
      if (grounds === undefined || grounds instanceof Error) throw grounds ?? new Error('nothing is given');
      return grounds;
    },
  };
  return {
    consents: createConsents({ sight, ask: () => Promise.resolve({ kind: 'Yes' }), now: () => at }),
    locks,
    readings: () => readings,
    pass: async (ms: number) => {
      at += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
};

const without: Grounds = { ...enough, approvals: [] };

test('consent that was read when the promotion began is not read again for its first write', async () => {
  const { consents, readings, pass } = world(enough, without);
  consents.expect('payments-prod', intent);
  await pass(900);
  expect(await consents.to('payments-prod', intent)).toEqual({ is: 'Given' });
  await pass(3_600_000);
  expect(await consents.to('payments-prod', intent)).toEqual({ is: 'Given' });
  expect(readings()).toBe(1);
});

test('consent to a promotion is none to another that bears its id, nor to one elsewhere', async () => {
  const { consents, readings } = world(enough, without);
  expect(await consents.to('payments-prod', intent)).toEqual({ is: 'Given' });
  expect((await consents.to('payments-prod', { ...intent, seq: intent.seq + 1 })).is).toBe('Missing');
  expect((await consents.to('other-prod', intent)).is).toBe('Missing');
  expect(readings()).toBe(3);
});

test('a write that comes while it is read waits for that reading', async () => {
  const { promise, resolve } = Promise.withResolvers<Grounds>();
  const { consents, readings } = world(promise);
  consents.expect('payments-prod', intent);
  const write = consents.to('payments-prod', intent);
  resolve(enough);
  expect(await write).toEqual({ is: 'Given' });
  expect(readings()).toBe(1);
});

test('what was read ahead is read again for a write that comes later', async () => {
  const { consents, readings, locks, pass } = world(enough);
  consents.expect('payments-prod', intent);
  await pass(1_000);
  locks.push('ValidatingAdmissionPolicy/countersign-guard-pods');
  expect(await consents.to('payments-prod', intent)).toMatchObject({ is: 'Held' });
  expect(readings()).toBe(2);
});

test('a lock that changed after consent was read ahead holds the first write', async () => {
  const { consents, readings, locks, pass } = world(enough);
  consents.expect('payments-prod', intent);
  await pass(1);
  locks.push('ValidatingAdmissionPolicy/countersign-guard-pods');
  expect(await consents.to('payments-prod', intent)).toMatchObject({ is: 'Held' });
  expect(readings()).toBe(2);
});

test.each<[string, Grounds | Error]>([
  ['finds no consent', without],
  ['fails', new Error('etcd is away')],
])('a reading ahead that %s refuses nobody: whoever writes has it read again', async (_, first) => {
  const { consents, readings } = world(first, enough);
  consents.expect('payments-prod', intent);
  expect(await consents.to('payments-prod', intent)).toEqual({ is: 'Given' });
  expect(readings()).toBe(2);
});

test('without consent nothing is remembered, however often it is read', async () => {
  const { consents, readings } = world(without);
  consents.expect('payments-prod', intent);
  for (let i = 0; i < 3; i += 1) expect(await consents.to('payments-prod', intent)).toMatchObject({ is: 'Missing' });
  expect(readings()).toBe(4);
});

test('what a rollback leads to and cannot be read is not gone back to, for now', async () => {
  const { consents } = world(enough);
  const back = { ...intent, type: 'Rollback' as const };
  expect(await consents.toReturn('payments-prod', back, 'Write')).toMatchObject({
    is: 'Held',
    message: expect.stringContaining('etcd is away'),
  });
});
