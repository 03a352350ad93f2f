/** Variants of an admission policy that hold a little less, or a little more: one part dropped or widened in each. */
import { expressions } from './cut-cel.ts';

/** A policy as it is in the cluster; what is not changed here is not looked at. */
export interface PolicySpec {
  readonly matchConstraints: Readonly<Record<string, unknown>> & {
    readonly namespaceSelector?: unknown;
    readonly resourceRules: readonly ResourceRule[];
  };
  readonly failurePolicy?: string;
  readonly matchConditions?: readonly Named[];
  readonly variables?: readonly Named[];
  /** Of one that validates. */
  readonly validations?: readonly Validation[];
  /** Of one that mutates. */
  readonly reinvocationPolicy?: string;
  readonly mutations?: readonly Mutation[];
}

type Validation = Readonly<Record<string, unknown>> & { readonly expression: string };
type Mutation = Readonly<Record<string, unknown>> & { readonly jsonPatch: { readonly expression: string } };

interface ResourceRule extends Readonly<Record<string, unknown>> {
  readonly apiGroups: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

interface Named {
  readonly name: string;
  readonly expression: string;
}

/** A binding as it is in the cluster. */
export interface BindingSpec extends Readonly<Record<string, unknown>> {
  /** Of the binding of a policy that validates. */
  readonly validationActions?: readonly string[];
  readonly paramRef?: { readonly selector?: unknown; readonly parameterNotFoundAction?: string };
  readonly matchResources?: unknown;
}

export interface Mutant {
  /** What was done to it; the same for the same policy, so that a list can name it. */
  readonly name: string;
  /** The name, and what else tells which request would notice: of a member of a list in a map, the key. */
  readonly about: string;
  readonly spec: PolicySpec | BindingSpec;
  readonly part: 'policy' | 'binding';
  /** Whether it judges only requests that the original judges, or others too. */
  readonly reach: 'topic' | 'beyond';
}

interface Variant<S> {
  readonly name: string;
  readonly about?: string;
  readonly spec: S;
  readonly reach?: 'beyond';
}

/** Every variant of a policy. The API server refuses some: those are no policies. */
export const policyMutants = (spec: PolicySpec): readonly Mutant[] =>
  numbered('policy', [
    ...(spec.failurePolicy === 'Ignore'
      ? []
      : [{ name: 'failurePolicy Ignore', spec: { ...spec, failurePolicy: 'Ignore' } }]),
    ...ofConstraints(spec),
    ...ofConditions(spec),
    ...ofVariables(spec),
    ...ofValidations(spec),
    ...ofMutations(spec),
  ]);

/** Of a binding that is asked of no request: a selector would not do, which says nothing of what is in no namespace. */
const nothing = { apiGroups: ['no-such'], apiVersions: ['*'], operations: ['*'], resources: ['no-such'] };

/** Every variant of a binding; `what` it is begins their names. */
export const bindingMutants = (what: string, spec: BindingSpec): readonly Mutant[] => {
  const { matchResources, paramRef, validationActions } = spec;
  const { matchResources: _, ...everywhere } = spec;
  const other = paramRef?.parameterNotFoundAction === 'Deny' ? 'Allow' : 'Deny';
  return numbered('binding', [
    ...parts(validationActions ?? []).map(({ left, gone }) => ({
      name: `${what} without ${gone}`,
      spec: { ...spec, validationActions: left },
    })),
    {
      name: `${what} nowhere`,
      spec: { ...spec, matchResources: { resourceRules: [nothing] } },
    },
    ...(matchResources === undefined ? [] : [{ name: `${what} wherever the policy acts`, spec: everywhere }]),
    ...(paramRef === undefined
      ? []
      : [
          {
            name: `${what} with parameterNotFoundAction ${other}`,
            spec: { ...spec, paramRef: { ...paramRef, parameterNotFoundAction: other } },
          },
          {
            name: `${what} with other parameters`,
            spec: { ...spec, paramRef: { ...paramRef, selector: { matchLabels: { 'no-such': 'label' } } } },
          },
        ]),
  ]);
};

/** The second of the same name says so. */
function numbered(part: Mutant['part'], variants: readonly Variant<Mutant['spec']>[]): readonly Mutant[] {
  const seen = new Map<string, number>();
  return variants.map(({ name, about = '', spec, reach }): Mutant => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const known = count === 1 ? name : `${name} (${count})`;
    return { name: known, about: `${name} ${about}`, part, spec, reach: reach ?? 'topic' };
  });
}

