/** Whether what runs is healthy. Unknown is not healthy. */
import { keyOf, type Instant, type LiveObject, type NodesByName, type ObjectRef, type PodFacts } from '../objects.ts';
import { at, numberAt } from '../json/json.ts';
import { listed } from '../messages.ts';
import { kindRow } from '../manifest/kinds/index.ts';
import { because, unready } from './because.ts';
import { onNodesThatWork } from './daemons.ts';
import { rolloutHealth } from './kstatus.ts';
import { excused, nodeCause } from './node-cause.ts';
import { type Judging, podTrouble } from './pod-failure.ts';
import { isStanding, ofEarlierRevision, revisionOf, seesLatest, wantedRevision } from './revisions.ts';
import { secondOf, seconds } from './times.ts';
import type { CheckFacts, Health } from './types.ts';

export { podsToDelete } from './revisions.ts';
export type { Judging } from './pod-failure.ts';

/** The health of one object of a release that began at `judging.since`; `pods` are those of the workload. */
export const workloadHealth = (object: LiveObject, pods: readonly PodFacts[], judging: Judging): Health => {
  const tolerated = kindRow(object.ref)?.retries ?? [];
  const trouble = podTrouble({ pods: ofRelease(object, pods, judging.since), tolerated }, judging);
  const rollout = rolloutHealth(object, judging.since);
  const { nodes } = judging.around;
  if (rollout.state === 'Failed') return because(object, pods, { rollout, trouble, nodes });
  if (trouble?.state === 'Failed') return trouble;
  const byHand = replacedByHand(object, pods);
  if (byHand !== undefined) return byHand;
  const allowed = rollout.state === 'Progressing' ? onNodesThatWork(object, pods, nodes) : undefined;
  if (allowed !== undefined) return allowed;
  if (rollout.state !== 'Healthy') return because(object, pods, { rollout, trouble, nodes });
  // A Deployment counts no pod that is being deleted.
  const missing = object.ref.kind === 'StatefulSet' && !pods.every(isStanding) ? tooFew(object, pods) : undefined;
  return notAllReady(object, pods, nodes) ?? missing ?? rollout;
};

/** Its controller waits for somebody to delete pods, and nobody else does. */
const replacedByHand = (object: LiveObject, pods: readonly PodFacts[]): Health | undefined => {
  if (kindRow(object.ref)?.replacedByHand?.(object.manifest) !== true) return undefined;
  const earlier = ofEarlierRevision(object, pods);
  if (earlier.length === 0) return undefined;
  const names = earlier.map(({ name }) => name).toSorted();
  return {
    state: 'Progressing',
    reason: 'PodsNotReplaced',
    message: `${earlier.length} of ${pods.filter(isStanding).length} pods still run the revision before: ${listed(names)}; updateStrategy OnDelete leaves them until they are deleted. Somebody who may delete pods there does, in production a holder of operate: kubectl delete pod ${names.slice(0, maxNamed).join(' ')} -n ${object.namespace}${names.length > maxNamed ? `, then the ${names.length - maxNamed} others` : ''}`,
  };
};

/** How many pods a command names at once. */
const maxNamed = 5;

/** The counts of a status lag behind its pods. */
const notAllReady = (object: LiveObject, pods: readonly PodFacts[], nodes: NodesByName): Health | undefined => {
  if (!countsReplicas(object)) return undefined;
  const standing = pods.filter(isStanding);
  const earlier = ofEarlierRevision(object, standing);
  if (earlier.length > 0) return stillRun(earlier);
  const message = unready(standing, nodes);
  return message === undefined ? undefined : { state: 'Progressing', reason: 'PodsNotReady', message };
};

/** It has pods that are to be ready, as none of a Job, a CronJob or of anything else are. */
const countsReplicas = ({ ref }: LiveObject): boolean => {
  const row = kindRow(ref);
  return row?.wave === 'Workloads' && row.workload === true && ref.kind !== 'CronJob';
};

const stillRun = (pods: readonly PodFacts[]): Health => {
  const names = pods
    .map((pod) => `${pod.name} (revision ${revisionOf(pod)}${pod.deleting ? ', being deleted' : ''})`)
    .toSorted();
  return {
    state: 'Progressing',
    reason: 'EarlierPodsRun',
    message: `${listed(names)} still ${pods.length === 1 ? 'runs' : 'run'}`,
  };
};

/** The health of a workload that is to be what it was: nothing of any other revision may run any more, not even on its way out. */
export const restoredWorkload = (object: LiveObject, pods: readonly PodFacts[], judging: Judging): Health => {
  const health = workloadHealth(object, pods, judging);
  if (health.state !== 'Healthy') return health;
  const others = ofEarlierRevision(object, pods);
  return others.length > 0 ? stillRun(others) : (tooFew(object, pods) ?? health);
};

/** A StatefulSet counts pods as ready that are being deleted, and as updated those below its partition: only the pods themselves tell. */
const tooFew = (object: LiveObject, pods: readonly PodFacts[]): Health | undefined => {
  if (!countsReplicas(object) || kindRow(object.ref)?.scaled !== true) return undefined;
  const wanted = numberAt(object.manifest, 'spec', 'replicas') ?? 1;
  const ready = pods.filter((pod) => isStanding(pod) && pod.ready).length;
  return ready >= wanted
    ? undefined
    : { state: 'Progressing', reason: 'PodsMissing', message: `${ready} of ${wanted} pods are there and ready` };
};

