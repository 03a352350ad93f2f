import type { Kind } from './shared/kind.ts';

export const endpoints: Kind = {
  kind: 'Endpoints',
  apiVersion: 'v1',
  plural: 'endpoints',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  guard: {
    topic: 'network',
    create: ['endpoint-controller'],
    update: ['endpoint-controller', 'generic-garbage-collector'],
    delete: ['endpoint-controller', 'generic-garbage-collector'],
    rewrite: ['endpoint-controller'],
  },
  platformWriters: true,
  controllerFields: [
    {
      path: ['metadata', 'labels', 'service.kubernetes.io/headless'],
      by: 'system:serviceaccount:kube-system:endpoint-controller',
    },
  ],
  ownersByControllers: true,
  transient: true,
};
