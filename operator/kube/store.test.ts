import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { isNewer } from './resource-version.ts';
import { Store, type Change } from './store.ts';

interface Pod {
  readonly node: string;
}

function podStore() {
  const changes: [string, Change<Pod>][] = [];
  const store = new Store<Pod>({ node: ({ node }) => [node] }, (key, change) => changes.push([key, change]));
  const put = (key: string, uid: string, resourceVersion: string, node: string | undefined) =>
    store.put(key, { uid, resourceVersion, value: node === undefined ? undefined : { node } });
  return { store, changes, put };
}

test('an older state than the one held changes nothing', () => {
  const { store, changes, put } = podStore();
  put('n/a', 'u', '10', 'x');
  put('n/a', 'u', '9', 'old');
  put('n/a', 'u', '10', 'same');
  store.remove('n/a', '9');
  expect(store.get('n/a')).toEqual({ node: 'x' });
  expect(changes).toHaveLength(1);
});

test('another incarnation under the name is a deletion and an addition', () => {
  const { changes, put } = podStore();
  put('n/a', 'first', '10', 'x');
  put('n/a', 'second', '12', 'y');
  expect(changes).toEqual([
    ['n/a', { new: { node: 'x' } }],
    ['n/a', { old: { node: 'x' } }],
    ['n/a', { new: { node: 'y' } }],
  ]);
});

test('an object that is kept no longer is gone, and its older states do not bring it back', () => {
  const { store, changes, put } = podStore();
  put('n/a', 'u', '10', 'x');
  put('n/a', 'u', '20', undefined);
  put('n/a', 'u', '15', 'y');
  expect(store.get('n/a')).toBeUndefined();
  expect(store.values()).toEqual([]);
  expect(changes.at(-1)).toEqual(['n/a', { old: { node: 'x' } }]);
});

test('a list removes what it lacks, and keeps what is newer than itself', () => {
  const { store, put } = podStore();
  put('n/gone', 'u1', '10', 'x');
  put('n/newer', 'u2', '30', 'x');
  put('n/ahead', 'u3', '25', 'ahead');
  store.replace(
    new Map([
      ['n/listed', { uid: 'u4', resourceVersion: '15', value: { node: 'y' } }],
      ['n/ahead', { uid: 'u3', resourceVersion: '18', value: { node: 'behind' } }],
    ]),
    '20',
  );
  expect(store.values()).toEqual([{ node: 'x' }, { node: 'ahead' }, { node: 'y' }]);
  expect(store.get('n/gone')).toBeUndefined();
});

describe('indexes', () => {
  test('follow every change', () => {
    const { store, put } = podStore();
    put('n/a', 'u1', '1', 'x');
    put('n/b', 'u2', '2', 'x');
    expect(store.byIndex('node', 'x')).toHaveLength(2);
    put('n/a', 'u1', '3', 'y');
    expect(store.byIndex('node', 'x')).toHaveLength(1);
    expect(store.byIndex('node', 'y')).toEqual([{ node: 'y' }]);
    store.remove('n/b', '4');
    expect(store.byIndex('node', 'x')).toEqual([]);
  });

  test('an index that was not declared is a mistake, not an empty answer', () => {
    expect(() => podStore().store.byIndex('zone', 'x')).toThrow('no index named zone');
  });
});

test('in whatever order, and however often, states of an object are told, the newest is what is held', () => {
  const state = fc.record({
    resourceVersion: fc.nat(2 ** 20).map((n) => String(n + 1)),
    node: fc.constantFrom('x', 'y', undefined),
  });
  fc.assert(
    fc.property(fc.array(state, { minLength: 1 }), (states) => {
      // One state for each resource version, as the API server has it.
      const truth = new Map(states.map((each) => [each.resourceVersion, each.node]));
      const { store, put } = podStore();
      for (const { resourceVersion } of states) put('n/a', 'u', resourceVersion, truth.get(resourceVersion));
      const newest = [...truth.keys()].reduce((a, b) => (isNewer(b, a) ? b : a));
      expect(store.get('n/a')?.node).toBe(truth.get(newest));
    }),
  );
});
