/** An open promotion: what is due is written wave by wave, then what the bundle drops is removed. What fails is rolled back. */
import { milliseconds } from '../../api/duration.ts';
import { waveAnnotation } from '../../api/kinds.ts';
import type { Answers } from '../api-queries.ts';
import type { Bundle } from '../bundle.ts';
import type { Health } from '../health/types.ts';
import type { Left } from '../ledger-entry.ts';
import { finalizersOf, heldUpText } from '../manifest/pending-deletion.ts';
import { listed } from '../messages.ts';
import { type Instant, keyOf, type ObjectKey } from '../objects.ts';
import { earliest, type Effect, type IntentRef, nothing, type Plan } from '../plan.ts';
import * as drafts from './entries.ts';
import type { OpenIntent } from '../record/package.ts';
import { asSeen, lookAgainMs } from './as-seen.ts';
import { courseOf } from './course.ts';
import { act, append, ask, together, waitUntil } from './effects.ts';
import { jobsHealth, progressOf, progressParts, releasedJobs, workloadsReady } from './health.ts';
import { heldJobs, reachOf, unrecordedEnd } from './jobs.ts';
import { allLeft, leftOf, unreadText } from './left.ts';
import { isStillRead, stillRead } from './readers.ts';
import { takeBack } from './roll-back.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { dropSteps } from './removals.ts';
import { type Step, writeSteps } from './steps.ts';
import { effectOf } from './writes.ts';
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import { waves } from '../manifest/kinds/shared/kind.ts';
import type { RefusedWrite } from './refused-writes.ts';

export const promote = (s: ReleaseSnapshot, open: OpenIntent, answers: Answers, now: Instant): Plan => {
  const course = courseOf(s, open);
  const bundle = course.to;
  if (open.rejected) return takeBack(s, open, 'the candidate was rejected while its promotion was open');
  if (open.refused !== undefined) return takeBack(s, open, `a write was refused: ${open.refused}`);
  if (bundle === undefined) {
    // The bundle was written before the intent; a cache that lacks it has not caught up, or somebody took it away.
    return now < deadline(s, open)
      ? waitUntil(deadline(s, open))
      : takeBack(s, open, `ReleaseBundle ${open.to} is not there any more`);
  }
  const steps = writeSteps(course, s.live);
  const refused = refusedNow(s, steps);
  if (refused !== undefined) return act(append(s, drafts.refusedWrite(open, s.package, ...refused)));

  const foreign = steps.find(({ standing }) => standing === 'Foreign');
  if (foreign !== undefined) return conflict(s, open, foreign, { answers, now });

  const jobs = releasedJobs(s, bundle, open, now);
  const ended = unrecordedEnd(jobs);
  if (ended !== undefined) return act(append(s, drafts.jobDone(open, bundle, ended)));
  const before = jobsHealth(jobs.filter(({ wave }) => wave === 'Jobs'));
  if (before.state === 'Failed') return fail(s, open, bundle, knotted(before, steps), now);
  if (jobsHealth(jobs).state === 'Failed') return fail(s, open, bundle, jobsHealth(jobs), now);
  const reach = reachOf(steps, before, () => workloadsReady(s, bundle, open.at, now));
  const reached = steps.filter(({ wave }) => reach.includes(wave));
  const due = reached.filter(({ standing }) => standing === 'Pending');
  const health = written(s, reached, before) ?? progressOf(s, bundle, open, now);
  const wait = (goOn: Plan): Plan =>
    now < deadline(s, open)
      ? { ...goOn, wakeAt: earliest(deadline(s, open), health.wakeAt) }
      : fail(s, open, bundle, late(before.state === 'Healthy' ? health : knotted(before, steps)), now);
  if (open.delivery === 'Countersign' && due.length > 0) return wait(act(...inWaves(s, open, due)));
  if (health.state === 'Failed') return fail(s, open, bundle, health, now);
  if (health.state !== 'Healthy') return wait(nothing);

  const dropped = dropSteps(course, bundle, s.live);
  const prune = dropped.filter(({ ref }) => !isStillRead(s, ref));
  const inTheWay = prune.find(({ standing }) => standing === 'Foreign');
  if (inTheWay !== undefined) return conflict(s, open, inTheWay, { answers, now });
  const removals = open.delivery === 'GitOps' ? [] : prune.flatMap((step) => effectOf(step, promoterOf(s, open)) ?? []);
  if (removals.length > 0) return act(...together(removals));
  const isLate = now >= deadline(s, open);
  if (prune.length > 0 && !isLate) return waitUntil(deadline(s, open));
  // What is on its way out cannot be brought back before it is gone, so going back would wait for the same finalizer.
  const kept = prune.find(({ standing }) => standing !== 'Deleting');
  if (kept !== undefined) return fail(s, open, bundle, late(notRemoved(kept)), now);

  return act(
    append(
      s,
      drafts.promoted(open, bundle, {
        observeUntil: now + observeFor(s),
        healthy: true,
        reason: `every workload and check is healthy${leavingText(prune)}`,
        left: [...leftOf(s, prune, course), ...stillRead(s, dropped)],
      }),
    ),
  );
};

/** Nothing is complete before everything is written: until then, what it waits for. */
const written = (s: ReleaseSnapshot, steps: readonly Step[], jobs: Health): Health | undefined => {
  if (jobs.state !== 'Healthy') return jobs;
  const missing = steps.find(({ standing }) => standing !== 'Done');
  return (
    missing && {
      state: 'Progressing',
      reason: 'Deleting',
      message: `${keyOf(missing.ref)}: ${whyMissing(s, missing)}`,
    }
  );
};

