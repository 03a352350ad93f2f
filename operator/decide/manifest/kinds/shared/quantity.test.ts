import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { amount, canonicalQuantity } from './quantity.ts';

/** As Kubernetes v1.36.3 writes what it has read. */
test.each([
  ['1000m', '1'],
  ['1.5Gi', '1536Mi'],
  ['1024Mi', '1Gi'],
  ['1', '1'],
  ['0.1', '100m'],
  ['0.5', '500m'],
  ['1500m', '1500m'],
  ['2000Mi', '2000Mi'],
  ['1000k', '1M'],
  ['1000Ki', '1000Ki'],
  ['1024Ki', '1Mi'],
  ['0.5Gi', '512Mi'],
  ['1.3Gi', '1395864371200m'],
  ['0', '0'],
  ['0Mi', '0'],
  ['0m', '0'],
  ['100000000n', '100m'],
  ['1u', '1u'],
  ['0.5m', '500u'],
  ['-1', '-1'],
  ['.5', '500m'],
  ['1048576', '1048576'],
  ['1Gi', '1Gi'],
  ['1.5', '1500m'],
  ['1023Ki', '1023Ki'],
  ['0.5Ki', '512'],
  ['1000000', '1M'],
  ['1500k', '1500k'],
  ['128974848', '128974848'],
  ['100E', '100E'],
  ['1Ei', '1Ei'],
  ['12.50', '12500m'],
])('%s is %s', (given, canonical) => {
  expect(canonicalQuantity(given)).toBe(canonical);
});

test.each(['1e3', '1E3', '+1', '007', '1.', '', 'abc', '1ki', '123456789012345678901234567890', ' 1', '1 '])(
  'what is rare, or no amount, stays as it is: "%s"',
  (given) => {
    expect(canonicalQuantity(given)).toBe(given);
  },
);

test('it is the same amount, and the same again', () => {
  const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 999 }), suffix, (whole, part, unit) => {
      const given = `${whole}.${String(part).padStart(3, '0')}${unit}`;
      const canonical = canonicalQuantity(given);
      expect(canonicalQuantity(canonical)).toBe(canonical);
      expect((amount(canonical) ?? Number.NaN) / (amount(given) || 1)).toBeCloseTo(whole + part === 0 ? 0 : 1, 9);
    }),
  );
});
