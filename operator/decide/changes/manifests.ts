/** What people type to sign for a change of the policy, to refuse one and to read one. */
import type { PolicyChange } from '../../api/policy-change.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { requestApproval } from '../people/request-manifests.ts';
import { changeDigest } from './change.ts';

/** What somebody creates to sign for a change of the policy as it is. */
export const changeApproval = (change: PolicyChange, policy: ReleasePolicy, role: string) =>
  requestApproval(change, changeDigest(change, policy), role);

/** Shows what it changes. */
export const showChange = ({ metadata }: PolicyChange): string =>
  `kubectl get polchg ${metadata.name} -n ${metadata.namespace} -o jsonpath='{range .status.difference[*]}{@}{"\\n"}{end}'`;
