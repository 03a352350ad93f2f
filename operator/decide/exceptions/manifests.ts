/** What people type to ask for an exception, and to sign for one. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { milliseconds } from '../../api/duration.ts';
import type { ExceptableGate } from '../../api/exceptable-gates.ts';
import type { PolicyException } from '../../api/exception.ts';
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { rfc3339 } from '../conditions.ts';
import type { Instant } from '../objects.ts';
import { requestApproval } from '../people/request-manifests.ts';
import { exceptionDigest } from './exception.ts';

/** What somebody creates to sign for an exception. */
export const exceptionApproval = (exception: PolicyException, role: string) =>
  requestApproval(exception, exceptionDigest(exception), role);

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
