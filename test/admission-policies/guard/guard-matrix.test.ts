/** Nobody but whom files/guard.yaml names is let through, for any act on any resource. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { tableRows, tryRow } from '../world/guard-table.ts';
import { startGuardWorld, type GuardWorld } from '../world/guard-world.ts';

let world: GuardWorld;
beforeAll(async () => {
  world = await startGuardWorld();
}, 120_000);
afterAll(() => world?.stop());

describe('who may write what', () => {
  test.each(tableRows)('$topic: $act $group/$resource', async (row) => {
    const { expected, seen, otherwise } = await tryRow(world, row);
    expect(otherwise).toEqual([]);
    expect(seen).toEqual(expected);
  });
});
