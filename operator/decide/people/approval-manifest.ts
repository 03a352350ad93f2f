/** The Approvals that people are handed to sign with. */
import { apiVersion, kinds } from '../../api/kinds.ts';
import { linesOf } from './approval-lines.ts';
import type { SignedCandidate } from './approvals.ts';

/**
 * By role, one line of JSON that `kubectl create -f -` takes and that consents to the current content.
 * The API server stamps who signs.
 */
export const approvalManifests = (
  s: Pick<SignedCandidate, 'candidate' | 'policy' | 'bundle'>,
): Readonly<Record<string, string>> => {
  const { metadata, kind, spec } = s.candidate;
  return Object.fromEntries(
    linesOf(s).map(({ role }) => [
      role,
      JSON.stringify({
        apiVersion,
        kind: kinds.Approval.kind,
        metadata: { generateName: `${metadata.name}-`, namespace: spec.targetNamespace },
        spec: {
          subject: { kind, name: metadata.name, uid: metadata.uid },
          digest: s.bundle.digest,
          role,
          decision: 'Approve',
        },
      }),
    ]),
  );
};
