/** How far production is from a bundle, object by object, and the writes that are left. */
import type { JsonObject } from '../../api/meta.ts';
import type { Bundle, BundleObject, UnmanagedFields } from '../bundle.ts';
import type { LiveObject, LiveObjects, ObjectKey, ObjectRef } from '../objects.ts';
import { keyOf } from '../objects.ts';
import { decidedFinalizers, finalizersPath } from '../manifest/lifetime.ts';
import { finalizersOf } from '../manifest/pending-deletion.ts';
import { isHeldForRecord } from './held-jobs.ts';
import { isAutoscaler, kindRow, runsOncePerBundle, waveOf } from '../manifest/kinds/index.ts';
import { isReplaced, withFilledIn, withLeft } from '../manifest/live-values.ts';
import { asItIs, parkedAs, unmanagedBeside } from '../manifest/parking.ts';
import { type Wave, waves } from '../manifest/kinds/shared/kind.ts';
import { jobName, normalForm, sameContent } from '../manifest/normal-form.ts';
import { replicasPath } from '../manifest/autoscaling.ts';
import { scaleTarget, unmanagedOf } from '../manifest/unmanaged-fields.ts';

/** The name an object of a bundle has in production: a Job runs once per bundle, so it is named after it. */
export const liveRef = ({ ref }: Pick<BundleObject, 'ref'>, { digest }: Pick<Bundle, 'digest'>): ObjectRef =>
  runsOncePerBundle(ref) ? { ...ref, name: jobName(ref.name, digest) } : ref;

/** Whether a live object is what a bundle says, in normal form and outside unmanaged fields; its finalizers aside. */
export const holds = (live: LiveObject, object: BundleObject, unmanaged: readonly UnmanagedFields[]): boolean =>
  has(live, object, {
    content: withFilledIn(object.content, live.manifest),
    unmanaged: unmanagedOf(unmanaged, object.ref),
  });

/** The same for a content given, and outside these paths. */
export const has = (
  live: LiveObject,
  { ref }: BundleObject,
  { content, unmanaged }: { readonly content: JsonObject; readonly unmanaged: readonly string[] },
): boolean => sameContent(normalForm(live.manifest, ref), content, unmanaged);

/** The same, but for fields that an earlier rollback had to leave as they were. */
export const heldBefore = (live: LiveObject, object: BundleObject, unmanaged: readonly string[]): boolean =>
  has(live, object, { content: withLeft(object.content, live.manifest).content, unmanaged });

export const objectIn = (bundle: Bundle | undefined, ref: ObjectRef): BundleObject | undefined =>
  bundle === undefined ? undefined : indexOf(bundle.objects).get(keyOf(ref));

/** Of bundles, which never change: each object is looked up with each plan, once for each other. */
const indexes = new WeakMap<readonly BundleObject[], ReadonlyMap<ObjectKey, BundleObject>>();

const indexOf = (objects: readonly BundleObject[]): ReadonlyMap<ObjectKey, BundleObject> => {
  const known = indexes.get(objects);
  if (known !== undefined) return known;
  // The first of a name counts.
  const index = new Map(objects.toReversed().map((object) => [keyOf(object.ref), object]));
  indexes.set(objects, index);
  return index;
};

/** Where one object stands between two bundles. `Unread`: the API server does not say what is there, and nothing is done about it. */
export type Standing = 'Done' | 'Pending' | 'Foreign' | 'Deleting' | 'Unread';

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
  /** Paths that stay as they are live when it is written. */
  readonly unmanaged: readonly string[];
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
  /** Whether nobody can say what is there under a name; absent = of none. */
  readonly isUnread?: (ref: ObjectRef) => boolean;
  /** What the record says of a Job; absent = nothing. */
  readonly jobState?: (key: ObjectKey, live: LiveObject | undefined) => JobState;
}

/** `RunsAgain`: it failed under an earlier promotion of the same content, and its object is in the way. */
export type JobState = 'Runs' | 'RunsAgain' | 'Done';

const unmanagedOn = ({ to, from }: Course): readonly UnmanagedFields[] => to?.unmanaged ?? from?.unmanaged ?? [];

