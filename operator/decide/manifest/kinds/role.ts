import { byReleases } from './shared/guard.ts';
import type { Kind } from './shared/kind.ts';

export const role: Kind = {
  kind: 'Role',
  apiVersion: 'rbac.authorization.k8s.io/v1',
  plural: 'roles',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  risk: { rules: 'rights' },
  guard: { topic: 'rights', ...byReleases },
};
