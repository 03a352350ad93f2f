import { expect, test } from '@jest/globals';
import { aCandidate, aGateSnapshot, aPolicy, aRecord, hour, now } from '../../../../test/support/builders/decide.ts';
import { soak } from './soak.ts';

const expedited = { soak: '0s', passes: [], approvals: [{ role: 'sre', count: 1 }] };
const urgent = aCandidate({ urgency: 'Expedited', incident: 'INC-1' });

test.each([
  ['passes at its last instant', hour, 'Passed', 'Soaked'],
  ['waits a moment before', hour - 1, 'Waiting', 'Soaking'],
])('a soak of one hour %s', (_, elapsed, outcome, reason) => {
  expect(soak.judge(aGateSnapshot({ soakingSince: now - elapsed }), now)).toMatchObject({ outcome, reason });
});

test('it is looked at again at the instant at which it is over', () => {
  const soakingSince = now - 1;
  expect(soak.judge(aGateSnapshot({ soakingSince }), now).wakeAt).toBe(soakingSince + hour);
});

test('staging that does not run the content soaks nothing', () => {
  expect(soak.judge(aGateSnapshot({ soakingSince: undefined }), now)).toMatchObject({
    outcome: 'Waiting',
    reason: 'NotSoaking',
  });
});

test('a soak of no time is over before it begins', () => {
  const s = aGateSnapshot({ soakingSince: undefined, policy: aPolicy({ soak: '0s' }) });
  expect(soak.judge(s, now).outcome).toBe('Passed');
});

test('what was soaked once needs no other soak', () => {
  const s = aGateSnapshot({ soakingSince: undefined, record: aRecord({ candidate: { tested: true } }) });
  expect(soak.judge(s, now).outcome).toBe('Passed');
});

test('an expedited candidate soaks as long as its lane says', () => {
  const s = aGateSnapshot({ soakingSince: now, candidate: urgent, policy: aPolicy({ expedited }) });
  expect(soak.judge(s, now).outcome).toBe('Passed');
});

test('an expedited candidate without a lane soaks like any other', () => {
  expect(soak.judge(aGateSnapshot({ soakingSince: now, candidate: urgent }), now).outcome).toBe('Waiting');
});

test('a candidate of normal urgency does not take the lane', () => {
  expect(soak.judge(aGateSnapshot({ soakingSince: now, policy: aPolicy({ expedited }) }), now).outcome).toBe('Waiting');
});
