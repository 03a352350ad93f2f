/** Trusted roots of a policy that are none: nobody is identified by them, which nobody would notice. */
import type { ReleasePolicy } from '../../api/policy.ts';
import { readRoot } from '../evidence/signed/sigstore.ts';

/** Roots are long, and a policy is looked at more often than it changes. */
const known = new WeakMap<ReleasePolicy['spec']['trustedRoots'], readonly string[]>();

/** One line for each of them. */
export const unreadableRoots = ({ spec: { trustedRoots } }: ReleasePolicy): readonly string[] => {
  const before = known.get(trustedRoots);
  if (before !== undefined) return before;
  const found = trustedRoots.flatMap(({ name, root }) => {
    const read = readRoot(root);
    return 'problem' in read ? [`spec.trustedRoots ${name} ${read.problem}`] : [];
  });
  known.set(trustedRoots, found);
  return found;
};
