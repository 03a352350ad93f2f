import { expect, test } from '@jest/globals';
import { milliseconds } from './duration.ts';

test.each([
  ['0s', 0],
  ['10s', 10_000],
  ['90m', 5_400_000],
  ['1h30m', 5_400_000],
  ['72h', 259_200_000],
  ['1h1m1s', 3_661_000],
])('%s is %d ms', (text, expected) => {
  expect(milliseconds(text)).toBe(expected);
});

test.each(['', '1d', '-1h', '1.5h', '1m1h', ' 1h', '1h\n'])('%j is not a duration', (text) => {
  expect(() => milliseconds(text)).toThrow(RangeError);
});
