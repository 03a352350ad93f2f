/** Changes of a policy, as far as this person's signature is about them. */
import type { Approval } from '../../operator/api/approval.ts';
import type { Identity } from '../../operator/api/meta.ts';
import type { PolicyChange } from '../../operator/api/policy-change.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { judgeChange } from '../../operator/decide/changes/change.ts';
import { changeApproval } from '../../operator/decide/changes/manifests.ts';
import { rfc3339 } from '../../operator/decide/conditions.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { approvalOf, isTrue, policyChangeOf } from './objects.ts';

/** @throws Problem when there is none of that name */
export const findChange = async (cluster: Cluster, namespace: string, name: string): Promise<PolicyChange> => {
  const found = await cluster.findOur('PolicyChange', { namespace, name });
  if (found !== undefined) return policyChangeOf(found);
  throw new Problem(`There is no PolicyChange ${name} in ${namespace}`, `kubectl get polchg -n ${namespace}`);
};

const approvalsFor = async (cluster: Cluster, { metadata }: PolicyChange): Promise<readonly Approval[]> => {
  const selection = { namespace: metadata.namespace, fieldSelector: `spec.subject.uid=${metadata.uid}` };
  return (await cluster.listOur('Approval', selection)).map(approvalOf);
};

/** How many signatures count, where whoever signed holds the role; Infinity = all that are needed; undefined = it waits for none. */
const places = (
  change: PolicyChange,
  approvals: readonly Approval[],
  policy: ReleasePolicy,
  now: number,
): number | undefined => {
  const rights = new Map(approvals.map(({ metadata }) => [metadata.uid, true]));
  const state = judgeChange({ change, approvals }, { policy, rights }, now);
  if (state.is === 'Signed') return Infinity;
  return state.is === 'Waiting' ? state.quorum.have : undefined;
};

interface Asked {
  readonly cluster: Cluster;
  readonly policy: ReleasePolicy;
  readonly held: readonly string[];
  readonly now: number;
}

/** What somebody would create, as the operator would see it. */
const wouldBe = (change: PolicyChange, { policy, now }: Asked, who: Identity, role: string): Approval => {
  const manifest = changeApproval(change, policy, role);
  return {
    ...manifest,
    metadata: {
      name: 'would-be',
      namespace: change.metadata.namespace,
      uid: 'would-be',
      resourceVersion: '',
      generation: 1,
      creationTimestamp: rfc3339(now),
    },
    spec: { ...manifest.spec, comment: '', approver: who },
  };
};

/** Roles in which a signature of this person would fill an open place. */
export const rolesForChange = async (asked: Asked, change: PolicyChange): Promise<readonly string[]> => {
  const { cluster, policy, held, now } = asked;
  const [who, approvals] = await Promise.all([cluster.whoAmI(), approvalsFor(cluster, change)]);
  const before = places(change, approvals, policy, now);
  if (before === undefined || before === Infinity) return [];
  return held.filter(
    (role) => (places(change, [...approvals, wouldBe(change, asked, who, role)], policy, now) ?? 0) > before,
  );
};

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
    const roles = await rolesForChange(asked, change);
    if (roles.length > 0) found.push({ change, roles });
  }
  return found;
};
