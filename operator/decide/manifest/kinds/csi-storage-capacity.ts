import type { Kind } from './shared/kind.ts';

/** Provisioners count these up and down all day: nobody looks at them. */
export const csiStorageCapacity: Kind = {
  kind: 'CSIStorageCapacity',
  apiVersion: 'storage.k8s.io/v1',
  plural: 'csistoragecapacities',
  namespaced: true,
  promotable: false,
  followed: 'Never',
  guard: {
    topic: 'storage',
    create: ['storage-controllers'],
    update: ['storage-controllers', 'generic-garbage-collector'],
    delete: ['storage-controllers', 'generic-garbage-collector'],
    rewrite: ['storage-controllers'],
  },
};
