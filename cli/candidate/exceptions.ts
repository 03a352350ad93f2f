/** Exceptions, as far as this person's signature is about them. */
import type { Approval } from '../../operator/api/approval.ts';
import type { PolicyException } from '../../operator/api/exception.ts';
import type { Identity } from '../../operator/api/meta.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { judgeException } from '../../operator/decide/exceptions/exception.ts';
import { exceptionApproval } from '../../operator/decide/exceptions/manifests.ts';
import { rfc3339 } from '../../operator/decide/conditions.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { approvalOf, exceptionOf } from './objects.ts';

/** @throws Problem when there is none of that name */
export const findException = async (cluster: Cluster, namespace: string, name: string): Promise<PolicyException> => {
  const found = await cluster.findOur('PolicyException', { namespace, name });
  if (found !== undefined) return exceptionOf(found);
  throw new Problem(`There is no PolicyException ${name} in ${namespace}`, `kubectl get polex -n ${namespace}`);
};

const approvalsFor = async (cluster: Cluster, { metadata }: PolicyException): Promise<readonly Approval[]> => {
  const selection = { namespace: metadata.namespace, fieldSelector: `spec.subject.uid=${metadata.uid}` };
  return (await cluster.listOur('Approval', selection)).map(approvalOf);
};

/** How many signatures count, where whoever signed holds the role: as many as are needed = it is granted. undefined = it waits for none. */
const places = (
  exception: PolicyException,
  approvals: readonly Approval[],
  policy: ReleasePolicy,
  now: number,
): number | undefined => {
  const rights = new Map(approvals.map(({ metadata }) => [metadata.uid, true]));
  const state = judgeException({ exception, approvals }, { policy, rights, authors: [] }, now);
  if (state.is === 'Granted') return Infinity;
  return state.is === 'Waiting' ? state.quorum.have : undefined;
};

/** What somebody would create, as the operator would see it. */
const wouldBe = (exception: PolicyException, who: Identity, role: string, now: number): Approval => ({
  ...exceptionApproval(exception, role),
  metadata: {
    name: 'would-be',
    namespace: exception.metadata.namespace,
    uid: 'would-be',
    resourceVersion: '',
    generation: 1,
    creationTimestamp: rfc3339(now),
  },
  spec: { ...exceptionApproval(exception, role).spec, comment: '', approver: who },
});

interface Asked {
  readonly cluster: Cluster;
  readonly policy: ReleasePolicy;
  readonly held: readonly string[];
  readonly now: number;
}

/** Roles in which a signature of this person would fill an open place. */
export const rolesForException = async (
  { cluster, policy, held, now }: Asked,
  exception: PolicyException,
): Promise<readonly string[]> => {
  const [who, approvals] = await Promise.all([cluster.whoAmI(), approvalsFor(cluster, exception)]);
  const before = places(exception, approvals, policy, now);
  if (before === undefined || before === Infinity) return [];
  return held.filter(
    (role) => (places(exception, [...approvals, wouldBe(exception, who, role, now)], policy, now) ?? 0) > before,
  );
};

/** Exceptions that wait for this person. */
export const exceptionsWaiting = async (
  asked: Asked,
): Promise<readonly { readonly exception: PolicyException; readonly roles: readonly string[] }[]> => {
  const { cluster, policy } = asked;
  if (policy.spec.exceptions === undefined) return [];
  const all = (await cluster.listOur('PolicyException', { namespace: policy.metadata.namespace })).map(exceptionOf);
  const found = [];
  for (const exception of all) {
    // Most are over, and of those nobody reads the signatures.
    if (Date.parse(exception.spec.until) <= asked.now) continue;
    const roles = await rolesForException(asked, exception);
    if (roles.length > 0) found.push({ exception, roles });
  }
  return found;
};
