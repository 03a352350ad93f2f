import { numberAt } from '../../json/json.ts';
import type { Kind } from './shared/kind.ts';

export const replicaSet: Kind = {
  kind: 'ReplicaSet',
  apiVersion: 'apps/v1',
  plural: 'replicasets',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  scaled: true,
  guard: {
    topic: 'workloads',
    create: ['deployment-controller', 'rollout-controllers'],
    update: ['deployment-controller', 'rollout-controllers', 'generic-garbage-collector'],
    delete: ['deployment-controller', 'rollout-controllers', 'generic-garbage-collector'],
    rewrite: ['deployment-controller', 'rollout-controllers'], // replicas; never the template
  },
  subresources: {
    scale: { guard: { topic: 'scale', update: ['horizontal-pod-autoscaler'] } },
    status: { guard: { topic: 'status', update: ['replicaset-controller'] } },
  },
  transient: true,
  isIdle: (object) => (numberAt(object, 'spec', 'replicas') ?? 1) === 0,
};
