import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { JsonObject } from '../../api/meta.ts';
import { checkHealth, observedHealth, packageHealth, workloadHealth } from './health.ts';
import type { ContainerFacts, LiveObject, PodFacts } from '../objects.ts';
import type { Health } from './types.ts';

/** A release that began and completed inside a second, as instants of ours do and those of the API server never do. */
const since = Date.parse('2026-03-11T15:00:00.700Z');
const second = 1000;
const minute = 60 * second;

const object = (kind: string, status: JsonObject, spec: JsonObject = { replicas: 2 }): LiveObject => ({
  ref: { apiVersion: 'apps/v1', kind, name: 'api' },
  namespace: 'prod',
  uid: 'u',
  resourceVersion: '1',
  generation: 3,
  createdAt: 0,
  deleting: false,
  bytes: 0,
  manifest: { spec },
  status,
  writers: [],
});

const container = (facts: Partial<ContainerFacts> = {}): ContainerFacts => ({
  name: 'api',
  ready: true,
  started: true,
  restarts: 0,
  waiting: '',
  message: '',
  lastEndedAt: undefined,
  ...facts,
});

const pod = (createdAt: number, facts: Partial<ContainerFacts> = {}, rest: Partial<PodFacts> = {}): PodFacts => ({
  name: 'api-x',
  namespace: 'prod',
  uid: 'p',
  createdAt,
  deleting: false,
  phase: 'Running',
  ready: facts.ready ?? true,
  readySince: undefined,
  labels: { 'pod-template-hash': 'new' },
  ownerKind: 'ReplicaSet',
  ownerName: 'api-new',
  ownerUid: 'rs',
  containers: [container(facts)],
  controller: undefined,
  programs: [],
  lifetime: [],
  manager: '',
  ...rest,
});

const complete: JsonObject = {
  observedGeneration: 3,
  replicas: 2,
  updatedReplicas: 2,
  readyReplicas: 2,
  availableReplicas: 2,
};
const progress = (reason: string, at: string): JsonObject => ({
  conditions: [{ type: 'Progressing', status: 'False', reason, lastUpdateTime: at }],
});
const newReplicaSet: JsonObject = {
  conditions: [{ type: 'Progressing', status: 'True', message: 'ReplicaSet "api-new" is progressing.' }],
};
const set: JsonObject = { ...complete, currentRevision: 'a', updateRevision: 'a' };
const daemons: JsonObject = {
  observedGeneration: 3,
  desiredNumberScheduled: 2,
  currentNumberScheduled: 2,
  updatedNumberScheduled: 2,
  numberReady: 2,
  numberAvailable: 2,
};
const onDelete = { replicas: 2, updateStrategy: { type: 'OnDelete' } };
const partitioned = { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } };
const condition = (type: string, message = ''): JsonObject => ({ conditions: [{ type, status: 'True', message }] });

