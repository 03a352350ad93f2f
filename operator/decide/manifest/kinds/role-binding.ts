import { byReleases } from './shared/guard.ts';
import type { Kind } from './shared/kind.ts';

export const roleBinding: Kind = {
  kind: 'RoleBinding',
  apiVersion: 'rbac.authorization.k8s.io/v1',
  plural: 'rolebindings',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  risk: { roleRef: 'rights', subjects: 'rights' },
  namespaceFields: [['subjects', '*', 'namespace']],
  guard: { topic: 'rights', ...byReleases },
};
