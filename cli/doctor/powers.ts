/** Who could get around the locks, or signs for more than one namespace: by what RBAC binds, in the whole cluster and in the namespaces that count. */
import { group, virtualResources } from '../../operator/api/kinds.ts';
import type { KubeObject } from '../../operator/kube/resource.ts';
import { rolesIn } from '../candidate/roles.ts';
import type { Cluster, RuleSeen } from '../cluster/cluster.ts';
import { covers, rbacRows, roleRefOf, rulesOf, subjectsOf, subjectText, type Subject } from '../cluster/rbac.ts';
import { found, looking, ok, type Diagnosis } from './diagnosis.ts';

interface Power {
  readonly what: string;
  readonly so: string;
  readonly isIn: (rule: RuleSeen) => boolean;
}

const afterwards = 'what they change in production is found afterwards, not refused';

const isEverything = ({ verbs, apiGroups, resources }: RuleSeen): boolean =>
  [verbs, apiGroups, resources].every((each) => each.includes('*'));

const gives = (groups: string, resources: readonly string[], verbs: readonly string[]) => (rule: RuleSeen) =>
  covers(rule.apiGroups, groups) &&
  resources.some((each) => covers(rule.resources, each)) &&
  verbs.some((each) => covers(rule.verbs, each));

const impersonated = ['users', 'groups', 'serviceaccounts', 'uids'];

const isImpersonating = (rule: RuleSeen): boolean =>
  gives('', impersonated, ['impersonate'])(rule) ||
  gives('authentication.k8s.io', impersonated, ['impersonate'])(rule) ||
  // Constrained impersonation (KEP-5284) has verbs of its own.
  rule.verbs.some((verb) => verb.startsWith('impersonate:') || verb.startsWith('impersonate-on:'));

const powers: readonly Power[] = [
  { what: 'may impersonate others', so: 'and sign as them', isIn: isImpersonating },
  {
    what: 'may make tokens of ServiceAccounts',
    so: 'and act as those, be they our own',
    isIn: gives('', ['serviceaccounts/token'], ['create']),
  },
  {
    what: 'may approve certificate requests',
    so: 'and so become anybody',
    isIn: gives('certificates.k8s.io', ['certificatesigningrequests/approval'], ['update', 'patch']),
  },
];

const everything: Power = { what: 'may do everything', so: afterwards, isIn: isEverything };

/** Signs in every role, it seems: the API server refuses it, for a right counts by name only. */
const byWildcard: Power = {
  what: 'would sign in every role by a wildcard',
  so: 'which counts for nothing: who is to sign holds the role by name',
  isIn: (rule) =>
    !isEverything(rule) &&
    rule.resourceNames.length === 0 &&
    gives(group, [virtualResources.approvalRoles], ['approve'])(rule),
};

const powersIn = (rules: readonly RuleSeen[]): readonly Power[] =>
  rules.some(isEverything) ? [everything] : [...powers, byWildcard].filter(({ isIn }) => rules.some(isIn));

const programs: ReadonlySet<string> = new Set(['countersign-operator', 'countersign-restorer', 'countersign-gate']);

/** The control plane's own, and our programs: what these hold is what they are for. */
const isExpected =
  (home: string) =>
  ({ kind, namespace, name }: Subject): boolean =>
    kind === 'ServiceAccount'
      ? namespace === home && programs.has(name)
      : name.startsWith('system:') && !openGroups.has(name);

/** Groups in which everybody is, or every program. */
const openGroups: ReadonlySet<string> = new Set([
  'system:authenticated',
  'system:unauthenticated',
  'system:serviceaccounts',
  'system:anonymous',
]);

/** Where bindings are looked at; without a namespace, those of the whole cluster. */
interface Place {
  readonly home: string;
  readonly namespace?: string;
}

const judged = (
  bindings: readonly KubeObject[],
  ruled: ReadonlyMap<string, readonly RuleSeen[]>,
  { namespace, home }: Place,
): readonly Diagnosis[] =>
  bindings.flatMap((binding): Diagnosis[] => {
    const { name } = binding.metadata;
    const { kind, name: role } = roleRefOf(binding);
    const who = subjectsOf(binding).filter((each) => !isExpected(home)(each));
    if (who.length === 0 || name.startsWith('system:')) return [];
    const rules = ruled.get(`${kind}/${role}`) ?? [];
    const people = who.map(subjectText).join(', ');
    const where = namespace === undefined ? 'in the whole cluster' : `in ${namespace}`;
    const command = namespace === undefined ? 'clusterrolebinding' : 'rolebinding';
    const look = `kubectl get ${command} ${name}${namespace === undefined ? '' : ` -n ${namespace}`} -o yaml`;
    const faults = powersIn(rules).map(({ what, so }) =>
      found('warning', `${people} ${what} ${where} (${kind} ${role}): ${so}`, `If they need not: ${look}`),
    );
    const roles = namespace === undefined ? [...new Set(rules.flatMap(rolesIn))] : [];
    if (roles.length === 0) return faults;
    return [
      ...faults,
      found(
        'warning',
        `${people} may sign as ${roles.join(', ')} in every production namespace (${kind} ${role})`,
        `Bind it where it is needed: kubectl create rolebinding ${name} --clusterrole=${role} … -n <production namespace>, and look at what binds it everywhere: ${look}`,
      ),
    ];
  });

const ruledBy = (roles: readonly KubeObject[]): ReadonlyMap<string, readonly RuleSeen[]> =>
  new Map(roles.map((role) => [`${role.kind}/${role.metadata.name}`, rulesOf(role)]));

/** Who holds such powers in the whole cluster, and in each of these namespaces. */
export const whoCould = (
  cluster: Cluster,
  home: string,
  namespaces: readonly string[],
): Promise<readonly Diagnosis[]> =>
  looking(cluster, rbacRows.ClusterRole, async (clusterRoles) => {
    const everywhere = looking(cluster, rbacRows.ClusterRoleBinding, (bindings) =>
      judged(bindings, ruledBy(clusterRoles), { home }),
    );
    const inEach = [...new Set([home, ...namespaces])].map((namespace) =>
      looking(
        cluster,
        rbacRows.RoleBinding,
        (bindings) =>
          looking(
            cluster,
            rbacRows.Role,
            (roles) => judged(bindings, ruledBy([...clusterRoles, ...roles]), { home, namespace }),
            { namespace },
          ),
        { namespace },
      ),
    );
    const faults = (await Promise.all([everywhere, ...inEach])).flat();
    return faults.length > 0
      ? faults
      : [ok('nobody but the control plane could get around the locks by what RBAC binds')];
  });
