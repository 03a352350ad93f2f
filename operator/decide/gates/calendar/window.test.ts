import { expect, test } from '@jest/globals';
import { aCandidate, aGateSnapshot, aPolicy, hour, minute } from '../../../../test/support/builders/decide.ts';
import { window } from './window.ts';

const utc = (schedule: string, duration = '1h') => ({ schedule, duration, timeZone: 'UTC' });
const nine = Date.parse('2026-03-11T09:00:00Z');
const atNine = aGateSnapshot({ policy: aPolicy({ windows: [utc('0 9 * * *')] }) });
const lane = { passes: ['Window'], approvals: [{ role: 'sre', count: 1 }] };
const urgent = aCandidate({ urgency: 'Expedited', incident: 'INC-1' });
const atNight = nine + 12 * hour;

test.each([
  ['closed a moment before it opens', nine - 1, 'Waiting', 'WindowClosed', nine],
  ['open at its first instant', nine, 'Passed', 'WindowOpen', nine + hour],
  ['open at its last instant', nine + hour - 1, 'Passed', 'WindowOpen', nine + hour],
  ['closed when its duration is over', nine + hour, 'Waiting', 'WindowClosed', nine + 24 * hour],
])('a window is %s', (_, now, outcome, reason, wakeAt) => {
  expect(window.judge(atNine, now)).toMatchObject({ outcome, reason, wakeAt });
});

test('a closed window names its schedule and zone, and no clock', () => {
  const { message } = window.judge(atNine, atNight);
  expect(message).toBe('No window is open: "0 9 * * *" UTC for 1h');
  expect(window.judge(atNine, atNight + minute).message).toBe(message);
});

test('no windows are always open', () => {
  expect(window.judge(aGateSnapshot({ policy: aPolicy({ windows: [] }) }), atNight)).toMatchObject({
    outcome: 'Passed',
    reason: 'NoWindows',
  });
});

test('one open window of several is enough', () => {
  const s = aGateSnapshot({ policy: aPolicy({ windows: [utc('0 3 * * *'), utc('0 9 * * *')] }) });
  expect(window.judge(s, nine).outcome).toBe('Passed');
});

test('the next of several windows is waited for', () => {
  const s = aGateSnapshot({ policy: aPolicy({ windows: [utc('0 23 * * *'), utc('0 9 * * *')] }) });
  expect(window.judge(s, atNight).wakeAt).toBe(nine + 14 * hour);
});

test.each([
  ['a schedule of four fields', utc('0 9 * *')],
  ['a schedule of six fields', utc('0 0 9 * * *')],
  ['words', utc('every day at nine please')],
  ['a nickname', utc('@daily')],
  ['a date', utc('2026-03-11T00:00:00')],
  ['an hour that there is not', utc('0 25 * * *')],
  ['a zone that there is not', { ...utc('* * * * *'), timeZone: 'Mars/Olympus' }],
  ['no zone', { ...utc('* * * * *'), timeZone: '' }],
  ['a duration that nobody can read', utc('* * * * *', 'long')],
])('%s is never open, and the admin is told', (_, broken) => {
  const policy = aPolicy();
  const unreadable = { ...policy, spec: { ...policy.spec, windows: [utc('* * * * *'), broken] } };
  const verdict = window.judge(aGateSnapshot({ policy: unreadable }), nine);
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'PolicyInvalid' });
  expect(verdict.remedy).toContain('kubectl edit relpol production -n payments-prod');
});

test('a window that never opens is an error of the policy', () => {
  const s = aGateSnapshot({ policy: aPolicy({ windows: [utc('0 9 31 2 *')] }) });
  expect(window.judge(s, nine)).toMatchObject({ outcome: 'Blocked', reason: 'PolicyInvalid' });
});

test('an expedited candidate passes a closed window if the policy lets it', () => {
  const s = aGateSnapshot({ candidate: urgent, policy: aPolicy({ windows: [utc('0 9 * * *')], expedited: lane }) });
  expect(window.judge(s, atNight)).toMatchObject({ outcome: 'Passed', reason: 'PassedByExpedited', remedy: '' });
});

test('an expedited candidate waits like any other if its lane does not pass windows', () => {
  const expedited = { ...lane, passes: ['Freeze'] };
  const s = aGateSnapshot({ candidate: urgent, policy: aPolicy({ windows: [utc('0 9 * * *')], expedited }) });
  expect(window.judge(s, atNight).outcome).toBe('Waiting');
});

test('a broken window is not passed by expediting', () => {
  const s = aGateSnapshot({ candidate: urgent, policy: aPolicy({ windows: [utc('0 9 31 2 *')], expedited: lane }) });
  expect(window.judge(s, nine).outcome).toBe('Blocked');
});

test.each([
  ['the policy has no lane', urgent, aPolicy()],
  ['it names no incident', aCandidate({ urgency: 'Expedited', incident: ' ' }), aPolicy({ expedited: lane })],
])('an expedited candidate is blocked if %s', (_, candidate, policy) => {
  expect(window.judge(aGateSnapshot({ candidate, policy }), nine)).toMatchObject({
    outcome: 'Blocked',
    reason: 'ExpeditedNotOffered',
  });
});

test('who waits for a window is told of the lane that passes it', () => {
  const s = aGateSnapshot({ policy: aPolicy({ windows: [utc('0 9 * * *')], expedited: lane }) });
  expect(window.judge(s, atNight).remedy).toContain('urgency: Expedited');
});

test('nobody is told of a lane that does not help', () => {
  expect(window.judge(atNine, atNight).remedy).not.toContain('Expedited');
});
