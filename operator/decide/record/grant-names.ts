/** What an emergency access is made of in the cluster is called. */
import type { ObjectKey } from '../objects.ts';

/** What every Role and binding of an access is called, and nothing else. */
export const grantPrefix = 'countersign-emergency-';

/** Name of the Role, and of the binding to it; `-role` is appended for the binding to the ClusterRole. */
export const grantName = (uid: string): string => `${grantPrefix}${uid}`;

/** The keys of the Role and both bindings. */
export const grantKeys = (uid: string): readonly ObjectKey[] => [
  `Role/${grantName(uid)}`,
  `RoleBinding/${grantName(uid)}`,
  `RoleBinding/${grantName(uid)}-role`,
];
