import { describe, expect, test } from '@jest/globals';
import {
  aBundle,
  aGateSnapshot,
  aLiveObject,
  anAccess,
  anEmergency,
  anObject,
  aPolicy,
  aRecord,
  digestOf,
  now,
  someEmergencies,
} from '../../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../../api/meta.ts';
import { keyOf, type ObjectKey } from '../../objects.ts';
import { preflight } from './preflight.ts';

/** What the gate says of content `next` where production holds `live`. */
const judged = (kind: string, next: JsonObject, live: JsonObject) => {
  const bundle = aBundle({ objects: [anObject(kind, 'api', next)] });
  const there = aLiveObject(anObject(kind, 'api', live));
  return preflight.judge(aGateSnapshot({ bundle, live: new Map([[keyOf(there.ref), there]]) }), now);
};

const claim = (storage: string, more: JsonObject = {}) => ({ spec: { ...more, resources: { requests: { storage } } } });
const templates = (size: string, more: JsonObject = {}) => ({
  spec: {
    volumeClaimTemplates: [
      { ...more, metadata: { name: 'data' }, spec: { resources: { requests: { storage: size } } } },
    ],
  },
});
const app = (name: string) => ({ spec: { selector: { matchLabels: { app: name } } } });

test('what a mutator makes of a write is named, with who may have done it and the way out', () => {
  const bundle = aBundle();
  const [object] = bundle.objects;
  if (object === undefined) throw new Error('it holds objects');
  const s = aGateSnapshot({
    bundle,
    preflight: [{ object: keyOf(object.ref), message: '', mutated: ["metadata.annotations['a.b/c']"] }],
    mutators: () => ['MutatingWebhookConfiguration/injector'],
  });
  expect(preflight.judge(s, now)).toMatchObject({
    outcome: 'Blocked',
    reason: 'ContentMutated',
    message: expect.stringMatching(/metadata\.annotations\['a\.b\/c'\] of .*MutatingWebhookConfiguration\/injector/),
    remedy: expect.stringContaining('kubectl edit releasepolicy production -n payments-prod'),
  });
  const unknown = preflight.judge({ ...s, mutators: () => undefined }, now);
  expect(unknown.message).toContain('no mutating webhook or policy of others that is known');
});

describe('fields that cannot change', () => {
  test.each<[sentence: string, kind: string, next: JsonObject, live: JsonObject, field: string]>([
    ['the selector of a Deployment', 'Deployment', app('a'), app('b'), 'spec.selector'],
    ['the selector of a DaemonSet', 'DaemonSet', app('a'), app('b'), 'spec.selector'],
    ['the selector of a StatefulSet', 'StatefulSet', app('a'), app('b'), 'spec.selector'],
    [
      'a label that a selector gains',
      'Deployment',
      { spec: { selector: { matchLabels: { app: 'b', tier: 'x' } } } },
      app('b'),
      'spec.selector',
    ],
    [
      'the service of a StatefulSet',
      'StatefulSet',
      { spec: { serviceName: 'a' } },
      { spec: { serviceName: 'b' } },
      'spec.serviceName',
    ],
    [
      'how a StatefulSet starts its pods',
      'StatefulSet',
      { spec: { podManagementPolicy: 'Parallel' } },
      { spec: { podManagementPolicy: 'OrderedReady' } },
      'spec.podManagementPolicy',
    ],
    ['the volumes of a StatefulSet', 'StatefulSet', templates('2Gi'), templates('1Gi'), 'spec.volumeClaimTemplates'],
    [
      'an ordinary Service that becomes headless',
      'Service',
      { spec: { clusterIP: 'None' } },
      { spec: { clusterIP: '10.0.0.1' } },
      'spec.clusterIP',
    ],
    [
      'a headless Service that becomes ordinary',
      'Service',
      { spec: {} },
      { spec: { clusterIP: 'None' } },
      'spec.clusterIP',
    ],
    ['a claim that shrinks', 'PersistentVolumeClaim', claim('900Mi'), claim('1Gi'), 'spec.resources.requests.storage'],
    [
      'the class of a claim',
      'PersistentVolumeClaim',
      claim('1Gi', { storageClassName: 'fast' }),
      claim('1Gi', { storageClassName: 'slow' }),
      'spec.storageClassName',
    ],
    [
      'the data of an immutable ConfigMap',
      'ConfigMap',
      { immutable: true, data: { a: '1' } },
      { immutable: true, data: { a: '2' } },
      'data',
    ],
    [
      'the binary data of an immutable ConfigMap',
      'ConfigMap',
      { immutable: true, binaryData: {} },
      { immutable: true, binaryData: { a: 'MQ==' } },
      'binaryData',
    ],
    ['an immutable ConfigMap that would be mutable', 'ConfigMap', { data: {} }, { immutable: true }, 'immutable'],
  ])('%s', (_, kind, next, live, field) => {
    const verdict = judged(kind, next, live);
    expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'ImmutableFieldChanged' });
    expect(verdict.message).toContain(`${field} of ${kind} api`);
    expect(verdict.remedy).toContain('another name');
  });
});

