/** Which roles somebody may sign in, as RBAC lists them. */
import { group, virtualResources } from '../../operator/api/kinds.ts';
import type { Cluster, RuleSeen } from '../cluster/cluster.ts';

const covers = (listed: readonly string[], value: string): boolean => listed.includes(value) || listed.includes('*');

/** Roles that a rule lets sign in by name; a wildcard signs nothing. */
export const rolesIn = ({ verbs, apiGroups, resources, resourceNames }: RuleSeen): readonly string[] =>
  covers(apiGroups, group) && covers(resources, virtualResources.approvalRoles) && covers(verbs, 'approve')
    ? resourceNames
    : [];

/** Roles that the person may sign in, in this production namespace. Whether they count is asked before anything is signed. */
export const rolesHeld = async (cluster: Cluster, namespace: string): Promise<readonly string[]> => [
  ...new Set((await cluster.rules(namespace)).flatMap(rolesIn)),
];
