/** Variants of an admission policy that hold a little less, or a little more: one part dropped or widened in each. */

/** A policy as it is in the cluster; what is not changed here is not looked at. */
export interface PolicySpec {
  readonly matchConstraints: Readonly<Record<string, unknown>> & {
    readonly namespaceSelector?: unknown;
    readonly resourceRules: readonly ResourceRule[];
  };
  readonly matchConditions?: readonly Named[];
  readonly variables?: readonly Named[];
  readonly validations: readonly (Readonly<Record<string, unknown>> & { readonly expression: string })[];
}

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
  readonly validationActions: readonly string[];
  readonly paramRef?: { readonly selector?: unknown; readonly parameterNotFoundAction?: string };
  readonly matchResources?: unknown;
}

export interface Mutant {
  /** What was done to it; the same for the same policy, so that a list can name it. */
  readonly name: string;
  readonly spec: PolicySpec | BindingSpec;
  readonly part: 'policy' | 'binding';
  /** Whether it judges only requests that the original judges, or others too. */
  readonly reach: 'topic' | 'beyond';
}

interface Variant<S> {
  readonly name: string;
  readonly spec: S;
  readonly reach?: 'beyond';
}

/** Every variant of a policy. The API server refuses some: those are no policies. */
export const policyMutants = (spec: PolicySpec): readonly Mutant[] =>
  numbered('policy', [
    { name: 'failurePolicy Ignore', spec: { ...spec, failurePolicy: 'Ignore' } },
    ...ofConstraints(spec),
    ...without(spec.matchConditions ?? []).map(({ left, gone }) => ({
      name: `without matchCondition ${gone.name}`,
      spec: { ...spec, matchConditions: left },
    })),
    ...(spec.matchConditions ?? []).flatMap((condition, i, all) =>
      expressions(condition.expression).map(({ did, text }) => ({
        name: `matchCondition ${condition.name} ${did}`,
        spec: { ...spec, matchConditions: all.with(i, { ...condition, expression: text }) },
      })),
    ),
    ...ofVariables(spec),
    ...ofValidations(spec),
  ]);

/** Of a binding that is asked of no request: a selector would not do, which says nothing of what is in no namespace. */
const nothing = { apiGroups: ['no-such'], apiVersions: ['*'], operations: ['*'], resources: ['no-such'] };

