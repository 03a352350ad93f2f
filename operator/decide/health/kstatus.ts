/** What the status of an object says of its health: the rules of kstatus (sigs.k8s.io/cli-utils, pkg/kstatus/status). */
import type { Json, JsonObject } from '../../api/meta.ts';
import { at, isEmptyObject, listAt, numberAt, textAt } from '../json/json.ts';
import type { Instant, LiveObject } from '../objects.ts';
import type { Health } from './types.ts';

/** `since`: when the release began; what a status reports from before is not its doing. */
export const rolloutHealth = (object: LiveObject, since: Instant): Health => {
  if (object.deleting) return progressing('Terminating', 'it is being deleted');
  const rule = Object.hasOwn(rules, object.ref.kind) ? rules[object.ref.kind] : undefined;
  return (rule ?? byConditions)(object, since);
};

const healthy = (reason: string, message: string): Health => ({ state: 'Healthy', reason, message });
const progressing = (reason: string, message: string): Health => ({ state: 'Progressing', reason, message });
const failed = (reason: string, message: string): Health => ({ state: 'Failed', reason, message });

type Rule = (object: LiveObject, since: Instant) => Health;

/** A number of pods that must be reached before the rollout is complete. */
type Count = readonly [reached: number, needed: number, are: string];

const asManyAs = (counts: readonly Count[]): Health => {
  const short = counts.find(([reached, needed]) => reached < needed);
  return short === undefined
    ? healthy('Ready', 'every replica is updated, ready and available')
    : progressing('RolloutInProgress', `${short[0]} of ${short[1]} replicas are ${short[2]}`);
};

/** Not before the controller has seen the latest generation: until then its status is about something else. */
const observed =
  (rule: Rule): Rule =>
  (object, since) => {
    if (isEmptyObject(object.status)) {
      return { state: 'Unknown', reason: 'HealthUnknown', message: 'its controller has not reported anything yet' };
    }
    return seesLatest(object) ? rule(object, since) : notObserved;
  };

const notObserved = progressing('NotObserved', 'its controller has not seen the latest change yet');

const seesLatest = ({ status, generation }: LiveObject): boolean =>
  (numberAt(status, 'observedGeneration') ?? 0) >= generation;

/** Counts that are zero are left out of a status. */
const count = (status: JsonObject, name: string): number => numberAt(status, name) ?? 0;

const desired = ({ manifest }: LiveObject): number => numberAt(manifest, 'spec', 'replicas') ?? 1;

const condition = ({ status }: LiveObject, type: string): Json | undefined =>
  listAt(status, 'conditions').find((entry) => at(entry, 'type') === type);

const holds = (object: LiveObject, type: string): boolean => at(condition(object, type), 'status') === 'True';

const messageOf = (object: LiveObject, type: string, otherwise: string): string =>
  textAt(condition(object, type), 'message') || otherwise;

const deployment: Rule = (object, since) => {
  if (deadlineExceeded(object, since)) {
    return failed('ProgressDeadlineExceeded', 'its rollout made no progress within progressDeadlineSeconds');
  }
  if (at(object.manifest, 'spec', 'paused') === true)
    return progressing('Paused', 'its rollout is paused by spec.paused');
  const { status } = object;
  const updated = count(status, 'updatedReplicas');
  const old = count(status, 'replicas') - updated;
  const counts = asManyAs([
    [updated, desired(object), 'updated'],
    [count(status, 'readyReplicas'), desired(object), 'ready'],
    [count(status, 'availableReplicas'), desired(object), 'available'],
  ]);
  return counts.state === 'Healthy' && old > 0
    ? progressing('RolloutInProgress', `${old} replicas of the earlier revision still run`)
    : counts;
};

/** The condition outlives its rollout when the next change leaves the template alone, so its time matters. */
const deadlineExceeded = (object: LiveObject, since: Instant): boolean => {
  const progress = condition(object, 'Progressing');
  const at = Date.parse(textAt(progress, 'lastUpdateTime') ?? textAt(progress, 'lastTransitionTime') ?? '');
  return textAt(progress, 'reason') === 'ProgressDeadlineExceeded' && !(at < since);
};

