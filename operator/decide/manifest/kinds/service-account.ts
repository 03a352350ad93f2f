import { byReleases } from './shared/guard.ts';
import { present } from './shared/health.ts';
import type { Kind } from './shared/kind.ts';
import { objectsAt, secretsNamed } from './shared/references.ts';

export const serviceAccount: Kind = {
  kind: 'ServiceAccount',
  apiVersion: 'v1',
  plural: 'serviceaccounts',
  namespaced: true,
  promotable: true,
  wave: 'Foundation',
  prune: 'AfterObservation',
  followed: 'Digest',
  serverOwned: [{ path: ['secrets'] }],
  health: present,
  risk: {
    'metadata.annotations': 'identity',
    automountServiceAccountToken: 'identity',
    imagePullSecrets: 'identity',
  },
  references: (content) =>
    ['imagePullSecrets', 'secrets'].flatMap((field) => secretsNamed(objectsAt(content, field), 'name')),
  guard: { topic: 'accounts', ...byReleases, create: ['service-account-controller'] },
  subresources: { token: { guard: { topic: 'accounts', create: ['kubelets'] } } },
  inEveryNamespace: ['default'],
  emergency: ['create', 'update', 'delete'],
  operate: ['free'],
};
