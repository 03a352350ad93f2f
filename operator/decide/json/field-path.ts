/**
 * Field paths: names joined by dots, list items picked by `[key=value]` or `[index]`, any other name quoted, as in
 * `spec.template.spec.containers[name=api].image` or `metadata.annotations['a.b/c']`; the quotes may be left out. What ReleasePolicy allows in
 * `unmanagedFields` is the part of this without quotes and indexes.
 */
import type { Json, JsonObject } from '../../api/meta.ts';
import { at, isList, isObject, member, withMember } from './json.ts';

export type Step =
  | { readonly field: string }
  /** The item in which every (possibly nested, as `metadata.name`) key has its value. */
  | { readonly match: readonly Pick[] }
  | { readonly index: number };
export type Pick = readonly [key: string, value: string];
export type Path = readonly Step[];

const bare = /^[A-Za-z0-9_-]+$/;
const bareValue = /^[A-Za-z0-9._/-]+$/;

const quote = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

export const formatPath = (path: Path): string => path.map((step, place) => formatStep(step, place === 0)).join('');

const formatStep = (step: Step, first: boolean): string => {
  if ('index' in step) return `[${step.index}]`;
  if ('match' in step)
    return `[${step.match.map(([key, value]) => `${key}=${value.match(bareValue) ? value : quote(value)}`).join(',')}]`;
  if (!bare.test(step.field)) return `[${quote(step.field)}]`;
  return first ? step.field : `.${step.field}`;
};

const quoted = String.raw`'(?:[^\\']|\\[\\'])*'`;
const picked = String.raw`[A-Za-z][A-Za-z0-9.]*=(?:[A-Za-z0-9._/-]+|${quoted})`;
const stepPattern = new RegExp(
  String.raw`\.?(?<field>[A-Za-z0-9_-]+)|\[(?<name>${quoted})\]|\[(?<index>\d+)\]|\[(?<match>${picked}(?:,${picked})*)\]|\[(?<plain>[A-Za-z0-9._/-]+)\]`,
  'y',
);
const pickPattern = new RegExp(String.raw`([A-Za-z][A-Za-z0-9.]*)=([A-Za-z0-9._/-]+|${quoted})`, 'g');

const unquote = (text: string): string =>
  text.startsWith("'") ? text.slice(1, -1).replaceAll(/\\([\\'])/g, '$1') : text;

/** The steps of a path; undefined when the text is not a path. */
export const parsePath = (text: string): Path | undefined => {
  const steps: Step[] = [];
  for (let place = 0; place < text.length;) {
    stepPattern.lastIndex = place;
    const found = stepPattern.exec(text);
    if (found === null || !joins(found[0], place)) return undefined;
    steps.push(stepOf(found.groups ?? {}));
    place = stepPattern.lastIndex;
  }
  return steps.length === 0 ? undefined : steps;
};

/** A bare name follows a dot, except at the beginning. */
const joins = (text: string, place: number): boolean => text.startsWith('[') || text.startsWith('.') !== (place === 0);

const stepOf = (groups: Record<string, string | undefined>): Step => {
  if (groups['field'] !== undefined) return { field: groups['field'] };
  if (groups['plain'] !== undefined) return { field: groups['plain'] };
  if (groups['name'] !== undefined) return { field: unquote(groups['name']) };
  if (groups['index'] !== undefined) return { index: Number(groups['index']) };
  return {
    match: [...(groups['match'] ?? '').matchAll(pickPattern)].map(([, key = '', value = '']): Pick => [
      key,
      unquote(value),
    ]),
  };
};

/** The text by which a selector knows a value: `[port=80]` picks the number 80; undefined = it cannot be picked by. */
export const pickable = (value: Json | undefined): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;

const placeOf = (list: readonly Json[], step: Exclude<Step, { field: string }>): number => {
  if ('index' in step) return step.index < list.length ? step.index : -1;
  return list.findIndex((item) => step.match.every(([key, value]) => pickable(at(item, ...key.split('.'))) === value));
};

export const getPath = (value: Json | undefined, path: Path): Json | undefined =>
  path.reduce<Json | undefined>((inner, step) => {
    if ('field' in step) return member(inner, step.field);
    return isList(inner) ? inner[placeOf(inner, step)] : undefined;
  }, value);

/**
 * The value with `to` at the path. Missing maps are made, and a picked item that ends the path is appended. Where the path
 * leads through a list item that is not there, nothing changes.
 */
export const setPath = (value: JsonObject, path: Path, to: Json): JsonObject => {
  const filled = withValue(value, path, to);
  return isObject(filled) ? filled : value;
};

const withValue = (value: Json, path: Path, to: Json): Json => {
  const [step, ...rest] = path;
  if (step === undefined) return to;
  if ('field' in step) {
    if (!isObject(value)) return value;
    const there = member(value, step.field);
    // null is something: what is not a map or list is left as it is, not replaced on the way.
    const inner = there === undefined ? newParent(rest) : there;
    return inner === undefined ? value : withMember(value, step.field, withValue(inner, rest, to));
  }
  if (!isList(value)) return value;
  const place = placeOf(value, step);
  const item = value[place];
  if (item !== undefined) return value.with(place, withValue(item, rest, to));
  return 'match' in step && rest.length === 0 ? [...value, to] : value;
};

/** What to put where the next steps of a path are to lead into; undefined = only an item could be there, and none is. */
const newParent = ([next, ...rest]: Path): Json | undefined => {
  if (next === undefined || ('field' in next && reachable(rest))) return {};
  return 'match' in next && rest.length === 0 ? [] : undefined;
};

const reachable = (path: Path): boolean => newParent(path) !== undefined;

/** The value without what lies at the path, nor the maps and lists on the way that are then empty. */
export const deletePath = (value: JsonObject, path: Path): JsonObject => {
  const left = without(value, path);
  return isObject(left) ? left : {};
};

const without = (value: Json, path: Path): Json | undefined => {
  const [step, ...rest] = path;
  if (step === undefined) return undefined;
  if ('field' in step) {
    if (!isObject(value)) return value;
    const inner = member(value, step.field);
    const left = inner === undefined ? value : withMember(value, step.field, without(inner, rest));
    return Object.keys(left).length === 0 ? undefined : left;
  }
  if (!isList(value)) return value;
  const left = withoutItem(value, placeOf(value, step), rest);
  return left.length === 0 ? undefined : left;
};

const withoutItem = (list: readonly Json[], place: number, rest: Path): readonly Json[] => {
  const item = list[place];
  if (item === undefined) return list;
  const left = without(item, rest);
  return left === undefined ? list.toSpliced(place, 1) : list.with(place, left);
};

/** The value outside some paths: what is compared when fields are unmanaged. A text that is no path excludes nothing. */
export const outside = (value: JsonObject, paths: readonly string[]): JsonObject =>
  paths
    .map(parsePath)
    .filter((path) => path !== undefined)
    .reduce(deletePath, value);