describe('changes that the API server takes', () => {
  test.each<[sentence: string, kind: string, next: JsonObject, live: JsonObject]>([
    ['more replicas', 'Deployment', { spec: { replicas: 2 } }, { spec: { replicas: 1 } }],
    [
      'the same selector, written in another order',
      'Deployment',
      { spec: { selector: { matchLabels: { a: '1', b: '2' } } } },
      { spec: { selector: { matchLabels: { b: '2', a: '1' } } } },
    ],
    [
      'another pod template of a StatefulSet',
      'StatefulSet',
      { spec: { template: { spec: {} } } },
      { spec: { template: {} } },
    ],
    [
      'claim templates that the API server has stamped',
      'StatefulSet',
      templates('1Gi'),
      templates('1Gi', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', status: { phase: 'Pending' } }),
    ],
    [
      'a Service with the address it was given',
      'Service',
      { spec: { type: 'ClusterIP' } },
      { spec: { type: 'ClusterIP', clusterIP: '10.0.0.1' } },
    ],
    [
      'a Service that points outside from now on',
      'Service',
      { spec: { type: 'ExternalName' } },
      { spec: { clusterIP: 'None' } },
    ],
    ['a claim that grows', 'PersistentVolumeClaim', claim('2Gi'), claim('1Gi')],
    ['a claim of the same size in another spelling', 'PersistentVolumeClaim', claim('1024Mi'), claim('1Gi')],
    [
      'a claim to which a volume was bound',
      'PersistentVolumeClaim',
      claim('1Gi'),
      claim('1Gi', { volumeName: 'pv-1', storageClassName: 'default' }),
    ],
    ['a claim of an amount that nobody can read', 'PersistentVolumeClaim', claim('lots'), claim('1Gi')],
    ['the data of a ConfigMap', 'ConfigMap', { data: { a: '1' } }, { data: { a: '2' } }],
    ['a ConfigMap that becomes immutable', 'ConfigMap', { immutable: true, data: { a: '1' } }, { data: { a: '2' } }],
    [
      'the same data of an immutable ConfigMap',
      'ConfigMap',
      { immutable: true, data: { a: '1' } },
      { immutable: true, data: { a: '1' } },
    ],
    [
      'a Job, which runs under a name of its own',
      'Job',
      { spec: { template: { a: 1 } } },
      { spec: { template: { a: 2 } } },
    ],
    [
      'the target of a HorizontalPodAutoscaler',
      'HorizontalPodAutoscaler',
      { spec: { maxReplicas: 3 } },
      { spec: { maxReplicas: 2 } },
    ],
    ['anything of a kind that nobody knows', 'constructor', { spec: { a: 1 } }, { spec: { a: 2 } }],
  ])('%s', (_, kind, next, live) => {
    expect(judged(kind, next, live)).toMatchObject({ outcome: 'Passed', reason: 'PreflightPassed' });
  });
});

test('an object that production lacks conflicts with nothing', () => {
  expect(preflight.judge(aGateSnapshot(), now).outcome).toBe('Passed');
});

test('an object of another package is blocked, and the package named', () => {
  const verdict = preflight.judge(aGateSnapshot({ claims: new Map([['Deployment/api', 'billing']]) }), now);
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'ClaimedByOtherPackage' });
  expect(verdict.message).toContain('Deployment api (package billing)');
});

