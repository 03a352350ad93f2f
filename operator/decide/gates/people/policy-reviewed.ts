/** Has somebody looked at the policy in time? */
import type { Instant } from '../../objects.ts';
import { reviewCommand, reviewOf } from '../../policy-review.ts';
import { rfc3339 } from '../../conditions.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';

const reads = ['policy', 'target', 'reviews'] as const;

const judge = (s: Facts<typeof reads>, now: Instant) => {
  if (s.policy.spec.reviewOverdue === 'Report')
    return passed('ReviewOnlyReported', 'The policy is in force whether or not it was reviewed in time');
  const { due } = reviewOf(s.policy, s.reviews);
  if (now < due) return passed('PolicyReviewed', `The review of the policy is due by ${rfc3339(due)}`, due);
  return blocked('PolicyReviewOverdue', {
    message: 'Nothing is promoted under a policy that nobody has reviewed in time',
    remedy: `Somebody who holds an approval role in ${s.target.name} reads it (kubectl get relpol ${s.policy.metadata.name} -n ${s.target.name} -o yaml) and signs: ${reviewCommand(s.policy)}`,
  });
};

export const policyReviewed = defineGate({
  name: 'PolicyReviewed',
  asks: 'Has somebody looked at the policy in time, where it asks for that?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: 'The review itself is one signature.',
  judge,
});
