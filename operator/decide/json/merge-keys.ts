/** How the items of a list are told apart: by what the API merges them by, and not by where they stand. */
import type { Json } from '../../api/meta.ts';
import { at, isObject } from './json.ts';
import { listKeys } from '../schema/field-type.ts';
import { pickable, type Pick } from './field-path.ts';

const byName: readonly (readonly string[])[] = [['name']];

/**
 * By the name of the field, what tells items apart for people where the API replaces the list as a whole, or where its keys are not all there; best
 * first, nested keys with dots.
 */
const ownKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  items: [['key']],
  matchExpressions: [['key']],
  paths: [['path', 'pathType'], ['path']],
  ports: [['port'], ['containerPort']],
  rules: [['host']],
  subjects: [
    ['kind', 'namespace', 'name'],
    ['kind', 'name'],
  ],
  tolerations: [['key', 'effect'], ['key']],
  volumeClaimTemplates: [['metadata.name']],
};

/** The keys of the API first. A list of any other name is told apart by `name`. */
const keysOf = (field: string): readonly (readonly string[])[] => {
  const known = [...(listKeys.get(field) ?? []), ...(Object.hasOwn(ownKeys, field) ? (ownKeys[field] ?? []) : [])];
  return known.length === 0 ? byName : known;
};

/** An item and the selector that picks it. */
export interface KeyedItem {
  readonly picks: readonly Pick[];
  readonly item: Json;
}

/** Both lists with a selector for every item; undefined when no key tells all items of each apart. */
export const keyed = (
  field: string,
  lists: readonly [readonly Json[], readonly Json[]],
): readonly [readonly KeyedItem[], readonly KeyedItem[]] | undefined => {
  for (const keys of keysOf(field)) {
    const [left, right] = [keyedBy(keys, lists[0]), keyedBy(keys, lists[1])];
    if (left !== undefined && right !== undefined) return [left, right];
  }
  return undefined;
};

const keyedBy = (keys: readonly string[], items: readonly Json[]): readonly KeyedItem[] | undefined => {
  const found = items.flatMap((item): KeyedItem[] => {
    const picks = keys.flatMap((key): Pick[] => {
      const value = pickable(at(item, ...key.split('.')));
      return value === undefined ? [] : [[key, value]];
    });
    return isObject(item) && picks.length === keys.length ? [{ picks, item }] : [];
  });
  const distinct = new Set(found.map(({ picks }) => JSON.stringify(picks)));
  return found.length === items.length && distinct.size === items.length ? found : undefined;
};
