/** What a policy that is in force says of itself. */
import { policyName } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { rfc3339, type Wanted } from '../conditions.ts';
import type { Instant } from '../objects.ts';
import { reviewCommand, type ReviewState } from '../policy-review.ts';
import { unclearKinds } from './unclear-kinds.ts';
import { unreadableRoots } from './unreadable-roots.ts';

export const inForce = (policy: ReleasePolicy, { due }: ReviewState, now: Instant): Wanted => {
  const ready = { type: 'Ready', status: 'True' } as const;
  const unclear = unclearKinds(policy);
  if (unclear.length > 0) {
    return {
      ...ready,
      reason: 'KindUnclear',
      message: `in force, but for entries that count for nothing: ${unclear.join('; ')}. Next: a platform admin adds group to them: kubectl edit releasepolicy ${policyName} -n ${policy.metadata.namespace}`,
    };
  }
  const roots = unreadableRoots(policy);
  if (roots.length > 0) {
    return {
      ...ready,
      reason: 'TrustedRootUnread',
      message: `in force, but nobody whom it is to identify signs for anything: ${roots.join('; ')}. Next: a platform admin puts in what cosign trusted-root create wrote: kubectl edit releasepolicy ${policyName} -n ${policy.metadata.namespace}`,
    };
  }
  if (now < due) return { ...ready, reason: 'InForce', message: 'releases are judged by this policy' };
  const blocks = policy.spec.reviewOverdue === 'Block' ? ', and nothing is promoted until somebody has read it' : '';
  return {
    ...ready,
    reason: 'ReviewOverdue',
    message: `in force${blocks}; its review was due by ${rfc3339(Math.max(0, due))}. Somebody who holds an approval role reads it and signs: ${reviewCommand(policy)}`,
  };
};
