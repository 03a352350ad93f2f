/** Whether somebody may sign in a role: the question, and what its answer says. */
import type { Approval } from '../api/approval.ts';
import type { ReleaseCandidate } from '../api/candidate.ts';
import { virtualResources } from '../api/kinds.ts';
import type { Answer, RightQuestion } from './questions.ts';

export const rightToSign = (
  { candidate }: { readonly candidate: Pick<ReleaseCandidate, 'spec'> },
  { spec }: Pick<Approval, 'spec'>,
): RightQuestion => ({
  ask: 'Right',
  who: spec.approver,
  namespace: candidate.spec.targetNamespace,
  resource: virtualResources.approvalRoles,
  verb: 'approve',
  name: spec.role,
});

/** undefined = not answered. */
export const heldRight = (answer: Answer | undefined): boolean | undefined =>
  answer?.kind === 'Yes' ? true : answer?.kind === 'No' ? false : undefined;
