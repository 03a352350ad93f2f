/** A StatefulSet that a release drops: what is written of it, when it is deleted, and what a rollback finds. */
import { expect, test } from '@jest/globals';
import { aBundle, aLiveObject, anObject, digestOf } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { Bundle, BundleObject, Irreversible } from '../bundle.ts';
import { numberAt, objectAt, textAt } from '../json/json.ts';
import { keyOf, type LiveObject, type ObjectKey } from '../objects.ts';
import { addedBy, dropSteps, prunedLate, removeSteps } from './removals.ts';
import { type Course, type Step, writeSteps } from './steps.ts';
import { effectOf } from './writes.ts';

const policyOf = (whenDeleted: string, whenScaled = 'Retain') => ({
  persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
});

const set = (spec: JsonObject): BundleObject =>
  anObject('StatefulSet', 'db', {
    spec: { replicas: 3, volumeClaimTemplates: [{ metadata: { name: 'data' } }], ...spec },
  });

const running = set(policyOf('Delete'));
const parked = set({ ...policyOf('Retain'), replicas: 0 });
const released = set({ ...policyOf('Delete'), replicas: 0 });

const older = (object: BundleObject) => aBundle({ name: 'older', objects: [object], unmanaged: [] });
const newer = (irreversible: readonly Irreversible[] = []): Bundle =>
  aBundle({ name: 'newer', digest: digestOf('n'), objects: [], removed: [running.ref], unmanaged: [], irreversible });
const declared: readonly Irreversible[] = [{ kind: 'StatefulSet', name: 'db', fields: [], reason: 'moved' }];

/** A claim that its set made, and that is to go with it or no longer. */
const claimOf = (ordinal: number, owner: string | undefined): LiveObject => {
  const object = anObject('PersistentVolumeClaim', `data-db-${ordinal}`);
  const owners = owner === undefined ? {} : { ownerReferences: [{ uid: owner }] };
  return aLiveObject(object, {
    manifest: { ...object.content, metadata: { name: object.ref.name, ...owners } },
  });
};

const production = (...objects: readonly LiveObject[]): ReadonlyMap<ObjectKey, LiveObject> =>
  new Map(objects.map((object) => [keyOf(object.ref), object]));

const leftToOthers = [{ kind: 'StatefulSet', name: 'db', fields: ['spec.replicas'] }];

const said = (step: Step | undefined): string => {
  if (step === undefined) return 'nothing';
  const effect = effectOf(step, {
    as: 'operator',
    namespace: 'payments-prod',
    intentFor: () => ({ namespace: 'payments-prod', id: 'i', type: 'Promotion', package: 'payments' }),
  });
  const what = `${step.standing} ${effect?.do ?? 'nothing'}`;
  if (effect?.do !== 'Replace') return what;
  const spec = objectAt(effect.manifest, 'spec');
  const [deleted, scaled] = ['whenDeleted', 'whenScaled'].map((when) =>
    textAt(spec, 'persistentVolumeClaimRetentionPolicy', when),
  );
  return `${what} ${numberAt(spec, 'replicas') ?? 1} ${deleted ?? ''} ${scaled ?? ''}`;
};

interface Row {
  readonly live: BundleObject;
  /** What the release before says; absent = what is live. */
  readonly before?: BundleObject;
  readonly irreversible?: readonly Irreversible[];
}

test.each<[sentence: string, row: Row, becomes: string]>([
  ['a promotion parks a set that it drops', { live: running }, 'Pending Replace 0 Retain Retain'],
  ['once', { live: parked, before: running }, 'nothing'],
  ['one whose claims stay anyway, too', { live: set(policyOf('Retain')) }, 'Pending Replace 0 Retain Retain'],
  [
    'its claims go where the candidate says so, though not before it is deleted',
    { live: set(policyOf('Delete', 'Delete')), irreversible: declared },
    'Pending Replace 0 Delete Retain',
  ],
  [
    'what somebody else wrote is foreign',
    { live: set({ ...policyOf('Delete'), serviceName: 'x' }), before: running },
    'Foreign Replace 0 Retain Retain',
  ],
])('%s', (_, { live, before = live, irreversible = [] }, becomes) => {
  const course: Course = { to: newer(irreversible), from: older(before) };
  expect(said(dropSteps(course, newer(irreversible), production(aLiveObject(live)))[0])).toBe(becomes);
});