const statefulSet: Rule = (object) => {
  const { manifest, status } = object;
  const partition = numberAt(manifest, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  const byHand = textAt(manifest, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  const updated = byHand ? 0 : Math.max(0, desired(object) - partition);
  const counts = asManyAs([
    [count(status, 'updatedReplicas'), updated, 'updated'],
    [count(status, 'readyReplicas'), desired(object), 'ready'],
    [count(status, 'availableReplicas'), desired(object), 'available'],
  ]);
  const rolling = !byHand && partition === 0 && status['currentRevision'] !== status['updateRevision'];
  return counts.state === 'Healthy' && rolling
    ? progressing('RolloutInProgress', 'its controller has not completed the update')
    : counts;
};

const daemonSet: Rule = ({ manifest, status }) => {
  const needed = count(status, 'desiredNumberScheduled');
  const byHand = textAt(manifest, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  return asManyAs([
    [count(status, 'currentNumberScheduled'), needed, 'scheduled'],
    [count(status, 'updatedNumberScheduled'), byHand ? 0 : needed, 'updated'],
    [count(status, 'numberReady'), needed, 'ready'],
    [count(status, 'numberAvailable'), needed, 'available'],
  ]);
};

const job: Rule = (object) => {
  if (holds(object, 'Failed') || holds(object, 'FailureTarget')) {
    return failed('JobFailed', `the Job failed: ${messageOf(object, 'Failed', 'no reason is given')}`);
  }
  if (holds(object, 'Complete')) return healthy('JobComplete', 'the Job is complete');
  return at(object.manifest, 'spec', 'suspend') === true
    ? progressing('JobSuspended', 'the Job is suspended by spec.suspend')
    : progressing('JobRunning', 'the Job is not complete yet');
};

/** Pending may mean that it waits for its first pod (WaitForFirstConsumer); a pod that waits in vain shows in its workload. */
const claims: Readonly<Record<string, Health>> = {
  Bound: healthy('Bound', 'the claim is bound'),
  Pending: healthy('NotBoundYet', 'the claim is not bound yet; it may be waiting for its first pod'),
  Lost: failed('VolumeLost', 'the volume of the claim is gone'),
};

const claim: Rule = ({ status }) =>
  claims[textAt(status, 'phase') ?? ''] ?? {
    state: 'Unknown',
    reason: 'HealthUnknown',
    message: 'the claim has no phase yet',
  };

const present: Rule = () => healthy('Present', 'it exists');

/** Any other kind: the conditions that kstatus gives a meaning to, and existence where there are none. */
const byConditions: Rule = (object) => {
  if (numberAt(object.status, 'observedGeneration') !== undefined && !seesLatest(object)) return notObserved;
  if (holds(object, 'Stalled')) return failed('Stalled', messageOf(object, 'Stalled', 'its controller has given up'));
  if (holds(object, 'Reconciling')) {
    return progressing('Reconciling', messageOf(object, 'Reconciling', 'its controller is at work'));
  }
  const ready = condition(object, 'Ready');
  return ready === undefined || holds(object, 'Ready')
    ? healthy('Present', 'it exists')
    : progressing('NotReady', messageOf(object, 'Ready', 'its controller says that it is not ready'));
};

const rules: Readonly<Record<string, Rule>> = {
  Deployment: observed(deployment),
  StatefulSet: observed(statefulSet),
  DaemonSet: observed(daemonSet),
  // A Job has no observedGeneration, and no status before its first sync.
  Job: job,
  PersistentVolumeClaim: claim,
  CronJob: present,
  ConfigMap: present,
  HorizontalPodAutoscaler: present,
  Ingress: present,
  NetworkPolicy: present,
  PodDisruptionBudget: present,
  Service: present,
  ServiceAccount: present,
};
