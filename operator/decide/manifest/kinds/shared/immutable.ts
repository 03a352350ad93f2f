/** What rules about immutable fields have in common. */
import type { Json, JsonObject } from '../../../../api/meta.ts';
import { at, isList, isObject, objectAt, textAt } from '../../../json/json.ts';
import type { ImmutableRule } from './kind.ts';

/** Do both say the same? The order of keys says nothing. */
export const same = (a: Json | undefined, b: Json | undefined): boolean => {
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same(a[key], at(b, key)));
};

/** What the API server adds to a claim template by itself. */
const withoutStamps = (template: Json): Json =>
  isObject(template)
    ? {
        labels: objectAt(template, 'metadata', 'labels'),
        annotations: objectAt(template, 'metadata', 'annotations'),
        name: textAt(template, 'metadata', 'name') ?? '',
        spec: objectAt(template, 'spec'),
      }
    : template;

const comparable = (field: string, value: Json | undefined): Json | undefined =>
  field === 'volumeClaimTemplates' && isList(value) ? value.map(withoutStamps) : value;

/** Fields of `spec` that must stay. */
export const fixed =
  (...fields: readonly string[]) =>
  (next: JsonObject, live: JsonObject): readonly string[] =>
    fields
      .filter((field) => !same(comparable(field, at(next, 'spec', field)), comparable(field, at(live, 'spec', field))))
      .map((field) => `spec.${field}`);

/** Of Deployments and DaemonSets. */
export const fixedSelector: ImmutableRule = {
  changed: fixed('selector'),
  remedy:
    'leave spec.selector as it is in production, or give the object another name: the next release then drops the old one',
  wayBack: 'Replace',
};
