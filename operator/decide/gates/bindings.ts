/** What ServiceAccounts hold by bindings, and what one account lacks of what another holds. */
import type { JsonObject } from '../../api/meta.ts';
import { listAt, textAt } from '../json/json.ts';
import type { RoleFacts, RoleRule } from '../emergency/role-limits.ts';

/** A ClusterRoleBinding or RoleBinding, as far as it binds ServiceAccounts. */
export interface Binding {
  /** '' = of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly role: { readonly kind: string; readonly name: string };
  /** Usernames of ServiceAccounts, and `group <name>` for groups that contain ServiceAccounts. */
  readonly subjects: readonly string[];
}

const prefix = 'system:serviceaccount:';
const allAccounts = ['group system:serviceaccounts', 'group system:authenticated'];

/** As the API server authenticates it. */
export const accountName = (namespace: string, account: string): string => `${prefix}${namespace}:${account}`;

/** The group of all accounts of a namespace. */
export const accountsOf = (namespace: string): string => `group system:serviceaccounts:${namespace}`;

/** Subjects by which an account holds a binding: itself, and the groups that it is in. */
export const subjectsOf = (namespace: string, account: string): readonly string[] => [
  accountName(namespace, account),
  accountsOf(namespace),
  ...allAccounts,
];

const subjectOf = (subject: Parameters<typeof textAt>[0], namespace: string): readonly string[] => {
  const name = textAt(subject, 'name') ?? '';
  const kind = textAt(subject, 'kind');
  if (kind === 'ServiceAccount') return [accountName(textAt(subject, 'namespace') ?? namespace, name)];
  if (kind === 'User') return name.startsWith(prefix) ? [name] : [];
  const group = `group ${name}`;
  return allAccounts.some((each) => group === each || group.startsWith('group system:serviceaccounts:')) ? [group] : [];
};

/** @returns undefined when it binds no ServiceAccount */
export const bindingOf = (raw: JsonObject): Binding | undefined => {
  const namespace = textAt(raw, 'metadata', 'namespace') ?? '';
  const subjects = listAt(raw, 'subjects').flatMap((subject) => subjectOf(subject, namespace));
  return subjects.length === 0
    ? undefined
    : {
        namespace,
        name: textAt(raw, 'metadata', 'name') ?? '',
        role: { kind: textAt(raw, 'roleRef', 'kind') ?? '', name: textAt(raw, 'roleRef', 'name') ?? '' },
        subjects,
      };
};

/** One verb on one resource or path; `name` '' = of every name. */
interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  readonly path: string;
}

const product = <A, B>(some: readonly A[], others: readonly B[]): readonly (readonly [A, B])[] =>
  some.flatMap((a) => others.map((b) => [a, b] as const));

const rightsIn = ({ apiGroups, resources, verbs, resourceNames = [], nonResourceURLs = [] }: RoleRule): Right[] => [
  ...product(product(verbs, apiGroups), product(resources, resourceNames.length === 0 ? [''] : resourceNames)).map(
    ([[verb, group], [resource, name]]) => ({ verb, group, resource, name, path: '' }),
  ),
  ...product(verbs, nonResourceURLs).map(([verb, path]) => ({ verb, group: '', resource: '', name: '', path })),
];

const holds = (all: readonly string[], one: string): boolean => all.includes('*') || all.includes(one);

/** `* /scale` of a rule is every resource's. */
const holdsResource = (resources: readonly string[], resource: string): boolean =>
  holds(resources, resource) ||
  (resource.includes('/') && resources.includes(`*/${resource.slice(resource.indexOf('/') + 1)}`));

const holdsPath = (paths: readonly string[], path: string): boolean =>
  paths.some((each) => each === path || (each.endsWith('*') && path.startsWith(each.slice(0, -1))));

/** As the API server's authorizer decides it (k8s.io/kubernetes, pkg/apis/rbac/v1/evaluation_helpers.go). */
const allows = (
  { apiGroups, resources, verbs, resourceNames = [], nonResourceURLs = [] }: RoleRule,
  right: Right,
): boolean => {
  if (!holds(verbs, right.verb)) return false;
  if (right.path !== '') return holdsPath(nonResourceURLs, right.path);
  return (
    holds(apiGroups, right.group) &&
    holdsResource(resources, right.resource) &&
    (resourceNames.length === 0 || resourceNames.includes(right.name))
  );
};

const shown = ({ verb, group, resource, name, path }: Right): string =>
  path === ''
    ? `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === '' ? '' : `/${name}`}`
    : `${verb} ${path}`;

/**
 * Rights of a role that none of these roles gives, as people read them.
 * @param scope in a namespace a rule gives no paths
 */
export const rightsLacking = (
  wanted: RoleFacts,
  held: readonly RoleFacts[],
  scope: 'Cluster' | 'Namespace',
): readonly string[] => {
  const rules = held.flatMap((role) => role.rules);
  return wanted.rules
    .flatMap(rightsIn)
    .filter((right) => scope === 'Cluster' || right.path === '')
    .filter((right) => !rules.some((rule) => allows(rule, right)))
    .map(shown);
};