describe('what a status says', () => {
  it.each<[string, LiveObject, Health['state'], string]>([
    ['a Deployment that is complete', object('Deployment', complete), 'Healthy', 'Ready'],
    ['a Deployment without a status', object('Deployment', {}), 'Unknown', 'HealthUnknown'],
    [
      'a Deployment whose status is about an earlier generation',
      object('Deployment', { ...complete, observedGeneration: 2 }),
      'Progressing',
      'NotObserved',
    ],
    [
      'a Deployment that still updates',
      object('Deployment', { ...complete, updatedReplicas: 1 }),
      'Progressing',
      'RolloutInProgress',
    ],
    [
      'a Deployment that is not ready',
      object('Deployment', { ...complete, readyReplicas: 1 }),
      'Progressing',
      'RolloutInProgress',
    ],
    [
      'a Deployment that is not available',
      object('Deployment', { ...complete, availableReplicas: 1 }),
      'Progressing',
      'RolloutInProgress',
    ],
    [
      'a Deployment with replicas of before',
      object('Deployment', { ...complete, replicas: 3 }),
      'Progressing',
      'RolloutInProgress',
    ],
    ['a Deployment that is paused', object('Deployment', complete, { paused: true }), 'Progressing', 'Paused'],
    ['a Deployment of none', object('Deployment', { observedGeneration: 3 }, { replicas: 0 }), 'Healthy', 'Ready'],
    [
      'a Deployment past its deadline',
      object('Deployment', { ...complete, ...progress('ProgressDeadlineExceeded', '2026-03-11T15:05:00Z') }),
      'Failed',
      'ProgressDeadlineExceeded',
    ],
    [
      'a Deployment past the deadline of an earlier rollout',
      object('Deployment', {
        ...complete,
        readyReplicas: 1,
        ...progress('ProgressDeadlineExceeded', '2026-03-11T14:00:00Z'),
      }),
      'Progressing',
      'RolloutInProgress',
    ],
    [
      'a Deployment that is being deleted',
      { ...object('Deployment', complete), deleting: true },
      'Progressing',
      'Terminating',
    ],
    ['a StatefulSet that is complete', object('StatefulSet', set), 'Healthy', 'Ready'],
    [
      'a StatefulSet between revisions',
      object('StatefulSet', { ...set, updateRevision: 'b' }),
      'Progressing',
      'RolloutInProgress',
    ],
    [
      'a StatefulSet updated down to its partition',
      object('StatefulSet', { ...set, updatedReplicas: 1, updateRevision: 'b' }, partitioned),
      'Healthy',
      'Ready',
    ],
    [
      'a StatefulSet not updated down to its partition',
      object('StatefulSet', { ...set, updatedReplicas: 0 }, partitioned),
      'Progressing',
      'RolloutInProgress',
    ],
    [
      'a StatefulSet that people update',
      object('StatefulSet', { ...set, updatedReplicas: 0, updateRevision: 'b' }, onDelete),
      'Healthy',
      'Ready',
    ],
    ['a DaemonSet that is complete', object('DaemonSet', daemons), 'Healthy', 'Ready'],
    [
      'a DaemonSet that still updates',
      object('DaemonSet', { ...daemons, updatedNumberScheduled: 1 }),
      'Progressing',
      'RolloutInProgress',
    ],
    [
      'a DaemonSet that is not available',
      object('DaemonSet', { ...daemons, numberAvailable: 1 }),
      'Progressing',
      'RolloutInProgress',
    ],
    [
      'a DaemonSet that people update',
      object('DaemonSet', { ...daemons, updatedNumberScheduled: 0 }, onDelete),
      'Healthy',
      'Ready',
    ],
    ['a DaemonSet without a node', object('DaemonSet', { observedGeneration: 3 }), 'Healthy', 'Ready'],
    ['a Job that has not begun', object('Job', {}), 'Progressing', 'JobRunning'],
    ['a Job that is complete', object('Job', condition('Complete')), 'Healthy', 'JobComplete'],
    ['a Job that failed', object('Job', condition('Failed', 'BackoffLimitExceeded')), 'Failed', 'JobFailed'],
    ['a Job that is going to fail', object('Job', condition('FailureTarget')), 'Failed', 'JobFailed'],
    ['a suspended Job', object('Job', {}, { suspend: true }), 'Progressing', 'JobSuspended'],
    ['a claim that is bound', object('PersistentVolumeClaim', { phase: 'Bound' }), 'Healthy', 'Bound'],
    [
      'a claim that waits for its first pod',
      object('PersistentVolumeClaim', { phase: 'Pending' }),
      'Healthy',
      'NotBoundYet',
    ],
    ['a claim whose volume is gone', object('PersistentVolumeClaim', { phase: 'Lost' }), 'Failed', 'VolumeLost'],
    ['a claim without a phase', object('PersistentVolumeClaim', {}), 'Unknown', 'HealthUnknown'],
    ['a CronJob', object('CronJob', {}), 'Healthy', 'Present'],
    ['a ConfigMap', object('ConfigMap', {}), 'Healthy', 'Present'],
    ['a Service', object('Service', {}), 'Healthy', 'Present'],
    ['another kind without conditions', object('Widget', {}), 'Healthy', 'Present'],
    [
      'another kind that is not ready',
      object('Widget', { conditions: [{ type: 'Ready', status: 'False' }] }),
      'Progressing',
      'NotReady',
    ],
    ['another kind that has stalled', object('Widget', condition('Stalled', 'no')), 'Failed', 'Stalled'],
    ['another kind that reconciles', object('Widget', condition('Reconciling')), 'Progressing', 'Reconciling'],
    [
      'another kind that is ready',
      object('Widget', { ...condition('Ready'), observedGeneration: 3 }),
      'Healthy',
      'Present',
    ],
    [
      'another kind, observed before its latest change',
      object('Widget', { ...condition('Ready'), observedGeneration: 2 }),
      'Progressing',
      'NotObserved',
    ],
  ])('%s', (_, live, state, reason) => {
    expect(workloadHealth(live, [], since)).toMatchObject({ state, reason });
  });
});

const rolling = object('Deployment', { ...complete, replicas: 3, updatedReplicas: 1, readyReplicas: 2 });
const settled = object('Deployment', { ...complete, readyReplicas: 1 });
const crash = { ready: false, waiting: 'CrashLoopBackOff', restarts: 3 };
const old = { labels: { 'pod-template-hash': 'old' } };

