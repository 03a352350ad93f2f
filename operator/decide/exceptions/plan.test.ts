/** What an exception says of itself. */
import { expect, test } from '@jest/globals';
import {
  anException,
  anExceptionSignature,
  aPolicy,
  aRecord,
  hour,
  now,
} from '../../../test/support/builders/decide.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import { rightToSign } from '../people/approval-right.ts';
import { planException, type ExceptionSnapshot } from './plan.ts';

const offered = { gates: ['Window'], maxDuration: '24h', approvals: [{ role: 'risk', count: 1 }] };
const hurry = anException('hurry');
const signed = anExceptionSignature(hurry, 'risk-a');

const seen = (given: Partial<ExceptionSnapshot> = {}): ExceptionSnapshot => ({
  exception: hurry,
  approvals: [],
  policy: aPolicy({ exceptions: offered }),
  record: aRecord(),
  complete: true,
  ...given,
});

const planned = (s: ExceptionSnapshot, at = now, answer: Answer = { kind: 'Yes' }) => {
  const answers = new Map(
    s.approvals.map((approval) => [questionKey(rightToSign('payments-prod', approval)), answer] as const),
  );
  const plan = planException(s, answers, at);
  const [write] = plan.statuses;
  const status = write?.kind === 'PolicyException' ? write.status : undefined;
  return { ...plan, status, granted: status?.conditions.find(({ type }) => type === 'Granted') };
};

test('one that waits says what is missing, who can supply it, and the command', () => {
  const { status, granted, wakeAt } = planned(seen({ approvals: [anExceptionSignature(hurry, 'owner-a')] }));
  expect(granted).toMatchObject({ status: 'False', reason: 'ExceptionAwaitsSignatures' });
  expect(granted?.message).toBe(
    '0 of 1 signatures; waiting for 1 risk; not counted: owner-a as risk (asked for it). Next: somebody who holds role risk in payments-prod by name, and did not ask for it, signs: kubectl get polex hurry -n payments-prod -o jsonpath={.status.approvalManifests.risk} | kubectl create -f -',
  );
  expect(status).toMatchObject({ approvals: '0/1', approvalManifests: { risk: expect.stringContaining('"Approve"') } });
  expect(wakeAt).toBe(now + 23 * hour);
});

test('one that is granted says by whom and until when, and how it ends before', () => {
  const { status, granted } = planned(seen({ approvals: [signed] }));
  expect(granted).toMatchObject({ status: 'True', message: expect.stringContaining('signed by risk-a') });
  expect(granted?.message).toContain('"decision":"Reject"');
  expect(status).toMatchObject({ approvals: '1/1', approvalManifests: {} });
});

test.each([
  ['Over', planned(seen({ approvals: [signed] }), now + 23 * hour), 'ExceptionOver'],
  ['NotOffered', planned(seen({ policy: aPolicy() })), 'ExceptionNotOffered'],
  ['no policy', planned(seen({ policy: undefined })), 'ExceptionNotOffered'],
  [
    'TooLong',
    planned(seen({ policy: aPolicy({ exceptions: { ...offered, maxDuration: '1h' } }) })),
    'ExceptionTooLong',
  ],
  [
    'Refused',
    planned(seen({ approvals: [signed, anExceptionSignature(hurry, 'risk-b', { decision: 'Reject' })] })),
    'ExceptionRefused',
  ],
  ['Unanswered', planned(seen({ approvals: [signed] }), now, { kind: 'Unavailable', message: '' }), 'RightsUnknown'],
])('%s is said, with what to do', (_, { granted }, reason) => {
  expect(granted).toMatchObject({ status: 'False', reason });
  expect(granted?.message).toMatch(/kubectl|asks for a new one|automatically/);
});

test('whether signers hold their roles is asked first', () => {
  expect(planException(seen({ approvals: [signed] }), new Map(), now).questions).toHaveLength(1);
});

test('planned again with the status that it wrote, it says the same', () => {
  const { status } = planned(seen({ approvals: [signed] }));
  const again = planned(seen({ exception: { ...hurry, status }, approvals: [signed] }), now + hour);
  expect(again.status).toEqual(status);
});