const whyMissing = (s: ReleaseSnapshot, step: Step): string => {
  if (step.standing === 'Unread') return unreadText(s, step.ref);
  return step.standing === 'Deleting' ? leavingOf([step]) : 'is not written yet';
};

/** Of Jobs that hold the release up: they may wait for what it brings, and which is written only after them. */
const knotted = (jobs: Health, steps: readonly Step[]): Health =>
  steps.some(({ wave, live }) => (wave === 'Workloads' || wave === 'Traffic') && live === undefined)
    ? {
        ...jobs,
        message: `${jobs.message}. A Job runs before the workloads of its release; one that needs what the release brings has the annotation ${waveAnnotation}: After in staging`,
      }
    : jobs;

/** Why an object of the older content that is to go is still there, as people are told. */
const leavingOf = (steps: readonly Step[]): string => {
  const held = steps.flatMap(({ live }) => (live !== undefined && finalizersOf(live).length > 0 ? [live] : []));
  return held.length === 0 ? 'the one before it is still being deleted' : heldUpText(held);
};

const leavingText = (prune: readonly Step[]): string =>
  prune.length === 0
    ? ''
    : `; still being deleted after progressTimeout: ${listed(prune.map(({ ref }) => keyOf(ref)))}: ${leavingOf(prune)}`;

const notRemoved = ({ ref }: Step): Health => ({
  state: 'Progressing',
  reason: 'Deleting',
  message: `${keyOf(ref)} has not been deleted`,
});

const late = (health: Health): Health => ({
  ...health,
  state: 'Failed',
  message: `not complete within progressTimeout: ${health.message}`,
});

const deadline = (s: ReleaseSnapshot, open: OpenIntent): Instant =>
  open.at + milliseconds(s.policy?.spec.health.progressTimeout ?? '10m');

const observeFor = (s: ReleaseSnapshot): number => milliseconds(s.policy?.spec.health.observeFor ?? '15m');

/** Waves in order; within one, objects do not depend on each other. */
const inWaves = (s: ReleaseSnapshot, open: OpenIntent, due: readonly Step[]): Effect[] =>
  waves.flatMap((wave) =>
    together(due.filter((step) => step.wave === wave).flatMap((step) => effectOf(step, promoterOf(s, open)) ?? [])),
  );

const promoterOf = (s: ReleaseSnapshot, open: OpenIntent) => ({
  as: 'operator' as const,
  namespace: s.namespace,
  intentFor: (): IntentRef => ({ namespace: s.namespace, id: open.id, type: 'Promotion', package: s.package }),
});

/** Content of neither release stands in the way, if it is there and not only what a late watch shows. */
const conflict = (
  s: ReleaseSnapshot,
  open: OpenIntent,
  step: Step,
  { answers, now }: { readonly answers: Answers; readonly now: Instant },
): Plan => {
  const seen = asSeen(s, [step.ref], answers);
  if (seen.is === 'Ask') return ask(...seen.questions);
  return seen.is === 'Behind' && now < deadline(s, open)
    ? waitUntil(earliest(deadline(s, open), now + lookAgainMs))
    : takeBack(s, open, conflictText(step));
};

const conflictText = ({ ref, live }: Step): string => {
  const writer = live?.writers[0]?.manager ?? 'somebody';
  return `OwnershipConflict: ${keyOf(ref)} holds content of neither this release nor the one before it, written by field manager ${writer}`;
};

/** Failing health: back, or call people when the candidate said that going back would be worse. */
const fail = (s: ReleaseSnapshot, open: OpenIntent, bundle: Bundle, health: Health, now: Instant): Plan => {
  if (bundle.onFailure === 'Rollback') return takeBack(s, open, health.message);
  // Nobody will say any more how they ended.
  const held = heldJobs(s, bundle, 'All').filter(({ ref }) => s.refused.get(keyOf(ref)) === undefined);
  if (held.length > 0) return act(...inWaves(s, open, held));
  return act(
    append(
      s,
      drafts.promoted(open, bundle, {
        observeUntil: now,
        healthy: false,
        reason: health.message,
        left: leftBehind(s, open, bundle, now),
      }),
    ),
  );
};

/** What a release that failed and stays leaves that is not as its bundle says. */
const leftBehind = (s: ReleaseSnapshot, open: OpenIntent, bundle: Bundle, now: Instant): Left[] => {
  const course = courseOf(s, open);
  const steps = [...writeSteps(course, s.live), ...dropSteps(course, bundle, s.live)];
  return allLeft(s, steps, { course, parts: progressParts(s, bundle, open, now) });
};

/**
 * A write of this promotion that the API server refused for good, with its words. What a stale plan sent says nothing where all is done by now; nor
 * does that a Job could not be made which is there.
 */
const refusedNow = (
  { refused, live }: ReleaseSnapshot,
  steps: readonly Step[],
): readonly [object: ObjectKey, message: string] | undefined => {
  const stepOf = new Map(steps.map((step) => [keyOf(step.ref), step]));
  const isOver = (key: ObjectKey, { resourceVersion }: RefusedWrite): boolean => {
    const step = stepOf.get(key);
    const isMade =
      step !== undefined && runsOncePerBundle(step.ref) && resourceVersion === '' && live.get(key) !== undefined;
    return step?.standing === 'Done' || isMade;
  };
  const [first] = [...refused]
    .filter(([key, write]) => write.isFinal && !isOver(key, write))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return first && [first[0], first[1].message];
};
