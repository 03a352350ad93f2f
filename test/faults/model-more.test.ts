/** The other half of the histories of `model.test.ts`, so that two processes share them. */
import { expect, test } from '@jest/globals';
import { half, prove, told } from './model/prove.ts';

test('every intent ends in time, its outcome is true, and production is one release, in other histories', () => {
  const proof = prove(half, { seed: 2 });
  process.stdout.write(`${told(proof)}\n`);
  expect(proof.wrong).toBeUndefined();
  expect(proof.histories).toBe(half);
});
