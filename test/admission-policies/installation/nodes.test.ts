/** Attacks through nodes/proxy: a kubelet does whatever the API server asks of it, in any pod of its node. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { attacks } from '../../support/attack/harness.ts';
import { harmless, letProxy, node, nodesAttacks, pod, proxying, reach } from './nodes-list.ts';
import { startWorld, type World } from '../../support/attack/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await letProxy(world);
}, 120_000);
afterAll(() => world?.stop());

attacks(() => world, nodesAttacks);

describe('what a kubelet says of itself goes on', () => {
  test.each(harmless)('%s', async (path) => {
    expect(await reach(world, 'GET', path)).toMatchObject({ reached: true });
  });

  test('under the port of the kubelet, too, and the refusal says what to do', async () => {
    const name = `https:${node}:10250`;
    expect(await reach(world, 'GET', 'metrics', name)).toMatchObject({ reached: true });
    const { reached, said } = await reach(world, 'POST', `exec/${pod}/main`, name);
    expect(reached).toBe(false);
    expect(said).toContain(
      `NodesAreNoBackDoor: ${proxying} may not reach /exec/${pod}/main of the kubelet of ${name}: through it commands run in any pod of that node, past everything that guards production. Next: use what is judged by namespace, kubectl logs or kubectl exec -n`,
    );
  });
});
