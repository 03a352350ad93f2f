/** The people and programs that get a client certificate with every control plane. */

export interface IdentitySpec {
  /** The user name that the API server sees. */
  readonly name: string;
  /** The groups that the API server sees, besides `system:authenticated`. None when absent. */
  readonly groups?: readonly string[];
}

/** The only `system:masters`: for bootstrap, never for a test. */
export const installer: IdentitySpec = { name: 'installer', groups: ['system:masters'] };

/** Bound to `cluster-admin` through RBAC: a person, however powerful, and not a way around authorization. */
export const admin: IdentitySpec = { name: 'admin' };

export const people: readonly IdentitySpec[] = [
  { name: 'developer-a' },
  { name: 'developer-b' },
  { name: 'tester-a' },
  { name: 'tester-b' },
  { name: 'approver-a', groups: ['payments-owners'] },
  { name: 'approver-b', groups: ['change-board'] },
  { name: 'releaser-a' },
  { name: 'sre-a' },
  { name: 'sre-b' },
  { name: 'auditor-a' },
  { name: 'security-a' },
  { name: 'owner-a' },
  { name: 'archiver-a' },
];

/** What the control plane's own programs authenticate as. */
export const programIdentities = {
  'kube-controller-manager': { name: 'system:kube-controller-manager' },
  'kube-scheduler': { name: 'system:kube-scheduler' },
  kwok: { name: 'system:node:kwok', groups: ['system:nodes'] },
} as const satisfies Record<string, IdentitySpec>;
