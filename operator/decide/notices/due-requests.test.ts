/** What people are told of exceptions, and changes of the policy, that wait. */
import { describe, expect, test } from '@jest/globals';
import {
  aChangeSignature,
  anException,
  anExceptionSignature,
  aPolicy,
  aPolicyChange,
  aRecord,
  hour,
  now,
} from '../../../test/support/builders/decide.ts';
import type { PolicyException } from '../../api/exception.ts';
import type { PolicyChange } from '../../api/policy-change.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import { planChange } from '../changes/plan.ts';
import { planException } from '../exceptions/plan.ts';
import { rightToSign } from '../people/approval-right.ts';
import { dueOfRequests } from './due-requests.ts';

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
  dueOfRequests([exception], '4h').map(({ kind, role, at }) => `${kind} ${role} +${(at - now) / hour}h`);

test('each role that it waits for is told when it is asked for, and once more later', () => {
  expect(told(reported())).toEqual([
    'ApprovalNeeded risk +-1h',
    'ApprovalReminder risk +3h',
    'ApprovalNeeded security +-1h',
    'ApprovalReminder security +3h',
  ]);
});

test('it says the role, how many have signed, and the command', () => {
  const [first] = dueOfRequests([reported()]);
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

describe('a change of the policy', () => {
  const changes = { approvals: [{ role: 'policy', count: 1 }] };
  const policy = aPolicy({ changes, soak: '1h' });
  const change = aPolicyChange('shorter', { changes, soak: '0s' });

  const reportedUnder = (current: ReleasePolicy, signers: readonly string[] = []): PolicyChange => {
    const approvals = signers.map((who) => aChangeSignature(change, current, who));
    const no: Answer = { kind: 'No', message: 'lacks the right' };
    const answers = new Map(approvals.map((each) => [questionKey(rightToSign('payments-prod', each)), no]));
    const s = { change, approvals, policy: current, record: aRecord(), complete: true };
    const [write] = planChange(s, answers, now).statuses;
    if (write?.kind !== 'PolicyChange') throw new Error('no status');
    return { ...change, status: write.status };
  };

  test('is told to each role that it waits for, with what it changes and the command', () => {
    const due = dueOfRequests([reportedUnder(policy)], '4h');
    expect(due.map(({ kind, role, at }) => `${kind} ${role} +${(at - now) / hour}h`)).toEqual([
      'ApprovalNeeded policy +-1h',
      'ApprovalReminder policy +3h',
    ]);
    expect(due[0]?.command).toBe('kubectl countersign sign change shorter -n payments-prod --role policy');
    expect(due[0]?.facts).toContainEqual({ label: 'changes', value: expect.stringContaining('soak') });
  });

  test('is told again when the policy became another one, for which nobody has signed', () => {
    const later = { ...policy, metadata: { ...policy.metadata, generation: 7 } };
    const ids = [policy, later].flatMap((each) => dueOfRequests([reportedUnder(each)]).map(({ id }) => id));
    expect(new Set(ids).size).toBe(4);
  });

  test('is still waited for when who signed may not', () => {
    expect(dueOfRequests([reportedUnder(policy, ['b'])])).toHaveLength(2);
  });
});
