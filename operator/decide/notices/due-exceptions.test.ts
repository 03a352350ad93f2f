/** What people are told of exceptions that wait. */
import { expect, test } from '@jest/globals';
import {
  anException,
  anExceptionSignature,
  aPolicy,
  aRecord,
  hour,
  now,
} from '../../../test/support/builders/decide.ts';
import type { PolicyException } from '../../api/exception.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import { planException } from '../exceptions/plan.ts';
import { rightToSign } from '../people/approval-right.ts';
import { dueOfExceptions } from './due-exceptions.ts';

const offered = {
  gates: ['Window'],
  maxDuration: '24h',
  approvals: [
    { role: 'risk', count: 2, oneFromEach: ['board', 'owners'] },
    { role: 'security', count: 1 },
  ],
};

/** With the status that the operator writes. */
const reported = (signers: readonly string[] = []): PolicyException => {
  const exception = anException('hurry');
  const approvals = signers.map((who) => anExceptionSignature(exception, who, { role: 'security' }));
  const yes: Answer = { kind: 'Yes' };
  const answers = new Map(approvals.map((each) => [questionKey(rightToSign('payments-prod', each)), yes]));
  const s = { exception, approvals, policy: aPolicy({ exceptions: offered }), record: aRecord(), complete: true };
  const [write] = planException(s, answers, now).statuses;
  if (write?.kind !== 'PolicyException') throw new Error('no status');
  return { ...exception, status: write.status };
};

const told = (exception: PolicyException) =>
  dueOfExceptions([exception], '4h').map(({ kind, role, at }) => `${kind} ${role} +${(at - now) / hour}h`);

test('each role that it waits for is told when it is asked for, and once more later', () => {
  expect(told(reported())).toEqual([
    'ApprovalNeeded risk +-1h',
    'ApprovalReminder risk +3h',
    'ApprovalNeeded security +-1h',
    'ApprovalReminder security +3h',
  ]);
});

test('it says the role, how many have signed, and the command', () => {
  const [first] = dueOfExceptions([reported()]);
  expect(first?.facts).toContainEqual({ label: 'waits for', value: 'risk' });
  expect(first?.facts).toContainEqual({ label: 'signatures', value: '0/3' });
  expect(first?.command).toBe('kubectl countersign sign exception hurry -n payments-prod --role risk');
});

test('who has signed, or signed in vain, is waited for or not', () => {
  expect(told(reported(['security-a']))).toEqual(['ApprovalNeeded risk +-1h', 'ApprovalReminder risk +3h']);
  expect(told(reported(['owner-a']))).toHaveLength(4);
});

test('nobody is told of one that the operator has not looked at', () => {
  expect(told(anException('hurry'))).toEqual([]);
});
