/** Whom a line of the policy lets sign, with all that is needed to tell. */
import { createHash } from 'node:crypto';
import type { EvidenceLine } from '../../../api/policy-evidence.ts';
import type { ReleasePolicy } from '../../../api/policy.ts';
import type { Signers, TrustedSigner } from '../../api-queries.ts';

type SignedBy = NonNullable<EvidenceLine['signedBy']>;

/** Roots are long, and the same line is asked about for each piece of evidence. */
const known = new WeakMap<SignedBy, Signers & { readonly roots: ReleasePolicy['spec']['trustedRoots'] }>();

/** One that names no root of the policy is nobody. */
const resolved = (signedBy: SignedBy, roots: ReleasePolicy['spec']['trustedRoots']): readonly TrustedSigner[] =>
  signedBy.flatMap(({ name, key, identity }): TrustedSigner[] => {
    if (key !== undefined) return [{ name, key }];
    const root = roots.find((each) => each.name === identity?.root)?.root;
    if (identity === undefined || root === undefined) return [];
    return [{ name, identity: { issuer: identity.issuer, subject: identity.subject }, root }];
  });

/** undefined = on that line nothing has to be signed. */
export const signersOf = ({ spec }: Pick<ReleasePolicy, 'spec'>, { signedBy }: EvidenceLine): Signers | undefined => {
  if (signedBy === undefined) return undefined;
  const before = known.get(signedBy);
  if (before?.roots === spec.trustedRoots) return before;
  const all = resolved(signedBy, spec.trustedRoots);
  const digest = createHash('sha256').update(JSON.stringify(all)).digest('hex');
  known.set(signedBy, { all, digest, roots: spec.trustedRoots });
  return { all, digest };
};
