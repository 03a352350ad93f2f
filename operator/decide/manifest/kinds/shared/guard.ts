/** Who writes what in a guarded namespace: the words in which rows say it. charts/countersign/files/guard.yaml is generated from them. */

/** One admission policy each: every request in a guarded namespace is judged by exactly one. What it is for stands above it in the chart. */
export const guardTopics = {
  workloads:
    'What runs, as it was released. Nobody changes a root workload, its controllers included: they report through /status.',
  pods: 'Pods are made by controllers from what was released. Their image is never asked about: tags and injected sidecars survive a drain.',
  sessions: 'Ways into a running program.',
  scale: 'How much of it runs.',
  configuration: '',
  network: 'Who reaches it.',
  accounts: 'As whom it runs. No pod starts without a token, which its kubelet asks for.',
  storage: '',
  rights: 'Who may do what in it, and how much it may use.',
  custom:
    'Kinds that definitions give and that releases hold. Their controllers report through /status, and write metadata.',
  status: 'A forged status triggers or hides a rollback.',
} as const;

export type GuardTopic = keyof typeof guardTopics;

/** Writers that the values of the chart name, under this key of `controlPlane`. All others are loops of kube-controller-manager. */
export const guardIdentities = {
  'generic-garbage-collector': 'garbageCollectors',
  'kube-scheduler': 'schedulers',
  apiserver: 'apiServers',
  'tokens-controller': 'tokensControllers',
  'load-balancers': 'loadBalancers',
  'ingress-controllers': 'ingressControllers',
  'storage-controllers': 'storageControllers',
  'device-drivers': 'deviceDrivers',
  'custom-controllers': 'customControllers',
  'rollout-controllers': 'rolloutControllers',
} as const;

type Loop =
  | 'cronjob-controller'
  | 'daemon-set-controller'
  | 'deployment-controller'
  | 'device-taint-eviction-controller'
  | 'disruption-controller'
  | 'endpoint-controller'
  | 'endpointslice-controller'
  | 'endpointslicemirroring-controller'
  | 'ephemeral-volume-controller'
  | 'expand-controller'
  | 'horizontal-pod-autoscaler'
  | 'job-controller'
  | 'legacy-service-account-token-cleaner'
  | 'node-controller'
  | 'persistent-volume-binder'
  | 'pod-garbage-collector'
  | 'pvc-protection-controller'
  | 'replicaset-controller'
  | 'replication-controller'
  | 'resource-claim-controller'
  | 'resourcequota-controller'
  | 'root-ca-cert-publisher'
  | 'service-account-controller'
  | 'service-controller'
  | 'statefulset-controller'
  | 'ttl-after-finished-controller';

/** Somebody of the control plane. `kubelets` are the nodes: system:node:<name> in group system:nodes. */
export type GuardWriter = keyof typeof guardIdentities | Loop | 'kubelets';

type Writers = readonly GuardWriter[];

/**
 * The identities of the control plane for which an operation is daily work, exactly; an operation that is absent does not exist for the resource.
 * `rewrite` names those who may change more than metadata in an update; all others leave everything but metadata as it is.
 */
export interface GuardedWrites {
  readonly topic: GuardTopic;
  readonly create?: Writers;
  readonly update?: Writers;
  readonly delete?: Writers;
  readonly connect?: Writers;
  readonly rewrite?: Writers;
}

/** What is written by releases alone; the garbage collector takes it along with its owner. */
export const byReleases = {
  create: [],
  update: ['generic-garbage-collector'],
  delete: ['generic-garbage-collector'],
} as const satisfies Omit<GuardedWrites, 'topic'>;

/** Writes in a guarded namespace that the guard leaves to RBAC. `by: machines` leaves it to programs alone. */
export const guardExempt: readonly {
  readonly group: string;
  readonly resource: string;
  readonly by?: 'machines';
  readonly why: string;
}[] = [
  {
    group: '',
    resource: 'pods/eviction',
    why: 'An eviction deletes a pod within its budget, and its controller creates the same one again: a drain must go on.',
  },
  { group: '', resource: 'events', why: 'A notice, never read as an authority.' },
  { group: 'events.k8s.io', resource: 'events', why: 'A notice, never read as an authority.' },
  {
    group: 'coordination.k8s.io',
    resource: 'leases',
    by: 'machines',
    why: 'Programs elect leaders by them all the time. A person who takes one stops the program that holds it.',
  },
  { group: 'authorization.k8s.io', resource: 'localsubjectaccessreviews', why: 'A question; nothing is stored.' },
];
