/** What a patch leaves behind: fields of a choice that is no longer made, which the API server filled in for the old one and now refuses. */
import type { Json, JsonObject } from '../../api/meta.ts';
import { alternatives, discriminated } from '../schema/choices.ts';
import { fieldOf, type FieldType, type ListType } from '../schema/field-type.ts';
import { canonicalJson } from './canonical.ts';
import { isList, isObject, member, textAt } from './json.ts';

/** `after` without those of its fields that are as they were in `before` and that what changed excludes. */
export const withoutLeftovers = (before: Json | undefined, after: Json, type: FieldType): Json => {
  if (before === after || before === undefined) return after;
  if (isObject(before) && isObject(after)) return ofObject(before, after, type);
  if (isList(before) && isList(after) && type.is === 'List' && type.merges === 'Keys') {
    const counterparts = new Map(before.map((item) => [identity(item, type), item]));
    return after.map((item) => withoutLeftovers(counterparts.get(identity(item, type)), item, type.of));
  }
  return after;
};

const identity = (item: Json, { keys }: ListType): string =>
  JSON.stringify(keys.map((key) => member(item, key) ?? null));

const ofObject = (before: JsonObject, after: JsonObject, type: FieldType): JsonObject => {
  const gone = type.is === 'Object' ? leftIn(before, after, type.name, [...type.fields.keys()]) : new Set<string>();
  return Object.fromEntries(
    Object.entries(after)
      .filter(([name]) => !gone.has(name))
      .map(([name, value]) => [name, withoutLeftovers(member(before, name), value, fieldOf(type, name))]),
  );
};

const leftIn = (
  before: JsonObject,
  after: JsonObject,
  name: string,
  fields: readonly string[],
): ReadonlySet<string> => {
  const isAsBefore = (field: string): boolean => {
    const [was, is] = [member(before, field), member(after, field)];
    return was !== undefined && is !== undefined && canonicalJson(was) === canonicalJson(is);
  };
  return new Set(
    [...excludedByChoice(before, after, name, fields), ...excludedByType(before, after, name)].filter(isAsBefore),
  );
};

const has = (object: JsonObject, group: readonly string[]): boolean =>
  group.some((field) => member(object, field) !== undefined);

/** Another alternative came: those that were there are gone. */
const excludedByChoice = (
  before: JsonObject,
  after: JsonObject,
  name: string,
  fields: readonly string[],
): readonly string[] => {
  const choice = Object.hasOwn(alternatives, name) ? alternatives[name] : undefined;
  if (choice === undefined) return [];
  const groups =
    choice.groups === 'Others'
      ? fields.filter((field) => choice.but?.includes(field) !== true).map((field) => [field])
      : choice.groups;
  const hasNew = groups.some((group) => has(after, group) && !has(before, group));
  return hasNew ? groups.filter((group) => has(before, group)).flat() : [];
};

const excludedByType = (before: JsonObject, after: JsonObject, name: string): readonly string[] => {
  const row = Object.hasOwn(discriminated, name) ? discriminated[name] : undefined;
  if (row === undefined) return [];
  const [was, is] = [before, after].map((object) => textAt(object, row.by) ?? row.absent);
  const allowed = is !== undefined && Object.hasOwn(row.allowed, is) ? row.allowed[is] : undefined;
  if (was === is || allowed === undefined) return [];
  const values = Object.entries(row.but?.[is ?? ''] ?? {});
  return [
    ...Object.values(row.allowed)
      .flat()
      .filter((field) => !allowed.includes(field)),
    ...values.flatMap(([field, value]) => {
      const left = member(after, field);
      return left !== undefined && canonicalJson(left) === value ? [field] : [];
    }),
  ];
};
