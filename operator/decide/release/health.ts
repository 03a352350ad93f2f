/** How a release is doing in production: its workloads and the policy's checks, taken together. */
import type { Bundle, BundleObject } from '../bundle.ts';
import {
  checkHealth,
  goneWorkload,
  type Judging,
  observedHealth,
  packageHealth,
  podsToDelete,
  restoredWorkload,
  settledHealth,
  workloadHealth,
} from '../health/health.ts';
import { noSurroundings } from '../health/node-cause.ts';
import { patienceOf } from '../health/patience.ts';
import { keyOf, type Instant, type LiveObject, type ObjectKey, type ObjectRef, type PodFacts } from '../objects.ts';
import { jobsOf, type ReleasedJob } from './jobs.ts';
import { liveRef } from './steps.ts';
import type { Health, CheckFacts } from '../health/types.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { isJudged, isWorkload, runsOncePerBundle } from '../manifest/kinds/index.ts';
import type { OpenIntent } from '../record/package.ts';
import { packageRecord } from '../record/record.ts';

/** Jobs taken together: Healthy once all are complete. */
export const jobsHealth = (jobs: readonly ReleasedJob[]): Health =>
  packageHealth({ objects: jobs, checks: [], during: 'Rollout' });

/** The workloads alone: Healthy once all are complete. */
export const workloadsReady = (s: ReleaseSnapshot, bundle: Bundle, since: Instant, now: Instant): Health =>
  packageHealth({ objects: rollingOut(s, bundle, judgingOf(s, since, now)), checks: [], during: 'Rollout' });

/** The Jobs of a bundle under an open promotion. */
export const releasedJobs = (s: ReleaseSnapshot, bundle: Bundle, open: OpenIntent, now: Instant) =>
  jobsOf(s, bundle, open, judgingOf(s, open.at, now));

/** What judging the pods of a package rests on, from `since` on. */
const judgingOf = (s: ReleaseSnapshot, since: Instant, now: Instant): Judging => ({
  since,
  now,
  patience: patienceOf(s.policy),
  around: s.around ?? noSurroundings,
});

const absent: Health = { state: 'Progressing', reason: 'NotThere', message: 'is not there' };

type Judge = (object: LiveObject, pods: readonly PodFacts[]) => Health;

const staysUp = ({ ref }: BundleObject): boolean => isWorkload(ref) && !runsOncePerBundle(ref);

/** What its controller reports on, without pods of its own. */
const isReported = ({ ref }: BundleObject): boolean => isJudged(ref) && !isWorkload(ref);

const workloads = (s: ReleaseSnapshot, bundle: Bundle, judge: Judge, isMeant = staysUp) =>
  bundle.objects.filter(isMeant).map(({ ref }) => {
    const object = s.live.get(keyOf(ref));
    return { ref, health: object === undefined ? absent : judge(object, s.pods.get(keyOf(ref)) ?? []) };
  });

/** One object, and how it is. */
export interface HealthOf {
  readonly key: ObjectKey;
  readonly health: Health;
}

const keyed = (parts: readonly { readonly ref: ObjectRef; readonly health: Health }[]): readonly HealthOf[] =>
  parts.map(({ ref, health }) => ({ key: keyOf(ref), health }));

/** The Jobs and workloads of a bundle on its way, each by itself. */
export const progressParts = (
  s: ReleaseSnapshot,
  bundle: Bundle,
  open: OpenIntent,
  now: Instant,
): readonly HealthOf[] => keyed(progressing(s, bundle, open, now));

// While a Job runs, the workloads are still those of the release before, and healthy.
const progressing = (s: ReleaseSnapshot, bundle: Bundle, open: OpenIntent, now: Instant) => {
  const jobs = releasedJobs(s, bundle, open, now);
  return [
    ...jobs.filter(({ wave }) => wave === 'Jobs'),
    ...rollingOut(s, bundle, judgingOf(s, open.at, now)),
    ...jobs.filter(({ wave }) => wave !== 'Jobs'),
    ...reported(s, bundle, judgingOf(s, open.at, now)),
  ];
};

