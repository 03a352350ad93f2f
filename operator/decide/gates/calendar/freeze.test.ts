import { expect, test } from '@jest/globals';
import { aCandidate, aGateSnapshot, aPolicy, hour, now, timestamp } from '../../../../test/support/builders/decide.ts';
import { freeze } from './freeze.ts';

const between = (from: number, to: number, reason = 'year-end') => ({
  from: timestamp(from),
  to: timestamp(to),
  reason,
});
const frozenBy = (...freezes: object[]) => aGateSnapshot({ policy: aPolicy({ freezes }) });
const lane = { passes: ['Freeze'], approvals: [{ role: 'sre', count: 1 }] };
const urgent = aCandidate({ urgency: 'Expedited', incident: 'INC-1' });
const yearEnd = between(now, now + hour);

test.each([
  ['not yet, a moment before', now - 1, 'Passed', 'NotFrozen', now],
  ['from its first instant', now, 'Waiting', 'Frozen', now + hour],
  ['to its last', now + hour - 1, 'Waiting', 'Frozen', now + hour],
])('a freeze is on %s', (_, instant, outcome, reason, wakeAt) => {
  expect(freeze.judge(frozenBy(yearEnd), instant)).toMatchObject({ outcome, reason, wakeAt });
});

test('a freeze is over when it ends, and nothing is waited for any more', () => {
  const verdict = freeze.judge(frozenBy(yearEnd), now + hour);
  expect(verdict).toMatchObject({ outcome: 'Passed', reason: 'NotFrozen' });
  expect(verdict).not.toHaveProperty('wakeAt');
});

test('no freezes never freeze', () => {
  expect(freeze.judge(frozenBy(), now).outcome).toBe('Passed');
});

test('the reason is told, and in the remedy its end', () => {
  const verdict = freeze.judge(frozenBy(yearEnd), now);
  expect(verdict.message).toBe('A freeze is on: year-end');
  expect(verdict.remedy).toContain(timestamp(now + hour));
});

test('of several freezes all that are on are told', () => {
  const s = frozenBy(yearEnd, between(now, now + 2 * hour, 'audit'), between(now + hour, now + 9 * hour, 'later'));
  expect(freeze.judge(s, now).message).toBe('A freeze is on: year-end and audit');
});

test('a freeze whose ends cannot be read holds everything up', () => {
  const s = frozenBy({ from: 'Christmas', to: timestamp(now), reason: 'year-end' });
  expect(freeze.judge(s, now)).toMatchObject({ outcome: 'Blocked', reason: 'PolicyInvalid' });
});

test('an expedited candidate passes a freeze if the policy lets it', () => {
  const s = aGateSnapshot({ candidate: urgent, policy: aPolicy({ freezes: [yearEnd], expedited: lane }) });
  expect(freeze.judge(s, now)).toMatchObject({ outcome: 'Passed', reason: 'PassedByExpedited' });
});

test('an expedited candidate waits if its lane passes only windows', () => {
  const expedited = { ...lane, passes: ['Window'] };
  const s = aGateSnapshot({ candidate: urgent, policy: aPolicy({ freezes: [yearEnd], expedited }) });
  expect(freeze.judge(s, now).outcome).toBe('Waiting');
});

test('a candidate of normal urgency waits though there is a lane', () => {
  const s = aGateSnapshot({ policy: aPolicy({ freezes: [yearEnd], expedited: lane }) });
  expect(freeze.judge(s, now)).toMatchObject({ outcome: 'Waiting', reason: 'Frozen' });
});
