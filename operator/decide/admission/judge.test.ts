import { describe, expect, test } from '@jest/globals';
import {
  anAdmissionRequest,
  inShort,
  judgedWith,
  operator,
  restorer,
} from '../../../test/support/builders/admission.ts';
import {
  aBundle,
  anIntent,
  aNamespace,
  anObject,
  aPackageRecord,
  aPolicy,
  aRecord,
  aDeployment,
  digestOf,
  now,
} from '../../../test/support/builders/decide.ts';
import type { Bundle } from '../bundle.ts';
import type { JsonObject } from '../../api/meta.ts';
import { judgeAdmission } from './judge.ts';
import { admittedAct } from './admitted-entry.ts';
import { gateIsHere } from './release-writers.ts';
import type { AdmissionRequest } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';
import { digestOf as digest } from '../json/canonical.ts';
import type { Answer } from '../api-queries.ts';
import { jobFinalizer } from '../../api/kinds.ts';
import { jobName } from '../manifest/normal-form.ts';
import { asKey } from '../objects.ts';
import type { JobEnd } from '../record/jobs.ts';
import type { OpenIntent, PackageRecord, ProductionFact } from '../record/package.ts';

const next = aBundle({
  removed: [
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'old' },
    { apiVersion: 'v1', kind: 'Service', name: 'old' },
  ],
  unmanaged: [{ kind: 'Deployment', name: 'api', fields: ['spec.replicas'] }],
});
const before = aBundle({
  name: next.previous,
  digest: digestOf('b'),
  objects: [anObject('ConfigMap', 'api-config', { data: { level: 'warn' } }), aDeployment()],
});

/** Before there was a Deployment. */
const smaller = aBundle({ name: 'smaller', objects: before.objects.slice(0, 1) });
/** Of another package. */
const others = aBundle({ name: 'others', objects: [anObject('ConfigMap', 'old', { data: {} })] });

const intent = (given: Partial<OpenIntent> = {}): OpenIntent =>
  anIntent(next, { from: before.name, fromDigest: before.digest, ...given });

const inProduction = (given: Partial<ProductionFact> = {}): ProductionFact => ({
  bundle: next.name,
  digest: next.digest,
  candidateUid: next.candidate.uid,
  previous: before.name,
  at: now - 1_000,
  observeUntil: now - 500,
  how: 'Promoted',
  ...given,
});

const back = intent({
  type: 'Rollback',
  to: before.name,
  toDigest: before.digest,
  from: next.name,
  fromDigest: next.digest,
});
/** Production ran it, by the record. */
const ran = new Map([[before.name, { digest: before.digest, previous: '' }]]);

const snapshot = (pkg: Partial<PackageRecord> = {}, given: Partial<AdmissionSnapshot> = {}): AdmissionSnapshot => ({
  operator,
  restorer,
  change: undefined,
  place: aNamespace(),
  policy: aPolicy({
    deliveredBy: 'GitOps',
    gitOpsWriters: ['system:serviceaccount:argocd:controller'],
    platformWriters: [{ identity: 'system:serviceaccount:es:controller', kind: 'Secret', names: ['db'] }],
    operate: { scale: [{ kind: 'Deployment', name: 'api', min: 2, max: 8 }] },
  }),
  record: { ...aRecord(), packages: new Map([['payments', aPackageRecord(pkg)]]) },
  bundle: (name) => [next, before].find((bundle) => bundle.name === name),
  accesses: () => [],
  grant: undefined,
  answers: new Map(),
  digestOf: digest,
  now,
  serverTime: { earliest: now, latest: now },
  skewMs: 0,
  ...given,
});

const resources: Readonly<Record<string, string>> = {
  ConfigMap: 'configmaps',
  Secret: 'secrets',
  Service: 'services',
  Deployment: 'deployments.apps',
  Job: 'jobs.batch',
  Scale: 'deployments.apps',
  Pod: 'pods',
  Namespace: 'namespaces',
  Role: 'roles.rbac.authorization.k8s.io',
  Approval: 'approvals.countersign.dev',
};

const request = (
  username: string,
  kind: string,
  name: string,
  given: Partial<AdmissionRequest> = {},
): AdmissionRequest =>
  anAdmissionRequest(username, resources[kind] ?? 'unknown', {
    as: kind,
    name,
    object: undefined,
    oldObject: undefined,
    ...given,
  });

/** As the API server would keep it: with metadata of its own. */
const stored = (content: JsonObject, more: JsonObject = {}): JsonObject => {
  const metadata = content['metadata'] as JsonObject;
  return { ...content, metadata: { ...metadata, uid: 'u', resourceVersion: '7', ...more }, status: {} };
};

const config = next.objects[0]?.content ?? {};
const configBefore = before.objects[0]?.content ?? {};
const api = next.objects[1]?.content ?? {};

const argo = 'system:serviceaccount:argocd:controller';
const write = (who: string, object: JsonObject, oldObject = stored(configBefore)) =>
  request(who, 'ConfigMap', 'api-config', { object, oldObject });
const remove = (who: string, kind: string, name: string) =>
  request(who, kind, name, { operation: 'DELETE', oldObject: stored(anObject(kind, name).content) });

