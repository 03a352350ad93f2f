import { expect, test } from '@jest/globals';
import { PackedValues } from '../kube/packed.ts';
import type { KubeObject } from '../kube/resource.ts';
import { createObjectLoader, ifHere, ObjectAway } from './large.ts';
import { liveObject } from './parse.ts';

const configMap = (name: string, text: string, resourceVersion = '1'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n', uid: `uid-${name}`, resourceVersion, labels: { app: name } },
  data: { text },
});

const long = 'x'.repeat(20_000);
const megabyte = (seed: number): string =>
  Array.from({ length: 50_000 }, (_, i) => ((i + 1) * seed * 2_654_435_761).toString(36)).join('');

test('a large object reads as a small one does', () => {
  const large = new PackedValues<object>(1_000_000);
  const small = liveObject(configMap('a', 'short'), large);
  expect(large.bytes()).toBe(0);
  const seen = liveObject(configMap('a', long), large);
  expect(large.bytes()).toBeGreaterThan(0);
  expect({ ...seen, manifest: undefined, bytes: 0 }).toEqual({ ...small, manifest: undefined, bytes: 0 });
  expect(seen.manifest).toEqual({ ...small.manifest, data: { text: long } });
  expect(seen.bytes).toBeGreaterThan(20_000);
});

test('of very many large objects few are held, and the others say where they are, with their labels at hand', () => {
  const large = new PackedValues<object>(1_000_000);
  const all = Array.from({ length: 10 }, (_, i) => liveObject(configMap(`c-${i}`, megabyte(i + 1)), large));
  expect(large.bytes()).toBeLessThanOrEqual(1_000_000);
  expect(all.map(({ labels }) => labels)).toEqual(all.map(({ ref }) => ({ app: ref.name })));
  expect(() => all[0]?.manifest).toThrow(ObjectAway);
  expect(ifHere(() => all[0]?.manifest)).toBeUndefined();
  expect(all.at(-1)?.manifest['kind']).toBe('ConfigMap');
});

test('one that is away is there again once it was loaded, in the state that it is in now', async () => {
  const large = new PackedValues<object>(1_000_000);
  const seen = liveObject(configMap('a', long), large);
  large.drop('uid-a');
  const told: KubeObject[] = [];
  const load = createObjectLoader({
    resourceOf: ({ kind, apiVersion }) => ({ apiVersion, kind, plural: 'configmaps', namespaced: true }),
    read: () => Promise.resolve(configMap('a', long)),
    observed: (_, object) => void told.push(object),
    keep: async (object) => {
      liveObject(object, large);
      await large.settled();
    },
  });
  const away = (() => {
    try {
      return seen.manifest;
    } catch (error) {
      return error;
    }
  })();
  expect(away).toMatchObject({ home: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'a' } });
  await load({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'a' });
  expect(seen.manifest).toMatchObject({ data: { text: long } });
  expect(told).toHaveLength(1);
});
