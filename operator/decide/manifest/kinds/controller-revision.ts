import type { Kind } from './shared/kind.ts';

export const controllerRevision: Kind = {
  kind: 'ControllerRevision',
  apiVersion: 'apps/v1',
  plural: 'controllerrevisions',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  guard: {
    topic: 'workloads',
    create: ['statefulset-controller', 'daemon-set-controller'],
    update: ['statefulset-controller', 'daemon-set-controller', 'generic-garbage-collector'],
    delete: ['statefulset-controller', 'daemon-set-controller', 'generic-garbage-collector'],
    rewrite: ['statefulset-controller', 'daemon-set-controller'], // the revision; the API server keeps the data
  },
  madeBy: ['StatefulSet', 'DaemonSet'],
  transient: true,
};
