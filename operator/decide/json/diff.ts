/** Where two JSON values differ, in the terms of people: field by field, list items by name. Empty exactly when they are equal. */
import type { Json, JsonObject } from '../../api/meta.ts';
import { canonicalJson } from './canonical.ts';
import { isEmptyObject, isList, isObject, member } from './json.ts';
import { keyed, type KeyedItem } from './merge-keys.ts';
import { deletePath, formatPath, type Path } from './field-path.ts';

/** One difference. `undefined` is absence. A list of scalars is one value, and so is the order of named items. */
export interface Difference {
  readonly path: Path;
  readonly from: Json | undefined;
  readonly to: Json | undefined;
}

type Maybe = Json | undefined;

export const differences = (from: Maybe, to: Maybe, path: Path = []): Difference[] => {
  if (from === to) return [];
  // What is the same in two maps is found member by member: to write both down first takes long of what is large.
  if (isObject(from) && isObject(to)) return [...ofObjects(from, to, path), ...leftEmpty(from, to, path)];
  if (same(from, to)) return [];
  if (ofOneShape(from, to, isObject)) return ofObjects(from, to, path);
  if (ofOneShape(from, to, isList)) return ofLists(from, to, path);
  // What changes its shape goes leaf by leaf, so that nothing that was or will be in it is passed over.
  return from !== undefined && to !== undefined && (isBranch(from) || isBranch(to))
    ? [...differences(from, undefined, path), ...differences(undefined, to, path)]
    : [{ path, from, to }];
};

const same = (a: Maybe, b: Maybe): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));

const isBranch = (value: Maybe): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/** Both of the type, or one of it and the other absent: an empty map that comes or goes is a leaf. */
const ofOneShape = (from: Maybe, to: Maybe, is: (value: Maybe) => boolean): boolean =>
  (is(from) && is(to)) ||
  (from === undefined && is(to) && isBranch(to)) ||
  (to === undefined && is(from) && isBranch(from));

const ofObjects = (from: Maybe, to: Maybe, path: Path): Difference[] =>
  [...new Set([from, to].flatMap((value) => Object.keys(value ?? {})))]
    .toSorted()
    .flatMap((name) => differences(member(from, name), member(to, name), [...path, { field: name }]));

const ofLists = (from: Maybe, to: Maybe, path: Path): Difference[] => {
  const lists = [itemsOf(from), itemsOf(to)] as const;
  if (lists.every((items) => items.every((item) => !isBranch(item)))) return [{ path, from, to }];
  const items = keyed(fieldOf(path), lists);
  return [...(items === undefined ? byPlace(...lists, path) : byKey(...items, path)), ...leftEmpty(from, to, path)];
};

/** All that was in it goes, and what is left says something else than nothing: a selector of everything, or a list of nobody. */
const leftEmpty = (from: Maybe, to: Maybe, path: Path): Difference[] =>
  path.length > 0 && to !== undefined && isBranch(from) && !isBranch(to) ? [{ path, from: undefined, to }] : [];

const itemsOf = (value: Maybe): readonly Json[] => (isList(value) ? value : []);

const fieldOf = (path: Path): string => {
  const last = path.at(-1);
  return last !== undefined && 'field' in last ? last.field : '';
};

const byKey = (from: readonly KeyedItem[], to: readonly KeyedItem[], path: Path): Difference[] => {
  const [before, after] = [new Map(from.map(labelled)), new Map(to.map(labelled))];
  const [labels, labelsNow] = [[...before.keys()], [...after.keys()]];
  const kept = labels.filter((label) => after.has(label));
  const fresh = labelsNow.filter((label) => !before.has(label));
  // New items stand behind the others where nothing else is said.
  const order: Difference[] = same([...kept, ...fresh], labelsNow) ? [] : [{ path, from: labels, to: labelsNow }];
  const all = [...labels, ...fresh];
  return [...order, ...all.flatMap((label) => ofItem(before.get(label), after.get(label), path))];
};

const labelled = (keyedItem: KeyedItem): readonly [string, KeyedItem] => [
  formatPath([{ match: keyedItem.picks }]),
  keyedItem,
];

/** A new or vanished item is named by its selector already: only what else it holds is listed. */
const ofItem = (from: KeyedItem | undefined, to: KeyedItem | undefined, path: Path): Difference[] => {
  const inside: Path = [...path, { match: (from ?? to)?.picks ?? [] }];
  if (from !== undefined && to !== undefined) return differences(from.item, to.item, inside);
  const [rest, restNow] = [beyondKeys(from), beyondKeys(to)];
  return isEmptyObject(rest ?? restNow)
    ? [{ path: inside, from: from?.item, to: to?.item }]
    : differences(rest, restNow, inside);
};

const beyondKeys = (keyedItem: KeyedItem | undefined): JsonObject | undefined =>
  isObject(keyedItem?.item)
    ? keyedItem.picks.map(([key]) => key.split('.').map((field) => ({ field }))).reduce(deletePath, keyedItem.item)
    : undefined;

/** Items without a name: what both lists begin and end with is the same, the rest differs place by place. */
const byPlace = (from: readonly Json[], to: readonly Json[], path: Path): Difference[] => {
  const shorter = Math.min(from.length, to.length);
  let head = 0;
  while (head < shorter && same(from[head], to[head])) head += 1;
  let tail = 0;
  while (tail < shorter - head && same(from.at(-1 - tail), to.at(-1 - tail))) tail += 1;
  const places = Math.max(from.length, to.length) - tail - head;
  return Array.from({ length: places }, (_, place) => head + place).flatMap((index) =>
    differences(
      index < from.length - tail ? from[index] : undefined,
      index < to.length - tail ? to[index] : undefined,
      [...path, { index }],
    ),
  );
};
