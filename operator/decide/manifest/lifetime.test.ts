import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aLiveObject, overlaysOf } from '../../../test/support/builders/decide.ts';
import { contentDigest } from './content-digest.ts';
import { textAt } from '../json/json.ts';
import {
  changedFields,
  decidedFinalizers,
  finalizersAmong,
  lifetimeChange,
  lifetimeOf,
  ownerIn,
  released,
  sameLifetime,
} from './lifetime.ts';
import { normalForm, render } from './normal-form.ts';
import type { Json, JsonObject } from '../../api/meta.ts';

const object = (kind: string, finalizers: readonly Json[], apiVersion = 'v1'): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', finalizers: [...finalizers] },
});

test.each<[sentence: string, manifest: JsonObject, decided: readonly string[]]>([
  ['the protection of a claim', object('PersistentVolumeClaim', ['kubernetes.io/pvc-protection']), []],
  ['the same on another kind', object('ConfigMap', ['kubernetes.io/pvc-protection']), ['kubernetes.io/pvc-protection']],
  ['the protection of a volume', object('PersistentVolume', ['kubernetes.io/pv-protection']), []],
  ['a load balancer that is to be cleaned up', object('Service', ['service.kubernetes.io/load-balancer-cleanup']), []],
  ['a pod that a Job counts', object('Pod', ['batch.kubernetes.io/job-tracking']), []],
  ['foregroundDeletion, where nobody deletes', object('Deployment', ['foregroundDeletion']), ['foregroundDeletion']],
  [
    'foregroundDeletion, of what is being deleted',
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'x', finalizers: ['foregroundDeletion'], deletionTimestamp: '2026-01-01T00:00:00Z' },
    },
    [],
  ],
  ['orphan, where nobody deletes', object('Deployment', ['orphan']), ['orphan']],
  [
    'some of both, in whichever order',
    object('Service', ['b.c/d', 'service.kubernetes.io/load-balancer-cleanup', 'a.c/d']),
    ['a.c/d', 'b.c/d'],
  ],
  [
    'a custom resource with one of its own group',
    object('ScaledObject', ['finalizer.keda.sh', 'keda.sh/x', 'notkeda.sh/x'], 'keda.sh/v1alpha1'),
    ['notkeda.sh/x'],
  ],
  [
    'a kind of Kubernetes with one of its own group',
    object('Ingress', ['networking.k8s.io/x'], 'networking.k8s.io/v1'),
    ['networking.k8s.io/x'],
  ],
  ['what is no name', object('ConfigMap', [7, null]), []],
])('of %s, what somebody decided is content', (_, manifest, decided) => {
  expect(decidedFinalizers(manifest)).toEqual(decided);
  const [apiVersion = '', kind = ''] = ['apiVersion', 'kind'].map((field) => textAt(manifest, field));
  const { metadata } = normalForm(manifest, { apiVersion, kind, name: 'x' });
  expect(metadata).toEqual(decided.length === 0 ? { name: 'x' } : { name: 'x', finalizers: decided });
});

test('no content digest depends on finalizers, so that those of older records go on counting', () => {
  expect(contentDigest(object('ConfigMap', ['a.b/c']))).toBe(contentDigest(object('ConfigMap', [])));
});

test('an overlay sets a finalizer, and not one that a controller sets', () => {
  const claim = object('PersistentVolumeClaim', []);
  const ref = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: 'x' };
  const live = aLiveObject({ ref, digest: '', content: claim });
  const patched = (finalizers: readonly string[]) =>
    render(live, overlaysOf(ref, [{ metadata: { finalizers: [...finalizers] } }]));
  expect(patched(['a.b/c'])).toMatchObject({ content: { metadata: { finalizers: ['a.b/c'] } } });
  expect(patched(['kubernetes.io/pvc-protection'])).toMatchObject({
    problem: { message: expect.stringContaining('metadata.finalizers[0]') },
  });
});

const owner = (given: Record<string, Json> = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: 'api',
  uid: 'u-1',
  ...given,
});
const owned = (...ownerReferences: readonly Json[]): JsonObject => ({
  kind: 'ConfigMap',
  metadata: { ownerReferences: [...ownerReferences] },
});

test('owners are known by version, kind, name, uid and whether they control', () => {
  expect(lifetimeOf(owned(owner({ controller: true, blockOwnerDeletion: true }), owner({ uid: 'u-2' })))).toEqual([
    'owner apps/v1 Deployment/api u-1 controller',
    'owner apps/v1 Deployment/api u-2',
  ]);
});

test.each<[sentence: string, text: string, isOwner: boolean]>([
  ['an owner', 'owner v1 Pod/x u', true],
  ['a controller', 'owner v1 Pod/x u controller', true],
  ['a name with a blank that would pass for another uid', 'owner v1 Pod/x u u2', false],
  ['no uid', 'owner v1 Pod/x', false],
  ['a finalizer', 'finalizer a.b/c', false],
])('%s', (_, text, isOwner) => {
  expect(ownerIn(text) !== undefined).toBe(isOwner);
});

test('whoever writes long names, or many, does not fill the record, and is told from others all the same', () => {
  const many = (last: string): readonly string[] =>
    lifetimeOf(
      owned(
        ...Array.from({ length: 500 }, (_, i) => owner({ name: `${'x'.repeat(5_000)}${i}${i === 499 ? last : ''}` })),
      ),
    );
  expect(JSON.stringify(many('a')).length).toBeLessThan(12_000);
  expect(sameLifetime(many('a'), many('b'))).toBe(false);
  expect(finalizersAmong(many('a'))).toBeUndefined();
});

const names: fc.Arbitrary<readonly string[]> = fc.uniqueArray(fc.constantFrom('a/x', 'b/x', 'c/x', 'd/x'));

test('a release sets its own, takes off what it frees, and leaves the others', () => {
  fc.assert(
    fc.property(names, names, names, (before, sets, given) => {
      const frees = given.filter((name) => !sets.includes(name));
      const after =
        finalizersAmong(
          released(
            before.map((name) => `finalizer ${name}`),
            { sets, frees },
          ),
        ) ?? [];
      for (const name of ['a/x', 'b/x', 'c/x', 'd/x']) {
        const isThere = sets.includes(name) || (before.includes(name) && !frees.includes(name));
        expect(after.includes(name)).toBe(isThere);
      }
    }),
  );
});

test('what changed is said by field and value', () => {
  const [before, after] = [['finalizer a.b/c'], ['finalizer d.e/f', 'owner v1 Pod/x u']];
  expect(lifetimeChange(before, after)).toBe(
    'metadata.finalizers gained d.e/f; metadata.ownerReferences gained Pod/x (v1, uid u); metadata.finalizers lost a.b/c',
  );
  expect(changedFields(before, after)).toEqual(['metadata.finalizers', 'metadata.ownerReferences']);
  expect(lifetimeChange(before, before)).toBe('');
});
