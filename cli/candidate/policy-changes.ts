/** Changes of a policy, as far as this person's signature is about them. */
import type { PolicyChange } from '../../operator/api/policy-change.ts';
import { changeDigest, judgeChange, uncountedBecause } from '../../operator/decide/changes/change.ts';
import { changeApproval } from '../../operator/decide/changes/manifests.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { isTrue, policyChangeOf } from './objects.ts';
import { everyRight, standingOf, type Asked, type Request } from './request.ts';

/** @throws Problem when there is none of that name */
export const findChange = async (cluster: Cluster, namespace: string, name: string): Promise<PolicyChange> => {
  const found = await cluster.findOur('PolicyChange', { namespace, name });
  if (found !== undefined) return policyChangeOf(found);
  throw new Problem(`There is no PolicyChange ${name} in ${namespace}`, `kubectl get polchg -n ${namespace}`);
};

/** To be signed for, as a change of the policy as it is now. */
export const changeRequest = ({ policy, now }: Asked, change: PolicyChange): Request => ({
  what: 'change',
  metadata: change.metadata,
  author: change.spec.author.username,
  digest: changeDigest(change, policy),
  approval: (role) => changeApproval(change, policy, role),
  state: (approvals) => judgeChange({ change, approvals }, { policy, rights: everyRight(approvals) }, now),
  uncounted: uncountedBecause,
});

/** Changes that wait for this person. */
export const changesWaiting = async (
  asked: Asked,
): Promise<readonly { readonly change: PolicyChange; readonly roles: readonly string[] }[]> => {
  const { cluster, policy } = asked;
  if (policy.spec.changes === undefined) return [];
  const all = (await cluster.listOur('PolicyChange', { namespace: policy.metadata.namespace })).map(policyChangeOf);
  const found = [];
  for (const change of all) {
    if (isTrue(change, 'Applied')) continue;
    const { roles } = await standingOf(asked, changeRequest(asked, change));
    if (roles.length > 0) found.push({ change, roles });
  }
  return found;
};