test.each([
  ['an object of this very package', new Map([['Deployment/api' as const, 'payments']])],
  ['an object of another package that this release does not touch', new Map([['Deployment/web' as const, 'billing']])],
])('%s is no conflict', (_, claims) => {
  expect(preflight.judge(aGateSnapshot({ claims }), now).outcome).toBe('Passed');
});

test.each([
  ['fields', ['spec.replicas'], 'spec.replicas of Deployment api (written by kubectl-edit)'],
  ['a whole object', [], 'content that no release put there: Deployment api (written by kubectl-edit)'],
])('foreign content in %s is blocked, and its manager named', (_, fields, message) => {
  const foreign = new Map([['Deployment/api' as const, { manager: 'kubectl-edit', fields }]]);
  const verdict = preflight.judge(aGateSnapshot({ foreign }), now);
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'OwnershipConflict' });
  expect(verdict.message).toContain(message);
  expect(verdict.remedy).toContain('kubectl get deployment/api -n payments-prod -o yaml --show-managed-fields');
});

describe('foreign content of an emergency', () => {
  const written = { manager: 'kubectl-set', fields: ['spec.replicas'] };
  const before = { digest: digestOf('a'), scale: '', without: undefined };
  const emergencies = someEmergencies(anEmergency(anAccess(), { touched: new Map([['Deployment/api', before]]) }));
  const judging = (...foreign: readonly ObjectKey[]) =>
    preflight.judge(
      aGateSnapshot({
        foreign: new Map(foreign.map((key) => [key, written])),
        record: aRecord({ emergencies }),
      }),
      now,
    );

  test('is a matter of the gate EmergencyDrift, and of nobody who would have to stop', () => {
    const verdict = judging('Deployment/api');
    expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'OwnershipConflict' });
    expect(verdict.remedy).toMatch(/EmergencyDrift.*kubectl get emergencyaccess inc-4711/);
  });

  test('does not hide that of somebody else', () => {
    expect(judging('Deployment/api', 'Deployment/web').remedy).toContain('kubectl get deployment/web');
  });
});

test("a write that would be refused is blocked in the API server's own words", () => {
  const refusals = [{ object: 'Deployment/api' as const, message: 'quota exceeded' }];
  const verdict = preflight.judge(aGateSnapshot({ preflight: refusals }), now);
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'ObjectRefused' });
  expect(verdict.message).toContain('Deployment api: quota exceeded');
});

test('while the API server has not been asked it waits', () => {
  expect(preflight.judge(aGateSnapshot({ preflight: undefined }), now)).toMatchObject({
    outcome: 'Waiting',
    reason: 'PreflightPending',
  });
});

test('a Job cannot be delivered by a tool, and can by the operator', () => {
  const bundle = aBundle({ objects: [anObject('Job', 'migrate')] });
  const policy = aPolicy({ deliveredBy: 'GitOps', gitOpsWriters: ['system:serviceaccount:argocd:controller'] });
  expect(preflight.judge(aGateSnapshot({ bundle, policy }), now)).toMatchObject({ reason: 'JobNotDeliverable' });
  expect(preflight.judge(aGateSnapshot({ bundle }), now).outcome).toBe('Passed');
});

test('without a gate that judges writes it is not known', () => {
  const snapshot = aGateSnapshot({ preflight: undefined, unanswered: 'no gate judged the write' });
  expect(preflight.judge(snapshot, now)).toMatchObject({ outcome: 'Unknown', reason: 'GateNotReady' });
});

test('what can be told without asking is told first', () => {
  const claims = new Map([['Deployment/api' as const, 'billing']]);
  expect(preflight.judge(aGateSnapshot({ claims, preflight: undefined }), now).reason).toBe('ClaimedByOtherPackage');
});
