/** Which roles somebody may sign in, as RBAC lists them. */
import { group, virtualResources } from '../../operator/api/kinds.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import type { Cluster, RuleSeen } from '../cluster/cluster.ts';
import { covers } from '../cluster/rbac.ts';
import { findPolicy } from './find.ts';

/** Roles that a rule lets sign in by name; a wildcard signs nothing. */
export const rolesIn = ({ verbs, apiGroups, resources, resourceNames }: RuleSeen): readonly string[] =>
  covers(apiGroups, group) && covers(resources, virtualResources.approvalRoles) && covers(verbs, 'approve')
    ? resourceNames
    : [];

/** Types of evidence that a rule lets report by name. */
export const reportTypesIn = ({ verbs, apiGroups, resources, resourceNames }: RuleSeen): readonly string[] =>
  covers(apiGroups, group) && covers(resources, virtualResources.evidenceTypes) && covers(verbs, 'report')
    ? resourceNames
    : [];

/**
 * Roles that the person may sign in, in this production namespace. Whether they count is asked before anything is signed. Where the API server
 * cannot list all rights, it is asked about each role of the policy.
 */
export const rolesHeld = async (cluster: Cluster, namespace: string): Promise<readonly string[]> => {
  const { rules, complete } = await cluster.rules(namespace);
  const listed = new Set(rules.flatMap(rolesIn));
  if (complete) return [...listed];
  const policy = await findPolicy(cluster, namespace);
  const { approvals = [], exceptions, changes } = policy?.spec ?? {};
  const asked = [...approvals, ...(exceptions?.approvals ?? []), ...(changes?.approvals ?? [])];
  const roles = [...new Set(asked.map(({ role }) => role))].filter((role) => !listed.has(role));
  const held = await Promise.all(
    roles.map((name) =>
      cluster.may({ group, namespace, resource: virtualResources.approvalRoles, verb: 'approve', name }),
    ),
  );
  return [...listed, ...roles.filter((_, at) => held[at] === true)];
};

/** Types of evidence among those that the policy asks for which the person may report in its staging namespace. */
export const reportTypesHeld = async (cluster: Cluster, { spec }: ReleasePolicy): Promise<readonly string[]> => {
  const asked = [...new Set(spec.evidence.map(({ type }) => type))];
  if (asked.length === 0) return [];
  const { rules } = await cluster.rules(spec.sourceNamespace);
  const listed = new Set(rules.flatMap(reportTypesIn));
  return asked.filter((type) => listed.has(type));
};
