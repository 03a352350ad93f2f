/** The finalizer by which a Job waits until the record says how it ended. */
import { jobFinalizer } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import { objectAt, withMember } from '../json/json.ts';
import { finalizersOf } from '../manifest/pending-deletion.ts';
import type { LiveObject } from '../objects.ts';

/** Whether a Job waits for the record to say how it ended. */
export const isHeldForRecord = (live: LiveObject): boolean => finalizersOf(live).includes(jobFinalizer);

/** A Job that waits for the record of its end. */
export const held = (manifest: JsonObject): JsonObject =>
  withFinalizers(manifest, [...finalizersOf({ manifest }).filter((name) => name !== jobFinalizer), jobFinalizer]);

/** One that is let go of, and is otherwise as it is. */
export const freed = (live: LiveObject): JsonObject => {
  const { namespace, uid, resourceVersion } = live;
  const manifest = withFinalizers(
    live.manifest,
    finalizersOf(live).filter((name) => name !== jobFinalizer),
  );
  return withMember(manifest, 'metadata', { ...objectAt(manifest, 'metadata'), namespace, uid, resourceVersion });
};

const withFinalizers = (manifest: JsonObject, finalizers: readonly string[]): JsonObject =>
  withMember(
    manifest,
    'metadata',
    withMember(objectAt(manifest, 'metadata'), 'finalizers', finalizers.length === 0 ? undefined : [...finalizers]),
  );
