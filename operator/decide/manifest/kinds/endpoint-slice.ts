import type { Kind } from './shared/kind.ts';

export const endpointSlice: Kind = {
  kind: 'EndpointSlice',
  apiVersion: 'discovery.k8s.io/v1',
  plural: 'endpointslices',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  guard: {
    topic: 'network',
    create: ['endpointslice-controller', 'endpointslicemirroring-controller'],
    update: ['endpointslice-controller', 'endpointslicemirroring-controller', 'generic-garbage-collector'],
    delete: ['endpointslice-controller', 'endpointslicemirroring-controller', 'generic-garbage-collector'],
    rewrite: ['endpointslice-controller', 'endpointslicemirroring-controller'],
  },
  platformWriters: true,
  ownersByControllers: true,
  madeBy: ['Service', 'Endpoints'],
  transient: true,
};
