/** Whether what runs is healthy. Unknown is not healthy. */
import { keyOf, type Instant, type LiveObject, type ObjectRef, type PodFacts } from '../objects.ts';
import { numberAt, textAt } from '../json/json.ts';
import { kindRow } from '../manifest/kinds/index.ts';
import { podFailure, secondOf } from './pod-failure.ts';
import { rolloutHealth } from './kstatus.ts';
import type { CheckFacts, Health } from './types.ts';

/** The health of one object of a release that began at `since`; `pods` are those of the workload. */
export const workloadHealth = (object: LiveObject, pods: readonly PodFacts[], since: Instant): Health => {
  const failure = podFailure(ofRelease(object, pods, since), since, kindRow(object.ref.kind)?.retries ?? []);
  const rollout = rolloutHealth(object, since);
  return failure === undefined || rollout.state === 'Failed' ? rollout : { state: 'Failed', ...failure };
};

/**
 * The pods that a release answers for. While its rollout replaces pods, a failing pod from before is what it mends; once
 * nothing is being replaced, older pods of the current revision run with what the release changed around them.
 */
const ofRelease = (object: LiveObject, pods: readonly PodFacts[], since: Instant): readonly PodFacts[] => {
  const newest = pods.toSorted((a, b) => b.createdAt - a.createdAt)[0];
  const replacing = isReplacing(object);
  return pods.filter(
    (pod) =>
      isNew(object, pod, since) || (!replacing && newest !== undefined && revisionOf(pod) === revisionOf(newest)),
  );
};

/**
 * Created by the release. In the second in which it began the time does not tell, for the release before may have created pods in it
 * too: then the controller must have seen this one, and the pod be of the revision that it names as current, where it names one.
 */
const isNew = (object: LiveObject, pod: PodFacts, since: Instant): boolean => {
  if (pod.createdAt >= secondOf(since) + 1000) return true;
  if (pod.createdAt < secondOf(since)) return false;
  const current = currentRevision(object);
  return seesLatest(object) && (current === undefined || revisionOf(pod) === current);
};

/** A kind that counts no generations has nothing to see. */
const seesLatest = ({ generation, status }: LiveObject): boolean =>
  (numberAt(status, 'observedGeneration') ?? generation) >= generation;

const currentRevision = (object: LiveObject): string | undefined => {
  const rule = kindRow(object.ref.kind)?.currentRevision;
  return rule === undefined ? textAt(object.status, 'updateRevision') : rule(object);
};

const isReplacing = ({ generation, status }: LiveObject): boolean =>
  counted(status, 'observedGeneration') < generation ||
  counted(status, 'updatedReplicas') < counted(status, 'replicas') ||
  counted(status, 'updatedNumberScheduled') < counted(status, 'currentNumberScheduled');

const counted = (status: LiveObject['status'], name: string): number => numberAt(status, name) ?? 0;

/** Deployments and the others label their pods with the revision of the template. */
const revisionOf = ({ labels }: PodFacts): string =>
  labels['pod-template-hash'] ?? labels['controller-revision-hash'] ?? '';

export interface Observation {
  /** When every workload of the release was healthy first. */
  readonly completedAt: Instant;
  /** How long a replacement pod may take, in milliseconds. */
  readonly progressTimeout: number;
  readonly now: Instant;
}

/**
 * The health of a workload after its release was complete. A pod that was there then must stay ready: when one of its
 * containers is not, it is lost at once. (A node that goes away flips the condition of the pod and leaves its containers as
 * they were; a drain deletes the pod. Neither is the release's fault.) Pods that replace others get `progressTimeout`.
 */
export const observedHealth = (object: LiveObject, pods: readonly PodFacts[], during: Observation): Health => {
  const { completedAt, progressTimeout, now } = during;
  const health = workloadHealth(object, pods, completedAt);
  if (health.state === 'Failed') return health;
  const standing = pods.filter(({ deleting }) => !deleting);
  const lost = standing
    .filter((pod) => pod.createdAt < completedAt && pod.phase === 'Running')
    .flatMap(unready)
    .toSorted()[0];
  if (lost !== undefined) {
    return {
      state: 'Failed',
      reason: 'ReplicasLost',
      message: `container ${lost} was ready when the release completed and is not any more`,
    };
  }
  if (health.state === 'Healthy') return health;
  const waiting = standing.filter((pod) => pod.createdAt >= completedAt && !pod.ready);
  if (waiting.length === 0) return health;
  const patience = Math.min(...waiting.map(({ createdAt }) => createdAt)) + progressTimeout;
  return now < patience
    ? { ...health, wakeAt: patience }
    : {
        state: 'Failed',
        reason: 'ReplicasLost',
        message: 'a replacement pod has not become ready within progressTimeout',
      };
};

const unready = ({ containers }: PodFacts): string[] =>
  containers.filter(({ ready }) => !ready).map(({ name }) => name);

/** What a check of the policy says. `failures`: how many in a row make it unhealthy; undefined facts = no answer yet. */
export const checkHealth = (failures: number, facts: CheckFacts | undefined): Health => {
  if (facts === undefined) return { state: 'Unknown', reason: 'HealthUnknown', message: 'has not answered yet' };
  if (facts.consecutiveFailures >= failures) {
    return { state: 'Failed', reason: 'CheckFailing', message: `failed ${failures} times in a row: ${facts.message}` };
  }
  return facts.succeededOnce
    ? { state: 'Healthy', reason: 'CheckPassed', message: 'passes' }
    : { state: 'Progressing', reason: 'CheckPending', message: 'has not passed yet' };
};

export interface PackageParts {
  readonly objects: readonly { readonly ref: ObjectRef; readonly health: Health }[];
  readonly checks: readonly { readonly name: string; readonly health: Health }[];
  /** During a rollout checks are judged only once every object is healthy: until then what they call may not be up. */
  readonly during: 'Rollout' | 'Observation';
}

/** The health of a package is that of its worst part, and says which. */
export const packageHealth = ({ objects, checks, during }: PackageParts): Health => {
  const parts = objects.map(({ ref, health }) => naming(keyOf(ref), health));
  const judged = checks.map(({ name, health }) => naming(`check ${name}`, health));
  const running = parts.every(({ state }) => state === 'Healthy');
  return worst(during === 'Rollout' && !running ? parts : [...parts, ...judged]);
};

const naming = (part: string, health: Health): Health => ({ ...health, message: `${part}: ${health.message}` });

const severity: Readonly<Record<Health['state'], number>> = { Failed: 0, Unknown: 1, Progressing: 2, Healthy: 3 };

const worst = (parts: readonly Health[]): Health => {
  const first = parts.toSorted((a, b) => severity[a.state] - severity[b.state])[0];
  if (first === undefined || first.state === 'Healthy') {
    return { state: 'Healthy', reason: 'Healthy', message: 'every object and check is healthy' };
  }
  const wakes = parts.flatMap(({ wakeAt }) => wakeAt ?? []);
  return wakes.length === 0 ? first : { ...first, wakeAt: Math.min(...wakes) };
};
