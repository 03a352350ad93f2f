import type { JsonObject } from '../../../api/meta.ts';
import { objectAt, textAt } from '../../json/json.ts';
import { present } from './shared/health.ts';
import type { Kind } from './shared/kind.ts';

const headless = 'None';

const type = (service: JsonObject): string => textAt(service, 'spec', 'type') ?? 'ClusterIP';

const hasClusterIP = (service: JsonObject): boolean =>
  type(service) !== 'ExternalName' && textAt(service, 'spec', 'clusterIP') !== headless;

const hasNodePorts = (service: JsonObject): boolean => ['NodePort', 'LoadBalancer'].includes(type(service));

const hasHealthCheckPort = (service: JsonObject): boolean =>
  type(service) === 'LoadBalancer' && textAt(service, 'spec', 'externalTrafficPolicy') === 'Local';

/** An ExternalName Service has no cluster IP and may gain one; between others, headless stays headless. */
const changed = (next: JsonObject, live: JsonObject): readonly string[] => {
  const external = [next, live].some((service) => textAt(service, 'spec', 'type') === 'ExternalName');
  const [isHeadless, wasHeadless] = [next, live].map((service) => textAt(service, 'spec', 'clusterIP') === headless);
  return !external && isHeadless !== wasHeadless ? ['spec.clusterIP'] : [];
};

export const service: Kind = {
  kind: 'Service',
  apiVersion: 'v1',
  plural: 'services',
  namespaced: true,
  promotable: true,
  wave: 'Traffic',
  prune: 'AfterObservation',
  followed: 'Digest',
  serverOwned: [
    { path: ['spec', 'clusterIP'], when: hasClusterIP },
    { path: ['spec', 'clusterIPs'], when: hasClusterIP },
    { path: ['spec', 'ports', '*', 'nodePort'], when: hasNodePorts, pairedBy: [['port', 'protocol'], ['name']] },
    { path: ['spec', 'healthCheckNodePort'], when: hasHealthCheckPort },
    // Among the pods that the selector finds, those of one revision: which one, a rollout controller decides while it rolls out.
    { path: ['spec', 'selector', 'rollouts-pod-template-hash'] },
    { path: ['metadata', 'annotations', 'argo-rollouts.argoproj.io/managed-by-rollouts'] },
  ],
  immutable: {
    changed,
    remedy:
      'leave spec.clusterIP as it is in production, or give the Service another name and let its clients use that',
    wayBack: 'Replace',
  },
  health: present,
  // Controllers of load balancers are configured through annotations, clouds bind identities by them.
  risk: { spec: 'network', 'metadata.annotations': 'network' },
  guard: {
    topic: 'network',
    create: [],
    update: ['generic-garbage-collector', 'rollout-controllers'],
    delete: ['generic-garbage-collector'],
    rewrite: ['rollout-controllers'], // the hash in the selector (charts/countersign/templates/guard/network.yaml)
  },
  subresources: {
    proxy: { guard: { topic: 'sessions', connect: [] } },
    status: { guard: { topic: 'status', update: ['service-controller', 'load-balancers'] } },
  },
  platformWriters: true,
  controllerFinalizers: [
    'service.kubernetes.io/load-balancer-cleanup',
    'service.k8s.aws/resources',
    'gke.networking.io/l4-ilb-v1',
    'gke.networking.io/l4-ilb-v2',
    'gke.networking.io/l4-netlb-v1',
    'gke.networking.io/l4-netlb-v2',
  ],
  selects: (manifest) => Object.keys(objectAt(manifest, 'spec', 'selector')),
  emergency: ['create', 'update', 'delete'],
  operate: ['free'],
};
