import { expect, test } from '@jest/globals';
import { aBundle, anObject } from '../../test/support/builders/decide.ts';
import { joinParts, type BundleHead } from './bundles.ts';

const part = (name: string): BundleHead => ({
  uid: name,
  partOf: 'whole',
  parts: [],
  bytes: 2,
  programs: new Map(),
  summary: '',
  bundle: aBundle({ name, objects: [anObject('ConfigMap', name)] }),
});

test('parts are joined in order, and the same parts to the same bundle', () => {
  const head: BundleHead = { ...part('whole'), partOf: '', parts: ['a', 'b'] };
  const parts = new Map(['a', 'b'].map((name) => [name, part(name)]));
  const join = () => joinParts(head, (name) => parts.get(name));

  const first = join();
  expect(first?.objects.map(({ ref }) => ref.name)).toEqual(['a', 'b']);
  expect(join()).toBe(first);

  parts.set('b', { ...part('b'), bundle: aBundle({ objects: [anObject('Secret', 'other')] }) });
  expect(join()?.objects.map(({ ref }) => ref.name)).toEqual(['a', 'other']);
  parts.delete('b');
  expect(join()).toBeUndefined();
});
