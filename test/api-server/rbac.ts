/** What the roles of the chart give, written out one right at a time; and roles and bindings that give a little less or more. */

import { isDeepStrictEqual } from 'node:util';

/** A rule of a role, as it is stored or as a review answers it. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface Role {
  readonly kind: 'ClusterRole' | 'Role';
  readonly name: string;
  readonly rules: readonly Rule[];
}

export interface Binding {
  readonly kind: 'ClusterRoleBinding' | 'RoleBinding';
  readonly name: string;
  readonly roleRef: { readonly kind: string; readonly name: string };
  /** `kind name`. */
  readonly subjects: readonly string[];
}

/** Roles and bindings; of those in a namespace there is only ours. */
export interface Rbac {
  readonly roles: readonly Role[];
  readonly bindings: readonly Binding[];
}

/** `verb group/resource`, then the name if there is one; no group is the group ''. */
export const written = ({ verbs, apiGroups = [], resources = [], resourceNames = [''] }: Rule): readonly string[] =>
  verbs.flatMap((verb) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        resourceNames.map((name) => `${verb} ${group}/${resource}${name === '' ? '' : ` ${name}`}`),
      ),
    ),
  );

export const sorted = (all: readonly string[]): readonly string[] => [...new Set(all)].toSorted();

/** What is given in our namespace only ends so. */
export const here = ' here';

/** Every right that bindings give, by `kind name` of who holds it. A role that is not there gives `everything`: it is not ours. */
export function held({ roles, bindings }: Rbac): ReadonlyMap<string, readonly string[]> {
  const rights = new Map<string, readonly string[]>();
  for (const { kind, roleRef, subjects } of bindings) {
    const role = roles.find((each) => each.kind === roleRef.kind && each.name === roleRef.name);
    const given = role?.rules.flatMap(written) ?? ['everything'];
    const where = kind === 'RoleBinding' ? here : '';
    for (const subject of subjects)
      rights.set(subject, sorted([...(rights.get(subject) ?? []), ...given.map((right) => `${right}${where}`)]));
  }
  return rights;
}

/** Who holds rights that nothing uses, and what is used that is not held: none of it when what is held is what is used. */
export function differences(
  rights: ReadonlyMap<string, readonly string[]>,
  used: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  return sorted([...rights.keys(), ...used.keys()]).flatMap((who) => {
    const [has, does] = [new Set(rights.get(who)), new Set(used.get(who))];
    const covered = (right: string): boolean => wider(right).some((each) => has.has(each));
    return [
      ...[...has].filter((right) => !does.has(right)).map((right) => `${who} never uses: ${right}`),
      ...[...does].filter((right) => !covered(right)).map((right) => `${who} needs: ${right}`),
    ];
  });
}

/** The right, and each that contains it: of any name, everywhere. */
function wider(right: string): readonly string[] {
  const everywhere = right.endsWith(here) ? [right, right.slice(0, -here.length)] : [right];
  return everywhere.flatMap((each) => [each, each.replace(/^(\S+ \S+) (?!here$)\S+/, '$1')]);
}

/** Whether two give the same: what a wider right of the same holder contains gives nothing. */
export function givesTheSame(one: Rbac, other: Rbac): boolean {
  const [a, b] = [one, other].map((rbac) =>
    [...held(rbac)].flatMap(([who, rights]) =>
      rights
        .filter((right) => !wider(right).some((each) => each !== right && rights.includes(each)))
        .map((right) => `${who}: ${right}`),
    ),
  );
  return isDeepStrictEqual(a?.toSorted(), b?.toSorted());
}

export interface Mutant<T> {
  readonly name: string;
  readonly is: T;
}

const verbs = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'impersonate',
  'bind',
  '*',
];

/** A list without each of its members, and with each of some others. */
const varied = (list: readonly string[], others: readonly string[]): readonly Mutant<readonly string[]>[] => [
  ...(list.length < 2
    ? []
    : list.map((gone) => ({ name: `without ${gone}`, is: list.filter((each) => each !== gone) }))),
  ...others.filter((each) => !list.includes(each)).map((more) => ({ name: `with ${more}`, is: [...list, more] })),
];

/** Rules of which one gives less, or more, or is gone. */
export const ruleMutants = (rules: readonly Rule[]): readonly Mutant<readonly Rule[]>[] =>
  rules.flatMap((rule, i) => {
    const { apiGroups = [], resources = [], resourceNames, ...rest } = rule;
    const what = `of ${resources.join(', ')}`;
    const variants: readonly Mutant<Rule>[] = [
      ...varied(rule.verbs, verbs).map(({ name, is }) => ({ name, is: { ...rule, verbs: is } })),
      ...varied(apiGroups, ['*', 'apps']).map(({ name, is }) => ({
        name: `${name} as a group`,
        is: { ...rule, apiGroups: is },
      })),
      ...varied(resources, [
        '*',
        'nodes',
        ...resources.filter((each) => !each.includes('/')).map((each) => `${each}/status`),
      ]).map(({ name, is }) => ({ name, is: { ...rule, resources: is } })),
      ...(resourceNames === undefined
        ? []
        : [
            { name: 'of any name', is: { ...rest, apiGroups, resources } },
            ...varied(resourceNames, ['other']).map(({ name, is }) => ({ name, is: { ...rule, resourceNames: is } })),
          ]),
    ];
    return [
      { name: `without the rule ${what}`, is: rules.toSpliced(i, 1) },
      ...variants.map(({ name, is }) => ({ name: `${what} ${name}`, is: rules.with(i, is) })),
    ];
  });

/** Everything with one role or binding changed. */
export const rbacMutants = ({ roles, bindings }: Rbac): readonly Mutant<Rbac>[] => [
  ...roles.flatMap((role, i) =>
    ruleMutants(role.rules).map(({ name, is }) => ({
      name: `${role.kind} ${role.name}: ${name}`,
      is: { bindings, roles: roles.with(i, { ...role, rules: is }) },
    })),
  ),
  ...bindings.flatMap((binding, i) =>
    [
      ...varied(binding.subjects, ['Group system:authenticated', 'ServiceAccount default']).map(({ name, is }) => ({
        name,
        is: { ...binding, subjects: is },
      })),
      { name: 'to nobody', is: { ...binding, subjects: [] } },
      { name: 'of cluster-admin', is: { ...binding, roleRef: { kind: 'ClusterRole', name: 'cluster-admin' } } },
      {
        name: 'in another place',
        is: {
          ...binding,
          kind: binding.kind === 'RoleBinding' ? ('ClusterRoleBinding' as const) : ('RoleBinding' as const),
        },
      },
    ].map(({ name, is }) => ({
      name: `${binding.kind} ${binding.name}: ${name}`,
      is: { roles, bindings: bindings.with(i, is) },
    })),
  ),
];
