/** When a policy must be looked at again. */
import { expect, test } from '@jest/globals';
import { aGateSnapshot, anApproval, aPolicy, digestOf, hour, now } from '../../test/support/builders/decide.ts';
import type { Approval } from '../api/approval.ts';
import { policyReviewed } from './gates/people/policy-reviewed.ts';
import { reviewDigest, reviewManifests, reviewOf } from './policy-review.ts';

const late = aPolicy({ reviewBy: '2020-01-31', reviewOverdue: 'Block' });
const months24 = 17_544 * hour;

const review = (given: Parameters<typeof anApproval>[1] = {}, who = 'approver-a'): Approval =>
  anApproval(who, {
    digest: reviewDigest(late),
    ...given,
    subject: { kind: 'ReleasePolicy', name: 'production', uid: late.metadata.uid, ...given.subject },
  });

test('the day in reviewBy counts to its end', () => {
  expect(new Date(reviewOf(aPolicy({ reviewBy: '2028-01-31' }), []).due).toISOString()).toBe(
    '2028-01-31T23:59:59.001Z',
  );
});

test('a review of the policy as it is moves it on by 24 months, and the newest counts', () => {
  const reviews = [
    review({ createdAt: now - 9 * hour }),
    review({ createdAt: now - 2 * hour, name: 'new' }, 'tester-a'),
  ];
  expect(reviewOf(late, reviews)).toMatchObject({
    due: now - 2 * hour + months24,
    last: { approval: 'new', username: 'tester-a', at: now - 2 * hour },
  });
});

test('a review never moves the day nearer', () => {
  const far = aPolicy({ reviewBy: '2040-01-31' });
  const old = review({ digest: reviewDigest(far) });
  expect(reviewOf(far, [old]).due).toBe(reviewOf(far, []).due);
});

test.each<[string, Approval]>([
  ['another digest', review({ digest: digestOf('c') })],
  ['another kind', review({ subject: { kind: 'Finding' } })],
  ['another uid', review({ subject: { uid: 'uid-old' } })],
  ['another namespace', review({ namespace: 'other-prod' })],
  ['a role that the policy does not know', review({ role: 'sre' })],
  ['a refusal', review({ decision: 'Reject' })],
  ['a system identity', review({}, 'system:serviceaccount:a:b')],
])('%s moves nothing', (_, approval) => {
  expect(reviewOf(late, [approval])).toEqual({ due: Date.parse('2020-01-31T23:59:59.001Z'), last: undefined });
});

test('after a change of the policy it is another one', () => {
  const changed = aPolicy({ reviewBy: '2020-01-31', reviewOverdue: 'Block', soak: '2h' });
  expect(reviewOf(changed, [review()]).last).toBeUndefined();
});

test('what the status hands out counts', () => {
  const manifest = JSON.parse(reviewManifests(late)['approver'] ?? '') as { spec: { digest: string } };
  expect(reviewOf(late, [review({ digest: manifest.spec.digest })]).last).toBeDefined();
});

const gate = (policy: typeof late, reviews: readonly Approval[], at = now) =>
  policyReviewed.judge(aGateSnapshot({ policy, reviews }), at);

test('a policy that asks for it holds releases up when its review is late, with the command', () => {
  const blocked = gate(late, []);
  expect(blocked).toMatchObject({ outcome: 'Blocked', reason: 'PolicyReviewOverdue' });
  expect(blocked.remedy).toContain('jsonpath={.status.review.approvalManifests.tester} | kubectl create -f -');
  expect(gate(late, [review()])).toMatchObject({ outcome: 'Passed', wakeAt: now - hour + months24 });
  expect(gate(late, [review()], now - hour + months24)).toMatchObject({ outcome: 'Blocked' });
});

test('one that only reports holds none up', () => {
  expect(gate(aPolicy({ reviewBy: '2020-01-31' }), [])).toMatchObject({
    outcome: 'Passed',
    reason: 'ReviewOnlyReported',
  });
});
