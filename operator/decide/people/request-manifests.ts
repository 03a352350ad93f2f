/** What people type to sign for what somebody asked for, and to refuse it. */
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { SignedRequest } from './requests.ts';

/** What somebody creates to sign for a request under the digest. The API server stamps who signs. */
export const requestApproval = ({ kind, metadata }: SignedRequest, digest: string, role: string) =>
  ({
    apiVersion,
    kind: kinds.Approval.kind,
    metadata: { generateName: `${metadata.name.slice(0, 200)}-`, namespace: metadata.namespace },
    spec: { subject: { kind, name: metadata.name, uid: metadata.uid }, digest, role, decision: 'Approve' },
  }) as const;

/** By each of these roles, one line of JSON that `kubectl create -f -` takes and that signs for it. */
export const requestManifests = (
  request: SignedRequest,
  digest: string,
  roles: readonly string[],
): Record<string, string> =>
  Object.fromEntries(roles.map((role) => [role, JSON.stringify(requestApproval(request, digest, role))]));

/** Signs by what its status holds. */
export const signRequest = ({ kind, metadata }: SignedRequest, role: string): string =>
  `kubectl get ${kinds[kind].shortNames[0]} ${metadata.name} -n ${metadata.namespace} -o jsonpath={.status.approvalManifests.${role}} | kubectl create -f -`;

/** Refuses it, or ends it, at once and for good. `comment`: what whoever types it fills in. */
export const refuseRequest = (
  request: SignedRequest,
  digest: string,
  { role, comment }: { readonly role: string; readonly comment: string },
): string => {
  const { spec, ...rest } = requestApproval(request, digest, role);
  return `echo '${JSON.stringify({ ...rest, spec: { ...spec, decision: 'Reject', comment } })}' | kubectl create -f -`;
};
