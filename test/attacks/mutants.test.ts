/** A part of `make mutants`: every mutant of the policy against sessions is noticed. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { letEverybodyIn } from './emergency-world.ts';
import { startGuardWorld, type GuardWorld } from './guard-world.ts';
import { tryMutants } from './mutation.ts';

jest.setTimeout(300_000);

let world: GuardWorld;
beforeAll(async () => {
  world = await startGuardWorld();
  await letEverybodyIn(world);
}, 120_000);
afterAll(() => world?.stop());

test('no mutant of the policy against sessions survives', async () => {
  const verdicts = await tryMutants(world, ['sessions']);
  expect(verdicts.filter(({ is }) => is === 'survived')).toEqual([]);
  expect(verdicts.filter(({ is }) => is === 'killed').length).toBeGreaterThan(5);
});