/** Pods of a workload that is to be gone, as far as they still run. */
export const goneWorkload = (pods: readonly PodFacts[]): Health => {
  const left = pods.filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed').map(({ name }) => name);
  return left.length === 0
    ? { state: 'Healthy', reason: 'Gone', message: 'none of its pods run any more' }
    : {
        state: 'Progressing',
        reason: 'PodsRemain',
        message: `${listed(left.toSorted())} still ${left.length === 1 ? 'runs' : 'run'}`,
      };
};

/** A healthy workload is complete when all of its pods have been ready for a while: readiness that does not last is none. */
export const settledHealth = (
  health: Health,
  pods: readonly PodFacts[],
  { patience: { settle }, now }: Judging,
): Health => {
  if (health.state !== 'Healthy' || settle === 0) return health;
  const youngest = Math.max(0, ...pods.filter(isStanding).map(({ readySince }) => readySince ?? 0));
  // The API server cuts times down to seconds.
  const wakeAt = youngest + 1000 + settle;
  return youngest === 0 || now >= wakeAt
    ? health
    : {
        state: 'Progressing',
        reason: 'Settling',
        message: `every pod is ready, and has to stay so for ${seconds(settle)}`,
        wakeAt,
      };
};

/**
 * The pods that a release answers for. While its rollout replaces pods, a failing pod from before is what it mends; once
 * nothing is being replaced, older pods of the current revision run with what the release changed around them.
 */
const ofRelease = (object: LiveObject, pods: readonly PodFacts[], since: Instant): readonly PodFacts[] => {
  const newest = pods.toSorted((a, b) => b.createdAt - a.createdAt)[0];
  const replacing = isReplacing(object);
  const wanted = wantedRevision(object, pods);
  return pods.filter(
    (pod) =>
      isNew(object, pod, { since, wanted }) ||
      (!replacing && newest !== undefined && revisionOf(pod) === revisionOf(newest)),
  );
};

/**
 * Created by the release. In the second in which it began the time does not tell, for the release before may have created pods in it
 * too: then the controller must have seen this one, and the pod be of the revision that it names as current, where it names one.
 */
const isNew = (
  object: LiveObject,
  pod: PodFacts,
  { since, wanted }: { readonly since: Instant; readonly wanted: string | undefined },
): boolean => {
  if (pod.createdAt >= secondOf(since) + 1000) return true;
  if (pod.createdAt < secondOf(since)) return false;
  return seesLatest(object) && (wanted === undefined || revisionOf(pod) === wanted);
};

const isReplacing = ({ generation, status }: LiveObject): boolean =>
  Number(at(status, 'observedGeneration') ?? 0) < generation ||
  counted(status, 'updatedReplicas') < counted(status, 'replicas') ||
  counted(status, 'updatedNumberScheduled') < counted(status, 'currentNumberScheduled');

const counted = (status: LiveObject['status'], name: string): number => numberAt(status, name) ?? 0;

/**
 * The health of a workload after its release was complete, at `judging.since`. A pod that was there then must stay ready: when one of its
 * containers is not, it is lost at once, unless its node may be the cause. (A node that goes away flips the condition of the pod and leaves
 * its containers as they were; a drain deletes the pod. Neither is the release's fault.) Pods that replace others get `progressTimeout`.
 */
export const observedHealth = (object: LiveObject, pods: readonly PodFacts[], judging: Judging): Health => {
  const { since, patience, now } = judging;
  const health = workloadHealth(object, pods, judging);
  if (health.state === 'Failed') return health;
  const standing = pods.filter(({ deleting }) => !deleting);
  // One that was made in that second may replace a pod that went in it, and was never ready.
  const begun = secondOf(since);
  const lost = standing
    .filter((pod) => pod.createdAt < begun && pod.phase === 'Running')
    .flatMap((pod) => lostOf(pod, judging))
    .toSorted((a, b) => Number(a.state === 'Progressing') - Number(b.state === 'Progressing'))[0];
  if (lost !== undefined) return lost;
  if (health.state === 'Healthy') return health;
  const waiting = standing.filter((pod) => pod.createdAt >= begun && !pod.ready);
  if (waiting.length === 0) return health;
  const until = Math.min(...waiting.map(({ createdAt }) => createdAt)) + patience.progressTimeout;
  return now < until
    ? { ...health, wakeAt: Math.min(until, health.wakeAt ?? until) }
    : {
        state: 'Failed',
        reason: 'ReplicasLost',
        message: `a replacement pod has not become ready within progressTimeout: ${health.message}`,
      };
};

const lostOf = (pod: PodFacts, judging: Judging): Health[] => {
  const name = pod.containers
    .filter(({ ready }) => !ready)
    .map((container) => container.name)
    .toSorted()[0];
  if (name === undefined) return [];
  const excuse = nodeCause(pod, judging);
  const said = `container ${name} was ready when the release completed and is not any more`;
  return [excuse === undefined ? { state: 'Failed', reason: 'ReplicasLost', message: said } : excused(said, excuse)];
};

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