test.each<[sentence: string, live: readonly LiveObject[], irreversible: readonly Irreversible[], becomes: string]>([
  ['after observation it is deleted', [aLiveObject(parked)], [], 'Pending Delete'],
  [
    'when its claims are free of it',
    [aLiveObject(parked), claimOf(0, undefined), claimOf(1, 'uid-db')],
    [],
    'Deleting nothing',
  ],
  ['and not before it is parked', [aLiveObject(running)], [], 'Pending Replace 0 Retain Retain'],
  [
    'with its claims where the candidate says so',
    [aLiveObject(released), claimOf(0, 'uid-db')],
    declared,
    'Pending Delete',
  ],
])('%s', (_, live, irreversible, becomes) => {
  const course: Course = { to: newer(irreversible), from: older(running) };
  expect(said(removeSteps(course, prunedLate(newer(irreversible)), production(...live))[0])).toBe(becomes);
});

test('a rollback brings a parked set back as it was, and takes it for nobody else’s', () => {
  const course: Course = { to: older(running), from: newer(), goesBack: true };
  const [step] = writeSteps(course, production(aLiveObject(parked)));
  expect(said(step)).toBe('Pending Replace 3 Delete Retain');
});

test.each<[sentence: string, course: Course]>([
  [
    'a rollback starts a parked set again, though others scale it',
    { to: { ...older(set(policyOf('Retain'))), unmanaged: leftToOthers }, from: newer(), goesBack: true },
  ],
  [
    'a release that has a parked set again starts it, though others scale it',
    { to: { ...older(set(policyOf('Retain'))), unmanaged: leftToOthers }, from: newer() },
  ],
])('%s', (_, course) => {
  const [step] = writeSteps(course, production(aLiveObject(parked)));
  expect(said(step)).toBe('Pending Replace 3 Retain Retain');
});

test('a set that others scaled to nothing, and nobody dropped, is left to them', () => {
  const course: Course = {
    to: { ...older(set(policyOf('Retain'))), unmanaged: leftToOthers },
    from: aBundle({ name: 'newer', objects: [], removed: [], unmanaged: [] }),
    goesBack: true,
  };
  expect(said(writeSteps(course, production(aLiveObject(parked)))[0])).toBe('Done nothing');
});

test('a rollback deletes what the newer release brought as that one says', () => {
  const course: Course = {
    to: aBundle({ name: 'older', objects: [], unmanaged: [] }),
    from: aBundle({ name: 'newer', objects: [running], unmanaged: [] }),
    goesBack: true,
  };
  expect(said(removeSteps(course, [running.ref], production(aLiveObject(running)))[0])).toBe('Pending Delete');
});

test('a rollback deletes what an earlier release left parked, without its claims', () => {
  const course: Course = { to: aBundle({ name: 'older', objects: [], unmanaged: [] }), from: newer(), goesBack: true };
  const held = production(aLiveObject(parked), claimOf(0, 'uid-db'));
  expect(said(removeSteps(course, [running.ref], held)[0])).toBe('Deleting nothing');
  const free = production(aLiveObject(parked), claimOf(0, undefined));
  expect(said(removeSteps(course, [running.ref], free)[0])).toBe('Pending Delete');
});

test('going back over a set that the older release had dropped and the newer one took up again parks it once more', () => {
  const before: Bundle = { ...newer(), objects: [] };
  const third = aBundle({ name: 'third', objects: [running], unmanaged: [], previous: before.name });
  const live = production(aLiveObject(running, { uid: 'uid-db' }));
  const course: Course = { to: before, from: third, goesBack: true };
  expect(removeSteps(course, addedBy(course, live), live).map(said)).toEqual(['Pending Replace 0 Retain Retain']);
  // What a release really brought goes as that one says.
  const first: Course = { to: aBundle({ name: 'none', objects: [], removed: [] }), from: third, goesBack: true };
  expect(removeSteps(first, addedBy(first, live), live).map(said)).toEqual(['Pending Delete']);
});
