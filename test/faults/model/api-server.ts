/** What the API server writes into objects by itself. */
import type { JsonObject } from '../../../operator/api/meta.ts';
import { objectAt, textAt } from '../../../operator/decide/json/json.ts';

const annotation = 'deprecated.daemonset.template.generation';

export const templateGeneration = (manifest: JsonObject): number =>
  Number(textAt(manifest, 'metadata', 'annotations', annotation) ?? '0');

/** A DaemonSet counts the changes of its template (pkg/registry/apps/daemonset/strategy.go). */
export const counted = (next: JsonObject, live: JsonObject | undefined): JsonObject => {
  if (textAt(next, 'kind') !== 'DaemonSet') return next;
  const [after, before] = [next, live ?? {}].map((each) => JSON.stringify(objectAt(each, 'spec', 'template')));
  const generation = templateGeneration(live ?? {}) + (after === before ? 0 : 1);
  const metadata = objectAt(next, 'metadata');
  const annotations = { ...objectAt(metadata, 'annotations'), [annotation]: String(generation) };
  return { ...next, metadata: { ...metadata, annotations } };
};
