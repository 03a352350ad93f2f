import type { JsonObject } from '../../../api/meta.ts';
import { at, objectAt } from '../../json/json.ts';
import { present } from './shared/health.ts';
import { same } from './shared/immutable.ts';
import type { Kind } from './shared/kind.ts';

const publisher = 'system:serviceaccount:kube-system:root-ca-cert-publisher';
const authority = 'kube-root-ca.crt';

const changed = (next: JsonObject, live: JsonObject): readonly string[] => {
  if (at(live, 'immutable') !== true) return [];
  const data = ['data', 'binaryData'].filter((field) => !same(objectAt(next, field), objectAt(live, field)));
  return at(next, 'immutable') === true ? data : ['immutable', ...data];
};

export const configMap: Kind = {
  kind: 'ConfigMap',
  apiVersion: 'v1',
  plural: 'configmaps',
  namespaced: true,
  promotable: true,
  wave: 'Foundation',
  prune: 'WithPromotion',
  followed: 'Digest',
  data: true,
  immutable: {
    changed,
    remedy:
      'give the ConfigMap another name, such as one that ends in a digest of its data, and let the workloads refer to that',
    wayBack: 'Replace',
  },
  health: present,
  risk: {},
  guard: {
    topic: 'configuration',
    create: ['root-ca-cert-publisher'], // one name
    update: ['root-ca-cert-publisher', 'generic-garbage-collector'],
    delete: ['generic-garbage-collector'],
    rewrite: ['root-ca-cert-publisher'],
  },
  platformWriters: true,
  controllerFields: [
    { name: authority, path: ['data', 'ca.crt'], by: publisher },
    { name: authority, path: ['metadata', 'annotations', 'kubernetes.io/description'], by: publisher },
  ],
  inEveryNamespace: [authority],
  emergency: ['create', 'update', 'delete'],
  operate: ['free'],
};
