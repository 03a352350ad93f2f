import { describe, expect, test } from '@jest/globals';
import { aGateSnapshot, aRecord, aSibling, hour, now } from '../../../../test/support/builders/decide.ts';
import type { OpenIntent } from '../../record/package.ts';
import type { Sibling } from '../snapshot.ts';
import { placeLimits } from './open-limits.ts';
import { inFlight } from './in-flight.ts';

const intent = (given: Partial<OpenIntent> = {}): OpenIntent => ({
  type: 'Promotion',
  id: 'a',
  seq: 1,
  at: now,
  candidate: { name: 'payments-2.3.9', uid: 'uid-other', namespace: 'payments-staging' },
  to: '',
  toDigest: '',
  from: '',
  fromDigest: '',
  cause: '',
  rollback: '',
  delivery: 'Countersign',
  followsUp: null,
  refused: undefined,
  rejected: false,
  ...given,
});
const own = { name: 'payments-2.4.0', uid: 'uid-payments-2-4-0', namespace: 'payments-staging' };
const judged = (open: OpenIntent | undefined) =>
  inFlight.judge(aGateSnapshot({ record: aRecord({ package: { open } }) }), now);

test('a package at rest is free', () => {
  expect(judged(undefined)).toMatchObject({ outcome: 'Passed', reason: 'NoPromotionInFlight' });
});

test.each([
  ["another candidate's promotion", intent(), 'The promotion of payments-2.3.9 is in flight'],
  ['a rollback', intent({ type: 'Rollback' }), 'The rollback of payments is in flight'],
  [
    'the rollback of this very candidate',
    intent({ type: 'Rollback', candidate: own }),
    'The rollback of payments is in flight',
  ],
])('%s is waited for, and named', (_, open, message) => {
  expect(judged(open)).toMatchObject({ outcome: 'Waiting', reason: 'PromotionInFlight', message });
});

test('its own promotion is not in its way', () => {
  expect(judged(intent({ candidate: own })).outcome).toBe('Passed');
});

test('nothing is promoted on a broken record', () => {
  const verdict = inFlight.judge(
    aGateSnapshot({ record: aRecord({ broken: 'entry 7 does not follow entry 6' }) }),
    now,
  );
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'LedgerBroken' });
  expect(verdict.message).toContain('entry 7 does not follow entry 6');
});

const others = (count: number, given: Partial<Sibling> = {}): Sibling[] =>
  Array.from({ length: count }, (_, index) =>
    aSibling({ name: `payments-${index}`, uid: `uid-${index}`, createdAt: now - 9 * hour, staged: true, ...given }),
  );

const most = placeLimits.package.candidates;

describe('other candidates', () => {
  test.each<[sentence: string, siblings: Sibling[], outcome: string]>([
    ['one fewer than the most', others(most - 1), 'Passed'],
    ['as many as there may be', others(most), 'Waiting'],
    ['many that are finished', others(99, { finished: true }), 'Passed'],
    ['many that are not staged', others(99, { staged: false }), 'Passed'],
    ['many that came later', others(99, { createdAt: now }), 'Passed'],
    ['many of the same second with a smaller uid', others(99, { createdAt: now - 3 * hour, uid: 'uid-a' }), 'Waiting'],
    ['many of the same second with a larger uid', others(99, { createdAt: now - 3 * hour, uid: 'uid-z' }), 'Passed'],
  ])('%s', (_, siblings, outcome) => {
    expect(inFlight.judge(aGateSnapshot({ siblings }), now).outcome).toBe(outcome);
  });
});
