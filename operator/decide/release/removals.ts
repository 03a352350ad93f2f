/** What a release or rollback takes away: now, after observation, and what of it is parked first, so that its data stays. */
import type { Bundle, BundleObject } from '../bundle.ts';
import { listAt, textAt } from '../json/json.ts';
import { kindRow, runsOncePerBundle, waveOf, keyNamed } from '../manifest/kinds/index.ts';
import type { DataAfter } from '../manifest/kinds/shared/kind.ts';
import { asItIs, isParkedFirst, parkedAs, parkedManifest } from '../manifest/parking.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';
import { type KindName, keyOf, type LiveObject, type LiveObjects, type ObjectRef } from '../objects.ts';
import { type Course, has, heldBefore, liveRef, objectIn, type Standing, type Step, unreadStep } from './steps.ts';

const prunesLate = (kind: KindName): boolean => kindRow(kind)?.prune === 'AfterObservation';

/** Objects of the package that the target bundle no longer has and production still does. */
export const removeSteps = (course: Course, refs: readonly ObjectRef[], live: LiveObjects): Step[] =>
  refs.flatMap((ref): Step[] => {
    if (course.isUnread?.(ref) === true) return [unreadStep(ref, undefined)];
    const now = live.get(keyOf(ref));
    if (now === undefined) return [];
    const before = objectIn(course.from, ref);
    // What leaves is measured by the bundle that holds it: the other one leaves none of its fields to anybody.
    const known = before === undefined || course.over?.has(keyOf(ref)) === true;
    const unmanaged = unmanagedOf(course.from?.unmanaged ?? [], ref);
    const isOurs = (): boolean => known || heldBefore(now, before, unmanaged) || isParked(now, before, unmanaged);
    const { parks, waits } = keepsData(course, ref) ? parkedAs(now, live, dataAfter(course, ref)) : asItIs;
    const standing: Standing = now.deleting || waits ? 'Deleting' : isOurs() ? 'Pending' : 'Foreign';
    const gone = { object: undefined, content: undefined, isReplaced: false, unmanaged: [], finalizers: [] };
    return [{ ref, wave: waveOf(ref), live: now, standing, parks, ...gone }];
  });

/**
 * What a rollback takes away of the newer release goes as that one says; what an earlier release left behind is nobody's to lose, though the newer
 * one took it up again.
 */
const keepsData = (course: Course, ref: ObjectRef): boolean =>
  course.goesBack !== true || objectIn(course.from, ref) === undefined || wasLeftBehind(course.to, ref);

/** Whether a bundle dropped an object: it may have been there still when the next release began. */
export const wasLeftBehind = (bundle: Bundle | undefined, ref: ObjectRef): boolean =>
  bundle?.removed.some((each) => keyOf(each) === keyOf(ref)) === true;

/** The release that drops an object may say that its data goes with it, and has been signed for that. */
const dataAfter = ({ goesBack, to, from }: Course, ref: ObjectRef): DataAfter =>
  releasesData(goesBack === true && !wasLeftBehind(to, ref) ? from : to, ref) ? 'Released' : 'Kept';

export const releasesData = (bundle: Bundle | undefined, ref: ObjectRef): boolean =>
  bundle?.irreversible.some((entry) => keyNamed(entry) === keyOf(ref) && entry.fields.length === 0) === true;

/** Whether a live object is what a bundle says, parked. */
const isParked = (live: LiveObject, object: BundleObject, unmanaged: readonly string[]): boolean =>
  (['Kept', 'Released'] as const).some((data) => {
    const content = parkedManifest(object.content, data);
    return content !== undefined && has(live, object, { content, unmanaged });
  });

/**
 * What a promotion takes away once its workloads are complete. What could take data along is only parked: it is deleted after observation, and runs
 * nothing until then.
 */
export const dropSteps = (course: Course, bundle: Bundle, live: LiveObjects): Step[] => [
  ...removeSteps(course, prunedNow(bundle), live),
  ...removeSteps(course, prunedLate(bundle).filter(isParkedFirst), live).filter(
    ({ parks, live: now }) => parks !== undefined && now?.deleting !== true,
  ),
];

/** What a promotion deletes once its workloads are complete. */
export const prunedNow = (bundle: Bundle): readonly ObjectRef[] => bundle.removed.filter((ref) => !prunesLate(ref));

/** Configuration, of which pods from before, such as those of a partition or of a CronJob, may still start anew. */
const mayBeRead = ({ kind }: ObjectRef): boolean => kind === 'ConfigMap';

/** What may go once observation is over: what had to wait for that, and what pods read until then. */
export const prunedAfter = (bundle: Bundle): readonly ObjectRef[] =>
  bundle.removed.filter((ref) => prunesLate(ref) || mayBeRead(ref));

/** What it deletes only after observation: a rollback would need these back with the very same address, token or data. */
export const prunedLate = (bundle: Bundle): readonly ObjectRef[] => bundle.removed.filter(prunesLate);

/**
 * Objects that going back from one bundle to another deletes: what the newer one added, and what it dropped before the older one
 * and has not deleted yet. Finished Jobs stay for the analysis.
 */
export const addedBy = ({ to, from }: Course, live: LiveObjects): readonly ObjectRef[] => {
  if (from === undefined) return [];
  const added = from.objects
    .filter((object) => runsOncePerBundle(object.ref) || objectIn(to, object.ref) === undefined)
    .map((object) => liveRef(object, from))
    .filter((ref) => !runsOncePerBundle(ref) || isRunning(live.get(keyOf(ref))));
  return [...added, ...from.removed.filter((ref) => objectIn(to, ref) === undefined)];
};

/** One that is about to fail ends by itself. */
const over = new Set(['Complete', 'Failed', 'FailureTarget']);

/** Whether a Job is there and has not ended. */
export const isRunning = (job: LiveObject | undefined): boolean =>
  job !== undefined &&
  !listAt(job.status, 'conditions').some(
    (each) => over.has(textAt(each, 'type') ?? '') && textAt(each, 'status') === 'True',
  );
