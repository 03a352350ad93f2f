import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { policyChanges } from './changes.ts';
import { policySpecs } from './policy-arbitrary.ts';

test('what differs is told field by field, what is looser first, and turned round when read the other way', () => {
  const back = { tighter: 'looser', looser: 'tighter', equal: 'equal', other: 'other' } as const;
  const urgency = ['looser', 'other', 'tighter', 'equal'];
  fc.assert(
    fc.property(policySpecs, policySpecs, (before, after) => {
      const [there, home] = [policyChanges(before, after), policyChanges(after, before)];
      const places = there.map(({ is }) => urgency.indexOf(is));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      const told = (all: typeof there) => new Map(all.map(({ field, is }) => [field, is]));
      expect(new Map(home.map(({ field, is }) => [field, back[is]]))).toEqual(told(there));
      expect(policyChanges(before, before)).toEqual([]);
    }),
  );
});
