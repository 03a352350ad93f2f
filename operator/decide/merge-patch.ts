/** JSON Merge Patch (RFC 7396): maps are merged, null takes a member away, everything else is replaced as a whole. */
import type { Json, JsonObject } from '../api/meta.ts';
import { isObject, member, withMember } from './json.ts';

export const mergePatch = (target: JsonObject, patch: JsonObject): JsonObject =>
  Object.entries(patch).reduce(
    (merged, [name, change]) => withMember(merged, name, changed(member(merged, name), change)),
    target,
  );

const changed = (value: Json | undefined, change: Json): Json | undefined => {
  if (change === null) return undefined;
  if (!isObject(change)) return change;
  return mergePatch(isObject(value) ? value : {}, change);
};
