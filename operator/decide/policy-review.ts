/** By when somebody must have looked at a policy again, and who did last. */
import type { Approval } from '../api/approval.ts';
import { milliseconds } from '../api/duration.ts';
import { apiVersion, kinds } from '../api/kinds.ts';
import { jsonObject } from '../api/meta.ts';
import { storedSpec, type JudgedPolicy } from './inherited.ts';
import { digestOf } from './json/canonical.ts';
import type { Instant } from './objects.ts';

/** How far a review moves the day on: 24 months, as the API server lets reviewBy be set at most. */
const reviewCounts = '17544h';

/**
 * What a review is under: the policy as it is stored. After a change of it, what was read is another one; what it inherits only becomes tighter, so
 * that what was read goes on to hold.
 */
export const reviewDigest = (policy: JudgedPolicy): string =>
  digestOf({ uid: policy.metadata.uid, spec: jsonObject(JSON.parse(JSON.stringify(storedSpec(policy)))) });

export interface Review {
  readonly approval: string;
  readonly username: string;
  readonly role: string;
  readonly at: Instant;
}

export interface ReviewState {
  /** First instant at which it is late. */
  readonly due: Instant;
  /** The last review of the policy as it is; undefined = none. */
  readonly last: Review | undefined;
}

/** Reviews of the policy as it is, the last one first. @param approvals Approvals under the uid of the policy */
export const reviewsOf = (policy: JudgedPolicy, approvals: readonly Approval[]): readonly Review[] => {
  const { metadata, spec } = policy;
  const roles = new Set(spec.approvals.map(({ role }) => role));
  const digest = approvals.length === 0 ? '' : reviewDigest(policy);
  return approvals
    .filter(
      (each) =>
        each.metadata.namespace === metadata.namespace &&
        each.spec.subject.kind === kinds.ReleasePolicy.kind &&
        each.spec.subject.name === metadata.name &&
        each.spec.subject.uid === metadata.uid &&
        each.spec.digest === digest &&
        each.spec.decision === 'Approve' &&
        roles.has(each.spec.role) &&
        !each.spec.approver.username.startsWith('system:'),
    )
    .map(({ metadata: { name, creationTimestamp }, spec: { approver, role } }) => ({
      approval: name,
      username: approver.username,
      role,
      at: Date.parse(creationTimestamp),
    }))
    .filter(({ at }) => !Number.isNaN(at))
    .toSorted((a, b) => b.at - a.at);
};

/**
 * The day in reviewBy, or 24 months after the last review, whichever is later. That somebody might sign when they read it the API server has checked,
 * and what was read stays read when they leave.
 * @param reviews Approvals under the uid of the policy
 */
export const reviewOf = (policy: JudgedPolicy, reviews: readonly Approval[]): ReviewState => {
  const typed = Date.parse(`${policy.spec.reviewBy}T23:59:59Z`) + 1;
  const [last] = reviewsOf(policy, reviews);
  const moved = last === undefined ? -Infinity : last.at + milliseconds(reviewCounts);
  // A day that cannot be read has been.
  return { due: Math.max(Number.isNaN(typed) ? -Infinity : typed, moved), last };
};

/** By role, the Approval that says that somebody has looked at the policy as it is. */
export const reviewManifests = (policy: JudgedPolicy): Readonly<Record<string, string>> =>
  Object.fromEntries(
    policy.spec.approvals.map(({ role }) => [
      role,
      JSON.stringify({
        apiVersion,
        kind: kinds.Approval.kind,
        metadata: { generateName: 'review-', namespace: policy.metadata.namespace },
        spec: {
          subject: { kind: kinds.ReleasePolicy.kind, name: policy.metadata.name, uid: policy.metadata.uid },
          digest: reviewDigest(policy),
          role,
          decision: 'Approve',
          comment: 'I have read the policy',
        },
      }),
    ]),
  );

/** Reviews the policy, as it is typed. */
export const reviewCommand = ({ metadata, spec }: JudgedPolicy): string =>
  `kubectl get relpol ${metadata.name} -n ${metadata.namespace} -o jsonpath={.status.review.approvalManifests.${spec.approvals[0]?.role ?? ''}} | kubectl create -f -`;
