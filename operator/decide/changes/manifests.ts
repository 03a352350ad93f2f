/** What people type to sign for a change of the policy, and to refuse one. */
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { PolicyChange } from '../../api/policy-change.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { changeDigest } from './change.ts';

/** What somebody creates to sign for a change. The API server stamps who signs. */
export const changeApproval = (change: PolicyChange, policy: ReleasePolicy, role: string) => {
  const { name, uid, namespace } = change.metadata;
  return {
    apiVersion,
    kind: kinds.Approval.kind,
    metadata: { generateName: `${name.slice(0, 200)}-`, namespace },
    spec: {
      subject: { kind: kinds.PolicyChange.kind, name, uid },
      digest: changeDigest(change, policy),
      role,
      decision: 'Approve',
    },
  } as const;
};

/** By each of these roles, one line of JSON that `kubectl create -f -` takes and that signs for the change. */
export const changeManifests = (
  change: PolicyChange,
  policy: ReleasePolicy,
  roles: readonly string[],
): Record<string, string> =>
  Object.fromEntries(roles.map((role) => [role, JSON.stringify(changeApproval(change, policy, role))]));

export const signChange = ({ metadata }: PolicyChange, role: string): string =>
  `kubectl get polchg ${metadata.name} -n ${metadata.namespace} -o jsonpath={.status.approvalManifests.${role}} | kubectl create -f -`;

/** Shows what it changes. */
export const showChange = ({ metadata }: PolicyChange): string =>
  `kubectl get polchg ${metadata.name} -n ${metadata.namespace} -o jsonpath='{range .status.difference[*]}{@}{"\\n"}{end}'`;
