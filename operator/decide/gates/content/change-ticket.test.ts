import { describe, expect, test } from '@jest/globals';
import { aCandidate, aGateSnapshot, aPolicy, now } from '../../../../test/support/builders/decide.ts';
import { releasePolicy } from '../../../api/policy.ts';
import { changeTicket } from './change-ticket.ts';

const judged = (policy: Record<string, unknown>, change: string) =>
  changeTicket.judge(
    aGateSnapshot({ policy: aPolicy({ changeTicket: policy }), candidate: aCandidate({ change }) }),
    now,
  );

const mode = 'Required';
const pattern = '^CHG[0-9]{7}$';

test.each<[sentence: string, policy: Record<string, unknown>, change: string, outcome: string, reason: string]>([
  ['no change passes where none is required', {}, '', 'Passed', 'ChangeTicketNotRequired'],
  ['no change passes where only its form is given', { pattern }, '', 'Passed', 'ChangeTicketNotRequired'],
  ['a change passes where none is required', {}, 'whatever', 'Passed', 'ChangeTicketGiven'],
  ['a change must have the form, required or not', { pattern }, 'whatever', 'Blocked', 'ChangeTicketMalformed'],
  ['a required change that is missing blocks', { mode }, '', 'Blocked', 'ChangeTicketMissing'],
  ['blanks are no change', { mode }, '  ', 'Blocked', 'ChangeTicketMissing'],
  ['any change passes where no form is given', { mode }, 'REQ 1', 'Passed', 'ChangeTicketGiven'],
  ['a change of the form passes', { mode, pattern }, 'CHG0012345', 'Passed', 'ChangeTicketGiven'],
  ['a change with more before it does not', { mode, pattern }, 'see CHG0012345', 'Blocked', 'ChangeTicketMalformed'],
  ['a change with more after it does not', { mode, pattern }, 'CHG00123456', 'Blocked', 'ChangeTicketMalformed'],
  ['a pattern that cannot be read blocks', { mode, pattern: '^[z-a]$' }, 'z', 'Blocked', 'PolicyInvalid'],
  ['a count that cannot be read blocks', { mode, pattern: '^A{9,1}$' }, 'A', 'Blocked', 'PolicyInvalid'],
])('%s', (_, policy, change, outcome, reason) => {
  expect(judged(policy, change)).toMatchObject({ outcome, reason });
});

test('who lacks it is told what is missing, who supplies it and the command', () => {
  expect(judged({ mode, pattern }, '')).toMatchObject({
    message: 'The policy requires a change that matches ^CHG[0-9]{7}$, and spec.change is empty',
    remedy:
      'The developer creates a new candidate with spec.replaces: payments-2.4.0 and spec.change: the name of its change in the system of record: kubectl create -f <candidate>.yaml -n payments-staging',
  });
});

describe('the schema takes a pattern', () => {
  const isTaken = (given: string): boolean =>
    releasePolicy.shape.spec.shape.changeTicket.safeParse({ pattern: given }).success;

  test.each(['^CHG[0-9]{7}$', String.raw`^[A-Z]+-\d+$`, '^REQ/[0-9]{2,4}/[A-Za-z0-9_-]*$', '^...$', '^$'])(
    '%s',
    (given) => {
      expect(isTaken(given)).toBe(true);
    },
  );

  test.each<[sentence: string, pattern: string]>([
    ['without an anchor before it', 'CHG[0-9]{7}$'],
    ['without an anchor after it', '^CHG[0-9]{7}'],
    ['with a group', '^(A+)+$'],
    ['with alternatives', '^A|B$'],
    ['with four parts of variable length', '^A*B+C?D{1,}$'],
    ['with a count of a count', '^A{2}{3}$'],
    ['with a lazy count', '^A+?$'],
    ['with a reference to a group', String.raw`^\1$`],
    ['that is longer than 64 characters', `^${'A'.repeat(63)}$`],
  ])('but none %s', (_, given) => {
    expect(isTaken(given)).toBe(false);
  });
});
