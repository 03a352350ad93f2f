/** How far production is from a bundle, object by object, and the writes that are left. */
import type { JsonObject } from '../../api/meta.ts';
import type { Bundle, BundleObject, UnmanagedFields } from '../bundle.ts';
import { listAt, textAt } from '../json/json.ts';
import type { LiveObject, LiveObjects, ObjectKey, ObjectRef } from '../objects.ts';
import { keyOf } from '../objects.ts';
import { decidedFinalizers, finalizersPath } from '../manifest/lifetime.ts';
import { finalizersOf } from '../manifest/pending-deletion.ts';
import { isHeldForRecord } from './held-jobs.ts';
import { kindRow, runsOncePerBundle, waveOf } from '../manifest/kinds/index.ts';
import { isReplaced, withFilledIn, withLeft } from '../manifest/live-values.ts';
import { isParkedFirst, ownsClaims, parkedManifest, parking } from '../manifest/parking.ts';
import type { DataAfter } from '../manifest/kinds/shared/kind.ts';
import type { Wave } from '../manifest/kinds/shared/kind.ts';
import { jobName, normalForm, sameContent } from '../manifest/normal-form.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';

const prunesLate = (kind: string): boolean => kindRow(kind)?.prune === 'AfterObservation';

/** The name an object of a bundle has in production: a Job runs once per bundle, so it is named after it. */
export const liveRef = (object: BundleObject, bundle: Bundle): ObjectRef =>
  runsOncePerBundle(object.ref.kind) ? { ...object.ref, name: jobName(object.ref.name, bundle.digest) } : object.ref;

/** Whether a live object is what a bundle says, in normal form and outside unmanaged fields; its finalizers aside. */
export const holds = (live: LiveObject, object: BundleObject, unmanaged: readonly UnmanagedFields[]): boolean =>
  has(live, object, { content: withFilledIn(object.content, live.manifest), unmanaged });

const has = (
  live: LiveObject,
  { ref }: BundleObject,
  { content, unmanaged }: { readonly content: JsonObject; readonly unmanaged: readonly UnmanagedFields[] },
): boolean => sameContent(normalForm(live.manifest, ref), content, unmanagedOf(unmanaged, ref));

/** The same, but for fields that an earlier rollback had to leave as they were. */
const heldBefore = (live: LiveObject, object: BundleObject, unmanaged: readonly UnmanagedFields[]): boolean =>
  has(live, object, { content: withLeft(object.content, live.manifest).content, unmanaged });

const objectIn = (bundle: Bundle | undefined, ref: ObjectRef): BundleObject | undefined =>
  bundle?.objects.find((object) => object.ref.kind === ref.kind && object.ref.name === ref.name);

/** Where one object stands between two bundles. */
export type Standing = 'Done' | 'Pending' | 'Foreign' | 'Deleting';

export interface Step {
  readonly ref: ObjectRef;
  readonly wave: Wave;
  readonly live: LiveObject | undefined;
  readonly standing: Standing;
  /** What the object is to become; undefined = nothing: it is to be deleted. */
  readonly object: BundleObject | undefined;
  /** Its content, with the live values that stay. */
  readonly content: JsonObject | undefined;
  /** A live object that cannot become the content: it is deleted, and then created. */
  readonly isReplaced: boolean;
  /** What is written before it is deleted, so that its data stays; undefined = it is deleted as it is. */
  readonly parks: JsonObject | undefined;
  /** The finalizers that it is to have when it is written: those of the release, and those of the live object that stay. */
  readonly finalizers: readonly string[];
}

/** The two ends of a promotion or rollback. `undefined` is a production without the package. */
export interface Course {
  readonly to: Bundle | undefined;
  readonly from: Bundle | undefined;
  /** Objects whose present content is known not to be a release's, and that are written all the same: what an emergency left. */
  readonly over?: ReadonlySet<string>;
  /**
   * Finalizers that the record says may stay on an object beside those of the release; undefined = all but those that only the release before
   * had. Finalizers of controllers always stay.
   */
  readonly stays?: (key: ObjectKey) => readonly string[] | undefined;
  /** `Strict`: an object is not done before finalizers that may not stay are gone. `Left`: finalizers are left to somebody else. */
  readonly finalizers?: 'Strict' | 'Left';
  /**
   * It goes back: a field that nobody can change back stays as it is live where that loses nothing, and where making the object again loses nothing
   * that is done. A promotion that would need either does not start (gate Preflight).
   */
  readonly goesBack?: boolean;
  /** What the record says of a Job; absent = nothing. */
  readonly jobState?: (key: ObjectKey, live: LiveObject | undefined) => JobState;
}

/** `RunsAgain`: it failed under an earlier promotion of the same content, and its object is in the way. */
export type JobState = 'Runs' | 'RunsAgain' | 'Done';

