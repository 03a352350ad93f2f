import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aBundle, anObject } from '../../../test/builders/decide.ts';
import { keyOf } from '../objects.ts';
import { liveRef } from '../rollout.ts';
import { objectIn } from './content.ts';

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
