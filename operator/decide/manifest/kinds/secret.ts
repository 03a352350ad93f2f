import type { JsonObject } from '../../../api/meta.ts';
import { textAt } from '../../json/json.ts';
import type { Kind } from './shared/kind.ts';

const isToken = (secret: JsonObject): boolean => textAt(secret, 'type') === 'kubernetes.io/service-account-token';

const controllerManager = 'system:kube-controller-manager';

/** Never released. Its values leave the parser as digests under the key of the installation. */
export const secret: Kind = {
  kind: 'Secret',
  apiVersion: 'v1',
  plural: 'secrets',
  namespaced: true,
  promotable: false,
  followed: 'Facts',
  data: true,
  risk: {},
  guard: {
    topic: 'configuration',
    create: [],
    update: ['tokens-controller', 'apiserver', 'legacy-service-account-token-cleaner', 'generic-garbage-collector'],
    delete: ['tokens-controller', 'legacy-service-account-token-cleaner', 'generic-garbage-collector'],
    rewrite: ['tokens-controller'], // ServiceAccount tokens only
  },
  platformWriters: true,
  controllerFields: [
    { when: isToken, path: ['data'], by: controllerManager },
    {
      when: isToken,
      path: ['metadata', 'annotations', 'kubernetes.io/service-account.uid'],
      by: controllerManager,
    },
    {
      when: isToken,
      path: ['metadata', 'labels', 'kubernetes.io/legacy-token-last-used'],
      by: controllerManager,
    },
  ],
  emergency: ['create', 'update', 'delete'],
};
