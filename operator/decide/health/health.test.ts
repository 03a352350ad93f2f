import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { aPolicy } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
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
} from './health.ts';
import type { ContainerFacts, LiveObject, NodeFacts, PodFacts } from '../objects.ts';
import { noSurroundings } from './node-cause.ts';
import { patienceOf } from './patience.ts';
import type { Health } from './types.ts';

/** A release that began and completed inside a second, as instants of ours do and those of the API server never do. */
const since = Date.parse('2026-03-11T15:00:00.700Z');
const second = 1000;
const minute = 60 * second;

const patience = patienceOf(undefined);
/** A moment after the release began, where no node is known. */
const judging: Judging = { since, now: since + 2 * second, patience, around: noSurroundings };

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
      'a StatefulSet that people update and have not updated',
      object('StatefulSet', { ...set, updatedReplicas: 0, updateRevision: 'b' }, onDelete),
      'Progressing',
      'RolloutInProgress',
    ],
    [
      'a StatefulSet that people have updated',
      object('StatefulSet', { ...set, updateRevision: 'b' }, onDelete),
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
      'a DaemonSet that people update and have not updated',
      object('DaemonSet', { ...daemons, updatedNumberScheduled: 0 }, onDelete),
      'Progressing',
      'RolloutInProgress',
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
    expect(workloadHealth(live, [], judging)).toMatchObject({ state, reason });
  });
});

const rolling = object('Deployment', { ...complete, replicas: 3, updatedReplicas: 1, readyReplicas: 2 });
const settled = object('Deployment', { ...complete, readyReplicas: 1 });
const crash = { ready: false, waiting: 'CrashLoopBackOff', restarts: 4 };
const old = { labels: { 'pod-template-hash': 'old' } };

describe('failing pods', () => {
  it.each(['InvalidImageName', 'ErrImageNeverPull'])('%s in a pod of the release fails it at once', (waiting) => {
    expect(workloadHealth(rolling, [pod(since + second, { ready: false, waiting })], judging)).toMatchObject({
      state: 'Failed',
      reason: waiting,
    });
  });

  it.each(['CrashLoopBackOff', 'CreateContainerError', 'RunContainerError'])(
    '%s fails a release once the container has restarted more often than is allowed',
    (waiting) => {
      const health = (restarts: number) =>
        workloadHealth(rolling, [pod(since + second, { ready: false, waiting, restarts })], judging);
      expect(health(3)).toMatchObject({ state: 'Progressing', wakeAt: since + second + 10 * minute });
      expect(health(3).message).toContain('it has up to 3 restarts and 600s to start');
      expect(health(4)).toMatchObject({ state: 'Failed', reason: waiting });
      expect(health(4).message).toContain('it restarted more than 3 times');
    },
  );

  it.each(['CrashLoopBackOff', 'ImagePullBackOff', 'CreateContainerConfigError'])(
    '%s may pass, and fails a release at the end of the time that is allowed',
    (waiting) => {
      const pods = [pod(since + second, { ready: false, waiting })];
      const { wakeAt = 0 } = workloadHealth(rolling, pods, judging);
      expect(wakeAt).toBe(since + second + 10 * minute);
      expect(workloadHealth(rolling, pods, { ...judging, now: wakeAt - 1 }).state).toBe('Progressing');
      expect(workloadHealth(rolling, pods, { ...judging, now: wakeAt })).toMatchObject({
        state: 'Failed',
        reason: waiting,
      });
    },
  );

  it('are allowed no longer than progressTimeout, whatever the policy says of restarts', () => {
    const pods = [pod(since + second, { ready: false, waiting: 'ImagePullBackOff' })];
    const within = (text: string) => {
      const health = { progressTimeout: '1m', restarts: { within: text } };
      return workloadHealth(rolling, pods, { ...judging, patience: patienceOf(aPolicy({ health })) }).wakeAt;
    };
    expect(within('10s')).toBe(since + second + 10 * second);
    expect(within('1h')).toBe(since + second + minute);
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
    expect(workloadHealth(live, pods, judging).state).toBe(state);
  });

  it('of a Job that are not there are looked for in its events', () => {
    const refused = object('Job', { startTime: '2026-01-01T00:00:00Z' });
    expect(workloadHealth(refused, [], judging).message).toBe(
      'the Job is not complete yet: it has no pod; where the API server refuses them (a quota, a policy, a ServiceAccount that is not there), its words are in: kubectl get events -n prod --field-selector involvedObject.kind=Job,involvedObject.name=api,reason=FailedCreate',
    );
    const over = object('Job', { startTime: '2026-01-01T00:00:00Z', failed: 1 });
    expect(workloadHealth(over, [], judging).message).toBe('the Job is not complete yet');
    expect(workloadHealth(object('Job', {}, { suspend: true }), [], judging).message).not.toContain('events');
  });

  it('of a Job are retried as often as the Job says, but not when they cannot start', () => {
    const job = object('Job', {});
    expect(workloadHealth(job, [pod(since, crash)], judging).state).toBe('Progressing');
    expect(workloadHealth(job, [pod(since, { waiting: 'InvalidImageName' })], judging).state).toBe('Failed');
  });

  it('are told in one sentence that does not change with the pod or the attempt', () => {
    const seen = [
      [pod(since, { ...crash, message: 'back-off 10s restarting' }), pod(since, { ...crash, name: 'b' })],
      [
        pod(since, { ...crash, name: 'b' }),
        pod(since, { ...crash, message: 'back-off 20s restarting' }, { name: 'api-y' }),
      ],
    ].map((pods) => workloadHealth(rolling, pods, judging).message);
    const said = 'container api is in CrashLoopBackOff: it restarted more than 3 times';
    expect(seen).toEqual([said, said]);
  });

  it('that cannot be configured say what is missing', () => {
    const missing = pod(since, { waiting: 'CreateContainerConfigError', message: 'secret "db" not found' });
    expect(workloadHealth(rolling, [missing], judging).message).toContain(
      'container api cannot start (CreateContainerConfigError): secret "db" not found',
    );
  });
});

