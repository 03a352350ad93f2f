/** One object of every kind that the guard knows, as small as the API server takes it. */
import type { Manifest } from '../../support/cluster/cluster.ts';
import { production } from '../../support/attack/objects.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An image by digest; the letter tells contents apart. */
export const image = (letter: string): string => `registry.example/app@sha256:${letter.repeat(64)}`;

export const podSpec = (more: Fields = {}): Fields => ({ containers: [{ name: 'main', image: image('a') }], ...more });

export const podTemplate = (app: string, more: Fields = {}): Fields => ({
  metadata: { labels: { app } },
  spec: podSpec(more),
});

const selected = (name: string, more: Fields = {}): Fields => ({
  selector: { matchLabels: { app: name } },
  template: podTemplate(name),
  ...more,
});

const volume = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const device = { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'none' } }] } };
const jobSpec = { template: podTemplate('job', { restartPolicy: 'Never' }) };

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Its fields beside metadata. Nothing of it runs, where that can be said. */
  readonly fields: (name: string) => Fields;
}

const core = 'v1';

/** By resource, as files/guard.yaml names it. */
export const kinds: Readonly<Record<string, Kind>> = {
  deployments: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    fields: (name) => ({ spec: selected(name, { replicas: 0 }) }),
  },
  statefulsets: {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    fields: (name) => ({ spec: selected(name, { replicas: 0, serviceName: name }) }),
  },
  daemonsets: {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    fields: (name) => ({
      spec: { ...selected(name), template: podTemplate(name, { nodeSelector: { nowhere: 'true' } }) },
    }),
  },
  cronjobs: {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    fields: () => ({ spec: { schedule: '0 3 1 1 *', suspend: true, jobTemplate: { spec: jobSpec } } }),
  },
  jobs: { apiVersion: 'batch/v1', kind: 'Job', fields: () => ({ spec: { ...jobSpec, suspend: true } }) },
  replicationcontrollers: {
    apiVersion: core,
    kind: 'ReplicationController',
    fields: (name) => ({ spec: { replicas: 0, selector: { app: name }, template: podTemplate(name) } }),
  },
  podtemplates: { apiVersion: core, kind: 'PodTemplate', fields: (name) => ({ template: podTemplate(name) }) },
  replicasets: {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    fields: (name) => ({ spec: selected(name, { replicas: 0 }) }),
  },
  controllerrevisions: { apiVersion: 'apps/v1', kind: 'ControllerRevision', fields: () => ({ data: {}, revision: 1 }) },
  pods: {
    apiVersion: core,
    kind: 'Pod',
    fields: () => ({ spec: podSpec({ schedulingGates: [{ name: 'test/never' }] }) }),
  },
  bindings: { apiVersion: core, kind: 'Binding', fields: () => ({ target: { kind: 'Node', name: 'node-0' } }) },
  horizontalpodautoscalers: {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    fields: (name) => ({
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `no-${name}` }, maxReplicas: 2 },
    }),
  },
  poddisruptionbudgets: {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    fields: (name) => ({ spec: { minAvailable: 0, selector: { matchLabels: { app: `no-${name}` } } } }),
  },
  configmaps: { apiVersion: core, kind: 'ConfigMap', fields: () => ({ data: { level: 'info' } }) },
  secrets: { apiVersion: core, kind: 'Secret', fields: () => ({ type: 'Opaque', stringData: { password: 'secret' } }) },
  services: {
    apiVersion: core,
    kind: 'Service',
    fields: () => ({ spec: { ports: [{ port: 80 }] } }), // without a selector nobody makes its endpoints
  },
  endpoints: { apiVersion: core, kind: 'Endpoints', fields: () => ({ subsets: [] }) },
  endpointslices: {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    fields: () => ({ addressType: 'IPv4', endpoints: [] }),
  },
  ingresses: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    fields: (name) => ({ spec: { defaultBackend: { service: { name, port: { number: 80 } } } } }),
  },
  networkpolicies: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    fields: () => ({ spec: { podSelector: {}, policyTypes: ['Ingress'] } }),
  },
  serviceaccounts: { apiVersion: core, kind: 'ServiceAccount', fields: () => ({}) },
  persistentvolumeclaims: { apiVersion: core, kind: 'PersistentVolumeClaim', fields: () => ({ spec: volume }) },
  resourceclaims: { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaim', fields: () => ({ spec: device }) },
  resourceclaimtemplates: {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaimTemplate',
    fields: () => ({ spec: { spec: device } }),
  },
  csistoragecapacities: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIStorageCapacity',
    fields: () => ({ storageClassName: 'none' }),
  },
  roles: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    fields: () => ({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
  },
  rolebindings: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    fields: () => ({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'standing' },
      subjects: [{ kind: 'ServiceAccount', name: 'nobody', namespace: production }],
    }),
  },
  resourcequotas: { apiVersion: core, kind: 'ResourceQuota', fields: () => ({ spec: { hard: { pods: '1000' } } }) },
  limitranges: { apiVersion: core, kind: 'LimitRange', fields: () => ({ spec: { limits: [{ type: 'Container' }] } }) },
};

/** Kinds that the guard leaves alone, and of somebody else's definition; `gadgets` the chart does not list. */
/** Kinds that definitions give and releases hold, one that runs pods and one that does not: all are held alike. */
export const releasedCustom: readonly string[] = ['httproutes', 'rollouts'];

const defined: Readonly<Record<string, Kind>> = {
  httproutes: {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    fields: () => ({ spec: { hostnames: ['api.example'] } }),
  },
  rollouts: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', fields: () => ({ spec: { replicas: 1 } }) },
  widgets: { apiVersion: 'example.dev/v1', kind: 'Widget', fields: () => ({ spec: { size: 1 } }) },
  gadgets: { apiVersion: 'example.dev/v1', kind: 'Gadget', fields: () => ({ spec: { size: 1 } }) },
  leases: {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    fields: () => ({ spec: { holderIdentity: 'the program', leaseDurationSeconds: 15 } }),
  },
};

/** Where an object of that resource is, in production unless said otherwise; a subresource may follow a slash. */
export const at = (resource: string, name: string, namespace = production) => {
  const [main = '', subresource] = resource.split('/');
  const { apiVersion, kind } = kindOf(main);
  return { apiVersion, kind, namespace, name, ...(subresource === undefined ? {} : { subresource }) };
};

/** An object of that resource; `fields` are laid over it, `metadata` over its metadata. */
export const one = (
  resource: string,
  name: string,
  { metadata, namespace = production, ...fields }: Fields & { metadata?: Fields; namespace?: string } = {},
): Manifest => {
  const { apiVersion, kind, fields: usual } = kindOf(resource);
  return { apiVersion, kind, metadata: { name, namespace, ...metadata }, ...usual(name), ...fields };
};

const kindOf = (resource: string): Kind => {
  const found = kinds[resource] ?? defined[resource];
  if (found === undefined) throw new Error(`no object of ${resource} is known here: add one`);
  return found;
};
