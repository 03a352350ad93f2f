/** An object with changes, for tests and for programs that run without a test runner. */
import { jsonObject, type JsonObject } from '../../../operator/api/meta.ts';
import { strategicMerge } from '../../../operator/decide/json/strategic-merge.ts';
import { unknownType } from '../../../operator/decide/schema/field-type.ts';
import type { Manifest } from '../cluster/cluster.ts';

/** An object with a JSON merge patch laid over it. */
export const patched = (manifest: Manifest, patch: JsonObject): Manifest => ({
  ...manifest,
  ...strategicMerge(jsonObject(JSON.parse(JSON.stringify(manifest))), patch, unknownType),
});