const completedAt = since;
const during: Judging = { ...judging, since: completedAt, now: completedAt + minute };
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

  it('a pod that was made in the second of completion replaces one that went in it, and has the time of a replacement', () => {
    const made = (createdAt: number) => [pod(createdAt, { ready: false })];
    expect(observedHealth(short, made(completedAt - 700), during).state).toBe('Progressing');
    expect(observedHealth(short, made(completedAt - 1_700), during).state).toBe('Failed');
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

// --- what runs -----------------------------------------------------------------------------------------------------

const named = (name: string, revision: string, rest: Partial<PodFacts> = {}): PodFacts =>
  pod(
    since - minute,
    { ready: rest.ready ?? true },
    {
      name,
      uid: name,
      labels: { 'controller-revision-hash': revision },
      ...rest,
    },
  );

const updating: JsonObject = { ...set, currentRevision: 'a', updateRevision: 'b' };

describe('pods of an earlier revision', () => {
  it('that OnDelete leaves are named, with the command, and are not healthy', () => {
    const live = object('StatefulSet', { ...updating, updatedReplicas: 0 }, onDelete);
    const health = workloadHealth(live, [named('db-1', 'a'), named('db-0', 'a')], judging);
    expect(health).toMatchObject({ state: 'Progressing', reason: 'PodsNotReplaced' });
    expect(health.message).toContain('2 of 2 pods still run the revision before: db-0 and db-1');
    expect(health.message).toContain('kubectl delete pod db-0 db-1 -n prod');
    const replaced = object('StatefulSet', { ...updating, currentRevision: 'b' }, onDelete);
    expect(workloadHealth(replaced, [named('db-1', 'b'), named('db-0', 'b')], judging).state).toBe('Healthy');
  });

  it('of a DaemonSet that people update are told by the generation of its template', () => {
    const manifest = {
      metadata: { annotations: { 'deprecated.daemonset.template.generation': '2' } },
      spec: { updateStrategy: { type: 'OnDelete' } },
    };
    const live = { ...object('DaemonSet', { ...daemons, updatedNumberScheduled: 1 }), manifest };
    const labels = (hash: string, generation: string) => ({
      labels: { 'controller-revision-hash': hash, 'pod-template-generation': generation },
    });
    const pods = [named('agent-x', '', labels('old', '1')), named('agent-y', '', labels('new', '2'))];
    expect(workloadHealth(live, pods, judging).message).toContain(
      '1 of 2 pods still run the revision before: agent-x;',
    );
    // Back to what it was: no pod has the new generation, and both are counted as updated.
    const back = { ...live, status: daemons };
    const same = [named('agent-x', '', labels('old', '1')), named('agent-y', '', labels('old', '1'))];
    expect(workloadHealth(back, same, judging).state).toBe('Healthy');
  });

  it('of a DaemonSet under OnDelete are named with the command before anybody has replaced one', () => {
    const manifest = {
      metadata: { annotations: { 'deprecated.daemonset.template.generation': '2' } },
      spec: { updateStrategy: { type: 'OnDelete' } },
    };
    const live = { ...object('DaemonSet', { ...daemons, updatedNumberScheduled: 0 }), manifest };
    const labels = { 'controller-revision-hash': 'old', 'pod-template-generation': '1' };
    const pods = ['agent-y', 'agent-x'].map((name) => named(name, '', { labels }));
    const health = workloadHealth(live, pods, judging);
    expect(health).toMatchObject({ state: 'Progressing', reason: 'PodsNotReplaced' });
    expect(health.message).toContain('2 of 2 pods still run the revision before: agent-x and agent-y;');
    expect(health.message).toContain(
      'Somebody who may delete pods there does, in production a holder of operate: kubectl delete pod agent-x agent-y -n prod',
    );
  });

  it('are deleted by a command for some at a time, and it is said that there are others', () => {
    const live = object('StatefulSet', { ...updating, replicas: 7, updatedReplicas: 0 }, { ...onDelete, replicas: 7 });
    const pods = Array.from({ length: 7 }, (_, i) => named(`db-${i}`, 'a'));
    expect(workloadHealth(live, pods, judging).message).toMatch(
      /kubectl delete pod db-0 db-1 db-2 db-3 db-4 -n prod, then the 2 others$/,
    );
  });

  it('below a partition are rightly of it', () => {
    const live = object('StatefulSet', { ...updating, updatedReplicas: 1 }, partitioned);
    expect(workloadHealth(live, [named('db-0', 'a'), named('db-1', 'b')], judging).state).toBe('Healthy');
    expect(workloadHealth(live, [named('db-0', 'a'), named('db-1', 'a')], judging).message).toBe(
      'db-1 (revision a) still runs',
    );
  });

  it('of a StatefulSet that are being deleted do not count in a promotion, whatever its status counts', () => {
    const live = object('StatefulSet', { ...updating, updatedReplicas: 1 }, partitioned);
    const leaving = [named('db-0', 'a', { deleting: true }), named('db-1', 'b')];
    expect(workloadHealth(live, leaving, judging)).toMatchObject({
      state: 'Progressing',
      message: '1 of 2 pods are there and ready',
    });
  });

  it('that are on their way out do not hold a promotion up, and a rollback they do', () => {
    const pods = [pod(since + second), pod(since - minute, {}, { ...old, name: 'api-old-1', deleting: true })];
    const live = object('Deployment', { ...complete, replicas: 2 });
    expect(workloadHealth(live, pods, judging).state).toBe('Healthy');
    expect(restoredWorkload(live, pods, judging)).toMatchObject({
      state: 'Progressing',
      message: 'api-old-1 (revision old, being deleted) still runs',
    });
    const [standing] = pods;
    expect(restoredWorkload(live, standing === undefined ? [] : [standing, standing], judging).state).toBe('Healthy');
  });

  it('of a workload that goes back are counted themselves, for its status counts those that are about to go', () => {
    const live = object('StatefulSet', set);
    expect(restoredWorkload(live, [named('db-0', 'a'), named('db-1', 'a', { deleting: true })], judging)).toMatchObject(
      {
        state: 'Progressing',
        message: '1 of 2 pods are there and ready',
      },
    );
    expect(restoredWorkload(live, [named('db-0', 'a'), named('db-1', 'a')], judging).state).toBe('Healthy');
  });

  it('are told from the others by what the controller counts, whatever its last message names', () => {
    const live = object('Deployment', { ...complete, ...newReplicaSet });
    const labels = { 'pod-template-hash': 'other' };
    expect(restoredWorkload(live, [pod(since, {}, { labels }), pod(since, {}, { labels })], judging).state).toBe(
      'Healthy',
    );
  });

  it('of a workload that is gone run until they have ended', () => {
    expect(goneWorkload([named('new-1', 'a'), named('new-2', 'a', { phase: 'Failed' })]).message).toBe(
      'new-1 still runs',
    );
    expect(goneWorkload([named('new-2', 'a', { phase: 'Succeeded' })]).state).toBe('Healthy');
  });

  it('that are not ready keep a StatefulSet in order from replacing them, and only these are deleted', () => {
    const back = object('StatefulSet', { ...set, updateRevision: 'a' });
    const broken = named('db-1', 'b', { ready: false });
    const names = (live: LiveObject, pods: readonly PodFacts[]) => podsToDelete(live, pods).map(({ name }) => name);
    expect(names(back, [named('db-0', 'a'), broken])).toEqual(['db-1']);
    expect(names(back, [named('db-0', 'b'), named('db-1', 'a', { ready: false })])).toEqual([]);
    expect(names(back, [{ ...broken, deleting: true }])).toEqual([]);
    expect(names(object('StatefulSet', { ...set, observedGeneration: 2 }), [broken])).toEqual([]);
    expect(names(object('StatefulSet', set, { replicas: 2, podManagementPolicy: 'Parallel' }), [broken])).toEqual([]);
    expect(names(object('StatefulSet', set, onDelete), [broken])).toEqual([]);
    expect(names(object('StatefulSet', set, partitioned), [named('db-0', 'b', { ready: false })])).toEqual([]);
    expect(names(object('Deployment', complete), [pod(since, crash, old)])).toEqual([]);
  });
});

describe('a pod that is not ready', () => {
  it('is not healthy, though the status of its workload does not say so yet', () => {
    expect(workloadHealth(object('Deployment', complete), [pod(since, {}, { ready: false })], judging)).toMatchObject({
      state: 'Progressing',
      message: 'api-x is not ready',
    });
  });

  it('was ready for too short a time does not complete a release', () => {
    const pods = [pod(since, {}, { readySince: since + second })];
    const healthy = workloadHealth(object('Deployment', complete), pods, judging);
    const settling = settledHealth(healthy, pods, judging);
    expect(settling).toMatchObject({ state: 'Progressing', reason: 'Settling', wakeAt: since + 7 * second });
    expect(settledHealth(healthy, pods, { ...judging, now: since + 7 * second - 1 }).state).toBe('Progressing');
    expect(settledHealth(healthy, pods, { ...judging, now: since + 7 * second }).state).toBe('Healthy');
    expect(settledHealth(healthy, pods, { ...judging, patience: { ...patience, settle: 0 } }).state).toBe('Healthy');
  });
});

describe('the cause that is given', () => {
  const failing = (message: string): JsonObject => ({
    conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }],
  });

  it.each<[string, LiveObject, readonly PodFacts[], string]>([
    [
      'is the quota that refuses its pods, without the name that changes with each attempt',
      object('Deployment', {
        ...complete,
        updatedReplicas: 1,
        ...failing('pods "api-7d-x2z" is forbidden: exceeded quota: few, requested: pods=1'),
      }),
      [],
      '1 of 2 replicas are updated: its pods are refused (FailedCreate): exceeded quota: few, requested: pods=1',
    ],
    [
      'is the ServiceAccount that is missing',
      object('Deployment', {
        ...complete,
        updatedReplicas: 0,
        ...failing(
          'pods "api-7d-" is forbidden: error looking up service account prod/runner: serviceaccount "runner" not found',
        ),
      }),
      [],
      '0 of 2 replicas are updated: its pods are refused (FailedCreate): error looking up service account prod/runner: serviceaccount "runner" not found',
    ],
    [
      'is what the scheduler says',
      object('Deployment', { ...complete, readyReplicas: 1 }),
      [
        pod(
          since,
          {},
          { phase: 'Pending', ready: false, unschedulable: '0/3 nodes are available: 3 Insufficient cpu.' },
        ),
      ],
      '1 of 2 replicas are ready: no node can take pod api-x: 0/3 nodes are available: 3 Insufficient cpu.',
    ],
    [
      'is the node that cannot take the pod of a DaemonSet',
      object('DaemonSet', { ...daemons, numberReady: 1 }),
      [named('agent-x', 'a', { ready: false, nodeName: 'node-2', unschedulable: '1 Insufficient memory' })],
      '1 of 2 nodes are ready: node node-2 cannot take its pod: 1 Insufficient memory',
    ],
    [
      'is the image that cannot be pulled',
      object('Deployment', { ...complete, readyReplicas: 1 }),
      [pod(since + second, { ready: false, waiting: 'ImagePullBackOff' })],
      '1 of 2 replicas are ready: container api is in ImagePullBackOff; it has 600s to start',
    ],
    [
      'is the pod that is not ready',
      object('Deployment', { ...complete, readyReplicas: 1 }),
      [pod(since, {}, { ready: false })],
      '1 of 2 replicas are ready: api-x is not ready',
    ],
    [
      'is the broken pod of before that keeps a StatefulSet from going on',
      object('StatefulSet', { ...updating, readyReplicas: 1, updatedReplicas: 0 }),
      [named('db-0', 'a'), named('db-1', 'z', { ready: false })],
      '0 of 2 replicas are updated: db-1 of an earlier revision is not ready',
    ],
    [
      'is the pod of a StatefulSet that does not come to be',
      object('StatefulSet', { ...set, replicas: 1, updatedReplicas: 1, readyReplicas: 1 }),
      [named('db-0', 'a')],
      '1 of 2 replicas are updated: 1 of 2 pods exist; what keeps the next one away is in its events: kubectl describe statefulset api -n prod',
    ],
    [
      'is the pods of a DaemonSet that do not come to be',
      object('DaemonSet', { ...daemons, currentNumberScheduled: 0, updatedNumberScheduled: 0, numberReady: 0 }),
      [],
      '0 of 2 nodes are given a pod: 0 of 2 pods exist, and its status does not say why; the API server refuses them (a quota, a policy, a ServiceAccount that is not there) with its words in: kubectl get events -n prod --field-selector involvedObject.kind=DaemonSet,involvedObject.name=api,reason=FailedCreate',
    ],
    [
      'of a Job is the reason that Kubernetes gives',
      object('Job', {
        conditions: [
          {
            type: 'FailureTarget',
            status: 'True',
            reason: 'BackoffLimitExceeded',
            message: 'Job has reached the specified backoff limit',
          },
        ],
      }),
      [],
      'the Job failed (BackoffLimitExceeded): Job has reached the specified backoff limit',
    ],
  ])('%s', (_, live, pods, message) => {
    expect(workloadHealth(live, pods, judging).message).toBe(message);
  });
});

