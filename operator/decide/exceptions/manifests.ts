/** What people type to ask for an exception, to sign for one and to end one. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { milliseconds } from '../../api/duration.ts';
import type { ExceptableGate } from '../../api/exceptable-gates.ts';
import type { PolicyException } from '../../api/exception.ts';
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { rfc3339 } from '../conditions.ts';
import type { Instant } from '../objects.ts';
import { exceptionDigest } from './exception.ts';

/** What somebody creates to sign for an exception. The API server stamps who signs. */
export const exceptionApproval = (exception: PolicyException, role: string) => {
  const { name, uid, namespace } = exception.metadata;
  return {
    apiVersion,
    kind: kinds.Approval.kind,
    metadata: { generateName: `${name.slice(0, 200)}-`, namespace },
    spec: {
      subject: { kind: kinds.PolicyException.kind, name, uid },
      digest: exceptionDigest(exception),
      role,
      decision: 'Approve',
    },
  } as const;
};

/** By each of these roles, one line of JSON that `kubectl create -f -` takes and that signs for the exception. */
export const exceptionManifests = (exception: PolicyException, roles: readonly string[]): Record<string, string> =>
  Object.fromEntries(roles.map((role) => [role, JSON.stringify(exceptionApproval(exception, role))]));

export const signException = ({ metadata }: PolicyException, role: string): string =>
  `kubectl get polex ${metadata.name} -n ${metadata.namespace} -o jsonpath={.status.approvalManifests.${role}} | kubectl create -f -`;

/** Ends an exception, at once and for good. */
export const endException = (exception: PolicyException, role: string): string => {
  const { spec, ...rest } = exceptionApproval(exception, role);
  return `echo '${JSON.stringify({ ...rest, spec: { ...spec, decision: 'Reject', comment: '<why it ends>' } })}' | kubectl create -f -`;
};

/**
 * As long as the policy allows, or until the candidate expires. It moves in steps of half of the longest time, so that what is said changes as
 * rarely as that.
 */
const untilOf = (candidate: ReleaseCandidate, { spec }: ReleasePolicy, now: Instant): Instant => {
  const most = milliseconds(spec.exceptions?.maxDuration ?? '1h');
  const expiry = Date.parse(candidate.metadata.creationTimestamp) + milliseconds(spec.candidateValidFor);
  return Math.min(expiry, Math.floor(now / (most / 2)) * (most / 2) + most);
};

/** Asks for an exception by which the candidate passes the gate; who types it says why and what may happen. */
export const askForException = (
  candidate: ReleaseCandidate,
  policy: ReleasePolicy,
  gate: ExceptableGate,
  now: Instant,
): string => {
  const { name, uid } = candidate.metadata;
  const manifest = {
    apiVersion,
    kind: kinds.PolicyException.kind,
    metadata: { generateName: `${name.slice(0, 200)}-`, namespace: candidate.spec.targetNamespace },
    spec: {
      gates: [gate],
      package: candidate.spec.package,
      candidate: { name, uid },
      reason: '<why it cannot wait>',
      risk: '<what may happen, and what is done about it>',
      until: rfc3339(untilOf(candidate, policy, now)),
    },
  };
  return `echo '${JSON.stringify(manifest)}' | kubectl create -f -`;
};