const unmanagedOn = ({ to, from }: Course): readonly UnmanagedFields[] => to?.unmanaged ?? from?.unmanaged ?? [];

/** Every object that the target bundle holds. */
export const writeSteps = (course: Course, live: LiveObjects): Step[] =>
  (course.to?.objects ?? []).map((object) => {
    const ref = course.to === undefined ? object.ref : liveRef(object, course.to);
    const now = live.get(keyOf(ref));
    if (runsOncePerBundle(ref.kind)) return jobStep(course, object, { ref, live: now });
    const wanted = wantedOf(course, object, now);
    const parked = wanted.isReplaced && now !== undefined ? parkedAs(now, live, 'Kept') : asItIs;
    return {
      ref,
      wave: waveOf(ref.kind),
      live: now,
      object,
      ...wanted,
      parks: parked.parks,
      standing: parked.waits ? 'Deleting' : standingOf(course, object, { live: now, ...wanted }),
      finalizers: now === undefined ? [] : finalizersFor(course, object, now).wanted,
    };
  });

/** What an object of the target bundle is to become, and whether it has to be made again for that. */
const wantedOf = (
  { goesBack = false }: Course,
  { content }: BundleObject,
  live: LiveObject | undefined,
): Pick<Step, 'isReplaced'> & { readonly content: JsonObject } => {
  if (live === undefined) return { content, isReplaced: false };
  return goesBack
    ? { content: withLeft(content, live.manifest).content, isReplaced: isReplaced(content, live.manifest) }
    : { content: withFilledIn(content, live.manifest), isReplaced: false };
};

/** What becomes of the finalizers of a live object when it is written, and whether they have to be written at all. */
const finalizersFor = (
  course: Course,
  object: BundleObject,
  live: LiveObject,
): { readonly wanted: readonly string[]; readonly areDone: boolean } => {
  const { kind } = object.ref;
  const sets = decidedFinalizers(object.content, kind);
  // Nobody was shown what production held before any release.
  const before = course.from?.baseline === true ? undefined : objectIn(course.from, object.ref);
  const frees = decidedFinalizers(before?.content, kind).filter((name) => !sets.includes(name));
  const there = finalizersOf(live);
  const decided = decidedFinalizers(live.manifest, kind);
  const stays = course.stays?.(keyOf(live.ref));
  const goes = new Set(
    decided.filter((name) => !sets.includes(name) && (frees.includes(name) || stays?.includes(name) === false)),
  );
  const isLeft = course.finalizers === 'Left' || unmanagedOf(unmanagedOn(course), object.ref).includes(finalizersPath);
  return {
    // In the order in which they are: nothing else about them is to change.
    wanted: [...there.filter((name) => !goes.has(name)), ...sets.filter((name) => !there.includes(name))],
    areDone:
      isLeft ||
      (sets.every((name) => there.includes(name)) &&
        !frees.some((name) => there.includes(name)) &&
        (course.finalizers !== 'Strict' || goes.size === 0)),
  };
};

const standingOf = (
  course: Course,
  object: BundleObject,
  { live, content }: { readonly live: LiveObject | undefined; readonly content: JsonObject },
): Standing => {
  if (live === undefined) return 'Pending';
  if (live.deleting) return 'Deleting';
  // Who set or took a finalizer wrote nothing of what a release is for, and the record says which may stay.
  const unmanaged = unmanagedOn(course);
  if (has(live, object, { content, unmanaged }))
    return finalizersFor(course, object, live).areDone ? 'Done' : 'Pending';
  const before = objectIn(course.from, object.ref);
  // As a release that dropped it left it.
  if (course.goesBack === true && isParked(live, object, unmanaged)) return 'Pending';
  // What an earlier release dropped, and nobody has deleted yet, is the package's own.
  const isLeftover = course.from?.removed.some((ref) => keyOf(ref) === keyOf(live.ref)) === true;
  const known = isLeftover || course.over?.has(keyOf(live.ref)) === true;
  return known || (before !== undefined && heldBefore(live, before, unmanaged)) ? 'Pending' : 'Foreign';
};

/**
 * A Job's template cannot change once it runs, and its name says which bundle it runs for. One that is complete by the record is only let go
 * of: whether it is still there says nothing.
 */
const jobStep = (
  course: Course,
  object: BundleObject,
  { ref, live }: { readonly ref: ObjectRef; readonly live: LiveObject | undefined },
): Step => {
  const { content } = object;
  const state = course.jobState?.(keyOf(ref), live) ?? 'Runs';
  const isReplaced = state === 'RunsAgain';
  const wave = waveOf(ref.kind, content);
  const standing = jobStanding(live, state);
  return { ref, wave, live, object, content, standing, isReplaced, finalizers: [], parks: undefined };
};

