import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { isNewer } from './resource-version.ts';

test('resource versions of any size compare as the integers they are', () => {
  const version = fc.oneof(fc.bigInt({ min: 0n, max: 100n }), fc.bigInt({ min: 0n, max: 2n ** 80n }));
  fc.assert(fc.property(version, version, (a, b) => expect(isNewer(String(a), String(b))).toBe(a > b)));
});

test('everything is newer than nothing', () => {
  expect(isNewer('1', '')).toBe(true);
  expect(isNewer('', '1')).toBe(false);
  expect(isNewer('', '')).toBe(false);
});
