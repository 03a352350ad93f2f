/** How a release is doing in production: its workloads and the policy's checks, taken together. */
import { milliseconds } from '../../api/duration.ts';
import type { Bundle } from '../bundle.ts';
import { checkHealth, observedHealth, packageHealth, workloadHealth } from '../health/health.ts';
import { rolloutHealth } from '../health/kstatus.ts';
import { keyOf, type Instant, type LiveObject, type ObjectKey, type PodFacts } from '../objects.ts';
import { earliest } from '../plan.ts';
import { liveRef } from './steps.ts';
import type { Health, CheckFacts } from '../health/types.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { isWorkload, runsOncePerBundle } from '../manifest/kinds/index.ts';

/** The Jobs of the bundle: Healthy once all are complete. */
export const jobsDone = (s: ReleaseSnapshot, bundle: Bundle, since: Instant): Health =>
  packageHealth({ objects: jobs(s, bundle, since), checks: [], during: 'Rollout' });

const jobs = (s: ReleaseSnapshot, bundle: Bundle, since: Instant) =>
  bundle.objects
    .filter(({ ref }) => runsOncePerBundle(ref.kind))
    .map((object) => {
      const ref = liveRef(object, bundle);
      const job = s.live.get(keyOf(ref));
      return { ref, health: job === undefined ? absent : workloadHealth(job, s.pods.get(keyOf(ref)) ?? [], since) };
    });

const absent: Health = { state: 'Progressing', reason: 'NotThere', message: 'is not there' };

type Judge = (object: LiveObject, pods: readonly PodFacts[]) => Health;

const workloads = (s: ReleaseSnapshot, bundle: Bundle, judge: Judge) =>
  bundle.objects
    .filter(({ ref }) => isWorkload(ref.kind) && !runsOncePerBundle(ref.kind))
    .map(({ ref }) => {
      const object = s.live.get(keyOf(ref));
      return { ref, health: object === undefined ? absent : judge(object, s.pods.get(keyOf(ref)) ?? []) };
    });

/** The Jobs and workloads of a bundle on its way, each by itself. */
export const progressParts = (s: ReleaseSnapshot, bundle: Bundle, since: Instant): readonly HealthOf[] =>
  progressing(s, bundle, since).map(({ ref, health }) => ({ key: keyOf(ref), health }));

const progressing = (s: ReleaseSnapshot, bundle: Bundle, since: Instant) => [
  ...jobs(s, bundle, since),
  ...workloads(s, bundle, (object, pods) => workloadHealth(object, pods, since)),
];

/** On the way: Healthy when everything is complete, Jobs included, and every check has answered well. */
export const progressOf = (s: ReleaseSnapshot, bundle: Bundle, since: Instant): Health =>
  packageHealth({
    // While a Job runs, the workloads are still those of the release before, and healthy.
    objects: progressing(s, bundle, since),
    checks: (s.policy?.spec.health.checks ?? []).map(({ name }) => ({ name, health: arriving(s.checks.get(name)) })),
    during: 'Rollout',
  });

/** One object, and how it is. */
export interface HealthOf {
  readonly key: ObjectKey;
  readonly health: Health;
}

/** The workloads of a bundle that production went back to, each by whether all its pods run it and are ready. */
export const restoredParts = (s: ReleaseSnapshot, bundle: Bundle, _now: Instant): readonly HealthOf[] =>
  workloads(s, bundle, (object) => rolloutHealth(object, object.createdAt)).map(({ ref, health }) => ({
    key: keyOf(ref),
    health,
  }));

/** Whether every pod of every workload runs the bundle that production went back to, and is ready. */
export const restoredHealth = (s: ReleaseSnapshot, bundle: Bundle, now: Instant): Health => {
  const waiting = restoredParts(s, bundle, now).filter(({ health }) => health.state !== 'Healthy');
  const [first] = waiting;
  if (first === undefined) return { state: 'Healthy', reason: 'Healthy', message: 'every workload is back' };
  const wakeAt = earliest(...waiting.map(({ health }) => health.wakeAt));
  return {
    ...first.health,
    message: `${first.key}: ${first.health.message}`,
    ...(wakeAt === undefined ? {} : { wakeAt }),
  };
};

/** What a check asks may not have been up until now: earlier failures hold completion up, they do not fail the release. */
const arriving = (facts: CheckFacts | undefined): Health => {
  if (facts === undefined || facts.consecutiveFailures === 0) return checkHealth(1, facts);
  return { state: 'Progressing', reason: 'CheckPending', message: facts.message };
};

/** After completion: Failed as soon as what worked works no more. */
export const observedRelease = (s: ReleaseSnapshot, bundle: Bundle, completedAt: Instant, now: Instant): Health => {
  const progressTimeout = milliseconds(s.policy?.spec.health.progressTimeout ?? '10m');
  return packageHealth({
    objects: workloads(s, bundle, (object, pods) =>
      observedHealth(object, pods, { completedAt, progressTimeout, now }),
    ),
    checks: (s.policy?.spec.health.checks ?? []).map(({ name, http }) => ({
      name,
      health: checkHealth(http?.failures ?? 1, s.checks.get(name)),
    })),
    during: 'Observation',
  });
};
