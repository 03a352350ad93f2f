/** Whether somebody may sign in a role: the question, and what its answer says. */
import type { Approval } from '../../api/approval.ts';
import { milliseconds } from '../../api/duration.ts';
import { virtualResources } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Instant } from '../objects.ts';
import { isSystemName } from './identity.ts';
import type { Answer, RightQuestion } from '../api-queries.ts';

/** `namespace`: of production, where whoever signs holds the right. */
export const rightToSign = (namespace: string, { spec }: Pick<Approval, 'spec'>): RightQuestion => ({
  ask: 'Right',
  who: spec.approver,
  namespace,
  resource: virtualResources.approvalRoles,
  verb: 'approve',
  name: spec.role,
});

/** Somebody, who is no program, consents, and not so long ago that it does not count any more. */
export const isConsent = ({ metadata, spec }: Approval, policy: ReleasePolicy, now: Instant): boolean =>
  spec.decision === 'Approve' &&
  now < Date.parse(metadata.creationTimestamp) + milliseconds(policy.spec.approvalValidFor) &&
  !isSystemName(spec.approver.username);

/** undefined = not answered. */
export const heldRight = (answer: Answer | undefined): boolean | undefined =>
  answer?.kind === 'Yes' ? true : answer?.kind === 'No' ? false : undefined;
