import { byReleases } from './shared/guard.ts';
import type { Kind } from './shared/kind.ts';

export const replicationController: Kind = {
  kind: 'ReplicationController',
  apiVersion: 'v1',
  plural: 'replicationcontrollers',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  scaled: true,
  guard: { topic: 'workloads', ...byReleases },
  subresources: {
    scale: { guard: { topic: 'scale', update: ['horizontal-pod-autoscaler'] } },
    status: { guard: { topic: 'status', update: ['replication-controller'] } },
  },
};