/** What the older release says of a claim, and what may be written over one that has grown and was given a class since. */
const claim = (storage: string, storageClassName?: string) =>
  anObject('PersistentVolumeClaim', 'data', {
    spec: {
      resources: { requests: { storage } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  });
const small = aBundle({ name: before.name, digest: before.digest, objects: [claim('1Gi')] });

const grown: readonly [string, AdmissionRequest, AdmissionSnapshot, string][] = (
  [
    [
      'the restorer leaves a claim as large as it is, in its class',
      claim('2Gi', 'later'),
      claim('2Gi', 'later'),
      'allowed',
    ],
    ['the restorer lets a claim grow', claim('3Gi', 'later'), claim('2Gi', 'later'), 'ContentNotApproved'],
    ['the restorer creates a claim as the release has it', claim('1Gi'), undefined, 'allowed'],
    ['the restorer creates a claim that the API server gave a class', claim('1Gi', 'later'), undefined, 'allowed'],
    ['the restorer creates a larger claim', claim('2Gi'), undefined, 'ContentNotApproved'],
    ['the restorer gives a claim a class', claim('1Gi', 'later'), claim('1Gi'), 'ContentNotApproved'],
  ] as const
).map(([sentence, object, old, code]) => [
  sentence,
  request(restorer, 'PersistentVolumeClaim', 'data', {
    operation: old === undefined ? 'CREATE' : 'UPDATE',
    object: stored(object.content),
    oldObject: old && stored(old.content),
  }),
  { ...snapshot({ open: back, ran }), bundle: (name) => [next, small].find((bundle) => bundle.name === name) },
  code,
]);
/** A release with a Job, and that Job as it lives in production. */
const withJob = aBundle({ name: 'with-job', objects: [anObject('Job', 'migrate', { spec: { parallelism: 1 } })] });
const jobLive = jobName('migrate', withJob.digest);
const held = anObject('Job', jobLive, { spec: { parallelism: 1 } }).content;
const heldBy = (...finalizers: readonly string[]): JsonObject => stored(held, { finalizers: [...finalizers] });
const jobWrite = (who: string, object: JsonObject, oldObject?: JsonObject) =>
  request(who, 'Job', jobLive, { object, oldObject, operation: oldObject === undefined ? 'CREATE' : 'UPDATE' });
const runningJob = (outcome?: JobEnd['outcome']) =>
  snapshot(
    {
      open: anIntent(withJob),
      jobs: new Map(outcome && [[asKey(`Job/${jobLive}`), { outcome, intent: 'intent-0', message: '' }]]),
    },
    { bundle: () => withJob },
  );

/** A release drops a StatefulSet whose claims would go with it. */
const set = (replicas: number, whenDeleted: string) =>
  anObject('StatefulSet', 'db', {
    spec: {
      replicas,
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
      persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled: 'Retain' },
    },
  }).content;
const running = set(3, 'Delete');
const [keeps, gives] = [[], [{ kind: 'StatefulSet', name: 'db', fields: [], reason: 'moved' }]].map((irreversible) => ({
  ...next,
  removed: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' }],
  irreversible,
}));
const isIn = (bundle: Bundle | undefined, pkg: Partial<PackageRecord>): AdmissionSnapshot => ({
  ...snapshot(pkg),
  bundle: (name) => [bundle, before].find((each) => each?.name === name),
});
const parks = (object: JsonObject) =>
  request(operator, 'StatefulSet', 'db', { operation: 'UPDATE', object: stored(object), oldObject: stored(running) });
const deletes = (who: string, object: JsonObject) =>
  request(who, 'StatefulSet', 'db', { operation: 'DELETE', oldObject: stored(object) });
const settled = { production: inProduction() };

/** The release gone back to has the set, and leaves its replicas to others. */
const scaledByOthers = {
  ...before,
  objects: [anObject('StatefulSet', 'db', set(3, 'Retain'))],
  unmanaged: [{ kind: 'StatefulSet', name: 'db', fields: ['spec.replicas'] }],
};
const startsAgain = (dropped: boolean): AdmissionSnapshot => ({
  ...snapshot({ open: back, ran }),
  bundle: (name) => (name === before.name ? scaledByOthers : dropped ? keeps : next),
});
const starts = request(restorer, 'StatefulSet', 'db', {
  operation: 'UPDATE',
  object: stored(set(3, 'Retain')),
  oldObject: stored(set(0, 'Retain')),
});

const dropping: typeof grown = [
  ['the restorer starts a parked set again, though others scale it', starts, startsAgain(true), 'allowed'],
  ['the restorer scales a set that others scale', starts, startsAgain(false), 'ContentNotApproved'],
  [
    'the operator parks a set that a release drops',
    parks(set(0, 'Retain')),
    isIn(keeps, { open: intent() }),
    'allowed',
  ],
  ['the operator scales it', parks(set(1, 'Retain')), isIn(keeps, { open: intent() }), 'ContentNotApproved'],
  [
    'the operator parks it with its claims',
    parks(set(0, 'Delete')),
    isIn(keeps, { open: intent() }),
    'ContentNotApproved',
  ],
  ['and does so where that was signed for', parks(set(0, 'Delete')), isIn(gives, { open: intent() }), 'allowed'],
  ['the operator parks it with nothing open', parks(set(0, 'Retain')), isIn(keeps, settled), 'NoReleaseUnderWay'],
  [
    'the operator deletes it at once',
    deletes(operator, set(0, 'Retain')),
    isIn(keeps, { open: intent() }),
    'NoReleaseUnderWay',
  ],
  ['the operator deletes it after observation', deletes(operator, set(0, 'Retain')), isIn(keeps, settled), 'allowed'],
  [
    'the operator deletes it with its claims',
    deletes(operator, set(0, 'Delete')),
    isIn(keeps, settled),
    'ClaimsWouldGo',
  ],
  [
    'the operator does so where that was signed for',
    deletes(operator, set(0, 'Delete')),
    isIn(gives, settled),
    'allowed',
  ],
  [
    'a GitOps tool deletes it with its claims',
    deletes(argo, running),
    isIn(keeps, { open: intent() }),
    'ClaimsWouldGo',
  ],
  ['a GitOps tool deletes it later with its claims', deletes(argo, running), isIn(keeps, settled), 'ClaimsWouldGo'],
  [
    'a GitOps tool does so where that was signed for',
    deletes(argo, running),
    isIn(gives, { open: intent() }),
    'allowed',
  ],
];
/** A pod of StatefulSet db is deleted. */
const deletedPod = (who: string, { kind = 'StatefulSet', owner = 'db', ready = 'False' } = {}): AdmissionRequest =>
  request(who, 'Pod', `${owner}-1`, {
    operation: 'DELETE',
    oldObject: {
      metadata: { name: `${owner}-1`, ownerReferences: [{ kind, name: owner, uid: 'u', controller: true }] },
      status: { conditions: [{ type: 'Ready', status: ready }] },
    },
  });

const stateful = (updateStrategy: JsonObject, given = before) =>
  aBundle({
    name: given.name,
    digest: given.digest,
    objects: [anObject('StatefulSet', 'db', { spec: { replicas: 2, updateStrategy } })],
  });

/** A package that holds StatefulSet db goes back. */
const statefulBack: AdmissionSnapshot = {
  ...snapshot({ open: back, ran }),
  bundle: (name) => [next, stateful({ type: 'RollingUpdate' })].find((bundle) => bundle.name === name),
};

const rows: readonly [string, AdmissionRequest, AdmissionSnapshot, string][] = [
  [
    'the operator makes a Job, with the finalizer of the record',
    jobWrite(operator, heldBy(jobFinalizer)),
    runningJob(),
    'allowed',
  ],
  [
    'the operator makes a Job again that the record calls complete',
    jobWrite(operator, heldBy(jobFinalizer)),
    runningJob('Complete'),
    'JobIsDone',
  ],
  [
    'the operator deletes a Job that failed under an earlier promotion',
    remove(operator, 'Job', jobLive),
    runningJob('Failed'),
    'allowed',
  ],
  ['the operator deletes a Job that runs', remove(operator, 'Job', jobLive), runningJob(), 'NoReleaseUnderWay'],
  [
    'the operator deletes a Job that is complete',
    remove(operator, 'Job', jobLive),
    runningJob('Complete'),
    'NoReleaseUnderWay',
  ],
  ['a GitOps tool makes it again', jobWrite(argo, stored(held)), runningJob('Complete'), 'JobIsDone'],
  [
    'a Job that failed under another promotion is made again',
    jobWrite(operator, stored(held)),
    runningJob('Failed'),
    'allowed',
  ],
  ...(
    [
      ['that is complete by the record and still runs', [], 'JobNotComplete'],
      ['that is complete, by the record too', [{ type: 'Complete', status: 'True' }], 'allowed'],
    ] as const
  ).map(([what, conditions, expected]): [string, AdmissionRequest, AdmissionSnapshot, string] => [
    `the operator lets go of a Job ${what}`,
    jobWrite(operator, { ...heldBy(), status: { conditions } }, { ...heldBy(jobFinalizer), status: { conditions } }),
    runningJob('Complete'),
    expected,
  ]),
  ...[operator, restorer].flatMap((who): [string, AdmissionRequest, AdmissionSnapshot, string][] => [
    [
      `${who} lets go of a Job`,
      jobWrite(who, heldBy('foregroundDeletion'), heldBy('foregroundDeletion', jobFinalizer)),
      snapshot(),
      'allowed',
    ],
    [
      `${who} takes another finalizer along`,
      jobWrite(who, heldBy(), heldBy('example.com/theirs', jobFinalizer)),
      snapshot(),
      'NoReleaseUnderWay',
    ],
    [
      `${who} changes a Job while it lets go of it`,
      jobWrite(who, { ...heldBy(), spec: { parallelism: 2 } }, heldBy(jobFinalizer)),
      snapshot(),
      'NoReleaseUnderWay',
    ],
  ]),
  ['the operator writes what was signed for', write(operator, stored(config)), snapshot({ open: intent() }), 'allowed'],
  [
    'the operator writes something else',
    write(operator, stored({ ...config, data: { level: 'debug' } })),
    snapshot({ open: intent() }),
    'ContentNotApproved',
  ],
  ['the operator writes with nothing open', write(operator, stored(config)), snapshot(), 'NoReleaseUnderWay'],
  [
    'the operator writes after a rejection',
    write(operator, stored(config)),
    snapshot({ open: intent({ rejected: true }) }),
    'ReleaseEnded',
  ],
  [
    'the operator writes under a rollback, which is not its to do',
    write(operator, stored(config)),
    snapshot({ open: back }),
    'NoReleaseUnderWay',
  ],
  [
    'the operator ties the object to an owner that would take it along',
    write(operator, stored(config, { ownerReferences: [{ name: 'x', uid: 'x' }] })),
    snapshot({ open: intent() }),
    'ContentNotApproved',
  ],
  [
    'the operator puts a finalizer of its own on what it creates',
    request(operator, 'ConfigMap', 'api-config', {
      operation: 'CREATE',
      object: stored(config, { finalizers: ['example.com/mine'] }),
    }),
    snapshot({ open: intent() }),
    'ContentNotApproved',
  ],
  [
    'the operator keeps the replicas of an autoscaler',
    request(operator, 'Deployment', 'api', {
      object: stored({ ...api, spec: { ...(api['spec'] as JsonObject), replicas: 9 } }),
      oldObject: stored({ ...api, spec: { ...(api['spec'] as JsonObject), replicas: 9 } }),
    }),
    snapshot({ open: intent() }),
    'allowed',
  ],
  [
    'the operator changes the replicas of an autoscaler',
    request(operator, 'Deployment', 'api', {
      object: stored({ ...api, spec: { ...(api['spec'] as JsonObject), replicas: 0 } }),
      oldObject: stored({ ...api, spec: { ...(api['spec'] as JsonObject), replicas: 9 } }),
    }),
    snapshot({ open: intent() }),
    'ContentNotApproved',
  ],
  [
    'the operator writes an object that no bundle holds',
    request(operator, 'ConfigMap', 'other', { operation: 'CREATE', object: stored(config) }),
    snapshot({ open: intent() }),
    'NoReleaseUnderWay',
  ],
  [
    'the operator forges a status',
    request(operator, 'Deployment', 'api', { subresource: 'status', object: stored(api), oldObject: stored(api) }),
    snapshot({ open: intent() }),
    'NotPartOfReleases',
  ],
  [
    'the operator deletes what the release drops',
    remove(operator, 'ConfigMap', 'old'),
    snapshot({ open: intent() }),
    'allowed',
  ],
  [
    'the operator deletes a dropped Service at once',
    remove(operator, 'Service', 'old'),
    snapshot({ open: intent() }),
    'NoReleaseUnderWay',
  ],
  [
    'the operator deletes a dropped Service after observation',
    remove(operator, 'Service', 'old'),
    snapshot({ production: inProduction() }),
    'allowed',
  ],
  [
    'the operator deletes a dropped Service while it is observed',
    remove(operator, 'Service', 'old'),
    snapshot({ production: inProduction({ observeUntil: now + 1 }) }),
    'NoReleaseUnderWay',
  ],
  [
    'the operator deletes a component',
    remove(operator, 'ConfigMap', 'api-config'),
    snapshot({ open: intent() }),
    'NoReleaseUnderWay',
  ],
  [
    'the restorer goes back to what production ran',
    write(restorer, stored(configBefore), stored(config)),
    snapshot({ open: back, ran }),
    'allowed',
  ],
  [
    'the restorer goes back to what production never ran',
    write(restorer, stored(config), stored(config)),
    snapshot({ open: intent({ type: 'Rollback', to: next.name, from: before.name }) }),
    'NeverInProduction',
  ],
  [
    'the restorer writes something else',
    write(restorer, stored(config), stored(config)),
    snapshot({ open: back, ran }),
    'ContentNotApproved',
  ],
  [
    'the restorer deletes what cannot be written as it was',
    request(restorer, 'ConfigMap', 'api-config', {
      operation: 'DELETE',
      oldObject: stored({ ...config, immutable: true }),
    }),
    snapshot({ open: back, ran }),
    'allowed',
  ],
  [
    'the restorer deletes what can be written as it was',
    request(restorer, 'ConfigMap', 'api-config', { operation: 'DELETE', oldObject: stored(config) }),
    snapshot({ open: back, ran }),
    'NoReleaseUnderWay',
  ],
  [
    'the operator deletes what cannot be written as it is to be',
    request(operator, 'ConfigMap', 'api-config', {
      operation: 'DELETE',
      oldObject: stored({ ...config, immutable: true, data: {} }),
    }),
    snapshot({ open: intent() }),
    'NoReleaseUnderWay',
  ],
  ...grown,
  ...dropping,
  ['the restorer writes with nothing open', write(restorer, stored(configBefore)), snapshot(), 'NoReleaseUnderWay'],
  [
    'the restorer deletes a pod that keeps its StatefulSet from going back',
    deletedPod(restorer),
    statefulBack,
    'allowed',
  ],
  ['the restorer deletes a pod with nothing open', deletedPod(restorer), snapshot(), 'NoReleaseUnderWay'],
  [
    'the restorer deletes a pod while a promotion is open',
    deletedPod(restorer),
    { ...statefulBack, record: snapshot({ open: intent() }).record },
    'NoReleaseUnderWay',
  ],
  [
    'the restorer deletes a pod of a StatefulSet that does not go back',
    deletedPod(restorer, { owner: 'other' }),
    statefulBack,
    'NoReleaseUnderWay',
  ],
  [
    'the restorer deletes a pod that is ready',
    deletedPod(restorer, { ready: 'True' }),
    statefulBack,
    'NoReleaseUnderWay',
  ],
  [
    'the restorer deletes a pod of a Deployment',
    deletedPod(restorer, { kind: 'ReplicaSet' }),
    statefulBack,
    'NoReleaseUnderWay',
  ],
  ['the operator deletes a pod under a rollback', deletedPod(operator), statefulBack, 'NoReleaseUnderWay'],
  ['the restorer promotes', write(restorer, stored(config)), snapshot({ open: intent() }), 'NoReleaseUnderWay'],
  [
    'the restorer writes though the record is broken',
    write(restorer, stored(configBefore), stored(config)),
    {
      ...snapshot({ open: back, ran }),
      record: { ...snapshot({ open: back, ran }).record, broken: 'x' },
    },
    'allowed',
  ],
  [
    'the operator writes though the record is broken',
    write(operator, stored(config)),
    { ...snapshot({ open: intent() }), record: { ...snapshot({ open: intent() }).record, broken: 'x' } },
    'RecordBroken',
  ],
  ['a GitOps tool writes what was signed for', write(argo, stored(config)), snapshot({ open: intent() }), 'allowed'],
  [
    'a GitOps tool writes what production has by right',
    write(argo, stored(config), stored(configBefore)),
    snapshot({ production: inProduction() }),
    'allowed',
  ],
  [
    'a GitOps tool writes the release before it was opened',
    write(argo, stored(config)),
    snapshot({ production: inProduction({ bundle: before.name, digest: before.digest }) }),
    'ContentNotApproved',
  ],
  [
    'a GitOps tool leaves its notes in what was signed for',
    write(
      argo,
      stored(config, {
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: { 'argocd.argoproj.io/tracking-id': 'x', 'meta.helm.sh/release-name': 'y' },
      }),
    ),
    snapshot({ open: intent() }),
    'allowed',
  ],
  [
    'a GitOps tool adds a label of its own choice',
    write(argo, stored(config, { labels: { team: 'x' } })),
    snapshot({ open: intent() }),
    'ContentNotApproved',
  ],
  [
    'the operator may not leave such a label',
    write(operator, stored(config, { labels: { 'app.kubernetes.io/managed-by': 'Helm' } })),
    snapshot({ open: intent() }),
    'ContentNotApproved',
  ],
  [
    'a GitOps tool prunes what the release drops',
    remove(argo, 'ConfigMap', 'old'),
    snapshot({ open: intent() }),
    'allowed',
  ],
  [
    'a GitOps tool prunes something else',
    remove(argo, 'ConfigMap', 'api-config'),
    snapshot({ open: intent() }),
    'NoReleaseUnderWay',
  ],
  [
    'a GitOps tool prunes for a release that was rejected meanwhile',
    remove(argo, 'ConfigMap', 'old'),
    snapshot({ open: intent({ rejected: true }) }),
    'ReleaseEnded',
  ],
  [
    'a GitOps tool prunes what the release in production dropped',
    remove(argo, 'ConfigMap', 'old'),
    snapshot({ production: inProduction() }),
    'allowed',
  ],
  [
    'a GitOps tool prunes what it dropped after another package has taken the name',
    remove(argo, 'ConfigMap', 'old'),
    {
      ...snapshot(),
      record: {
        ...aRecord(),
        packages: new Map([
          ['payments', aPackageRecord({ production: inProduction() })],
          ['other', aPackageRecord({ production: inProduction({ bundle: others.name, digest: others.digest }) })],
        ]),
      },
      bundle: (name) => [next, others].find((bundle) => bundle.name === name),
    },
    'NoReleaseUnderWay',
  ],
  [
    'a GitOps tool that goes back takes away what the failed release added',
    remove(argo, 'Deployment', 'api'),
    snapshot({ open: { ...back, to: smaller.name } }, { bundle: (name) => (name === next.name ? next : smaller) }),
    'allowed',
  ],
  [
    'a GitOps tool that goes back takes away what the earlier release holds',
    remove(argo, 'ConfigMap', 'api-config'),
    snapshot({ open: back }),
    'NoReleaseUnderWay',
  ],
  [
    'a GitOps tool takes away what a release added that has not failed',
    remove(argo, 'Deployment', 'api'),
    snapshot({ production: inProduction() }),
    'NoReleaseUnderWay',
  ],
  [
    'a GitOps tool keeps its release Secret',
    request(argo, 'Secret', 'sh.helm.release.v1.x.v1', {
      operation: 'CREATE',
      object: { kind: 'Secret', type: 'helm.sh/release.v1', metadata: {} },
    }),
    snapshot(),
    'allowed, GitOps is recorded',
  ],
  [
    'a GitOps tool writes any other Secret',
    request(argo, 'Secret', 'db', { operation: 'CREATE', object: { kind: 'Secret', type: 'Opaque', metadata: {} } }),
    snapshot(),
    'NoReleaseUnderWay',
  ],
  [
    'a declared program writes its object',
    request('system:serviceaccount:es:controller', 'Secret', 'db', {
      object: stored({ kind: 'Secret', metadata: { name: 'db' } }),
      oldObject: stored({ kind: 'Secret', metadata: { name: 'db' } }),
    }),
    snapshot(),
    'allowed, PlatformWriter is recorded',
  ],
  [
    'a declared program writes another object',
    request('system:serviceaccount:es:controller', 'Secret', 'web', { object: {}, oldObject: {} }),
    snapshot(),
    'OnlyByRelease',
  ],
  ['somebody writes', write('developer-a', stored(config)), snapshot({ open: intent() }), 'OnlyByRelease'],
  [
    'somebody opens a session',
    request('developer-a', 'Pod', 'api-1', { operation: 'CONNECT', subresource: 'exec' }),
    snapshot(),
    'NoSessions',
  ],
  [
    'somebody drains a node',
    request('sre-a', 'Pod', 'api-1', { operation: 'CREATE', subresource: 'eviction', object: {} }),
    snapshot(),
    'allowed',
  ],
  [
    'somebody writes where no policy is',
    write('developer-a', stored(config)),
    snapshot({}, { policy: undefined }),
    'PolicyMissing',
  ],
  [
    'somebody deletes the guarded namespace',
    request('admin', 'Namespace', 'payments-prod', { operation: 'DELETE', oldObject: {} }),
    snapshot(),
    'GuardedNamespaceStays',
  ],
  [
    'somebody takes the guard off',
    request('admin', 'Namespace', 'payments-prod', {
      object: { metadata: { labels: {} } },
      oldObject: { metadata: { labels: { 'countersign.dev/guarded': 'enforce' } } },
    }),
    snapshot(),
    'GuardNeverLoosened',
  ],
  [
    'somebody takes the finalizer off the guarded namespace',
    request('admin', 'Namespace', 'payments-prod', {
      subresource: 'finalize',
      object: { metadata: { labels: { 'countersign.dev/guarded': 'enforce' } }, spec: { finalizers: [] } },
      oldObject: {
        metadata: { labels: { 'countersign.dev/guarded': 'enforce' } },
        spec: { finalizers: ['kubernetes'] },
      },
    }),
    snapshot(),
    'NamespaceByController',
  ],
  [
    'a program binds a role, whatever right it holds',
    request('system:serviceaccount:ci:bot', 'Role', 'more', {
      operation: 'CREATE',
      object: { kind: 'Role', metadata: {} },
    }),
    snapshot(),
    'AdministerNeedsPerson',
  ],
  [
    'somebody signs',
    request('approver-a', 'Approval', '', {
      operation: 'CREATE',
      object: { kind: 'Approval', metadata: { generateName: 'x-' }, spec: { decision: 'Approve', role: 'approver' } },
    }),
    snapshot(),
    'allowed, Sign is recorded',
  ],
];

test('the entry of a change of the policy says what it demanded until then', () => {
  const policy = aPolicy();
  const resource = 'releasepolicies.countersign.dev';
  const raw = JSON.parse(JSON.stringify(policy)) as JsonObject;
  const change = anAdmissionRequest('admin', resource, { name: 'production', object: raw, oldObject: raw });
  const act = { grounds: 'Administer' as const, detail: '' };
  expect(admittedAct(change, snapshot(), act).data).toMatchObject({ demanded: policy.spec.approvals });
  expect(admittedAct(write('admin', stored(config)), snapshot(), act).data).toMatchObject({ demanded: null });
});

test.each(rows)('%s', (_, r, s, expected) => {
  expect(inShort(judgeAdmission(r, s))).toBe(expected);
});

describe('the guard of a namespace', () => {
  const guarded = (as: string | undefined): JsonObject => ({
    metadata: { name: 'payments-prod', labels: as === undefined ? {} : { 'countersign.dev/guarded': as } },
  });
  const relabel = (who: string, name: string, [from, to]: readonly [string | undefined, string | undefined]) =>
    request(who, 'Namespace', name, { object: guarded(to), oldObject: guarded(from) });
  const create = (who: string) =>
    request(who, 'Namespace', '', { operation: 'CREATE', object: guarded('enforce'), oldObject: undefined });

  test.each<[string, AdmissionRequest, Answer['kind'], string]>([
    ['audit is taken off', relabel('admin', 'payments-prod', ['audit', undefined]), 'Yes', 'Administer is recorded'],
    [
      'audit is taken off without the right',
      relabel('dev', 'payments-prod', ['audit', undefined]),
      'No',
      'AdministerRightMissing',
    ],
    ['one is guarded', relabel('admin', 'shop', [undefined, 'enforce']), 'Yes', 'allowed'],
    ['one is guarded without the right', relabel('dev', 'shop', [undefined, 'audit']), 'No', 'AdministerRightMissing'],
    ['a guarded one is created', create('admin'), 'Yes', 'allowed'],
    ['a guarded one is created without the right', create('dev'), 'No', 'AdministerRightMissing'],
    [
      'a program guards',
      relabel('system:serviceaccount:ci:bot', 'shop', [undefined, 'audit']),
      'Yes',
      'AdministerNeedsPerson',
    ],
    [
      'one of the cluster is guarded',
      relabel('admin', 'kube-public', [undefined, 'enforce']),
      'Yes',
      'GuardOutsideProduction',
    ],
    [
      'ours is guarded',
      relabel('admin', 'countersign-system', [undefined, 'enforce']),
      'Yes',
      'GuardOutsideProduction',
    ],
    ['it is turned into audit', relabel('admin', 'payments-prod', ['enforce', 'audit']), 'Yes', 'GuardNeverLoosened'],
  ])('%s', (_, r, kind, expected) => {
    const answer: Answer = kind === 'Yes' ? { kind } : { kind: 'No', message: '' };
    expect(inShort(judgedWith(r, snapshot(), answer))).toMatch(new RegExp(`${expected}$`));
  });

  test('the right that is asked for is one in the namespace itself', () => {
    const verdict = judgeAdmission(create('admin'), snapshot());
    expect(verdict.is === 'Ask' && verdict.questions[0]).toMatchObject({
      namespace: 'payments-prod',
      verb: 'administer',
    });
  });
});

describe('the right to operate', () => {
  const template = (annotations: JsonObject | undefined): JsonObject => {
    const spec = api['spec'] as JsonObject;
    const inner = spec['template'] as JsonObject;
    const metadata = { ...(inner['metadata'] as JsonObject), ...(annotations === undefined ? {} : { annotations }) };
    return stored({ ...api, spec: { ...spec, template: { ...inner, metadata } } });
  };
  const restarted = template({ 'kubectl.kubernetes.io/restartedAt': '2026-03-11T15:00:00Z' });
  const restart = (object: JsonObject, who = 'sre-a') =>
    request(who, 'Deployment', 'api', { object, oldObject: template(undefined) });
  const scale = (to: number, name = 'api') =>
    request('sre-a', 'Scale', name, {
      subresource: 'scale',
      object: { kind: 'Scale', spec: { replicas: to } },
      oldObject: { kind: 'Scale', spec: { replicas: 6 } },
    });
  const counted = 'deprecated.daemonset.template.generation';
  const yes: Answer = { kind: 'Yes' };
  const no: Answer = { kind: 'No', message: '' };

  const jobTemplate = { spec: { template: { spec: { containers: [{ name: 'app', image: 'x' }] } } } };
  const withCronJob = aBundle({
    objects: [anObject('CronJob', 'report', { spec: { schedule: '* * * * *', jobTemplate } })],
  });
  const cron = snapshot({ production: inProduction() }, { bundle: () => withCronJob });
  const job = (spec: JsonObject) =>
    request('sre-a', 'Job', 'report-now', {
      operation: 'CREATE',
      object: {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: {
          name: 'report-now',
          annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
          ownerReferences: [{ kind: 'CronJob', name: 'report', uid: 'u', controller: true }],
        },
        spec: {
          ...spec,
          completions: 1,
          parallelism: 1,
          backoffLimit: 6,
          completionMode: 'NonIndexed',
          suspend: false,
        },
      },
    });

  const onDelete = stateful({ type: 'OnDelete' }, next);
  const byHand = snapshot({ production: inProduction() }, { bundle: () => onDelete });
  const rolling = snapshot({ production: inProduction() }, { bundle: () => stateful({ type: 'RollingUpdate' }, next) });

  test.each<[string, AdmissionRequest, AdmissionSnapshot, Answer, string]>([
    [
      'deletes a pod whose controller waits for that',
      deletedPod('sre-a', { ready: 'True' }),
      byHand,
      yes,
      'allowed, Operate is recorded',
    ],
    ['deletes no pod that its controller replaces by itself', deletedPod('sre-a'), rolling, yes, 'PodNotOnDelete'],
    ['is needed to delete a pod', deletedPod('sre-a'), byHand, no, 'OperateRightMissing'],
    ['restarts', restart(restarted), snapshot(), yes, 'allowed, Operate is recorded'],
    [
      'restarts a DaemonSet, whose templates the API server counts',
      request('sre-a', 'DaemonSet', 'api', {
        object: { ...restarted, metadata: { name: 'api', annotations: { [counted]: '2' } } },
        oldObject: { ...template(undefined), metadata: { name: 'api', annotations: { [counted]: '1' } } },
      }),
      snapshot(),
      yes,
      'allowed, Operate is recorded',
    ],
    ['is needed to restart', restart(restarted), snapshot(), no, 'OperateRightMissing'],
    ['is of people', restart(restarted, 'system:serviceaccount:ci:bot'), snapshot(), yes, 'OperateNeedsPerson'],
    [
      'restarts by a time, and not by other words',
      restart(template({ 'kubectl.kubernetes.io/restartedAt': 'not a time' })),
      snapshot(),
      yes,
      'OnlyByRelease',
    ],
    [
      'changes nothing else along with a restart',
      restart({ ...restarted, spec: { ...(restarted['spec'] as JsonObject), replicas: 1 } }),
      snapshot(),
      yes,
      'OnlyByRelease',
    ],
    ['scales within bounds', scale(8), snapshot(), yes, 'allowed, Operate is recorded'],
    ['does not scale beyond them', scale(9), snapshot(), yes, 'ScaleOutOfBounds'],
    ['does not scale below them', scale(1), snapshot(), yes, 'ScaleOutOfBounds'],
    ['does not scale what has none', scale(3, 'other'), snapshot(), yes, 'ScaleNotDeclared'],
    ['runs a CronJob by hand', job(jobTemplate.spec), cron, yes, 'allowed, Operate is recorded'],
    [
      'runs nothing else in its name',
      job({ template: { spec: { containers: [{ name: 'app', image: 'evil' }] } } }),
      cron,
      yes,
      'JobOfApprovedCronJob',
    ],
    ['runs no CronJob that was not released', job(jobTemplate.spec), snapshot(), yes, 'JobOfApprovedCronJob'],
  ])('%s', (_, r, s, answer, expected) => {
    expect(inShort(judgedWith(r, s, answer))).toBe(expected);
  });

  test('is asked of the API server, not taken for granted', () => {
    expect(judgeAdmission(restart(restarted), snapshot()).is).toBe('Ask');
  });
});

test('a dry-run of the operator learns that the gate is there, and stores nothing', () => {
  const verdict = judgeAdmission({ ...write(operator, stored(config)), dryRun: true }, snapshot());
  expect(verdict).toMatchObject({ is: 'Allowed', warnings: [gateIsHere], record: undefined });
});

test('a write under a promotion names the promotion, so that consent can be read afresh', () => {
  const verdict = judgeAdmission(write(operator, stored(config)), snapshot({ open: intent() }));
  expect(verdict).toMatchObject({ is: 'Allowed', under: { id: 'intent-1' } });
});

test('what is denied for want of an open release may be so because the copy is behind', () => {
  expect(judgeAdmission(write(operator, stored(config)), snapshot())).toMatchObject({ is: 'Denied', stale: true });
  expect(judgeAdmission(write('developer-a', stored(config)), snapshot())).toMatchObject({ stale: false });
});

test('who writes a kind that no release holds is not told to release it', () => {
  const resource = { group: 'example.dev', version: 'v1', resource: 'gadgets' };
  const verdict = judgeAdmission(
    request('developer-a', 'Gadget', 'one', { resource, object: { metadata: { name: 'one' } } }),
    snapshot(),
  );
  expect(verdict).toMatchObject({
    is: 'Denied',
    message: expect.stringMatching(
      /^KindNotReleased: .* no release holds its kind.* Next: .*controlPlane\.customControllers/,
    ),
  });
  expect(verdict).not.toMatchObject({ message: expect.stringContaining('ReleaseCandidate') });
});

test('every refusal says who may not do what where, and what to do next', () => {
  for (const [, r, s] of rows) {
    const verdict = judgeAdmission(r, s);
    if (verdict.is !== 'Denied') continue;
    expect(verdict.message).toMatch(/^[A-Z][A-Za-z]+: .*Next: /);
    expect(verdict.message).toContain(r.user.username);
  }
});

describe('the record', () => {
  const ask = (resource: string, given: Partial<AdmissionRequest> = {}) =>
    anAdmissionRequest('archiver-a', `${resource}.countersign.dev`, {
      operation: 'DELETE',
      object: undefined,
      ...given,
    });

  test.each(['ledgerentries', 'approvals', 'emergencyaccesses', 'rollbacks'])('nobody deletes %s', (resource) => {
    const verdict = judgeAdmission(ask(resource), snapshot());
    expect(verdict).toMatchObject({ is: 'Denied', stale: false });
    expect(verdict).toMatchObject({
      message: expect.stringMatching(/^RecordKept: archiver-a may not delete .* Next: .*kubectl get/),
    });
  });

  test('nobody is asked about in a broken record either: an order to go back is given, and never taken away', () => {
    const broken = snapshot({}, { record: aRecord({ broken: 'entry 1 is missing' }) });
    expect(inShort(judgeAdmission(ask('rollbacks'), broken))).toBe('RecordKept');
    expect(inShort(judgeAdmission(ask('rollbacks', { operation: 'CREATE' }), broken))).not.toBe('RecordKept');
  });

  test('of a collection the object tells the name', () => {
    const request = ask('approvals', { name: '', oldObject: { kind: 'Approval', metadata: { name: 'one' } } });
    expect(judgeAdmission(request, snapshot())).toMatchObject({ message: expect.stringContaining('approvals one in') });
  });

  test('what is refused of a collection is named, as one of many', () => {
    const oldObject = { kind: 'Deployment', metadata: { name: 'api' } };
    const request = ask('deployments', {
      operation: 'DELETE',
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      name: '',
      object: undefined,
      oldObject,
    });
    expect(judgeAdmission(request, snapshot())).toMatchObject({
      message: expect.stringContaining('may not delete, along with others, deployments api in '),
    });
  });

  test('bundles go past retention alone', () => {
    expect(inShort(judgeAdmission(ask('releasebundles'), snapshot()))).toBe('BundleKept');
  });
});
