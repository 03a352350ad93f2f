/** How the API server calls the kinds that are read and written here. */
import { apiVersion, isNamespaced, kinds, type Kind } from '../api/kinds.ts';
import type { ResourceRow } from './resource.ts';

/** How it calls one of our kinds. */
export const ourResource = (kind: Kind): ResourceRow => ({
  apiVersion,
  kind,
  plural: kinds[kind].plural,
  namespaced: isNamespaced(kind),
});

/** How it calls what an emergency access is made of. */
export const grantResource = (kind: 'Role' | 'RoleBinding'): ResourceRow => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true,
});
