/** What the API server itself holds of emergencies, on a real one with real identities: no gate, no operator, and every right in RBAC. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { emergencyAttacks, tryCovered } from './emergency-list.ts';
import { letEverybodyIn, oncall } from '../world/emergency-world.ts';
import { tableRows } from '../world/guard-table.ts';
import { startGuardWorld, type GuardWorld } from '../world/guard-world.ts';
import { attacks } from '../../support/attack/harness.ts';
import { production } from '../../support/attack/objects.ts';
import { bind, role } from '../../support/attack/world.ts';

let world: GuardWorld;
beforeAll(async () => {
  world = await startGuardWorld();
  await letEverybodyIn(world);
  await role(world, 'test-emergencies', { resources: ['emergencyaccesses'], verbs: ['create', 'patch'] });
  for (const user of [oncall, 'admin']) await bind(world, { user, role: 'test-emergencies', namespace: production });
}, 150_000);
afterAll(() => world?.stop());

attacks(() => world, emergencyAttacks);

describe('what a refusal says', () => {
  test.each(
    emergencyAttacks.filter(({ denied }) => denied.endsWith(': ')).map((attack) => [attack.name, attack] as const),
  )('%s: the rule once, and what to do next', async (_, { act, denied }) => {
    const { said: words } = await act(world);
    expect(words.split(denied)).toHaveLength(2);
    expect(words).toMatch(/ Next: ./);
    expect(words).not.toMatch(/variables\.|params\./);
  });
});

describe('what an emergency covers', () => {
  test.each(tableRows.map((row) => [`${row.act} ${row.resource}`, row] as const))('%s', async (_, row) => {
    const { expected, seen, said } = await tryCovered(world, row);
    expect({ let: seen, said }).toEqual({ let: expected, said });
  });
});
