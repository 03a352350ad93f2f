/** Attacks through nodes/proxy: a kubelet does whatever the API server asks of it, in any pod of its node. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { policyLock, type Attack, type Attempt } from './attack.ts';
import { attacks } from './harness.ts';
import { bind, eventually, role, startWorld, type World } from './world.ts';

const attacker = 'developer-b';

/** No such node: who comes to be told so is through. */
const node = 'node-of-nobody';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await role(world, 'node-proxy', { apiGroups: [''], resources: ['nodes/proxy'], verbs: ['*'] });
  await bind(world, { user: attacker, role: 'node-proxy' });
  await eventually(
    'bound',
    () => reach('GET', 'metrics'),
    ({ reached }) => reached,
  );
}, 120_000);
afterAll(() => world?.stop());

async function reach(method: string, path: string, name = node): Promise<Attempt> {
  const { code, text } = await world.as(attacker).raw({ method, path: `/api/v1/nodes/${name}/proxy/${path}` });
  return { reached: text.includes(`\\"${node}\\" not found`) || text.includes('no such host'), said: text, code };
}

const pod = 'payments-prod/api-0';
const ways: readonly (readonly [what: string, method: string, path: string])[] = [
  ['runs a command', 'POST', `run/${pod}/main?cmd=id`],
  ['runs a command by a GET, as a browser does', 'GET', `exec/${pod}/main?command=id&output=1`],
  ['opens a session', 'POST', `exec/${pod}/main?command=sh&input=1`],
  ['attaches', 'POST', `attach/${pod}/main`],
  ['forwards a port', 'POST', `portForward/${pod}`],
  ['reads logs', 'GET', `containerLogs/${pod}/main`],
  ['copies the memory of a program', 'POST', `checkpoint/${pod}/main`],
  ['reads logs of the node', 'GET', 'logs/'],
  ['profiles the kubelet', 'GET', 'debug/pprof/profile'],
  ['hides the path behind a harmless one', 'POST', `metrics/../exec/${pod}/main?command=id`],
  ['hides the path in escapes', 'POST', `metrics%2F..%2Fexec/${pod}/main?command=id`],
  ['hides the path behind dots', 'POST', `./exec/${pod}/main?command=id`],
  ['begins the path with slashes', 'POST', `//exec/${pod}/main?command=id`],
  ['writes the path in escapes', 'POST', `%65xec/${pod}/main?command=id`],
  ['names another path in the query', 'POST', `exec/${pod}/main?command=id&path=/metrics`],
  ['ends a harmless line', 'POST', `metrics%0A/../exec/${pod}/main?command=id`],
];

attacks<World>(
  () => world,
  ways.map(([what, method, path]): Attack<World> => ({
    id: 'T04',
    name: `who holds nodes/proxy ${what}`,
    act: () => reach(method, path),
    denied: 'NodesAreNoBackDoor: ',
    twin: () => reach('GET', 'metrics'),
    locks: [policyLock('countersign-nodes')],
  })),
);

describe('what a kubelet says of itself goes on', () => {
  test.each([
    'healthz',
    'healthz/ping',
    'metrics',
    'metrics/cadvisor',
    'metrics/resource',
    'stats/summary',
    'configz',
    'pods',
    'runningpods/',
  ])('%s', async (path) => {
    expect(await reach('GET', path)).toMatchObject({ reached: true });
  });

  test('under the port of the kubelet, too, and the refusal says what to do', async () => {
    const name = `https:${node}:10250`;
    expect(await reach('GET', 'metrics', name)).toMatchObject({ reached: true });
    const { reached, said } = await reach('POST', `exec/${pod}/main`, name);
    expect(reached).toBe(false);
    expect(said).toContain(
      `NodesAreNoBackDoor: ${attacker} may not reach /exec/${pod}/main of the kubelet of ${name}: through it commands run in any pod of that node, past everything that guards production. Next: use what is judged by namespace, kubectl logs or kubectl exec -n`,
    );
  });
});
