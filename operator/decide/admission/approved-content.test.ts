import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aBundle, anObject } from '../../../test/support/builders/decide.ts';
import { keyOf } from '../objects.ts';
import { liveRef } from '../release/steps.ts';
import type { JsonObject } from '../../api/meta.ts';
import { departures, objectIn, type Leave } from './approved-content.ts';

const objects = fc.array(
  fc
    .tuple(fc.constantFrom('ConfigMap', 'Job', 'Deployment'), fc.constantFrom('a', 'b', 'c'), fc.string())
    .map(([kind, name, content]) => anObject(kind, name, { content })),
  { maxLength: 12 },
);

test('an object of a bundle is found by the name it has in production, the first of two', () => {
  fc.assert(
    fc.property(objects, (given) => {
      const bundle = aBundle({ objects: given });
      for (const object of given) {
        const ref = liveRef(object, bundle);
        const first = given.find((each) => keyOf(liveRef(each, bundle)) === keyOf(ref));
        expect(objectIn(bundle, ref)).toBe(first);
      }
      expect(objectIn(bundle, { kind: 'Job', name: 'a' })).toBeUndefined();
      expect(objectIn(undefined, { kind: 'ConfigMap', name: 'a' })).toBeUndefined();
    }),
  );
});

const claim = (finalizers: readonly string[]): JsonObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }) },
});
const protection = 'kubernetes.io/pvc-protection';
const mine = 'release.example.com/x';
const [ours, tools]: readonly [Leave, Leave] = [{ stays: [] }, { stays: [], partly: true }];

interface Written {
  /** Absent = it is created. */
  readonly from?: readonly string[];
  readonly to: readonly string[];
  readonly as?: Leave;
  readonly unmanaged?: readonly string[];
}

test.each<[sentence: string, write: Written, departs: boolean]>([
  ['the operator creates it as released', { to: [mine] }, false],
  ['and the API server protects the claim', { to: [mine, protection] }, false],
  ['the operator leaves out what is released', { to: [] }, true],
  ['a tool does, that does not know of it', { to: [], as: tools }, false],
  ['somebody brings another', { to: [mine, 'a.b/c'] }, true],
  ['a tool brings another', { to: [mine, 'a.b/c'], as: tools }, true],
  ['the operator sets what is released', { from: [protection], to: [protection, mine] }, false],
  ['it plants one', { from: [mine], to: [mine, 'a.b/c'] }, true],
  ['it plants one that controllers set', { from: [mine], to: [mine, protection] }, true],
  ['it leaves what it finds', { from: [mine, 'a.b/c'], to: [mine, 'a.b/c'] }, false],
  ['it takes off what nothing explains', { from: [mine, 'a.b/c'], to: [mine] }, false],
  ['it takes off what is to stay', { from: [mine, 'a.b/c'], to: [mine], as: { stays: ['a.b/c'] } }, true],
  [
    'it takes off anything while nothing is known',
    { from: [mine, 'a.b/c'], to: [mine], as: { stays: undefined } },
    true,
  ],
  ['it takes off what protects a claim', { from: [mine, protection], to: [mine] }, true],
  ['a tool takes off what is released', { from: [mine], to: [], as: tools }, true],
  [
    'it keeps what the policy leaves to others',
    { from: ['a.b/c'], to: ['a.b/c'], unmanaged: ['metadata.finalizers'] },
    false,
  ],
  [
    'it changes what the policy leaves to others',
    { from: ['a.b/c'], to: [mine], unmanaged: ['metadata.finalizers'] },
    true,
  ],
])('of finalizers: %s', (_, { from, to, as = ours, unmanaged = [] }, departs) => {
  const expected = anObject('PersistentVolumeClaim', 'data', { metadata: { name: 'data', finalizers: [mine] } });
  const rows = [{ kind: 'PersistentVolumeClaim', name: 'data', fields: unmanaged }];
  const bundle = aBundle({ objects: [expected], unmanaged: rows });
  const write = { object: claim(to), oldObject: from === undefined ? undefined : claim(from) };
  expect(departures(write, expected, { bundle, leave: as }).includes('metadata.finalizers')).toBe(departs);
});
