/** Who holds a role: people and groups, from the bindings of the production namespace. */
import { group, virtualResources } from '../../operator/api/kinds.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { linesOf } from '../../operator/decide/people/approval-lines.ts';
import { consents } from '../../operator/decide/people/approvals.ts';
import { peopleAmong } from '../../operator/decide/people/identity.ts';
import { quorum } from '../../operator/decide/people/quorum.ts';
import type { KubeObject } from '../../operator/kube/resource.ts';
import { isForbidden, type Cluster, type RuleSeen } from '../cluster/cluster.ts';
import { rbacRows, roleRefOf, rulesOf, subjectsOf, subjectText } from '../cluster/rbac.ts';
import { reportTypesIn, rolesIn } from './roles.ts';
import { signaturesOf, type Story } from './story.ts';

/** By role, or type of evidence: who may sign in it or report it, such as `User tester-a`, `Group change-board`; undefined = this person may not read bindings. */
type Holders = ReadonlyMap<string, readonly string[]> | undefined;

/** Roles of the chart sign in what they are called after: what they hold is known where they may not be read. */
const ofChart = (name: string): readonly RuleSeen[] => {
  const [, type] = /^countersign-report-([A-Z][A-Za-z0-9]*)$/.exec(name) ?? [];
  if (type !== undefined)
    return [
      { verbs: ['report'], apiGroups: [group], resources: [virtualResources.evidenceTypes], resourceNames: [type] },
    ];
  const [, role] = /^countersign-(tester|approver|releaser|security|sre)$/.exec(name) ?? [];
  return role === undefined
    ? []
    : [{ verbs: ['approve'], apiGroups: [group], resources: [virtualResources.approvalRoles], resourceNames: [role] }];
};

const rulesBehind = async (cluster: Cluster, binding: KubeObject, namespace: string): Promise<readonly RuleSeen[]> => {
  const { kind, name } = roleRefOf(binding);
  const isCluster = kind === 'ClusterRole';
  try {
    const found = await (isCluster
      ? cluster.find(rbacRows.ClusterRole, { name })
      : cluster.find(rbacRows.Role, { namespace, name }));
    return rulesOf(found);
  } catch (error) {
    if (isForbidden(error)) return isCluster ? ofChart(name) : [];
    throw error;
  }
};

/** Bindings of the whole cluster give rights here, too; who may not read them is told of those of the namespace. */
const clusterWide = (cluster: Cluster) =>
  cluster.list(rbacRows.ClusterRoleBinding).catch((error: unknown) => {
    if (isForbidden(error)) return [];
    throw error;
  });

/** @param namesIn what a rule gives by name */
const holdersOf = async (
  cluster: Cluster,
  namespace: string,
  namesIn: (rule: RuleSeen) => readonly string[],
): Promise<Holders> => {
  let bindings;
  try {
    bindings = await cluster.list(rbacRows.RoleBinding, { namespace });
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
  const behind = new Map<string, Promise<readonly RuleSeen[]>>();
  const holders = new Map<string, string[]>();
  for (const binding of [...bindings, ...(await clusterWide(cluster))]) {
    const key = JSON.stringify(binding['roleRef']);
    const rules = behind.get(key) ?? rulesBehind(cluster, binding, namespace);
    behind.set(key, rules);
    for (const role of (await rules).flatMap(namesIn)) {
      holders.set(role, [...new Set([...(holders.get(role) ?? []), ...subjectsOf(binding).map(subjectText)])]);
    }
  }
  return holders;
};

/** People and groups that an open line can still be filled by. */
export interface Supply {
  readonly role: string;
  readonly people: readonly string[];
}

/** Authors under the usernames that are known of them. */
const authorsIn = ({ candidate, bundle }: Pick<Story, 'candidate' | 'bundle'>): readonly string[] => [
  ...(bundle?.spec.authors ?? []),
  ...(candidate.status?.sourceAuthors ?? []).map(({ username }) => username),
];

const userOf = (holder: string): string | undefined => /^User (.+)$/.exec(holder)?.[1];

/** Holders who are none of these people, under whatever account the policy knows them. */
const othersThan = (
  names: readonly string[],
  holders: readonly string[],
  policy: ReleasePolicy | undefined,
): readonly string[] => {
  const personOf = peopleAmong(policy?.spec.people ?? [], [...names, ...holders.flatMap((each) => userOf(each) ?? [])]);
  const out = new Set(names.map(personOf));
  return holders.filter((each) => {
    const user = userOf(each);
    return user === undefined || !out.has(personOf(user));
  });
};

/** For each open line, who may still sign: neither authors nor those who have. `Unreadable`: this person may not list bindings. */
export const whoCanSign = async (
  cluster: Cluster,
  { candidate, policy, bundle, approvals }: Story,
  now: number,
): Promise<readonly Supply[] | 'Unreadable'> => {
  if (policy === undefined || bundle === undefined) return [];
  const counted = consents(signaturesOf({ candidate, policy, bundle, approvals }, now), 'Counts');
  const open = quorum(linesOf({ candidate, policy }), counted).lines.filter(({ have, need }) => have < need);
  const holders = await holdersOf(cluster, candidate.spec.targetNamespace, rolesIn);
  if (holders === undefined) return 'Unreadable';
  const out = [...authorsIn({ candidate, bundle }), ...counted.map(({ username }) => username)];
  return open.map(({ role }) => ({ role, people: othersThan(out, holders.get(role) ?? [], policy) }));
};

/** A type of evidence, and whether an author may bring it, because others signed it. */
interface ReportedType {
  readonly type: string;
  readonly byAuthors: boolean;
}

/** For each type of evidence, who may report it and, where it matters, is no author. `Unreadable`: this person may not list bindings of the staging namespace. */
export const whoCanReport = async (
  cluster: Cluster,
  { candidate, policy, bundle }: Pick<Story, 'candidate' | 'policy' | 'bundle'>,
  types: readonly ReportedType[],
): Promise<readonly Supply[] | 'Unreadable'> => {
  const holders = await holdersOf(cluster, candidate.metadata.namespace, reportTypesIn);
  if (holders === undefined) return 'Unreadable';
  const authors = authorsIn({ candidate, bundle });
  return types.map(({ type: role, byAuthors }) => ({
    role,
    people: othersThan(byAuthors ? [] : authors, holders.get(role) ?? [], policy),
  }));
};
