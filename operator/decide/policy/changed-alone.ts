/** Whether others have signed for a policy whose changes take others, as it is. */
import type { Approval } from '../../api/approval.ts';
import { changedAloneAnnotation } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Wanted } from '../conditions.ts';
import { listed } from '../messages.ts';
import { peopleAmong } from '../people/identity.ts';
import { reviewCommand, reviewsOf } from '../policy-review.ts';
import type { NamespaceRecord } from '../record/record.ts';
import { visible } from '../safe-text.ts';

interface Changed {
  readonly policy: ReleasePolicy;
  readonly record: Pick<NamespaceRecord, 'policyActs'>;
  /** Approvals under the uid of the policy. */
  readonly reviews: readonly Approval[];
}

/** The API server takes the annotation only from a cluster admin who changes it alone, and lets it go only with what others signed for. */
export const signedOf = ({ policy, record, reviews }: Changed): readonly Wanted[] => {
  const type = 'ChangesSigned';
  const why = policy.metadata.annotations?.[changedAloneAnnotation];
  if (why === undefined) {
    if (policy.spec.changes === undefined) return [];
    const message = 'others have signed for each change since spec.changes was set';
    return [{ type, status: 'True', reason: 'EveryChangeSigned', message }];
  }
  const { alone } = record.policyActs;
  const signers = reviewsOf(policy, reviews).map(({ username }) => username);
  const personOf = peopleAmong(policy.spec.people, [...alone, ...signers]);
  const changed = new Set(alone.map(personOf));
  const signer = signers.find((username) => !changed.has(personOf(username)));
  const who = alone.length === 0 ? 'a cluster admin' : listed([...new Set(alone)].map(visible));
  return signer === undefined
    ? [
        {
          type,
          status: 'False',
          reason: 'ChangedAlone',
          message: `${who} changed the policy alone, as a cluster admin: ${visible(why)}. Somebody else who holds an approval role reads it and signs: ${reviewCommand(policy)}`,
        },
      ]
    : [
        {
          type,
          status: 'True',
          reason: 'EveryChangeSigned',
          message: `${who} changed the policy alone, and ${visible(signer)} has signed for it as it is since`,
        },
      ];
};
