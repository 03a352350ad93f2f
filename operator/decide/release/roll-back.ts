/** A rollback: how it begins, and what production needs until it equals the earlier bundle. */
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import { fieldManagers } from '../../api/field-managers.ts';
import { milliseconds } from '../../api/duration.ts';
import type { Answers } from '../api-queries.ts';
import type { Rollback } from '../../api/rollback.ts';
import type { Health } from '../health/types.ts';
import type { Left, Written } from '../ledger-entry.ts';
import { packageRecord } from '../record/record.ts';
import { type Instant, keyOf, type LiveObjects, type ObjectRef } from '../objects.ts';
import { earliest, type Effect, type IntentRef, type Plan } from '../plan.ts';
import * as drafts from './entries.ts';
import type { OpenIntent } from '../record/package.ts';
import { asSeen, changedByRelease, lookAgainMs, notSeen } from './as-seen.ts';
import { courseOf } from './course.ts';
import { act, append, ask, together, waitUntil } from './effects.ts';
import { blockingPods, restoredHealth, restoredParts } from './health.ts';
import { heldJobs } from './jobs.ts';
import { allLeft, leftOf } from './left.ts';
import { triedAgainAt } from './refused-writes.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { addedBy, removeSteps, wasLeftBehind } from './removals.ts';
import { type Course, type Step, writeSteps } from './steps.ts';
import { effectOf } from './writes.ts';
import { remains, wayBack } from './way-back.ts';

export const takeBack = (s: ReleaseSnapshot, open: OpenIntent, cause: string): Plan =>
  act(
    startBack(
      s,
      {
        candidate: open.candidate,
        package: s.package,
        from: open.to,
        fromDigest: open.toDigest,
        to: open.from,
        toDigest: open.fromDigest,
        delivery: open.delivery,
      },
      { cause, order: undefined },
    ),
  );

export const startBack = (
  s: ReleaseSnapshot,
  back: drafts.Return,
  { cause, order }: { readonly cause: string; readonly order: Rollback | undefined },
): Effect => {
  const course = { to: s.bundles.get(back.to), from: s.bundles.get(back.from), goesBack: true };
  const overwrites = [...writeSteps(course, s.live), ...addedSteps(course, s)]
    .filter(({ standing }) => standing === 'Foreign')
    .map(({ ref }) => keyOf(ref));
  const removes = addedBy(course, s.live);
  return append(
    s,
    drafts.rollbackStarted(back, {
      cause,
      overwrites,
      order,
      restores: course.to,
      takesBack: course.from,
      removes,
      way: wayBack(course, s.live),
      parks: leftBehind(course, removes, s.live),
    }),
  );
};

/** What the older release had dropped and the newer one took up again: it is parked once more before it goes. */
const leftBehind = ({ to, from }: Course, removes: readonly ObjectRef[], live: LiveObjects): readonly Written[] =>
  to === undefined
    ? []
    : drafts.parkedBy({ ...to, removed: removes.filter((ref) => wasLeftBehind(to, ref)) }, live, from?.unmanaged ?? []);

/**
 * For so long after it began, a rollback takes off finalizers that nothing explains, also where it writes nothing else. A controller that
 * nobody declared sets its own again, and no rollback waits for that.
 */
const strictMs = 10_000;

export const goBack = (s: ReleaseSnapshot, open: OpenIntent, answers: Answers, now: Instant): Plan => {
  const deadline = rollbackDeadline(s, open);
  const isLate = now >= deadline;
  const isStrict = now < open.at + strictMs && open.delivery === 'Countersign';
  const course: Course = isStrict ? { ...courseOf(s, open), finalizers: 'Strict' } : courseOf(s, open);
  // Never take "the bundle is not in the cache" for "there was nothing": that would delete a whole package.
  const missing = missingBundle(s, open, course);
  if (missing !== undefined) return isLate ? end(s, open, course, [missing]) : waitUntil(deadline);

  const steps = backSteps(s, open, course);
  const due = open.delivery === 'GitOps' || isLate ? [] : steps.filter((step) => isDue(s, step, now));
  const effects = due.flatMap((step) => effectOf(step, restorerOf(s, open)) ?? []);
  if (effects.length > 0) {
    return { ...act(...together(effects)), wakeAt: earliest(deadline, isStrict ? open.at + strictMs : undefined) };
  }
  const waits = waitsFor(s, course, steps, now);
  if (waits === undefined) return endAsSeen(s, open, { course, answers, deadline }, now);
  const deletions = isLate ? [] : podDeletions(s, steps);
  if (deletions.length > 0) return { ...act(...deletions), wakeAt: earliest(deadline, waits.wakeAt) };
  return isLate ? end(s, open, course, leftBy(s, course, steps, now)) : waitUntil(earliest(deadline, waits.wakeAt));
};

interface Ending {
  readonly course: Course;
  readonly answers: Answers;
  readonly deadline: Instant;
}

/** It looks complete: an outcome is for good, so the API server is asked whether it is so. */
const endAsSeen = (s: ReleaseSnapshot, open: OpenIntent, { course, answers, deadline }: Ending, now: Instant): Plan => {
  const seen = asSeen(s, changedByRelease(s, course, open.at), answers);
  switch (seen.is) {
    case 'Ask':
      return ask(...seen.questions);
    case 'Behind':
      return now < deadline
        ? waitUntil(earliest(deadline, now + lookAgainMs))
        : end(
            s,
            open,
            course,
            seen.objects.map((ref) => notSeen(s, ref)),
          );
    case 'AsSeen':
      return end(s, open, course, []);
  }
};

