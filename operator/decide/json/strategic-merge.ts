/**
 * The strategic merge of the API server, as kubectl patch asks for it: maps merge, null removes, and lists merge by the keys that the API
 * declares for them; lists without such keys are replaced. `$patch: delete` and `$patch: replace` are known, other directives are refused.
 *
 * It differs in two things, on purpose. In items that are new, null and directives mean what they mean elsewhere, where the API server takes them for
 * values. And where several keys tell items apart (port and protocol), the API server looks at the first alone and would
 * turn 53/TCP into 53/UDP. Here the others count as far as the patch says them.
 */
import type { Json, JsonObject } from '../../api/meta.ts';
import { fieldOf, itemOf, unknownType, type FieldType, type ListType } from '../schema/field-type.ts';
import { pickable, type Path, type Pick } from './field-path.ts';
import { isList, isObject, member } from './json.ts';
import { PatchRefused } from './patch-refused.ts';

const directive = '$patch';

/** @throws {PatchRefused} when the patch cannot be applied */
export const strategicMerge = (target: JsonObject, patch: JsonObject, type: FieldType): JsonObject => {
  if (member(patch, directive) === 'delete') throw new PatchRefused([], 'says $patch: delete of the whole object');
  return mergedMaps(target, patch, type, []);
};

const mergedMaps = (target: JsonObject, patch: JsonObject, type: FieldType, path: Path): JsonObject => {
  const said = directiveOf(patch, path);
  const changes = Object.entries(patch).filter(([name]) => name !== directive);
  if (said === 'delete') return {};
  // `fromEntries` defines members, so `__proto__` stays data.
  const merged = new Map(said === 'replace' ? [] : Object.entries(target));
  for (const [name, change] of changes) {
    const value = merge(merged.get(name), change, fieldOf(type, name), [...path, { field: name }]);
    if (value === undefined) merged.delete(name);
    else merged.set(name, value);
  }
  return Object.fromEntries(merged);
};

/** What a map of a patch says of itself. Every other name that begins with `$` would be written as a field, and is refused. */
const directiveOf = (patch: JsonObject, path: Path): 'delete' | 'replace' | undefined => {
  const strange = Object.keys(patch).find((name) => name.startsWith('$') && name !== directive);
  if (strange !== undefined) {
    throw new PatchRefused(
      [...path, { field: strange }],
      'is no directive that an overlay knows: it knows $patch: delete and $patch: replace. Write a field of that name with jsonPatch',
    );
  }
  const said = member(patch, directive);
  if (said === undefined || said === 'delete' || said === 'replace') return said;
  throw new PatchRefused([...path, { field: directive }], 'says neither delete nor replace');
};

const merge = (value: Json | undefined, change: Json, type: FieldType, path: Path): Json | undefined => {
  if (change === null) return undefined;
  if (isList(change)) {
    if (type.is === 'Object' || type.is === 'Map')
      throw new PatchRefused(path, 'is an object, and the patch has a list');
    return mergedLists(isList(value) ? value : [], change, type, path);
  }
  if (type.is === 'List') throw new PatchRefused(path, 'is a list, and the patch has none: begin its items with "- "');
  if (!isObject(change)) {
    if (type.is === 'Object' || type.is === 'Map') {
      throw new PatchRefused(path, 'is an object, and the patch has a plain value');
    }
    return change;
  }
  const isWhole = type.is === 'Object' && type.whole;
  return mergedMaps(isObject(value) && !isWhole ? value : {}, change, type, path);
};

const mergedLists = (items: readonly Json[], patch: readonly Json[], type: FieldType, path: Path): Json => {
  if (type.is === 'List' && type.merges === 'Keys') return mergedByKeys(items, patch, type, path);
  const placed = patch.map((item, index) => settled(item, itemOf(type), [...path, { index }]));
  return type.is === 'List' && type.merges === 'Set' ? [...new Set([...items, ...placed])] : placed;
};

/** An item of a list that is replaced: nothing in it merges with anything. */
const settled = (item: Json, type: FieldType, path: Path): Json => {
  if (!isObject(item)) return item;
  if (Object.hasOwn(item, directive)) {
    throw new PatchRefused(
      [...path, { field: directive }],
      'has no meaning there, for the API server replaces this list as a whole: write the whole list, or use jsonPatch',
    );
  }
  return mergedMaps({}, item, type, path);
};

/** An item on its way, with where it stood and which item of the patch it is of. */
interface Placed {
  readonly item: Json;
  readonly before: number | undefined;
  readonly patched: number | undefined;
}

