import type { Kind } from './shared/kind.ts';

export const resourceClaim: Kind = {
  kind: 'ResourceClaim',
  apiVersion: 'resource.k8s.io/v1',
  plural: 'resourceclaims',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  guard: {
    topic: 'storage',
    create: ['resource-claim-controller'],
    update: ['resource-claim-controller', 'kube-scheduler', 'generic-garbage-collector'],
    delete: ['resource-claim-controller', 'generic-garbage-collector'],
  },
  subresources: {
    status: {
      guard: { topic: 'status', update: ['kube-scheduler', 'resource-claim-controller', 'device-drivers'] },
    },
  },
  controllerFinalizers: ['resource.kubernetes.io/delete-protection'],
  madeBy: ['Pod'],
  transient: true,
};
