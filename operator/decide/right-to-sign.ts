/** Whether somebody may sign in a role: the question, and what its answer says. */
import type { Approval } from '../api/approval.ts';
import { virtualResources } from '../api/kinds.ts';
import type { Answer, RightQuestion } from './questions.ts';

/** `namespace`: of production, where whoever signs holds the right. */
export const rightToSign = (namespace: string, { spec }: Pick<Approval, 'spec'>): RightQuestion => ({
  ask: 'Right',
  who: spec.approver,
  namespace,
  resource: virtualResources.approvalRoles,
  verb: 'approve',
  name: spec.role,
});

/** undefined = not answered. */
export const heldRight = (answer: Answer | undefined): boolean | undefined =>
  answer?.kind === 'Yes' ? true : answer?.kind === 'No' ? false : undefined;
