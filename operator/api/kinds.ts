/** The names of the API: one home for each group, kind, label, finalizer, verb and virtual resource. */

/** API group of every object of ours, and of the virtual resources that rights are given on. */
export const group = 'countersign.dev';

/** The one served and stored version. */
export const version = 'v1alpha1';

export const apiVersion = `${group}/${version}` as const;

/** How one of our kinds is called in URLs, in RBAC and on the command line. */
export interface KindNames {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** Absent: its objects are in namespaces. */
  readonly isOfCluster?: true;
}

/** Our kinds. */
export const kinds = {
  ReleasePolicy: {
    kind: 'ReleasePolicy',
    plural: 'releasepolicies',
    singular: 'releasepolicy',
    shortNames: ['relpol'],
  },
  ClusterReleasePolicy: {
    kind: 'ClusterReleasePolicy',
    plural: 'clusterreleasepolicies',
    singular: 'clusterreleasepolicy',
    shortNames: ['crelpol'],
    isOfCluster: true,
  },
  ReleaseCandidate: {
    kind: 'ReleaseCandidate',
    plural: 'releasecandidates',
    singular: 'releasecandidate',
    shortNames: ['cand'],
  },
  ReleaseBundle: {
    kind: 'ReleaseBundle',
    plural: 'releasebundles',
    singular: 'releasebundle',
    shortNames: ['relbundle'],
  },
  Approval: { kind: 'Approval', plural: 'approvals', singular: 'approval', shortNames: ['appr'] },
  Rollback: { kind: 'Rollback', plural: 'rollbacks', singular: 'rollback', shortNames: ['rollb'] },
  EmergencyAccess: {
    kind: 'EmergencyAccess',
    plural: 'emergencyaccesses',
    singular: 'emergencyaccess',
    shortNames: ['ea'],
  },
  Evidence: { kind: 'Evidence', plural: 'evidence', singular: 'evidence', shortNames: ['evid'] },
  PolicyException: {
    kind: 'PolicyException',
    plural: 'policyexceptions',
    singular: 'policyexception',
    shortNames: ['polex'],
  },
  PolicyChange: {
    kind: 'PolicyChange',
    plural: 'policychanges',
    singular: 'policychange',
    shortNames: ['polchg'],
  },
  LedgerEntry: { kind: 'LedgerEntry', plural: 'ledgerentries', singular: 'ledgerentry', shortNames: ['ledger'] },
} as const satisfies Record<string, KindNames>;

export type Kind = keyof typeof kinds;

/** Whether objects of a kind are in namespaces. */
export const isNamespaced = (kind: Kind): boolean => !('isOfCluster' in kinds[kind]);

/** The category that `kubectl get countersign` lists. */
export const category = 'countersign';

/** On a production namespace: `enforce` refuses, `audit` only reports. A namespace without it is not ours to guard. */
export const guardedLabel = 'countersign.dev/guarded';

export const guardedModes = ['enforce', 'audit'] as const;

/** On a staging namespace, value `"true"`: the API server then stamps who changed what in it. */
export const stagingLabel = 'countersign.dev/staging';

/** On a staged object: who changed it and when, as the API server keeps it. Read it with `writersOf` (writers.ts). */
export const writersAnnotation = 'countersign.dev/writers';

/** On one object of the chart that every upgrade writes: who did, as the API server saw it. */
export const changedByAnnotation = 'countersign.dev/changed-by';

/** On a policy: the name of the PolicyChange that it was changed by last. The operator writes it together with the spec, and nobody else does. */
export const appliedChangeAnnotation = 'countersign.dev/applied-change';

/** On a policy: why somebody changed it alone, although it takes others. The next PolicyChange that is applied takes it off. */
export const changedAloneAnnotation = 'countersign.dev/changed-alone';

/** The installation of Countersign as something that is signed for: subject and role of that Approval, in the release namespace. */
export const installation = {
  kind: 'Installation',
  name: 'countersign',
  uid: 'countersign',
  role: 'installation',
} as const;

/** Held by a candidate while its promotion or rollback is in flight, so that it cannot be deleted half way. */
export const inFlightFinalizer = 'countersign.dev/in-flight';

/**
 * Held by a Job in production from its creation until the record says how it ended: whatever deletes it, such as
 * `ttlSecondsAfterFinished`, cannot take it away unseen.
 */
export const jobFinalizer = 'countersign.dev/job-record';

/** On a Job of a package: whether it runs before the workloads (as without it) or after them. */
export const waveAnnotation = 'countersign.dev/wave';

export const jobWaves = ['Before', 'After'] as const;

/** On a Job of a package: names of the Secrets that it makes, with commas between them. Production need not have these before. */
export const secretsAnnotation = 'countersign.dev/makes-secrets';

/** On the pod template of a workload of a bundle: digest of what its pods read of the ConfigMaps of the package. */
export const configAnnotation = 'countersign.dev/config';

/** The one ReleasePolicy of a production namespace. Any other name is refused. */
export const policyName = 'production';

/** Resources that exist only in RBAC rules; nothing is stored under them. */
export const virtualResources = {
  /** Verb `approve`, resource name = the role of an approval line. */
  approvalRoles: 'approvalroles',
  /** Nobody holds a right on it by name: who holds one holds a wildcard, and wildcards sign nothing. */
  canaries: 'canaries',
  /** Verb `report`, resource name = the type of evidence. */
  evidenceTypes: 'evidencetypes',
  /** Verb `use`, resource names = the UTC minutes of an emergency, and `unclockedAct`. */
  emergencyMinutes: 'emergencyminutes',
} as const;

/** On `emergencyminutes`: acts in which the API server shows no clock (delete, scale, sessions). A minute has digits, so it is none. */
export const unclockedAct = 'unclocked';

/** The verb that nobody holds by name; the other half of the wildcard canary. */
export const canaryVerb = 'canary';
