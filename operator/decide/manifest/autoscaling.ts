/** Replicas that an autoscaler decides: they are no content, and production starts with as many as people wrote, within its bounds. */
import type { JsonObject } from '../../api/meta.ts';
import { setPath, type Path } from '../json/field-path.ts';
import { numberAt } from '../json/json.ts';
import { keyOf, type LiveObject, type ObjectKey, type ObjectRef } from '../objects.ts';
import { kindRow } from './kinds/index.ts';
import { scaleTarget } from './unmanaged-fields.ts';

/** As `unmanagedFields` names it. */
export const replicasPath = 'spec.replicas';
const replicasAt: Path = [{ field: 'spec' }, { field: 'replicas' }];

/** Those of the autoscalers that scale an object. */
export const scalersOf = (autoscalers: readonly LiveObject[], object: ObjectKey): readonly LiveObject[] =>
  autoscalers.filter(({ manifest }) => scaleTarget(manifest) === object);

interface Bounds {
  readonly min: number;
  /** Infinite where the autoscaler does not say. */
  readonly max: number;
}

/** How many replicas an autoscaler may give: the field names of HorizontalPodAutoscaler and of ScaledObject. */
const boundsOf = (autoscaler: JsonObject): Bounds => {
  const said = (fields: readonly string[]): number | undefined =>
    fields.map((field) => numberAt(autoscaler, 'spec', field)).find((value) => value !== undefined);
  return {
    min: said(['minReplicas', 'minReplicaCount']) ?? 1,
    max: said(['maxReplicas', 'maxReplicaCount']) ?? Infinity,
  };
};

/** Whether an autoscaler may have given so many: it keeps to its bounds. */
export const allows = (autoscaler: JsonObject, replicas: number): boolean => {
  const { min, max } = boundsOf(autoscaler);
  return min <= replicas && replicas <= max;
};

/** The least that one of these autoscalers may give; at least one. */
export const leastReplicas = (autoscalers: readonly LiveObject[]): number =>
  Math.max(1, Math.min(...autoscalers.map(({ manifest }) => boundsOf(manifest).min)));

const started = new WeakMap<LiveObject, LiveObject>();

/**
 * A staged object with the replicas that production starts with, where an autoscaler of staging decides those that it has now: as many as people
 * wrote, within the bounds of the autoscaler. Any other object as it is. The same object gives the same again for as long as nothing changes.
 */
export const asStarted = (object: LiveObject, stagedAutoscalers: readonly LiveObject[]): LiveObject => {
  // Before its manifest is asked for: large objects hold theirs packed, and none of them has replicas.
  if (kindRow(object.ref)?.scaled !== true) return object;
  const [scaler] = scalersOf(stagedAutoscalers, keyOf(object.ref));
  if (scaler === undefined) return object;
  const { min, max } = boundsOf(scaler.manifest);
  const replicas = Math.min(Math.max(object.recordedReplicas ?? min, min), max);
  if (numberAt(object.manifest, 'spec', 'replicas') === replicas) return object;
  const known = started.get(object);
  if (known !== undefined && numberAt(known.manifest, 'spec', 'replicas') === replicas) return known;
  const made = { ...object, manifest: setPath(object.manifest, replicasAt, replicas) };
  started.set(object, made);
  return made;
};

interface Change {
  /** What production runs of the package now, and what it is to run. */
  readonly before: readonly { readonly ref: ObjectRef; readonly content: JsonObject }[];
  readonly after: readonly { readonly ref: ObjectRef; readonly content: JsonObject }[];
  readonly removed: readonly ObjectRef[];
  readonly live: { get(key: ObjectKey): LiveObject | undefined };
}

/** For signers: whose replicas an autoscaler begins or ceases to decide, and how many there will be; one line each. */
export const replicaLines = ({ before, after, removed, live }: Change): readonly string[] => {
  const targets = (objects: Change['after']) =>
    new Map(
      objects.flatMap(({ ref, content }) => {
        const target = scaleTarget(content);
        return target === undefined ? [] : [[target, `${ref.kind} ${ref.name}`] as const];
      }),
    );
  const [was, is] = [targets(before), targets(after)];
  // One that an earlier release dropped and that is still there decides for as long as it is.
  for (const ref of removed) {
    const target = scaleTarget(live.get(keyOf(ref))?.manifest ?? {});
    if (target !== undefined && !was.has(target)) was.set(target, `${ref.kind} ${ref.name}`);
  }
  return after.flatMap(({ ref, content }) => {
    const key = keyOf(ref);
    const [old, next] = [was.get(key), is.get(key)];
    const replicas = numberAt(content, 'spec', 'replicas');
    if ((old === undefined) === (next === undefined) || kindRow(ref)?.scaled !== true) return [];
    const there = live.get(key)?.manifest;
    const now = there && numberAt(there, 'spec', 'replicas');
    const has = now === undefined ? '' : ` (production has ${now})`;
    if (next === undefined) {
      return [
        `${ref.kind} ${ref.name} has ${replicas ?? 1} replicas once ${old}, which decides them now, is gone${has}`,
      ];
    }
    return [
      now === undefined
        ? `${ref.kind} ${ref.name} starts with ${replicas ?? 1} replicas; then ${next} decides how many it has`
        : `${next} decides from now on how many replicas ${ref.kind} ${ref.name} has${has}`,
    ];
  });
};
