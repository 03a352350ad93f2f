import { expect, test } from '@jest/globals';
import { aCandidate } from '../../test/support/builders/decide.ts';
import type { JsonObject } from '../api/meta.ts';
import { PackedValues } from '../kube/packed.ts';
import { componentsOf, isLarge, keptCandidate, mayName } from './kept-candidates.ts';
import { ObjectAway } from './large.ts';

const refs = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ kind: 'ConfigMap', group: '', name: `c-${i}` }));
const naming = (count: number) => {
  const candidate = aCandidate();
  return { ...candidate, spec: { ...candidate.spec, components: refs(count) } };
};

test('a small candidate is kept as it is, and its components are known one by one', () => {
  const large = new PackedValues<object>(1_000_000);
  const candidate = naming(2);
  expect(keptCandidate(candidate, large)).toBe(candidate);
  expect(isLarge(candidate)).toBe(false);
  expect(componentsOf(candidate)).toEqual(['ConfigMap/c-0', 'ConfigMap/c-1']);
});

test('a large one reads as it was, and says of an object whether it names it', () => {
  const large = new PackedValues<object>(1_000_000);
  const candidate = naming(500);
  const kept = keptCandidate(candidate, large);
  expect(isLarge(kept)).toBe(true);
  expect(kept).toEqual(candidate);
  expect(componentsOf(kept)).toEqual([]);
  expect(refs(500).every(({ kind, name }) => mayName(kept, `${kind}/${name}`))).toBe(true);
  expect(mayName(kept, 'ConfigMap/c-500')).toBe(false);
});

test('a large one whose status has changed is not written down again, and one of another generation is', () => {
  const large = new PackedValues<object>(1_000_000);
  const candidate = naming(500);
  const kept = keptCandidate(candidate, large);
  const { components } = kept.spec;
  expect(keptCandidate(structuredClone(candidate), large).spec.components).toBe(components);
  const { spec, metadata } = naming(501);
  const changed = { ...candidate, spec, metadata: { ...metadata, generation: metadata.generation + 1 } };
  expect(keptCandidate(changed, large).spec.components).toHaveLength(501);
});

test('a component of a defined kind is known by its group, whether the candidate says it or not', () => {
  const candidate = aCandidate();
  const components = [
    { kind: 'HTTPRoute', group: '', name: 'web' },
    { kind: 'Gateway', group: 'networking.istio.io', name: 'web' },
    { kind: 'Gateway', group: '', apiVersion: 'gateway.networking.k8s.io/v1', name: 'web' },
  ];
  expect(componentsOf({ ...candidate, spec: { ...candidate.spec, components } })).toEqual([
    'HTTPRoute.gateway.networking.k8s.io/web',
    'Gateway.networking.istio.io/web',
    'Gateway.gateway.networking.k8s.io/web',
  ]);
});

test('of very many large ones few are held, and the others say where they are', async () => {
  const large = new PackedValues<object>(20_000);
  const all = Array.from({ length: 20 }, (_, i) => {
    const candidate = naming(500);
    return keptCandidate({ ...candidate, metadata: { ...candidate.metadata, uid: `uid-${i}` } }, large);
  });
  await large.settled();
  expect(large.bytes()).toBeLessThanOrEqual(20_000);
  expect(() => all[0]?.spec.components).toThrow(ObjectAway);
  expect(all.every((each) => mayName(each, 'ConfigMap/c-7'))).toBe(true);
});

test('one whose overlay is nested too deep to be written down is kept all the same, so that somebody says so', () => {
  let patch: JsonObject = {};
  for (let level = 0; level < 9_000; level += 1) patch = { a: patch };
  const candidate = aCandidate({ overlay: [{ kind: 'ConfigMap', name: 'settings', patch }] });
  expect(keptCandidate(candidate, new PackedValues<object>(1_000_000))).toBe(candidate);
});
