/** Attacks through nodes/proxy, as data: a kubelet does whatever the API server asks of it, in any pod of its node. */
import { policyLock, type Attack, type Attempt } from '../../support/attack/attack.ts';
import { bind, eventually, role, type World } from '../../support/attack/world.ts';

export const proxying = 'developer-b';

/** No such node: who comes to be told so is through. */
export const node = 'node-of-nobody';

/** Gives somebody the right to nodes/proxy, and waits until it acts. */
export async function letProxy(world: World): Promise<void> {
  await role(world, 'node-proxy', { apiGroups: [''], resources: ['nodes/proxy'], verbs: ['*'] });
  await bind(world, { user: proxying, role: 'node-proxy' });
  await eventually(
    'bound',
    () => reach(world, 'GET', 'metrics'),
    ({ reached }) => reached,
  );
}

export async function reach(world: World, method: string, path: string, name = node): Promise<Attempt> {
  const { code, text } = await world.as(proxying).raw({ method, path: `/api/v1/nodes/${name}/proxy/${path}` });
  return { reached: text.includes(`\\"${node}\\" not found`) || text.includes('no such host'), said: text, code };
}

export const pod = 'payments-prod/api-0';
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

export const nodesAttacks: readonly Attack<World>[] = ways.map(([what, method, path]) => ({
  id: 'T04',
  name: `who holds nodes/proxy ${what}`,
  act: (world) => reach(world, method, path),
  denied: 'NodesAreNoBackDoor: ',
  twin: (world) => reach(world, 'GET', 'metrics'),
  locks: [policyLock('countersign-nodes')],
}));

/** What a kubelet says of itself. */
export const harmless: readonly string[] = [
  'healthz',
  'healthz/ping',
  'metrics',
  'metrics/cadvisor',
  'metrics/resource',
  'stats/summary',
  'configz',
  'pods',
  'runningpods/',
];