describe('failing pods', () => {
  it.each([
    'CrashLoopBackOff',
    'ImagePullBackOff',
    'InvalidImageName',
    'ErrImageNeverPull',
    'CreateContainerConfigError',
    'CreateContainerError',
    'RunContainerError',
  ])('%s in a pod of the release fails it at once', (waiting) => {
    expect(workloadHealth(rolling, [pod(since + second, { ready: false, waiting })], since)).toMatchObject({
      state: 'Failed',
      reason: waiting,
    });
  });

  it.each<[string, LiveObject, readonly PodFacts[], Health['state']]>([
    [
      'a pod that is starting',
      rolling,
      [
        pod(since + second, { ready: false, waiting: 'ContainerCreating' }),
        pod(since, { ready: false, waiting: 'ErrImagePull' }),
      ],
      'Progressing',
    ],
    ['a pod created in the second in which the release began', rolling, [pod(since - 700, crash)], 'Failed'],
    [
      'a pod of the new ReplicaSet, created in that second',
      object('Deployment', { ...complete, ...newReplicaSet, updatedReplicas: 1 }),
      [pod(since - 700, crash)],
      'Failed',
    ],
    [
      'a pod of the ReplicaSet before, created in that second',
      object('Deployment', { ...complete, ...newReplicaSet, updatedReplicas: 1 }),
      [pod(since - 700, crash, old)],
      'Progressing',
    ],
    [
      'a pod created in that second, before the controller has seen the release',
      object('Deployment', { ...complete, observedGeneration: 2 }),
      [pod(since - 700, crash)],
      'Progressing',
    ],
    ['an old crash-looping pod that is being replaced', rolling, [pod(since - minute, crash, old)], 'Progressing'],
    [
      'an old pod that crashes again while it is being replaced',
      rolling,
      [pod(since - minute, { ...crash, lastEndedAt: since + minute }, old)],
      'Progressing',
    ],
    [
      'an old pod of which nobody knows yet that it is to be replaced',
      object('Deployment', { ...complete, observedGeneration: 2 }),
      [pod(since - minute, { ...crash, lastEndedAt: since + minute })],
      'Progressing',
    ],
    [
      'an older pod that crashes since, when nothing is being replaced',
      settled,
      [pod(since - minute, { ...crash, lastEndedAt: since + minute })],
      'Failed',
    ],
    [
      'an older pod that crashed before, when nothing is being replaced',
      settled,
      [pod(since - minute, { ...crash, lastEndedAt: since - minute })],
      'Progressing',
    ],
    [
      'an older pod that ended in the second in which the release began',
      settled,
      [pod(since - minute, { ...crash, lastEndedAt: since - 700 })],
      'Progressing',
    ],
    [
      'a pod of an earlier revision beside one of the current',
      settled,
      [pod(since - minute, { ...crash, lastEndedAt: since + minute }, old), pod(since + second)],
      'Progressing',
    ],
    ['a pod that is going away', rolling, [pod(since + second, crash, { deleting: true })], 'Progressing'],
  ])('%s', (_, live, pods, state) => {
    expect(workloadHealth(live, pods, since).state).toBe(state);
  });

  it('of a Job are retried as often as the Job says, but not when they cannot start', () => {
    const job = object('Job', {});
    expect(workloadHealth(job, [pod(since, crash)], since).state).toBe('Progressing');
    expect(workloadHealth(job, [pod(since, { waiting: 'ImagePullBackOff' })], since).state).toBe('Failed');
  });

  it('are told in one sentence that does not change with the pod or the attempt', () => {
    const seen = [
      [pod(since, { ...crash, message: 'back-off 10s restarting' }), pod(since, { ...crash, name: 'b' })],
      [
        pod(since, { ...crash, name: 'b' }),
        pod(since, { ...crash, message: 'back-off 20s restarting' }, { name: 'api-y' }),
      ],
    ].map((pods) => workloadHealth(rolling, pods, since).message);
    expect(seen).toEqual(['container api is in CrashLoopBackOff', 'container api is in CrashLoopBackOff']);
  });

  it('that cannot be configured say what is missing', () => {
    const missing = pod(since, { waiting: 'CreateContainerConfigError', message: 'secret "db" not found' });
    expect(workloadHealth(rolling, [missing], since).message).toBe(
      'container api cannot start (CreateContainerConfigError): secret "db" not found',
    );
  });
});

const completedAt = since;
const during = { completedAt, progressTimeout: 10 * minute, now: completedAt + minute };
const short = object('Deployment', { ...complete, readyReplicas: 1, availableReplicas: 1 });