function ofConstraints(spec: PolicySpec): readonly Variant<PolicySpec>[] {
  const { namespaceSelector, ...constraints } = spec.matchConstraints;
  const rules = constraints.resourceRules;
  const ruled = (name: string, resourceRules: readonly ResourceRule[]): Variant<PolicySpec> => ({
    name,
    spec: { ...spec, matchConstraints: { ...spec.matchConstraints, resourceRules } },
  });
  return [
    ...(namespaceSelector === undefined
      ? []
      : [{ name: 'in every namespace', spec: { ...spec, matchConstraints: constraints }, reach: 'beyond' as const }]),
    {
      name: 'matchPolicy Exact',
      spec: { ...spec, matchConstraints: { ...spec.matchConstraints, matchPolicy: 'Exact' } },
    },
    ruled(
      'in every scope',
      rules.map((rule) => ({ ...rule, scope: '*' })),
    ),
    ...(rules.length < 2
      ? []
      : without(rules).map(({ left, gone }) => ruled(`without rule ${gone.resources.join(', ')}`, left))),
    ...rules.flatMap((rule, i) => [
      ...parts(rule.operations).map(({ left, gone }) =>
        ruled(`without ${gone} of ${rule.resources.join(', ')}`, rules.with(i, { ...rule, operations: left })),
      ),
      ...parts(rule.resources).map(({ left, gone }) =>
        ruled(`without resource ${gone}`, rules.with(i, { ...rule, resources: left })),
      ),
    ]),
    ...[...new Set(rules.map(({ apiGroups }) => apiGroups.join(', ')))].map((apiGroup) => ({
      reach: 'beyond' as const,
      ...ruled(`every resource of group '${apiGroup}'`, [
        ...rules,
        {
          apiGroups: [apiGroup],
          apiVersions: ['*'],
          operations: ['*'],
          resources: ['*/*'],
          scope: rules[0]?.['scope'],
        },
      ]),
    })),
  ];
}

/** A condition of the tests themselves, whose name begins with `test-`, is left alone. */
const ofConditions = ({ matchConditions = [], ...spec }: PolicySpec): readonly Variant<PolicySpec>[] =>
  without(matchConditions)
    .filter(({ gone }) => !gone.name.startsWith('test-'))
    .flatMap(({ left, gone }) => [
      { name: `without matchCondition ${gone.name}`, spec: { ...spec, matchConditions: left } },
      ...expressions(gone.expression).map(({ did, text, about }) => ({
        about,
        name: `matchCondition ${gone.name} ${did}`,
        spec: {
          ...spec,
          matchConditions: matchConditions.map((each) => (each === gone ? { ...each, expression: text } : each)),
        },
      })),
    ]);

/** Words for messages are left alone, and variables of which no verdict depends. */
function ofVariables(spec: PolicySpec): readonly Variant<PolicySpec>[] {
  const variables = spec.variables ?? [];
  return variables.flatMap((variable, i) =>
    decides(spec, variable.name)
      ? expressions(variable.expression).map(({ did, text, about }) => ({
          about,
          name: `variable ${variable.name} ${did}`,
          spec: { ...spec, variables: variables.with(i, { ...variable, expression: text }) },
        }))
      : [],
  );
}

/** Whether a verdict depends on a variable, by itself or through another. */
function decides(spec: PolicySpec, name: string): boolean {
  const word = new RegExp(`variables\\.${name}\\b`);
  return (
    (spec.validations ?? []).some(({ expression }) => word.test(expression)) ||
    (spec.mutations ?? []).some(({ jsonPatch }) => word.test(jsonPatch.expression)) ||
    (spec.variables ?? []).some((each) => each.name !== name && word.test(each.expression) && decides(spec, each.name))
  );
}

const ofValidations = ({ validations = [], ...spec }: PolicySpec): readonly Variant<PolicySpec>[] => [
  ...parts(validations).map(({ left, gone }) => ({
    name: `without validation ${ruleOf(gone)}`,
    spec: { ...spec, validations: left },
  })),
  ...validations.map((validation, i) => ({
    name: `validation ${ruleOf(validation)} without its reason`,
    spec: { ...spec, validations: validations.with(i, { ...validation, reason: undefined }) },
  })),
  ...validations.flatMap((validation, i) =>
    expressions(validation.expression).map(({ did, text, about }) => ({
      about,
      name: `validation ${ruleOf(validation)} ${did}`,
      spec: { ...spec, validations: validations.with(i, { ...validation, expression: text }) },
    })),
  ),
];

const ruleOf = (validation: Validation): string =>
  `${/^'(\w+): /.exec(String(validation['messageExpression']))?.[1] ?? '?'} (${validation.expression.slice(0, 40)})`;

const ofMutations = ({ mutations = [], ...spec }: PolicySpec): readonly Variant<PolicySpec>[] => [
  ...(mutations.length === 0
    ? []
    : [{ name: 'reinvocationPolicy Never', spec: { ...spec, mutations, reinvocationPolicy: 'Never' } }]),
  ...mutations.flatMap((mutation, i) =>
    expressions(mutation.jsonPatch.expression).map(({ did, text, about }) => ({
      about,
      name: `mutation ${did}`,
      spec: { ...spec, mutations: mutations.with(i, { ...mutation, jsonPatch: { expression: text } }) },
    })),
  ),
];

interface Left<T> {
  readonly left: readonly T[];
  readonly gone: T;
}

/** A list without each of its members in turn. */
const without = <T>(list: readonly T[]): readonly Left<T>[] =>
  list.map((gone, i) => ({ gone, left: list.toSpliced(i, 1) }));

/** The same where the last one cannot go. */
const parts = <T>(list: readonly T[]): readonly Left<T>[] => (list.length < 2 ? [] : without(list));
