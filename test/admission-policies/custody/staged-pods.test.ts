/** What pods of staging say of their images is said by kubelets alone, and a pod goes on with what it was created with. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { attacks } from '../../support/attack/harness.ts';
import { startWorld, type World } from '../../support/attack/world.ts';
import { letReport, stagedPodsAttacks, unaffected } from './staged-pods-list.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await letReport(world);
}, 120_000);
afterAll(() => world?.stop());

attacks(() => world, stagedPodsAttacks);

describe('what goes on', () => {
  test.each(Object.keys(unaffected))('%s', async (what) => {
    expect(await unaffected[what]?.(world)).toMatchObject({ reached: true });
  });
});
