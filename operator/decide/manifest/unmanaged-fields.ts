/** Which fields of production a release leaves alone. */
import type { JsonObject } from '../../api/meta.ts';
import type { UnmanagedFields } from '../bundle.ts';
import { parsePath } from '../json/field-path.ts';
import { keyNamed, namedInFull, rowOf } from './kinds/index.ts';
import type { ScaleTarget } from './kinds/shared/kind.ts';
import { keyOf, type LiveObject, type ObjectKey, type ObjectRef } from '../objects.ts';

/**
 * What the policy declares, and the replicas of every workload that an autoscaler scales: one of the release, or a live one
 * that stays (leave out those that the release removes). Sorted, each object once.
 */
export const impliedUnmanaged = (
  contents: readonly JsonObject[],
  liveAutoscalers: readonly LiveObject[],
  declared: readonly UnmanagedFields[],
): UnmanagedFields[] => {
  const implied = [...contents, ...liveAutoscalers.map(({ manifest }) => manifest)].flatMap(scaled);
  const byObject = new Map<ObjectKey, UnmanagedFields>();
  for (const { fields, ...ref } of [...declared, ...implied]) {
    const key = keyNamed(ref);
    const all = new Set([...(byObject.get(key)?.fields ?? []), ...fields]);
    byObject.set(key, { ...namedInFull(ref), fields: [...all].toSorted() });
  }
  return [...byObject.values()].toSorted((a, b) => (keyNamed(a) < keyNamed(b) ? -1 : 1));
};

const scaled = (manifest: JsonObject): UnmanagedFields[] => {
  const target = targetOf(manifest);
  return target === undefined ? [] : [{ ...namedInFull(target), fields: ['spec.replicas'] }];
};

const targetOf = (manifest: JsonObject): ScaleTarget | undefined => rowOf(manifest)?.scales?.(manifest);

/** What an autoscaler scales; undefined = it is none, or says nothing. */
export const scaleTarget = (manifest: JsonObject): ObjectKey | undefined => {
  const target = targetOf(manifest);
  return target && keyNamed(target);
};

/** The unmanaged paths of one object. */
export const unmanagedOf = (unmanaged: readonly UnmanagedFields[], ref: ObjectRef): readonly string[] =>
  unmanaged.find((row) => row.name === ref.name && keyNamed(row) === keyOf(ref))?.fields ?? [];

/**
 * Whether something else may write an unmanaged field along with a write of ours: one annotation, of the object or of its pods, or one label of the
 * object. Any other unmanaged field stays as it is live when we write.
 */
export const mayBeMutated = (path: string): boolean => {
  const fields = (parsePath(path) ?? []).map((step) => ('field' in step ? step.field : ''));
  const [last, map, metadata] = [fields.at(-1), fields.at(-2), fields.at(-3)];
  return last !== '' && metadata === 'metadata' && (map === 'annotations' || (map === 'labels' && fields.length === 3));
};
