/** How the API server calls the kinds that are read and written here. */
import { apiVersion, kinds, promotableKinds, type Kind } from '../api/kinds.ts';
import type { ResourceRow } from './resource.ts';

/** How it calls one of our kinds. */
export const ourResource = (kind: Kind): ResourceRow => ({
  apiVersion,
  kind,
  plural: kinds[kind].plural,
  namespaced: true,
});

/** How it calls what an emergency access is made of. */
export const grantResource = (kind: 'Role' | 'RoleBinding'): ResourceRow => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true,
});

/** How it calls a promotable kind. @throws for any other: nothing else is ever written to production */
export const promotableResource = (kind: string): ResourceRow => {
  const row = promotableKinds.find((each) => each.kind === kind);
  if (row === undefined) throw new RangeError(`${kind} is no promotable kind`);
  return { apiVersion: row.apiVersion, kind, plural: row.plural, namespaced: true };
};
