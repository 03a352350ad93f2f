import { expect, test } from '@jest/globals';
import {
  aBundle,
  aGateSnapshot,
  aPackageRecord,
  aRecord,
  digestOf,
  holding,
  now,
} from '../../../../test/support/builders/decide.ts';
import type { GateSnapshot } from '../gate.ts';
import { rollbackHold } from './rollback-hold.ts';

const held = (...digests: string[]) => ({ package: { held: holding(...digests) } });
const earlier = aBundle({ name: 'payments-2.4.0-cccccccc', digest: digestOf('c') });

test('content that was never taken back passes', () => {
  const record = aRecord(held(digestOf('9')));
  expect(rollbackHold.judge(aGateSnapshot({ record }), now)).toMatchObject({ outcome: 'Passed', reason: 'NotHeld' });
});

test.each<[sentence: string, given: Partial<GateSnapshot>]>([
  ['in this very bundle', { record: aRecord(held(digestOf('d'))) }],
  ['in an earlier bundle of the candidate', { record: aRecord(held(digestOf('c'))), bundles: [earlier, aBundle()] }],
  [
    'in a bundle of the candidate that only the record knows',
    {
      record: aRecord({
        ...held(digestOf('c')),
        candidate: { stagedDigests: new Set([digestOf('c'), digestOf('d')]) },
      }),
    },
  ],
])('content that was taken back %s is held', (_, given) => {
  const verdict = rollbackHold.judge(aGateSnapshot(given), now);
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'HeldAfterRollback' });
  expect(verdict.remedy).toContain('spec.replaces: payments-2.4.0');
  expect(verdict.remedy).toContain('"subject":{"kind":"Hold","name":"000000000007","uid":"entry-7"}');
});

test('what was taken back of another package holds nothing', () => {
  const record = { ...aRecord(), packages: new Map([['billing', aPackageRecord({ held: holding(digestOf('d')) })]]) };
  expect(rollbackHold.judge(aGateSnapshot({ record }), now).outcome).toBe('Passed');
});
