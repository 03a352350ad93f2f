/**
 * What is not ours and can change a write to production on its way: mutating webhooks and policies, and API services that answer in place
 * of the API server. They exist for good reasons (sidecars, certificates), so they are named and counted, and stop nothing.
 */
import { digest8, digestOf } from '../json/canonical.ts';
import type { ObjectKey } from '../objects.ts';

/** A label selector; one that says nothing selects everything. */
export interface Selector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

/** Which writes an admission rule is asked about. */
export interface AdmissionRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly operations: readonly string[];
  readonly scope: string;
}

/** Rules, and the namespaces they are for. */
export interface Reach {
  readonly namespaces: Selector;
  readonly rules: readonly AdmissionRule[];
}

export interface Mutator {
  readonly key: ObjectKey;
  /** Eight digits over what decides what it does. Certificates change by themselves, and are left out. */
  readonly version: string;
  /** It reaches a write that any of these reaches. */
  readonly reaches: readonly Reach[];
}

/** A mutating policy does nothing without a binding, which may narrow what it reaches. */
export interface MutatorBinding {
  readonly policy: string;
  readonly version: string;
  readonly namespaces: Selector;
}

/** A resource of production, by group (`''` for the core) and plural. */
export interface GuardedResource {
  readonly group: string;
  readonly plural: string;
}

type Labels = Readonly<Record<string, string>>;

/** As the API server matches namespaces; an operator that it does not know selects, so that nothing is overlooked. */
export const selects = ({ matchLabels, matchExpressions }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values }) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    if (operator === 'Exists') return value !== undefined;
    return operator !== 'DoesNotExist' || value === undefined;
  });

const writing = new Set(['*', 'CREATE', 'UPDATE']);

const touches = (rule: AdmissionRule, guarded: readonly GuardedResource[]): boolean =>
  rule.scope !== 'Cluster' &&
  rule.operations.some((operation) => writing.has(operation)) &&
  guarded.some(
    ({ group, plural }) =>
      rule.apiGroups.some((each) => each === '*' || each === group) &&
      rule.resources.map((each) => each.split('/')[0]).some((each) => each === '*' || each === plural),
  );

/** Whether it may be asked about a write of one of these resources in a namespace with these labels. Match conditions and labels of objects are not weighed. */
export const reaches = (mutator: Mutator, labels: Labels, guarded: readonly GuardedResource[]): boolean =>
  mutator.reaches.some(
    ({ namespaces, rules }) => selects(namespaces, labels) && rules.some((rule) => touches(rule, guarded)),
  );

/** A policy as its bindings let it act: one reach for each of its own and each binding, which must both select a namespace. */
export const bound = (policy: Mutator, bindings: readonly MutatorBinding[]): Mutator => {
  const own = bindings.filter((binding) => `MutatingAdmissionPolicy/${binding.policy}` === policy.key);
  return {
    key: policy.key,
    version: digest8(digestOf([policy.version, ...own.map(({ version }) => version)])),
    reaches: own.flatMap((binding) =>
      policy.reaches.map(({ namespaces, rules }) => ({ rules, namespaces: both(namespaces, binding.namespaces) })),
    ),
  };
};

/** Labels that the two want different are wanted twice, so that nothing is selected. */
const both = (a: Selector, b: Selector): Selector => ({
  matchLabels: {},
  matchExpressions: [a, b].flatMap(({ matchLabels, matchExpressions }) => [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
    ...matchExpressions,
  ]),
});
