/** How a release is doing in production: its workloads and the policy's checks, taken together. */
import { milliseconds } from '../../api/duration.ts';
import type { Bundle } from '../bundle.ts';
import { checkHealth, observedHealth, packageHealth, workloadHealth } from '../health/health.ts';
import { keyOf, type Instant, type LiveObject, type PodFacts } from '../objects.ts';
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

/** On the way: Healthy when everything is complete, Jobs included, and every check has answered well. */
export const progressOf = (s: ReleaseSnapshot, bundle: Bundle, since: Instant): Health =>
  packageHealth({
    // While a Job runs, the workloads are still those of the release before, and healthy.
    objects: [
      ...jobs(s, bundle, since),
      ...workloads(s, bundle, (object, pods) => workloadHealth(object, pods, since)),
    ],
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
