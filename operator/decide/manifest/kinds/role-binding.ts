import { at } from '../../json/json.ts';
import { byReleases } from './shared/guard.ts';
import { present } from './shared/health.ts';
import { same } from './shared/immutable.ts';
import type { Kind } from './shared/kind.ts';

export const roleBinding: Kind = {
  kind: 'RoleBinding',
  apiVersion: 'rbac.authorization.k8s.io/v1',
  plural: 'rolebindings',
  namespaced: true,
  promotable: true,
  wave: 'Foundation',
  prune: 'AfterObservation',
  followed: 'Digest',
  immutable: {
    changed: (next, live) => (same(at(next, 'roleRef'), at(live, 'roleRef')) ? [] : ['roleRef']),
    remedy:
      'leave roleRef as it is in production, or give the RoleBinding another name: the next release then drops the old one',
    wayBack: 'Replace',
  },
  health: present,
  risk: { roleRef: 'rights', subjects: 'rights' },
  namespaceFields: [['subjects', '*', 'namespace']],
  guard: { topic: 'rights', ...byReleases },
};