const reported = (s: ReleaseSnapshot, bundle: Bundle, judging: Judging) =>
  workloads(s, bundle, (object) => workloadHealth(object, [], judging), isReported);

const rollingOut = (s: ReleaseSnapshot, bundle: Bundle, judging: Judging) =>
  workloads(s, bundle, (object, pods) => settledHealth(workloadHealth(object, pods, judging), pods, judging));

/** On the way: Healthy when everything is complete, has been ready for a while, Jobs included, and every check has answered well. */
export const progressOf = (s: ReleaseSnapshot, bundle: Bundle, open: OpenIntent, now: Instant): Health =>
  packageHealth({
    objects: progressing(s, bundle, open, now),
    checks: (s.policy?.spec.health.checks ?? []).map(({ name }) => ({ name, health: arriving(s.checks.get(name)) })),
    during: 'Rollout',
  });

/** What a check asks may not have been up until now: earlier failures hold completion up, they do not fail the release. */
const arriving = (facts: CheckFacts | undefined): Health => {
  if (facts === undefined || facts.consecutiveFailures === 0) return checkHealth(1, facts);
  return { state: 'Progressing', reason: 'CheckPending', message: facts.message };
};

/** After completion: Failed as soon as what worked works no more. */
export const observedRelease = (s: ReleaseSnapshot, bundle: Bundle, completedAt: Instant, now: Instant): Health => {
  const judging = judgingOf(s, completedAt, now);
  return packageHealth({
    objects: [
      ...workloads(s, bundle, (object, pods) => observedHealth(object, pods, judging)),
      ...reported(s, bundle, judging),
    ],
    checks: (s.policy?.spec.health.checks ?? []).map(({ name, http }) => ({
      name,
      health: checkHealth(http?.failures ?? 1, s.checks.get(name)),
    })),
    during: 'Observation',
  });
};

/**
 * Of a rollback to `bundle` (undefined = to nothing): Healthy when every pod of its workloads runs what they said before and is ready, and nothing that the
 * rollback takes back runs any more. The messages name pods and revisions.
 */
export const restoredHealth = (s: ReleaseSnapshot, bundle: Bundle | undefined, now: Instant): Health =>
  packageHealth({ objects: restoring(s, bundle, now), checks: [], during: 'Rollout' });

/** The same, object by object. */
export const restoredParts = (s: ReleaseSnapshot, bundle: Bundle | undefined, now: Instant): readonly HealthOf[] =>
  keyed(restoring(s, bundle, now));

const restoring = (s: ReleaseSnapshot, bundle: Bundle | undefined, now: Instant) => {
  const { open } = packageRecord(s.record, s.package);
  const judging = judgingOf(s, open?.at ?? now, now);
  return [
    ...(bundle === undefined ? [] : workloads(s, bundle, (object, pods) => restoredWorkload(object, pods, judging))),
    ...leftOver(s, bundle, s.bundles.get(open?.from ?? '')),
  ];
};

/** Pods of workloads that are what they were again, and that only go when somebody deletes them. */
export const blockingPods = (s: ReleaseSnapshot, restored: readonly ObjectRef[]): readonly PodFacts[] =>
  restored.flatMap((ref) => {
    const object = s.live.get(keyOf(ref));
    return object === undefined ? [] : podsToDelete(object, s.pods.get(keyOf(ref)) ?? []);
  });

/** Workloads and Jobs of the bundle that is taken back, or that it had not removed yet, and not of the other: none of their pods may run. */
const leftOver = (s: ReleaseSnapshot, to: Bundle | undefined, from: Bundle | undefined) => {
  if (from === undefined) return [];
  const restored = new Set(
    (to?.objects ?? []).map((object) => keyOf(to === undefined ? object.ref : liveRef(object, to))),
  );
  const gone = [...from.objects.map((object) => liveRef(object, from)), ...from.removed];
  return gone
    .filter((ref) => isWorkload(ref) && !restored.has(keyOf(ref)))
    .map((ref) => ({ ref, health: goneWorkload(s.pods.get(keyOf(ref)) ?? []) }));
};
