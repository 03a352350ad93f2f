import { expect, test } from '@jest/globals';
import { aBundle, aLiveObject, anObject, digestOf } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject } from '../bundle.ts';
import { keyOf, type LiveObject } from '../objects.ts';
import { type Course, type Step, writeSteps } from './steps.ts';
import { effectOf } from './writes.ts';
import { remains, wayBack } from './way-back.ts';

const claim = (storage: string, more: JsonObject = {}): BundleObject =>
  anObject('PersistentVolumeClaim', 'data', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...more },
  });

const settings = (text: string, more: JsonObject = {}): BundleObject =>
  anObject('ConfigMap', 'settings', { data: { text }, ...more });

const parkedSpec = {
  replicas: 0,
  persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
};

const set = (serviceName: string, more: JsonObject = {}): BundleObject =>
  anObject('StatefulSet', 'db', { spec: { replicas: 1, serviceName, ...more } });

const asBundle = (name: string, object: BundleObject) =>
  aBundle({ name, digest: digestOf(name), objects: [object], unmanaged: [] });

interface Given {
  readonly to: BundleObject;
  readonly from: BundleObject;
  /** What production holds; absent = what the newer bundle has. */
  readonly live?: LiveObject;
  readonly goesBack?: boolean;
}

const courseOf = ({ to, from, goesBack = true }: Given): Course => ({
  to: asBundle('older', to),
  from: asBundle('newer', from),
  goesBack,
});

const presentIn = ({ from, live }: Given) => {
  const present = live ?? aLiveObject(from);
  return new Map([[keyOf(present.ref), present]]);
};

const stepOf = (given: Given): Step => {
  const [step] = writeSteps(courseOf(given), presentIn(given));
  if (step === undefined) throw new Error('one object, one step');
  return step;
};

const effect = (step: Step) =>
  effectOf(step, {
    as: 'restorer',
    namespace: 'payments-prod',
    intentFor: () => ({ namespace: 'payments-prod', id: 'i', type: 'Rollback', package: 'payments' }),
  });

const becomes = (given: Given): string => {
  const step = stepOf(given);
  return `${step.standing} ${effect(step)?.do ?? 'nothing'}`;
};

test.each<[sentence: string, given: Given, becomes: string]>([
  ['a claim that grew is back as it is', { to: claim('1Gi'), from: claim('2Gi') }, 'Done nothing'],
  [
    'a claim that grew and has another label is written, as large as it is',
    {
      to: claim('1Gi'),
      from: anObject('PersistentVolumeClaim', 'data', {
        ...claim('2Gi').content,
        metadata: { name: 'data', labels: { a: 'b' } },
      }),
    },
    'Pending Replace',
  ],
  ['a claim that shall grow grows', { to: claim('2Gi'), from: claim('1Gi') }, 'Pending Replace'],
  [
    'a promotion does not leave a claim as it is',
    { to: claim('1Gi'), from: claim('2Gi'), goesBack: false },
    'Pending Replace',
  ],
  [
    'a class that the control plane gave a claim later is as the release has it',
    { to: claim('1Gi'), from: claim('1Gi', { storageClassName: 'later' }), goesBack: false },
    'Done nothing',
  ],
  [
    'a claim of another class stays as it is when a release goes back',
    { to: claim('1Gi', { storageClassName: 'fast' }), from: claim('1Gi', { storageClassName: 'slow' }) },
    'Done nothing',
  ],
  [
    'the attributes of a volume are changed back',
    {
      to: claim('1Gi', { volumeAttributesClassName: 'slow' }),
      from: claim('1Gi', { volumeAttributesClassName: 'fast' }),
    },
    'Pending Replace',
  ],
  [
    'and stay where there were none',
    { to: claim('1Gi'), from: claim('1Gi', { volumeAttributesClassName: 'fast' }) },
    'Done nothing',
  ],
  [
    'a ConfigMap that became immutable is made again',
    { to: settings('a'), from: settings('b', { immutable: true }) },
    'Pending Delete',
  ],
  ['one with the same data, too', { to: settings('a'), from: settings('a', { immutable: true }) }, 'Pending Delete'],
  [
    'one that was immutable before, too',
    { to: settings('a', { immutable: true }), from: settings('b', { immutable: true }) },
    'Pending Delete',
  ],
  [
    'one that is as it was stays',
    { to: settings('a', { immutable: true }), from: settings('a', { immutable: true }) },
    'Done nothing',
  ],
  [
    'a ConfigMap that can be written is written',
    { to: settings('a', { immutable: true }), from: settings('b') },
    'Pending Replace',
  ],
  [
    'no promotion makes an object again',
    { to: settings('a'), from: settings('b', { immutable: true }), goesBack: false },
    'Pending Replace',
  ],
  [
    'a StatefulSet of another Service is parked before it is made again',
    { to: set('a'), from: set('b') },
    'Pending Replace',
  ],
  ['and then made again', { to: set('a'), from: set('b', parkedSpec) }, 'Pending Delete'],
])('%s', (_, given, expected) => {
  expect(becomes(given)).toBe(expected);
});

