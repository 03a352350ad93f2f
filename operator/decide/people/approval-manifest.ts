/** The Approvals that people are handed to sign with. */
import { apiVersion, kinds } from '../../api/kinds.ts';
import { linesOf } from './approval-lines.ts';
import type { SignedCandidate } from './approvals.ts';

type ForCandidate = Pick<SignedCandidate, 'candidate'> & { readonly bundle: Pick<SignedCandidate['bundle'], 'digest'> };

/** What somebody creates to consent to the current content of a candidate. The API server stamps who signs. */
export const approvalManifest = ({ candidate, bundle }: ForCandidate, role: string) => {
  const { metadata, kind, spec } = candidate;
  return {
    apiVersion,
    kind: kinds.Approval.kind,
    metadata: { generateName: `${metadata.name}-`, namespace: spec.targetNamespace },
    spec: {
      subject: { kind, name: metadata.name, uid: metadata.uid },
      digest: bundle.digest,
      role,
      decision: 'Approve',
    },
  } as const;
};

/** By role, one line of JSON that `kubectl create -f -` takes and that consents to the current content. */
export const approvalManifests = (
  s: Pick<SignedCandidate, 'candidate' | 'policy' | 'bundle'>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(linesOf(s).map(({ role }) => [role, JSON.stringify(approvalManifest(s, role))]));
