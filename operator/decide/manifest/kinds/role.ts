import { byReleases } from './shared/guard.ts';
import { present } from './shared/health.ts';
import type { Kind } from './shared/kind.ts';

export const role: Kind = {
  kind: 'Role',
  apiVersion: 'rbac.authorization.k8s.io/v1',
  plural: 'roles',
  namespaced: true,
  promotable: true,
  wave: 'Foundation',
  prune: 'AfterObservation',
  followed: 'Digest',
  health: present,
  risk: { rules: 'rights' },
  guard: { topic: 'rights', ...byReleases },
};
