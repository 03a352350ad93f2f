/**
 * Fields of which an object has one or the other, by type. The API server fills in some of them, and refuses those of a choice that is no longer
 * made; the documents of its API do not say which they are.
 */

/** Exactly one of these groups of fields is meant. `'Others'`: every field but these stands for a group of its own. */
export interface Alternatives {
  readonly groups: readonly (readonly string[])[] | 'Others';
  readonly but?: readonly string[];
}

/** Fields that only some values of another field allow. A value that is not listed decides nothing. */
export interface Discriminated {
  readonly by: string;
  /** What `by` is when it is absent. */
  readonly absent: string;
  readonly allowed: Readonly<Record<string, readonly string[]>>;
  /** Of fields that it allows, the values that it does not, as canonical JSON. */
  readonly but?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const alternatives: Readonly<Record<string, Alternatives>> = {
  EnvVar: { groups: [['value'], ['valueFrom']] },
  EnvVarSource: { groups: 'Others' },
  IngressBackend: { groups: 'Others' },
  LifecycleHandler: { groups: 'Others' },
  PodDisruptionBudgetSpec: { groups: [['minAvailable'], ['maxUnavailable']] },
  PodResourceClaim: { groups: 'Others', but: ['name'] },
  Probe: { groups: [['exec'], ['grpc'], ['httpGet'], ['tcpSocket']] },
  ServiceBackendPort: { groups: 'Others' },
  Volume: { groups: 'Others', but: ['name'] },
};

const rollingUpdate: Discriminated = {
  by: 'type',
  absent: 'RollingUpdate',
  allowed: { RollingUpdate: ['rollingUpdate'], Recreate: [], OnDelete: [] },
};

const localhost: Discriminated = {
  by: 'type',
  absent: '',
  allowed: { Localhost: ['localhostProfile'], RuntimeDefault: [], Unconfined: [] },
};

/** The word of people; the list that follows it is the API server’s. */
const headless = { clusterIP: '"None"', clusterIPs: '["None"]' };

const internal = ['clusterIP', 'clusterIPs', 'internalTrafficPolicy', 'ipFamilies', 'ipFamilyPolicy'];
const fromNodes = [...internal, 'externalTrafficPolicy'];

export const discriminated: Readonly<Record<string, Discriminated>> = {
  AppArmorProfile: localhost,
  DaemonSetUpdateStrategy: rollingUpdate,
  DeploymentStrategy: rollingUpdate,
  JobSpec: {
    by: 'completionMode',
    absent: 'NonIndexed',
    allowed: { NonIndexed: [], Indexed: ['backoffLimitPerIndex', 'maxFailedIndexes', 'successPolicy'] },
  },
  SeccompProfile: localhost,
  ServiceSpec: {
    by: 'type',
    absent: 'ClusterIP',
    allowed: {
      ClusterIP: internal,
      NodePort: fromNodes,
      LoadBalancer: [
        ...fromNodes,
        'allocateLoadBalancerNodePorts',
        'healthCheckNodePort',
        'loadBalancerClass',
        'loadBalancerIP',
        'loadBalancerSourceRanges',
      ],
      ExternalName: ['externalName'],
    },
    but: { NodePort: headless, LoadBalancer: headless },
  },
  StatefulSetUpdateStrategy: rollingUpdate,
};
