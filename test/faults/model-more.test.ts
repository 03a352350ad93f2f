/** The other half of the histories of `model.test.ts`, so that two processes share them. */
import { expect, test } from '@jest/globals';
import { half, proveApart, told } from './model/prove.ts';

test('every intent ends in time, its outcome is true, and production is one release, in other histories', async () => {
  const proof = await proveApart(half, 2);
  process.stdout.write(`${told(proof)}\n`);
  expect(proof.wrong).toBeUndefined();
  expect(proof.histories).toBe(half);
}, 900_000);