/** Every variant of a binding; `what` it is begins their names. */
export const bindingMutants = (what: string, spec: BindingSpec): readonly Mutant[] => {
  const { matchResources, paramRef, validationActions } = spec;
  const { matchResources: _, ...everywhere } = spec;
  const other = paramRef?.parameterNotFoundAction === 'Deny' ? 'Allow' : 'Deny';
  return numbered('binding', [
    ...parts(validationActions).map(({ left, gone }) => ({
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
  return variants.map(({ name, spec, reach }): Mutant => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return { name: count === 1 ? name : `${name} (${count})`, part, spec, reach: reach ?? 'topic' };
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

/** Words for messages are left alone, and variables of which no verdict depends. */
function ofVariables(spec: PolicySpec): readonly Variant<PolicySpec>[] {
  const variables = spec.variables ?? [];
  return variables.flatMap((variable, i) =>
    decides(spec, variable.name)
      ? expressions(variable.expression).map(({ did, text }) => ({
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
    spec.validations.some(({ expression }) => word.test(expression)) ||
    (spec.variables ?? []).some((each) => each.name !== name && word.test(each.expression) && decides(spec, each.name))
  );
}

const ofValidations = (spec: PolicySpec): readonly Variant<PolicySpec>[] => [
  ...parts(spec.validations).map(({ left, gone }) => ({
    name: `without validation ${ruleOf(gone)}`,
    spec: { ...spec, validations: left },
  })),
  ...spec.validations.map((validation, i) => ({
    name: `validation ${ruleOf(validation)} without its reason`,
    spec: { ...spec, validations: spec.validations.with(i, { ...validation, reason: undefined }) },
  })),
  ...spec.validations.flatMap((validation, i) =>
    expressions(validation.expression).map(({ did, text }) => ({
      name: `validation ${ruleOf(validation)} ${did}`,
      spec: { ...spec, validations: spec.validations.with(i, { ...validation, expression: text }) },
    })),
  ),
];

const ruleOf = (validation: PolicySpec['validations'][number]): string =>
  `${/^'(\w+): /.exec(String(validation['messageExpression']))?.[1] ?? '?'} (${validation.expression.slice(0, 40)})`;

interface Left<T> {
  readonly left: readonly T[];
  readonly gone: T;
}

/** A list without each of its members in turn. */
const without = <T>(list: readonly T[]): readonly Left<T>[] =>
  list.map((gone, i) => ({ gone, left: list.toSpliced(i, 1) }));

/** The same where the last one cannot go. */
const parts = <T>(list: readonly T[]): readonly Left<T>[] => (list.length < 2 ? [] : without(list));

interface Expression {
  readonly did: string;
  readonly text: string;
}

/** Who is let in where a list names identities: somebody from outside, and a program of the control plane that keeps other books. */
const newcomers = ['attacker', 'system:serviceaccount:kube-system:generic-garbage-collector'];

/** A CEL expression without each operand of `&&` and `||`, and each member of its lists and maps, in turn; and with more identities. */
function expressions(cel: string): readonly Expression[] {
  const found: Expression[] = [];
  const said = ({ from, to }: Span): string => cel.slice(from, to).trim().replaceAll(/\s+/g, ' ');
  const cut = (list: readonly Span[], joint: string): void => {
    for (const [i, { from, to }] of list.entries()) {
      const kept = list.toSpliced(i, 1).map((span) => cel.slice(span.from, span.to).trim());
      const [first, last] = [list[0]?.from ?? 0, list.at(-1)?.to ?? 0];
      const text = `${cel.slice(0, first)} ${kept.join(joint)} ${cel.slice(last)}`;
      found.push({ did: `without ${said({ from, to })}`, text });
    }
  };
  for (const { span, opened } of levels(cel)) {
    const members = split(cel, span, [',']);
    if (opened === '[' && members.every((member) => isUsername(cel, member)))
      for (const newcomer of newcomers.filter((name) => !cel.slice(span.from, span.to).includes(`'${name}'`))) {
        const text = `${cel.slice(0, span.to)}, '${newcomer}'${cel.slice(span.to)}`;
        found.push({ did: `with ${newcomer} beside ${said(span)}`, text });
      }
    if (opened === '{' || opened === '[') if (members.length > 1 || isText(cel, span)) cut(members, ', ');
    for (const member of members)
      for (const branch of split(cel, member, [' ? ', ' : ', ': '])) {
        const either = split(cel, branch, ['||']);
        if (either.length > 1) cut(either, ' || ');
        for (const all of either) {
          const both = split(cel, all, ['&&']);
          if (both.length > 1) cut(both, ' && ');
        }
      }
  }
  return found;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const isText = (cel: string, { from, to }: Span): boolean => /^\s*'[^']*'\s*$/.test(cel.slice(from, to));

const isUsername = (cel: string, { from, to }: Span): boolean => /^\s*'system:[^']*'\s*$/.test(cel.slice(from, to));

/** The expression, and what stands between each pair of brackets in it. An index (`a['k']`) is not a list. */
function levels(cel: string): readonly { readonly span: Span; readonly opened: string }[] {
  const found: { span: Span; opened: string }[] = [{ span: { from: 0, to: cel.length }, opened: '' }];
  const open: { at: number; opened: string }[] = [];
  for (const { at, char } of code(cel)) {
    if ('([{'.includes(char)) {
      const isIndex = char === '[' && /[\w)\]}]\s*$/.test(cel.slice(0, at)) && !/\bin\s*$/.test(cel.slice(0, at));
      open.push({ at, opened: isIndex ? 'index' : char });
    }
    if (')]}'.includes(char)) {
      const last = open.pop();
      if (last !== undefined) found.push({ span: { from: last.at + 1, to: at }, opened: last.opened });
    }
  }
  return found;
}

/** The characters that are not in a string. */
function* code(cel: string): Generator<{ readonly at: number; readonly char: string }> {
  let quote = '';
  for (let at = 0; at < cel.length; at += 1) {
    const char = cel[at] ?? '';
    if (quote !== '') {
      if (char === '\\') at += 1;
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '"') quote = char;
    else yield { at, char };
  }
}

/** A span cut at some words, where they stand outside brackets and strings. */
function split(cel: string, { from, to }: Span, words: readonly string[]): readonly Span[] {
  const spans: Span[] = [];
  let depth = 0;
  let start = from;
  for (const { at, char } of code(cel.slice(from, to))) {
    if ('([{'.includes(char)) depth += 1;
    if (')]}'.includes(char)) depth -= 1;
    const word = depth === 0 ? words.find((each) => cel.startsWith(each, from + at)) : undefined;
    if (word === undefined || from + at < start) continue;
    spans.push({ from: start, to: from + at });
    start = from + at + word.length;
  }
  return [...spans, { from: start, to }];
}
