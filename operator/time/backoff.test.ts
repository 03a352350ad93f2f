import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { delayMs } from './backoff.ts';

const backoff = { firstMs: 100, capMs: 10_000 };

test.each([
  { failures: 1, chance: 0, expected: 50 },
  { failures: 1, chance: 0.5, expected: 75 },
  { failures: 2, chance: 0, expected: 100 },
  { failures: 7, chance: 0, expected: 3_200 },
  { failures: 8, chance: 0, expected: 5_000 },
  { failures: 100_000, chance: 0, expected: 5_000 },
  { failures: 0, chance: 0, expected: 50 },
])('after $failures failures, with chance $chance, the delay is $expected ms', ({ failures, chance, expected }) => {
  expect(delayMs(backoff, failures, chance)).toBe(expected);
});

test('a delay lies between half and all of the doubled one, and never above the cap', () => {
  const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(2_000), chances, (failures, chance) => {
      const full = Math.min(backoff.firstMs * 2 ** Math.max(failures - 1, 0), backoff.capMs);
      const delay = delayMs(backoff, failures, chance);
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
    }),
  );
});