/** What a StatefulSet that is back does not replace by itself. */
const podDeletions = (s: ReleaseSnapshot, steps: readonly Step[]): Effect[] => {
  const back = steps.filter(({ standing, object }) => standing === 'Done' && object !== undefined);
  return blockingPods(
    s,
    back.map(({ ref }) => ref),
  ).map(({ name, uid }) => ({ do: 'DeletePod', namespace: s.namespace, pod: name, uid }));
};

const rollbackDeadline = (s: ReleaseSnapshot, open: OpenIntent): Instant => {
  const { rollbackTimeout, progressTimeout } = s.policy?.spec.health ?? {};
  return open.at + milliseconds(rollbackTimeout ?? progressTimeout ?? '10m');
};

const restorerOf = (s: ReleaseSnapshot, open: OpenIntent) => ({
  as: 'restorer' as const,
  namespace: s.namespace,
  intentFor: (): IntentRef => ({ namespace: s.namespace, id: open.id, type: 'Rollback', package: s.package }),
});

/** What is to be written and what is to be removed; Jobs are not run again. */
const backSteps = (s: ReleaseSnapshot, open: OpenIntent, course: Course): readonly Step[] => [
  ...writeSteps(course, s.live).filter(({ ref }) => !runsOncePerBundle(ref)),
  ...(open.delivery === 'GitOps'
    ? toolsSteps(course, s)
    : [...addedSteps(course, s), ...heldJobs(s, course.from, 'NotRunning')]),
];

const isDue = (s: ReleaseSnapshot, { ref, live }: Step, now: Instant): boolean =>
  triedAgainAt(s.refused.get(keyOf(ref)), live, now) === undefined;

/** What going back still waits for, as people are told; undefined = it is complete. */
export const backHealth = (s: ReleaseSnapshot, open: OpenIntent, now: Instant): Health | undefined => {
  const course = courseOf(s, open);
  return missingBundle(s, open, course) === undefined
    ? waitsFor(s, course, backSteps(s, open, course), now)
    : { state: 'Unknown', reason: 'HealthUnknown', message: 'a bundle of the package is not there' };
};

const waitsFor = (s: ReleaseSnapshot, course: Course, steps: readonly Step[], now: Instant): Health | undefined => {
  const behind = steps.filter(({ standing }) => standing !== 'Done');
  const [first] = leftOf(s, behind, course);
  if (first !== undefined) {
    const tries = behind.flatMap(({ ref, live }) => triedAgainAt(s.refused.get(keyOf(ref)), live, now) ?? []);
    return {
      state: 'Progressing',
      reason: 'RolloutInProgress',
      message: `${first.object}: ${first.found}; ${first.why}`,
      ...(tries.length === 0 ? {} : { wakeAt: Math.min(...tries) }),
    };
  }
  const health = restoredHealth(s, course.to, now);
  return health.state === 'Healthy' ? undefined : health;
};

const missingBundle = (s: ReleaseSnapshot, open: OpenIntent, { to, from }: Course): Left | undefined => {
  const name = from === undefined ? open.from : open.to !== '' && to === undefined ? open.to : undefined;
  return name === undefined
    ? undefined
    : {
        object: `ReleaseBundle/${name}`,
        wanted: 'there',
        found: 'not there',
        why: 'what production is to hold, or held, is not known without it',
        next: `somebody deleted it: kubectl get relbundle -n ${s.namespace}; a developer stages a new candidate`,
      };
};

const leftBy = (s: ReleaseSnapshot, course: Course, steps: readonly Step[], now: Instant): Left[] =>
  allLeft(s, steps, { course, parts: restoredParts(s, course.to, now) });

/** `left` that is not empty: its time was over before everything was back. What cannot be changed back is told in either case. */
const end = (s: ReleaseSnapshot, open: OpenIntent, course: Course, left: readonly Left[]): Plan =>
  act(
    append(
      s,
      drafts.rolledBack(open, {
        package: s.package,
        // The record knows it, though the bundle may be gone.
        previous: course.to?.previous ?? packageRecord(s.record, s.package).ran.get(open.to)?.previous ?? '',
        outcome: left.length === 0 ? 'Complete' : 'Failed',
        left: [...left, ...remains(course, s.live)],
      }),
    ),
  );

const addedSteps = (course: Course, s: ReleaseSnapshot): Step[] =>
  removeSteps(course, addedBy(course, s.live), s.live).filter((step) => wroteIt(step));

/** What a tool has to take away: what the newer bundle added, as that one has it. What was on its way out before may leave when the tool likes. */
const toolsSteps = (course: Course, s: ReleaseSnapshot): Step[] => {
  const known = new Set(course.from?.objects.map(({ ref }) => keyOf(ref)));
  return removeSteps(course, addedBy(course, s.live), s.live).filter(
    ({ ref, standing }) => known.has(keyOf(ref)) && standing !== 'Foreign',
  );
};

/**
 * An object under an added name that somebody else wrote is theirs: it stopped the promotion, and stays. One that sets no field,
 * such as a bare ServiceAccount, has no writers.
 */
const wroteIt = ({ live, standing }: Step): boolean =>
  standing === 'Unread' ||
  (live !== undefined &&
    (live.writers.length === 0 ||
      live.writers.some(({ manager }) => manager === fieldManagers.operator || manager === fieldManagers.restorer)));
