/** Exceptions, as far as this person's signature is about them. */
import type { PolicyException } from '../../operator/api/exception.ts';
import { exceptionDigest, judgeException, uncountedBecause } from '../../operator/decide/exceptions/exception.ts';
import { exceptionApproval } from '../../operator/decide/exceptions/manifests.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { exceptionOf } from './objects.ts';
import { everyRight, standingOf, type Asked, type Request } from './request.ts';

/** @throws Problem when there is none of that name */
export const findException = async (cluster: Cluster, namespace: string, name: string): Promise<PolicyException> => {
  const found = await cluster.findOur('PolicyException', { namespace, name });
  if (found !== undefined) return exceptionOf(found);
  throw new Problem(`There is no PolicyException ${name} in ${namespace}`, `kubectl get polex -n ${namespace}`);
};

/** To be signed for. */
export const exceptionRequest = ({ policy, now }: Asked, exception: PolicyException): Request => ({
  what: 'exception',
  metadata: exception.metadata,
  author: exception.spec.requester.username,
  digest: exceptionDigest(exception),
  approval: (role) => exceptionApproval(exception, role),
  state: (approvals) =>
    judgeException({ exception, approvals }, { policy, rights: everyRight(approvals), authors: [] }, now),
  uncounted: uncountedBecause,
});

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
    const { roles } = await standingOf(asked, exceptionRequest(asked, exception));
    if (roles.length > 0) found.push({ exception, roles });
  }
  return found;
};
