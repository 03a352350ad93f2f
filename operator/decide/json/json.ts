/** Reading JSON values without trusting their shape, and without ever meeting a prototype. */
import type { Json, JsonObject } from '../../api/meta.ts';

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

export const isEmptyObject = (value: Json | undefined): boolean => isObject(value) && Object.keys(value).length === 0;

/** An own member; `__proto__` and `constructor` are names like any other. */
export const member = (value: Json | undefined, name: string): Json | undefined =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;

/** What lies under these names; undefined where any of them is missing. */
export const at = (value: Json | undefined, ...names: readonly string[]): Json | undefined =>
  names.reduce<Json | undefined>((inner, name) => member(inner, name), value);

export const textAt = (value: Json | undefined, ...names: readonly string[]): string | undefined => {
  const found = at(value, ...names);
  return typeof found === 'string' ? found : undefined;
};

export const numberAt = (value: Json | undefined, ...names: readonly string[]): number | undefined => {
  const found = at(value, ...names);
  return typeof found === 'number' ? found : undefined;
};

export const objectAt = (value: Json | undefined, ...names: readonly string[]): JsonObject => {
  const found = at(value, ...names);
  return isObject(found) ? found : {};
};

export const listAt = (value: Json | undefined, ...names: readonly string[]): readonly Json[] => {
  const found = at(value, ...names);
  return isList(found) ? found : [];
};

/** The object with one member set, or taken away by `undefined`. `fromEntries` defines members, so `__proto__` stays data. */
export const withMember = (object: JsonObject, name: string, value: Json | undefined): JsonObject => {
  const others = Object.entries(object).filter(([key]) => key !== name);
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]]);
};

/** How deep content may be nested. What walks through it calls itself once a level, and a stack has an end. */
export const maxDepth = 500;

/** What one object may hold: items of a list, and values altogether. Whatever compares or shows it does so value by value. */
export const mostItems = 5_000;
export const mostValues = 50_000;

/** Why a value is not worked on, as the end of a sentence about it; undefined = it is. Counted without calling itself, and no further than it may go. */
export const unworkable = (value: Json): string | undefined => {
  let level: readonly Json[] = [value];
  for (let depth = 0, values = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return `is nested more than ${maxDepth} levels deep`;
    if (level.some((each) => isList(each) && each.length > mostItems))
      return `has a list of more than ${mostItems} items`;
    values += level.length;
    if (values > mostValues) return `holds more than ${mostValues} values`;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return undefined;
};
