/** What a change of a policy makes tighter and looser, field by field, for people. */
import type { Json } from '../../../api/meta.ts';
import type { ReleasePolicySpec } from '../../../api/policy.ts';
import { type Difference, differences } from '../../json/diff.ts';
import type { Path, Pick } from '../../json/field-path.ts';
import { isList, isObject, member, textAt } from '../../json/json.ts';
import type { Comparison } from './order.ts';
import { comparedField, policyFields, type PolicyField } from './strictness.ts';

/** A field of the spec that is not the same. */
export interface FieldChange {
  readonly field: PolicyField;
  readonly is: Comparison;
  /** Where in it, and from what to what. */
  readonly differences: readonly Difference[];
}

/** What has to be read first stands first. */
const urgency: readonly Comparison[] = ['looser', 'other', 'tighter', 'equal'];

/** By what items of a list are told apart, the most telling first. */
const keys: readonly (readonly string[])[] = [
  ['role'],
  ['package', 'kind', 'name'],
  ['kind', 'name'],
  ['identity', 'kind'],
  ['type', 'about'],
  ['name'],
];

type Labelled = ReadonlyMap<string, { readonly picks: readonly Pick[]; readonly item: Json }>;

/** Items by their keys; undefined = some have none, or two have the same. */
const labelled = (items: readonly Json[], names: readonly string[]): Labelled | undefined => {
  const found = new Map(
    items.map((item) => {
      const picks = names.map((name): Pick => [name, textAt(item, name) ?? '']);
      return [picks.map(([, value]) => value).join(' '), { picks, item }];
    }),
  );
  const isNamed = items.every((item) => names.every((name) => textAt(item, name) !== undefined));
  return isNamed && found.size === items.length ? found : undefined;
};

type Maybe = Json | undefined;

/** As `differences`, but items of lists by their keys: what comes or goes is told whole. */
const told = (from: Maybe, to: Maybe, path: Path): readonly Difference[] => {
  if (isObject(from) && isObject(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    return names.flatMap((field) => told(member(from, field), member(to, field), [...path, { field }]));
  }
  if (!isList(from) || !isList(to)) return differences(from, to).length === 0 ? [] : [{ path, from, to }];
  for (const names of keys) {
    const [before, after] = [labelled(from, names), labelled(to, names)];
    if (before === undefined || after === undefined) continue;
    return [...new Map([...before, ...after])].flatMap(([label, { picks }]) =>
      told(before.get(label)?.item, after.get(label)?.item, [...path, { match: picks }]),
    );
  }
  return differences(from, to, path);
};

/** Fields that differ, looser ones first. Empty = both say the same in the same words. */
export const policyChanges = (before: ReleasePolicySpec, after: ReleasePolicySpec): readonly FieldChange[] =>
  policyFields
    .flatMap((field): readonly FieldChange[] => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fields of a spec are JSON
      const [from, to] = [before[field], after[field]] as [Json | undefined, Json | undefined];
      const found = told(from, to, [{ field: 'spec' }, { field }]);
      return found.length === 0
        ? []
        : [{ field, is: comparedField(field, before[field], after[field]), differences: found }];
    })
    .toSorted((a, b) => urgency.indexOf(a.is) - urgency.indexOf(b.is));
