import { expect, test } from '@jest/globals';
import {
  aBundle,
  aGateSnapshot,
  aLiveObject,
  anObject,
  aPolicy,
  now,
} from '../../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../../api/meta.ts';
import type { Bundle, BundleObject, Irreversible } from '../../bundle.ts';
import { keyOf } from '../../objects.ts';
import { reversible } from './reversible.ts';

const claim = (storage: string): BundleObject =>
  anObject('PersistentVolumeClaim', 'data', { spec: { resources: { requests: { storage } } } });

const settings = (text: string, more: JsonObject = {}): BundleObject =>
  anObject('ConfigMap', 'settings', { data: { text }, ...more });

const set = (spec: JsonObject, templates: readonly string[] = ['data']): BundleObject =>
  anObject('StatefulSet', 'db', {
    spec: {
      replicas: 3,
      volumeClaimTemplates: templates.map((name) => ({ metadata: { name } })),
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      ...spec,
    },
  });

const gone = { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' } };
const shrinking = { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' } };

const says = (kind: string, name: string, ...fields: readonly string[]): Irreversible => ({
  kind,
  name,
  fields,
  reason: 'the data moved',
});

interface Given {
  /** What production holds, which is what the release before has. */
  readonly from?: BundleObject;
  /** What it becomes; absent = the release drops it. */
  readonly to?: BundleObject;
  readonly bundle?: Partial<Bundle>;
  readonly policy?: Record<string, unknown>;
  /** The release before does not have it: an earlier one dropped it. */
  readonly lingers?: boolean;
}

const judged = ({ from, to, bundle, policy = {}, lingers = false }: Given) =>
  reversible.judge(
    aGateSnapshot({
      policy: aPolicy(policy),
      live: new Map(from === undefined ? [] : [[keyOf(from.ref), aLiveObject(from)]]),
      production: aBundle({ objects: from === undefined || lingers ? [] : [from] }),
      bundle: aBundle({
        objects: to === undefined ? [] : [to],
        removed: from !== undefined && to === undefined ? [from.ref] : [],
        unmanaged: [],
        ...bundle,
      }),
    }),
    now,
  );

const byTool = { deliveredBy: 'GitOps', gitOpsWriters: ['argo'] };

test.each<[sentence: string, given: Given, outcome: string, reason: string, told: string]>([
  ['what can be written back passes', { from: settings('a'), to: settings('b') }, 'Passed', 'Reversible', ''],
  [
    'an immutable ConfigMap is made again',
    { from: settings('a'), to: settings('b', { immutable: true }) },
    'Passed',
    'Reversible',
    '',
  ],
  [
    'a claim that grows stays large, which is told and stops nothing',
    { from: claim('1Gi'), to: claim('2Gi') },
    'Passed',
    'IrreversibleTold',
    'leaves spec.resources.requests.storage of PersistentVolumeClaim data',
  ],
  ['a claim that is as large already does not', { from: claim('2Gi'), to: claim('2Gi') }, 'Passed', 'Reversible', ''],
  ['a Job ran', { to: anObject('Job', 'migrate') }, 'Passed', 'IrreversibleTold', 'Job migrate'],
  [
    'a claim that is dropped loses its data',
    { from: claim('1Gi') },
    'Blocked',
    'DataWouldBeLost',
    'PersistentVolumeClaim data is deleted after observation',
  ],
  [
    'unless the candidate says so',
    { from: claim('1Gi'), bundle: { irreversible: [says('PersistentVolumeClaim', 'data')] } },
    'Passed',
    'IrreversibleTold',
    'PersistentVolumeClaim data',
  ],
  [
    'of exactly that',
    { from: claim('1Gi'), bundle: { irreversible: [says('PersistentVolumeClaim', 'data', 'spec.resources')] } },
    'Blocked',
    'DataWouldBeLost',
    'PersistentVolumeClaim data',
  ],
  [
    'or that people are called instead',
    { from: claim('1Gi'), bundle: { onFailure: 'Page' } },
    'Passed',
    'NotTakenBack',
    'PersistentVolumeClaim data',
  ],
  [
    'what an earlier release dropped was signed for then',
    { from: claim('1Gi'), lingers: true },
    'Passed',
    'Reversible',
    '',
  ],
  ['a StatefulSet that keeps its claims goes', { from: set({}) }, 'Passed', 'Reversible', ''],
  ['one that has none goes', { from: set(gone, []) }, 'Passed', 'Reversible', ''],
  [
    'one that would take its claims along is kept from that',
    { from: set(gone) },
    'Passed',
    'IrreversibleTold',
    'its claims stay',
  ],
  [
    'where a tool deletes it, nothing keeps it from that',
    { from: set(gone), policy: byTool },
    'Blocked',
    'DataWouldBeLost',
    'StatefulSet db is deleted with the release, and its data with it',
  ],
  [
    'fewer replicas whose claims go with them',
    { from: set(shrinking), to: set({ ...shrinking, replicas: 1 }) },
    'Blocked',
    'DataWouldBeLost',
    'spec.replicas of StatefulSet db',
  ],
  [
    'are told by that field',
    {
      from: set(shrinking),
      to: set({ ...shrinking, replicas: 1 }),
      bundle: { irreversible: [says('StatefulSet', 'db', 'spec.replicas')] },
    },
    'Passed',
    'IrreversibleTold',
    'spec.replicas',
  ],
  [
    'and are nobody’s business where others scale it',
    {
      from: set(shrinking),
      to: set({ ...shrinking, replicas: 1 }),
      bundle: { unmanaged: [{ kind: 'StatefulSet', name: 'db', fields: ['spec.replicas'] }] },
    },
    'Passed',
    'Reversible',
    '',
  ],
  [
    'what the release has nothing to do with is not irreversible',
    { to: settings('a'), bundle: { irreversible: [says('StatefulSet', 'other')] } },
    'Blocked',
    'IrreversibleUnknown',
    'StatefulSet other',
  ],
])('%s', (_, given, outcome, reason, told) => {
  const verdict = judged(given);
  expect(verdict).toMatchObject({ outcome, reason });
  expect(verdict.message).toContain(told);
});

test('who is blocked reads the three ways on, with what to type', () => {
  const { remedy } = judged({ from: claim('1Gi') });
  expect(remedy).toContain('with other content, with onFailure: Page and a pageReason');
  expect(remedy).toContain('spec.irreversible: [{kind: PersistentVolumeClaim, name: data, reason: <why>}]');
  expect(remedy).toContain('kubectl create -f <candidate>.yaml -n payments-staging');
});