test('a claim that goes back keeps its size, its class and its volume, and gets what can be written', () => {
  const to = anObject('PersistentVolumeClaim', 'data', {
    ...claim('1Gi').content,
    metadata: { name: 'data', labels: { a: 'b' } },
  });
  const live = aLiveObject(claim('2Gi', { storageClassName: 'later', volumeName: 'pv-1' }));
  const written = effect(stepOf({ to, from: claim('2Gi'), live }));
  expect(written).toMatchObject({
    do: 'Replace',
    manifest: {
      metadata: { labels: { a: 'b' } },
      spec: { resources: { requests: { storage: '2Gi' } }, storageClassName: 'later', volumeName: 'pv-1' },
    },
  });
});

test('what a rollback left larger is not taken for the work of somebody else', () => {
  // The package is back at `older`, and the next release asks for more.
  const given = { to: claim('3Gi'), from: claim('1Gi'), live: aLiveObject(claim('2Gi')), goesBack: false };
  expect(becomes(given)).toBe('Pending Replace');
});

test('what a release dropped and has not deleted yet is its own when a later one has it again', () => {
  const service = (port: number) => anObject('Service', 'web', { spec: { ports: [{ port }] } });
  const course: Course = {
    to: asBundle('newest', service(81)),
    from: aBundle({ name: 'newer', objects: [], removed: [service(80).ref], unmanaged: [] }),
  };
  const [step] = writeSteps(course, new Map([['Service/web', aLiveObject(service(80))]]));
  expect(step?.standing).toBe('Pending');
});

test('what stays and what is made again is known when a rollback begins, even of a write that is not seen yet', () => {
  const unseen = { to: claim('1Gi'), from: claim('2Gi'), live: aLiveObject(claim('1Gi')) };
  expect(wayBack(courseOf(unseen), presentIn(unseen)).left).toEqual(
    new Map([['PersistentVolumeClaim/data', ['spec.resources.requests.storage']]]),
  );
  const made = { to: settings('a'), from: settings('b', { immutable: true }) };
  expect(wayBack(courseOf(made), presentIn(made))).toEqual({
    left: new Map(),
    replaced: new Set(['ConfigMap/settings']),
    parked: new Map(),
  });
});

test('a rollback that has ended says what stays as it was, what was wanted, why, and what to do', () => {
  const given = { to: claim('1Gi'), from: claim('2Gi') };
  expect(remains(courseOf(given), presentIn(given))).toEqual([
    {
      object: 'PersistentVolumeClaim/data',
      wanted: 'spec.resources.requests.storage: 1Gi',
      found: 'spec.resources.requests.storage: 2Gi',
      why: 'Kubernetes does not change spec.resources.requests.storage of kind PersistentVolumeClaim back, and nothing is lost by leaving it',
      next: expect.stringContaining('kubectl get persistentvolumeclaim data -n payments-prod -o yaml'),
    },
  ]);
  const same = { to: claim('1Gi'), from: claim('1Gi', { storageClassName: 'later' }) };
  expect(remains(courseOf(same), presentIn(same))).toEqual([]);
});