/** Every object that the target bundle holds, or some of them. */
export const writeSteps = (course: Course, live: LiveObjects, objects = course.to?.objects ?? []): Step[] => {
  const wantedFirst = servicesWanted(course.to);
  const scaled = stillScaled(course, live);
  return objects.map((object) => {
    const ref = course.to === undefined ? object.ref : liveRef(object, course.to);
    const now = live.get(keyOf(ref));
    if (course.isUnread?.(ref) === true) return unreadStep(ref, object);
    if (runsOncePerBundle(ref)) return jobStep(course, object, { ref, live: now });
    const wanted = { ...wantedOf(course, object, now), unmanaged: leftToOthers(course, object, { now, scaled }) };
    const parked = wanted.isReplaced && now !== undefined ? parkedAs(now, live, 'Kept') : asItIs;
    return {
      ref,
      wave: now === undefined && wantedFirst.has(keyOf(ref)) ? waves[0] : waveOf(ref),
      live: now,
      object,
      ...wanted,
      parks: parked.parks,
      standing: parked.waits ? 'Deleting' : standingOf(course, object, { live: now, ...wanted }),
      finalizers: now === undefined ? [] : finalizersFor(course, object, now).wanted,
    };
  });
};

/** What a workload of the bundle does not begin without: nothing is led anywhere by a Service that is not there yet. */
const servicesWanted = (bundle: Bundle | undefined): ReadonlySet<ObjectKey> =>
  new Set(
    (bundle?.objects ?? []).flatMap((object) => {
      // Contents are large, and few are asked.
      const services = kindRow(object.ref)?.services?.(object.content) ?? [];
      return services.map((name) => keyOf({ kind: 'Service', name }));
    }),
  );

/** Of an object that is to be written (or removed: undefined), as far as anybody knows. */
export const unreadStep = (ref: ObjectRef, object: BundleObject | undefined): Step => ({
  ref,
  wave: waveOf(ref),
  live: undefined,
  standing: 'Unread',
  object,
  content: object?.content,
  isReplaced: false,
  unmanaged: [],
  parks: undefined,
  finalizers: [],
});

/** Whether the release that a course begins from dropped an object. Until it is deleted it is the package's own all the same. */
const isDropped = ({ from }: Course, ref: ObjectRef): boolean =>
  from?.removed.some((each) => keyOf(each) === keyOf(ref)) === true;

const leftToOthers = (
  course: Course,
  { ref }: BundleObject,
  { now, scaled }: { readonly now: LiveObject | undefined; readonly scaled: ReadonlySet<ObjectKey> },
): readonly string[] => {
  const left = unmanagedOf(unmanagedOn(course), ref);
  const all = left.includes(replicasPath) || !scaled.has(keyOf(ref)) ? left : [...left, replicasPath];
  return unmanagedBeside(all, now?.manifest, isDropped(course, ref));
};

/** Objects of which an autoscaler decides the replicas until the release has taken it away, or changed it: it would undo what is written. */
const stillScaled = ({ to, from }: Course, live: LiveObjects): ReadonlySet<ObjectKey> =>
  new Set(
    [to, from]
      .flatMap((bundle) => [...(bundle?.objects.map((each) => each.ref) ?? []), ...(bundle?.removed ?? [])])
      .flatMap((ref) => {
        const scaler = isAutoscaler(ref) ? live.get(keyOf(ref)) : undefined;
        return (scaler && scaleTarget(scaler.manifest)) ?? [];
      }),
  );

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
  {
    live,
    content,
    unmanaged,
  }: {
    readonly live: LiveObject | undefined;
    readonly content: JsonObject;
    readonly unmanaged: readonly string[];
  },
): Standing => {
  if (live === undefined) return 'Pending';
  if (live.deleting) return 'Deleting';
  // Who set or took a finalizer wrote nothing of what a release is for, and the record says which may stay.
  if (has(live, object, { content, unmanaged }))
    return finalizersFor(course, object, live).areDone ? 'Done' : 'Pending';
  const before = objectIn(course.from, object.ref);
  const known = isDropped(course, live.ref) || course.over?.has(keyOf(live.ref)) === true;
  // What the release before left to others is nobody's doing.
  const left = [...unmanaged, ...unmanagedOf(course.from?.unmanaged ?? [], object.ref)];
  const isOurs = has(live, object, { content, unmanaged: left });
  return known || isOurs || (before !== undefined && heldBefore(live, before, left)) ? 'Pending' : 'Foreign';
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
  const wave = waveOf(ref, content);
  const standing = jobStanding(live, state);
  return { ref, wave, live, object, content, standing, isReplaced, finalizers: [], unmanaged: [], parks: undefined };
};

const jobStanding = (live: LiveObject | undefined, state: JobState): Standing => {
  if (state === 'Done') return live !== undefined && isHeldForRecord(live) ? 'Pending' : 'Done';
  if (live === undefined) return 'Pending';
  if (live.deleting) return 'Deleting';
  return state === 'RunsAgain' ? 'Pending' : 'Done';
};