const mergedByKeys = (items: readonly Json[], patch: readonly Json[], type: ListType, path: Path): Json => {
  const isReplaced = patch.some((item, index) => isMarker(item, [...path, { index }]));
  let placed: readonly Placed[] = isReplaced ? [] : items.map((item, before) => ({ item, before, patched: undefined }));
  for (const [index, item] of patch.entries()) {
    if (!isMarker(item, [...path, { index }])) placed = withItem(placed, { item, index }, type, path);
  }
  return inOrder(placed);
};

/** `{$patch: replace}`, which says that the other items of the patch are the whole list. */
const isMarker = (item: Json, path: Path): boolean => {
  if (member(item, directive) !== 'replace') return false;
  if (Object.keys(item ?? {}).length === 1) return true;
  throw new PatchRefused(
    path,
    'has $patch: replace beside other fields. Write it as an item of its own, and the new items of the list beside it',
  );
};

const withItem = (
  placed: readonly Placed[],
  { item, index }: { readonly item: Json; readonly index: number },
  type: ListType,
  path: Path,
): readonly Placed[] => {
  const picks = picksOf(item, type, [...path, { index }]);
  const inside: Path = [...path, { match: picks }];
  const found = placed.filter((each) => picks.every(([key, value]) => pickable(member(each.item, key)) === value));
  if (!isObject(item)) return placed;
  if (directiveOf(item, inside) === 'delete') return placed.filter((each) => !found.includes(each));
  if (found.length > 1) {
    const open = type.keys.filter((key) => !picks.some(([picked]) => picked === key));
    throw new PatchRefused(inside, `stands for ${found.length} items: say which by ${open.join(' and ')}, too`);
  }
  const [one] = found;
  const merged = mergedMaps(isObject(one?.item) ? one.item : {}, item, type.of, inside);
  if (one === undefined) return [...placed, { item: merged, before: undefined, patched: index }];
  return placed.map((each) => (each === one ? { ...one, item: merged, patched: index } : each));
};

/** The keys of an item of a patch: the first, and those of the others that it says; or all of them. */
const picksOf = (item: Json, { keys, everyKey, defaults }: ListType, path: Path): readonly Pick[] => {
  const picks = keys.flatMap((key): Pick[] => {
    const value = pickable(member(item, key) ?? defaults?.get(key));
    return value === undefined ? [] : [[key, value]];
  });
  const needed = everyKey === true ? keys : keys.slice(0, 1);
  const lacking = needed.filter((key) => !picks.some(([picked]) => picked === key));
  if (lacking.length === 0) return picks;
  throw new PatchRefused(
    path,
    `lacks ${lacking.join(' and ')}, by which the items of this list are told apart: add ${lacking.length === 1 ? 'it' : 'them'}`,
  );
};

/** As the API server orders them: items of the patch in its order, the others where they stood, and what is new before what follows it. */
const inOrder = (placed: readonly Placed[]): readonly Json[] => {
  const others = placed.filter(({ patched }) => patched === undefined);
  const patched = placed
    .filter((each) => each.patched !== undefined)
    .toSorted((a, b) => (a.patched ?? 0) - (b.patched ?? 0));
  const ordered: Json[] = [];
  let [left, right] = [0, 0];
  while (left < others.length || right < patched.length) {
    const [other, ours] = [others[left], patched[right]];
    const isFirst =
      ours === undefined || (other?.before !== undefined && ours.before !== undefined && other.before < ours.before);
    const next = other !== undefined && isFirst ? other : ours;
    if (next === undefined) break;
    ordered.push(next.item);
    if (next === other) left += 1;
    else right += 1;
  }
  return ordered;
};

/** What a patch writes: the path of every leaf, and of every list that it replaces. */
export const writtenBy = (patch: Json, type: FieldType = unknownType, path: Path = []): readonly Path[] => {
  if (isObject(patch)) {
    const names = Object.entries(patch).filter(([name]) => name !== directive);
    if (names.length === 0) return [path];
    return names.flatMap(([name, change]) => writtenBy(change, fieldOf(type, name), [...path, { field: name }]));
  }
  if (!isList(patch) || type.is !== 'List' || type.merges !== 'Keys') return [path];
  return patch.flatMap((item, index) => {
    if (member(item, directive) === 'replace') return [path];
    const inside: Path = [...path, { match: picksOf(item, type, [...path, { index }]) }];
    const rest = isObject(item) ? Object.entries(item).filter(([name]) => name !== type.keys[0]) : [];
    return member(item, directive) === 'delete' || rest.length === 0
      ? [inside]
      : writtenBy(Object.fromEntries(rest), type.of, inside);
  });
};