describe('after completion', () => {
  it.each<[string, LiveObject, readonly PodFacts[], Partial<Health>]>([
    ['what stays ready is healthy', object('Deployment', complete), [pod(since - minute)], { state: 'Healthy' }],
    [
      'a container that is ready no more loses the release at once',
      short,
      [pod(since - minute, { ready: false })],
      { state: 'Failed', reason: 'ReplicasLost' },
    ],
    [
      'even before the status of the workload says so',
      object('Deployment', complete),
      [pod(since - minute, { ready: false })],
      { state: 'Failed', reason: 'ReplicasLost' },
    ],
    [
      'a node that goes away is not its fault',
      short,
      [pod(since - minute, { ready: true }, { ready: false })],
      { state: 'Progressing' },
    ],
    [
      'a drained pod is not its fault',
      short,
      [pod(since - minute, { ready: false }, { deleting: true })],
      { state: 'Progressing' },
    ],
    [
      'an evicted pod is not its fault',
      short,
      [pod(since - minute, { ready: false }, { phase: 'Failed' })],
      { state: 'Progressing' },
    ],
    ['a missing replica is waited for', short, [pod(since - minute)], { state: 'Progressing' }],
    [
      'a replacement may take its time',
      short,
      [pod(since + second, { ready: false })],
      { state: 'Progressing', wakeAt: since + second + 10 * minute },
    ],
    [
      'a replacement that crashes fails it',
      short,
      [pod(since + second, crash)],
      { state: 'Failed', reason: 'CrashLoopBackOff' },
    ],
    [
      'an older pod that crashes fails it',
      short,
      [pod(since - minute, { ...crash, lastEndedAt: since + minute })],
      { state: 'Failed', reason: 'CrashLoopBackOff' },
    ],
  ])('%s', (_, live, pods, health) => {
    expect(observedHealth(live, pods, during)).toMatchObject(health);
  });

  it('a replacement that takes longer than progressTimeout fails it, at the very instant it said', () => {
    const pods = [pod(since + second, { ready: false })];
    const wakeAt = observedHealth(short, pods, during).wakeAt ?? 0;
    expect(observedHealth(short, pods, { ...during, now: wakeAt - 1 }).state).toBe('Progressing');
    expect(observedHealth(short, pods, { ...during, now: wakeAt })).toMatchObject({
      state: 'Failed',
      reason: 'ReplicasLost',
    });
  });
});

describe('a check', () => {
  it.each<[string, Parameters<typeof checkHealth>[1], Health['state']]>([
    ['without an answer', undefined, 'Unknown'],
    ['that has not passed yet', { consecutiveFailures: 1, succeededOnce: false, message: 'x' }, 'Progressing'],
    ['that passes', { consecutiveFailures: 0, succeededOnce: true, message: '' }, 'Healthy'],
    [
      'that failed once of the two times it may',
      { consecutiveFailures: 1, succeededOnce: true, message: 'x' },
      'Healthy',
    ],
    ['that failed too often', { consecutiveFailures: 2, succeededOnce: true, message: 'x' }, 'Failed'],
  ])('%s', (_, facts, state) => {
    expect(checkHealth(2, facts).state).toBe(state);
  });
});

const is = (state: Health['state'], wakeAt?: number): Health => ({
  state,
  reason: state,
  message: `is ${state}`,
  ...(wakeAt === undefined ? {} : { wakeAt }),
});
const ref = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name });

describe('a package', () => {
  const states = ['Healthy', 'Progressing', 'Unknown', 'Failed'] as const;

  it('is as healthy as its worst object, and names it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...states), { minLength: 1 }), (all) => {
        const objects = all.map((state, n) => ({ ref: ref(`d${n}`), health: is(state) }));
        const worst = states[Math.max(...all.map((state) => states.indexOf(state)))] ?? 'Healthy';
        const health = packageHealth({ objects, checks: [], during: 'Rollout' });
        expect(health.state).toBe(worst);
        expect(health.message).toBe(
          worst === 'Healthy' ? 'every object and check is healthy' : `Deployment/d${all.indexOf(worst)}: is ${worst}`,
        );
      }),
    );
  });

  it('is not judged by checks before everything runs, and always after completion', () => {
    const parts = {
      objects: [{ ref: ref('a'), health: is('Progressing') }],
      checks: [{ name: 'smoke', health: is('Failed') }],
    };
    expect(packageHealth({ ...parts, during: 'Rollout' }).state).toBe('Progressing');
    expect(packageHealth({ ...parts, during: 'Observation' })).toMatchObject({
      state: 'Failed',
      message: 'check smoke: is Failed',
    });
    const running = { ...parts, objects: [{ ref: ref('a'), health: is('Healthy') }] };
    expect(packageHealth({ ...running, during: 'Rollout' }).state).toBe('Failed');
  });

  it('is looked at again when the first of its parts is', () => {
    const objects = [5, 3, undefined].map((at, n) => ({ ref: ref(`d${n}`), health: is('Progressing', at) }));
    expect(packageHealth({ objects, checks: [], during: 'Observation' }).wakeAt).toBe(3);
  });

  it('of nothing is healthy', () => {
    expect(packageHealth({ objects: [], checks: [], during: 'Rollout' }).state).toBe('Healthy');
  });
});
