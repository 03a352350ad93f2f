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
}

/** Our kinds. All are namespaced. */
export const kinds = {
  ReleasePolicy: {
    kind: 'ReleasePolicy',
    plural: 'releasepolicies',
    singular: 'releasepolicy',
    shortNames: ['relpol'],
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
  LedgerEntry: { kind: 'LedgerEntry', plural: 'ledgerentries', singular: 'ledgerentry', shortNames: ['ledger'] },
} as const satisfies Record<string, KindNames>;

export type Kind = keyof typeof kinds;

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

/** The installation of Countersign as something that is signed for: subject and role of that Approval, in the release namespace. */
export const installation = {
  kind: 'Installation',
  name: 'countersign',
  uid: 'countersign',
  role: 'installation',
} as const;

/** Held by a candidate while its promotion or rollback is in flight, so that it cannot be deleted half way. */
export const inFlightFinalizer = 'countersign.dev/in-flight';

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

/** The order in which a promotion writes; each wave is settled before the next begins. */
export const waves = ['Foundation', 'Jobs', 'Workloads', 'Scaling', 'Traffic'] as const;
export type Wave = (typeof waves)[number];

/** A kind of object that a release may contain. */
export interface PromotableKind {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
  readonly wave: Wave;
  /** It runs pods, so its health is watched. */
  readonly workload: boolean;
  /** Dropped objects are deleted only after `observeFor`: the running release, or a rollback, may still need them. */
  readonly deferredPrune: boolean;
}

const foundation = { wave: 'Foundation', workload: false } as const;
const workload = { wave: 'Workloads', workload: true, deferredPrune: false } as const;

/** A kind as its API server calls it. */
export interface ServedKind {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
}

/** A resource by one name, as `kubectl api-resources` has it: `deployments.apps`. */
export const resourceName = ({ plural, apiVersion: version }: ServedKind): string =>
  version.includes('/') ? `${plural}.${version.slice(0, version.indexOf('/'))}` : plural;

/** Kinds that are followed in a guarded namespace only to explain what changes there, beside promotable ones, pods and Secrets. */
export const watchedKinds: readonly ServedKind[] = [
  { kind: 'ReplicaSet', apiVersion: 'apps/v1', plural: 'replicasets' },
  { kind: 'ControllerRevision', apiVersion: 'apps/v1', plural: 'controllerrevisions' },
  { kind: 'ReplicationController', apiVersion: 'v1', plural: 'replicationcontrollers' },
  { kind: 'PodTemplate', apiVersion: 'v1', plural: 'podtemplates' },
  { kind: 'Endpoints', apiVersion: 'v1', plural: 'endpoints' },
  { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', plural: 'endpointslices' },
  { kind: 'Role', apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'roles' },
  { kind: 'RoleBinding', apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'rolebindings' },
  { kind: 'ResourceQuota', apiVersion: 'v1', plural: 'resourcequotas' },
  { kind: 'LimitRange', apiVersion: 'v1', plural: 'limitranges' },
  { kind: 'ResourceClaim', apiVersion: 'resource.k8s.io/v1', plural: 'resourceclaims' },
  { kind: 'ResourceClaimTemplate', apiVersion: 'resource.k8s.io/v1', plural: 'resourceclaimtemplates' },
];

/** Every kind that may be promoted without the chart naming it. Secrets are never among them. */
export const promotableKinds: readonly PromotableKind[] = [
  { kind: 'ServiceAccount', apiVersion: 'v1', plural: 'serviceaccounts', ...foundation, deferredPrune: true },
  { kind: 'ConfigMap', apiVersion: 'v1', plural: 'configmaps', ...foundation, deferredPrune: false },
  {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    plural: 'persistentvolumeclaims',
    ...foundation,
    deferredPrune: true,
  },
  {
    kind: 'NetworkPolicy',
    apiVersion: 'networking.k8s.io/v1',
    plural: 'networkpolicies',
    ...foundation,
    deferredPrune: false,
  },
  {
    kind: 'PodDisruptionBudget',
    apiVersion: 'policy/v1',
    plural: 'poddisruptionbudgets',
    ...foundation,
    deferredPrune: false,
  },
  { kind: 'Job', apiVersion: 'batch/v1', plural: 'jobs', wave: 'Jobs', workload: true, deferredPrune: false },
  { kind: 'Deployment', apiVersion: 'apps/v1', plural: 'deployments', ...workload },
  { kind: 'StatefulSet', apiVersion: 'apps/v1', plural: 'statefulsets', ...workload },
  { kind: 'DaemonSet', apiVersion: 'apps/v1', plural: 'daemonsets', ...workload },
  { kind: 'CronJob', apiVersion: 'batch/v1', plural: 'cronjobs', ...workload },
  {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    plural: 'horizontalpodautoscalers',
    wave: 'Scaling',
    workload: false,
    deferredPrune: false,
  },
  { kind: 'Service', apiVersion: 'v1', plural: 'services', wave: 'Traffic', workload: false, deferredPrune: true },
  {
    kind: 'Ingress',
    apiVersion: 'networking.k8s.io/v1',
    plural: 'ingresses',
    wave: 'Traffic',
    workload: false,
    deferredPrune: false,
  },
];
