/** How open findings are shown to people, and what they sign with. */
import { apiVersion, installation, kinds } from '../../api/kinds.ts';
import type { ReleasePolicy, ReleasePolicyStatus } from '../../api/policy.ts';
import { rfc3339 } from '../conditions.ts';
import type { Finding } from '../record/expected-state.ts';

/** Findings that a status shows; the oldest first. The metric counts all. */
const mostShown = 50;

/** One line that signs for the installation in its own namespace, for every production namespace; undefined for other findings. */
const installationManifest = ({ change, home, digest }: Finding, { metadata }: ReleasePolicy): string | undefined =>
  change !== 'Integrity' || home === metadata.namespace
    ? undefined // entered before there was such a signature
    : JSON.stringify({
        apiVersion,
        kind: kinds.Approval.kind,
        metadata: { generateName: 'installation-', namespace: home },
        spec: {
          subject: { kind: installation.kind, name: installation.name, uid: installation.uid },
          digest,
          role: installation.role,
          decision: 'Approve',
        },
      });

/** By role, one line of JSON that `kubectl create -f -` takes. The API server stamps who signs. */
const findingManifests = (policy: ReleasePolicy, finding: Finding): Record<string, string> => {
  const { metadata, spec } = policy;
  const once = installationManifest(finding, policy);
  const here = Object.fromEntries(
    spec.approvals.map(({ role }) => [
      role,
      JSON.stringify({
        apiVersion,
        kind: kinds.Approval.kind,
        metadata: { generateName: `finding-${finding.name}-`, namespace: metadata.namespace },
        spec: {
          subject: { kind: 'Finding', name: finding.name, uid: finding.id },
          digest: finding.digest,
          role,
          decision: 'Approve',
        },
      }),
    ]),
  );
  return once === undefined ? here : { ...here, [installation.role]: once };
};

export const shownFindings = (
  policy: ReleasePolicy,
  findings: Iterable<Finding>,
): NonNullable<ReleasePolicyStatus['findings']> =>
  [...findings]
    .toSorted((a, b) => a.seq - b.seq)
    .slice(0, mostShown)
    .map((finding) => ({
      name: finding.name,
      object: finding.object,
      change: finding.change,
      message: finding.reason.slice(0, 1024),
      digest: finding.digest,
      since: rfc3339(finding.at),
      approvalManifests: findingManifests(policy, finding),
    }));

/** Signs for a finding, as it is typed. */
export const signFinding = (policy: ReleasePolicy, finding: Finding): string => {
  const once = installationManifest(finding, policy);
  if (once !== undefined) return `echo '${once}' | kubectl create -f -`;
  const { metadata, spec } = policy;
  return `kubectl get relpol ${metadata.name} -n ${metadata.namespace} -o jsonpath='{.status.findings[?(@.name=="${finding.name}")].approvalManifests.${spec.approvals[0]?.role ?? ''}}' | kubectl create -f -`;
};
