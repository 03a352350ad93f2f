import { expect, test } from '@jest/globals';
import {
  aCandidateRecord,
  anApproval,
  aPackageRecord,
  aPolicy,
  aRecord,
  digestOf,
  hour,
  holding,
  now,
} from '../../../test/support/builders/decide.ts';
import type { Approval } from '../../api/approval.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import { lifted, type HoldsSnapshot } from './holds.ts';

const digest = digestOf('c');

const snapshot = (...approvals: readonly Approval[]): HoldsSnapshot => ({
  namespace: 'payments-prod',
  policy: aPolicy(),
  record: {
    ...aRecord(),
    packages: new Map([['payments', aPackageRecord({ held: holding(digest) })]]),
    candidates: new Map([['uid-payments-2.4.0', aCandidateRecord({ authors: new Set(['developer-a']) })]]),
  },
  approvals: (id) => approvals.filter(({ spec }) => spec.subject.uid === id),
});

const sign = (who: string, given: Partial<Approval['spec']> = {}): Approval => {
  const approval = anApproval(who, { role: 'approver' });
  return {
    ...approval,
    spec: {
      ...approval.spec,
      subject: { kind: 'Hold', name: '000000000007', uid: 'entry-7' },
      digest,
      comment: 'the registry was down',
      ...given,
    },
  };
};

const entriesOf = (s: HoldsSnapshot, answer: Answer = { kind: 'Yes' }) => {
  const { questions } = lifted(s, new Map(), now);
  return lifted(s, new Map(questions.map((question) => [questionKey(question), answer])), now);
};

test('an approver who is no author lifts a hold, and says why', () => {
  expect(entriesOf(snapshot(sign('approver-a'))).entries).toMatchObject([
    {
      actor: { username: 'approver-a' },
      package: 'payments',
      digest,
      reason: expect.stringContaining('the registry was down'),
      data: { type: 'HoldLifted', hold: 'entry-7' },
    },
  ]);
});

test.each<[string, Approval, Answer?]>([
  ['of somebody without the right', sign('approver-a'), { kind: 'No', message: 'no' }],
  ['of an author of the content', sign('developer-a')],
  ['under another digest', sign('approver-a', { digest: digestOf('d') })],
  ['that says no', sign('approver-a', { decision: 'Reject' })],
  ['in a role that the policy does not name', sign('approver-a', { role: 'nobody' })],
  ['of a program', sign('system:serviceaccount:ci:bot')],
  ['without a reason', sign('approver-a', { comment: '' })],
])('a signature %s lifts nothing', (_, approval, answer = { kind: 'Yes' }) => {
  expect(entriesOf(snapshot(approval), answer).entries).toEqual([]);
});

test('a signature that is too old lifts nothing', () => {
  const s = snapshot(sign('approver-a'));
  expect(lifted(s, new Map(), now + 1000 * hour)).toEqual({ questions: [], entries: [], wakeAt: undefined });
});
