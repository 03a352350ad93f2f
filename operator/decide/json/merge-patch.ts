/** JSON Merge Patch (RFC 7396): maps are merged, null takes a member away, everything else is replaced as a whole. */
import type { Json, JsonObject } from '../../api/meta.ts';
import { isObject } from './json.ts';

/** Takes as long as the patch and the maps that it changes are large. `fromEntries` defines members, so `__proto__` stays data. */
export const mergePatch = (target: JsonObject, patch: JsonObject): JsonObject => {
  const merged = new Map(Object.entries(target));
  for (const [name, change] of Object.entries(patch)) {
    const value = changed(merged.get(name), change);
    if (value === undefined) merged.delete(name);
    else merged.set(name, value);
  }
  return Object.fromEntries(merged);
};

const changed = (value: Json | undefined, change: Json): Json | undefined => {
  if (change === null) return undefined;
  if (!isObject(change)) return change;
  return mergePatch(isObject(value) ? value : {}, change);
};
