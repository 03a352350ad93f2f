/** Fields that hold the name of a namespace: those that name staging as the place of the package name production in what is released. */
import type { Json, JsonObject } from '../../api/meta.ts';
import { isList, isObject } from '../json/json.ts';
import type { KindName } from '../objects.ts';
import { kindRow } from './kinds/index.ts';

/** Where content moves from, and where to. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

const movedAt = (value: Json | undefined, [name, ...rest]: readonly string[], move: Move): Json | undefined => {
  if (name === undefined) return value === move.from ? move.to : value;
  if (name === '*') return isList(value) ? value.map((item) => movedAt(item, rest, move) ?? item) : value;
  if (!isObject(value) || !Object.hasOwn(value, name)) return value;
  const moved = movedAt(value[name], rest, move);
  return moved === value[name] || moved === undefined ? value : { ...value, [name]: moved };
};

/** The manifest with such fields moved; the very manifest where there are none. Other values that name the namespace stay as they are. */
export const withMovedNamespaces = (manifest: JsonObject, kind: KindName, move: Move): JsonObject => {
  let moved: Json = manifest;
  for (const path of kindRow(kind)?.namespaceFields ?? []) moved = movedAt(moved, path, move) ?? moved;
  return isObject(moved) ? moved : manifest;
};