const jobStanding = (live: LiveObject | undefined, state: JobState): Standing => {
  if (state === 'Done') return live !== undefined && isHeldForRecord(live) ? 'Pending' : 'Done';
  if (live === undefined) return 'Pending';
  if (live.deleting) return 'Deleting';
  return state === 'RunsAgain' ? 'Pending' : 'Done';
};

/** Objects of the package that the target bundle no longer has and production still does. */
export const removeSteps = (course: Course, refs: readonly ObjectRef[], live: LiveObjects): Step[] =>
  refs.flatMap((ref): Step[] => {
    const now = live.get(keyOf(ref));
    if (now === undefined) return [];
    const before = objectIn(course.from, ref);
    // What leaves is measured by the bundle that holds it: the other one leaves none of its fields to anybody.
    const known = before === undefined || course.over?.has(keyOf(ref)) === true;
    const unmanaged = course.from?.unmanaged ?? [];
    const ours = known || heldBefore(now, before, unmanaged) || isParked(now, before, unmanaged);
    const { parks, waits } = keepsData(course, ref) ? parkedAs(now, live, dataAfter(course, ref)) : asItIs;
    const standing: Standing = now.deleting || waits ? 'Deleting' : ours ? 'Pending' : 'Foreign';
    const gone = { object: undefined, content: undefined, isReplaced: false, finalizers: [] };
    return [{ ref, wave: waveOf(ref.kind), live: now, standing, parks, ...gone }];
  });

/** What a rollback takes away of the newer release goes as that one says; what an earlier release left behind is nobody's to lose. */
const keepsData = ({ goesBack, from }: Course, ref: ObjectRef): boolean =>
  goesBack !== true || objectIn(from, ref) === undefined;

/** The release that drops an object may say that its data goes with it, and has been signed for that. */
const dataAfter = ({ goesBack, to, from }: Course, ref: ObjectRef): DataAfter =>
  releasesData(goesBack === true ? from : to, ref) ? 'Released' : 'Kept';

export const releasesData = (bundle: Bundle | undefined, ref: ObjectRef): boolean =>
  bundle?.irreversible.some(
    ({ kind, name, fields }) => kind === ref.kind && name === ref.name && fields.length === 0,
  ) === true;

/** Whether a live object is what a bundle says, parked. */
const isParked = (live: LiveObject, object: BundleObject, unmanaged: readonly UnmanagedFields[]): boolean =>
  (['Kept', 'Released'] as const).some((data) => {
    const content = parkedManifest(object.content, data);
    return content !== undefined && has(live, object, { content, unmanaged });
  });

interface Parked {
  readonly parks: JsonObject | undefined;
  /** Its controller has not let go of its claims yet: whoever deletes it deletes them. */
  readonly waits: boolean;
}

const asItIs: Parked = { parks: undefined, waits: false };

const parkedAs = (now: LiveObject, live: LiveObjects, data: DataAfter): Parked => {
  const parks = parking(now, data);
  return { parks, waits: parks === undefined && data === 'Kept' && ownsClaims(now, live) };
};

/**
 * What a promotion takes away once its workloads are complete. What could take data along is only parked: it is deleted after observation, and runs
 * nothing until then.
 */
export const dropSteps = (course: Course, bundle: Bundle, live: LiveObjects): Step[] => [
  ...removeSteps(course, prunedNow(bundle), live),
  ...removeSteps(
    course,
    prunedLate(bundle).filter(({ kind }) => isParkedFirst(kind)),
    live,
  ).filter(({ parks, live: now }) => parks !== undefined && now?.deleting !== true),
];

/** What a promotion deletes once its workloads are complete. */
export const prunedNow = (bundle: Bundle): readonly ObjectRef[] =>
  bundle.removed.filter(({ kind }) => !prunesLate(kind));

/** What it deletes only after observation: a rollback would need these back with the very same address, token or data. */
export const prunedLate = (bundle: Bundle): readonly ObjectRef[] =>
  bundle.removed.filter(({ kind }) => prunesLate(kind));

/**
 * Objects that going back from one bundle to another deletes: what the newer one added, and what it dropped before the older one
 * and has not deleted yet. Finished Jobs stay for the analysis.
 */
export const addedBy = ({ to, from }: Course, live: LiveObjects): readonly ObjectRef[] => {
  if (from === undefined) return [];
  const added = from.objects
    .filter((object) => runsOncePerBundle(object.ref.kind) || objectIn(to, object.ref) === undefined)
    .map((object) => liveRef(object, from))
    .filter((ref) => !runsOncePerBundle(ref.kind) || isRunning(live.get(keyOf(ref))));
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
