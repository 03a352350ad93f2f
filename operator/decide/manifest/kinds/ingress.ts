import { byReleases } from './shared/guard.ts';
import { present } from './shared/health.ts';
import type { Kind } from './shared/kind.ts';
import { objectsAt, secretsNamed } from './shared/references.ts';

export const ingress: Kind = {
  kind: 'Ingress',
  apiVersion: 'networking.k8s.io/v1',
  plural: 'ingresses',
  namespaced: true,
  promotable: true,
  wave: 'Traffic',
  prune: 'WithPromotion',
  followed: 'Digest',
  health: present,
  // Controllers of ingresses are configured through annotations.
  risk: { spec: 'network', 'metadata.annotations': 'network' },
  references: (content) => secretsNamed(objectsAt(content, 'spec', 'tls'), 'secretName'),
  guard: { topic: 'network', ...byReleases },
  subresources: { status: { guard: { topic: 'status', update: ['ingress-controllers'] } } },
  platformWriters: true,
  controllerFinalizers: [
    'ingress.k8s.aws/resources',
    'networking.gke.io/ingress-finalizer',
    'networking.gke.io/ingress-finalizer-V2',
  ],
  emergency: ['create', 'update', 'delete'],
  operate: ['free'],
};