// --- nodes ---------------------------------------------------------------------------------------------------------

const aNode = (facts: Partial<NodeFacts> = {}): NodeFacts => ({
  name: 'node-1',
  ready: true,
  readySince: since - 60 * minute,
  bootID: 'a',
  rebootedAt: undefined,
  unreachable: false,
  ...facts,
});

const on = (node: NodeFacts, others: readonly PodFacts[] = []): Judging => ({
  ...during,
  around: { nodes: new Map([[node.name, node]]), others: new Map([[node.name, others]]) },
});
const there = { nodeName: 'node-1' };
const lost = [pod(since - minute, { ready: false }, { ...there, unreadySince: since + minute })];

describe('a node that may be the cause', () => {
  it('is not assumed: a container that loses readiness on a node that is ready and was not restarted fails at once', () => {
    expect(observedHealth(short, lost, on(aNode()))).toMatchObject({ state: 'Failed', reason: 'ReplicasLost' });
  });

  it.each<[string, NodeFacts, readonly PodFacts[], string]>([
    [
      'was rebooted',
      aNode({ bootID: 'b', rebootedAt: since + 50 * second }),
      lost,
      'node node-1 was rebooted: it has 60s to be ready again',
    ],
    [
      'was not ready',
      aNode({ readySince: since + 50 * second }),
      lost,
      'node node-1 was not ready: it has 60s to be ready again',
    ],
    [
      'is about to lose the pod',
      aNode(),
      [{ ...lost[0]!, disruption: { reason: 'PreemptionByScheduler', since: since + 50 * second } }],
      'it is to leave its node (PreemptionByScheduler): it has 60s to be ready again',
    ],
    [
      'lost the sandbox of the container',
      aNode(),
      [
        pod(
          since - minute,
          {
            ready: false,
            restarts: 1,
            lastEndedAt: since + 50 * second,
            lastEnd: { exitCode: 255, reason: 'Unknown' },
          },
          there,
        ),
      ],
      "container api was lost with its node's runtime: it has 60s to be ready again",
    ],
  ])('%s: the pod has nodeGrace from then on, and not a moment more', (_, node, pods, says) => {
    const judged = on(node);
    const until = since + 110 * second;
    expect(observedHealth(short, pods, judged)).toMatchObject({
      state: 'Progressing',
      message: `container api was ready when the release completed and is not any more; ${says}`,
      wakeAt: until,
    });
    expect(observedHealth(short, pods, { ...judged, now: until - 1 }).state).toBe('Progressing');
    expect(observedHealth(short, pods, { ...judged, now: until }).state).toBe('Failed');
    const strict = { ...judged, patience: { ...patience, nodeGrace: 0 } };
    expect(observedHealth(short, pods, strict).state).toBe('Failed');
  });

  it.each([{ ready: false, readySince: undefined }, { unreachable: true }])(
    'and is away (%p) is waited for until it is back',
    (facts) => {
      const health = observedHealth(short, lost, on(aNode(facts)));
      expect(health).toMatchObject({ state: 'Progressing', reason: 'NodeTrouble' });
      expect(health.message).toContain('node node-1 is not ready: it is judged 60s after the node is back');
      expect(health.wakeAt).toBeUndefined();
    },
  );

  it('is named when it stopped, and left its containers as they were', () => {
    const stopped = [pod(since - minute, {}, { ...there, ready: false })];
    const health = observedHealth(short, stopped, on(aNode({ unreachable: true })));
    expect(health.state).toBe('Progressing');
    expect(health.message).toContain('api-x is not ready; node node-1 is not ready');
    const restarting = object('Deployment', { ...complete, readyReplicas: 2 });
    expect(workloadHealth(restarting, stopped, on(aNode({ ready: false }))).message).toBe(
      'api-x is not ready; node node-1 is not ready',
    );
    expect(observedHealth(short, stopped, on(aNode())).message).not.toContain('node-1');
  });

  it('restarted containers of other packages at the same time, and only these count', () => {
    const restarted = (at: number) => pod(since - minute, { ready: false, restarts: 1, lastEndedAt: at }, there);
    const ours = [restarted(since + 50 * second)];
    expect(observedHealth(short, ours, on(aNode(), [restarted(since + 55 * second)])).message).toContain(
      'containers of other packages on node node-1 restarted with it',
    );
    expect(observedHealth(short, ours, on(aNode(), [restarted(since + 20 * second)])).state).toBe('Failed');
  });

  it('does not excuse a pod that came after it was back, nor what was before the release', () => {
    const after = [pod(since - minute, { ready: false }, there)];
    expect(observedHealth(short, after, on(aNode({ readySince: since - second * 10 }))).state).toBe('Failed');
    const fresh = [pod(since + second, { ...crash }, there)];
    expect(observedHealth(short, fresh, on(aNode({ readySince: since }))).state).toBe('Failed');
  });

  it('is not told by crash loops: what restarts again and again beside another package that does is not excused', () => {
    const looping = (restarts: number) =>
      pod(since - minute, { ready: false, restarts, lastEndedAt: since + 50 * second }, there);
    const [few, many] = [looping(patience.mostRestarts), looping(patience.mostRestarts + 1)];
    expect(observedHealth(short, [few], on(aNode(), [few])).state).toBe('Progressing');
    expect(observedHealth(short, [many], on(aNode(), [few])).state).toBe('Failed');
    expect(observedHealth(short, [few], on(aNode(), [many])).state).toBe('Failed');
  });

  it('of a DaemonSet does not hold a release up, up to maxUnavailable', () => {
    const pods = [named('agent-x', 'a', { nodeName: 'node-0' }), named('agent-y', 'a', { ...there, ready: false })];
    const live = object('DaemonSet', { ...daemons, numberReady: 1, numberAvailable: 1 }, {});
    expect(workloadHealth(live, pods, on(aNode({ ready: false })))).toMatchObject({
      state: 'Healthy',
      message: 'every node that is ready runs it; node-1 is not ready',
    });
    expect(workloadHealth(live, pods, on(aNode())).state).toBe('Progressing');
    const begun = object('DaemonSet', { ...daemons, numberReady: 1, updatedNumberScheduled: 0 }, {});
    expect(workloadHealth(begun, pods, on(aNode({ ready: false }))).state).toBe('Progressing');
    const strict = { ...live, manifest: { spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } } } };
    expect(workloadHealth(strict, pods, on(aNode({ ready: false }))).state).toBe('Progressing');
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
