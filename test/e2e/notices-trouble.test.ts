/** Sinks that are down, that lie, or that are no business of the operator: nothing waits for them, and nothing is sent where it may not go. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serviceAccountToken } from '../../hack/controlplane/chart.ts';
import { startOperator, type OperatorProcess } from '../../hack/controlplane/operator.ts';
import { parseData } from '../../operator/decide/ledger-entry.ts';
import { appendAs } from '../support/attack/history.ts';
import { startTimeoutMs, waitFor } from '../support/cluster/cluster.ts';
import {
  condition,
  startSystem,
  type Condition,
  type Reported,
  type System,
  type World,
} from '../support/cluster/system.ts';
import { amendPolicy, end, everybody, patienceMs, release, sign } from '../support/scenario/kit.ts';
import { declareSinks, eventOf, newKey, startSinks, type SinkServer } from '../support/scenario/sinks.ts';

let sinks: SinkServer;
let system: System;
let second: OperatorProcess | undefined;
const key = newKey();

/** Addresses of the cluster itself, and names that lead there, each allowed by its host alone. */
const forbidden = {
  metadata: 'https://169.254.169.254/latest/meta-data/',
  service: 'https://10.96.0.1/',
  decimal: 'https://2130706434:9443/',
  'private-six': 'https://[fd00::1]/',
  'mapped-six': 'https://[::ffff:10.96.0.1]/',
};
const forbiddenHosts = ['169.254.169.254', '10.96.0.1', '127.0.0.2:9443', '[fd00::1]', '[::ffff:a60:1]'];

const notify = () => ({
  allowedHosts: [sinks.host, ...forbiddenHosts],
  allowedNetworks: ['127.0.0.1/32', '::1/128'],
});

beforeAll(async () => {
  sinks = await startSinks();
  system = await startSystem({ operator: { notify: notify() } });
  const url = (path: string): string => `https://${sinks.host}${path}`;
  const ca = sinks.authority;
  const of = (name: string) => ({ name, type: 'CloudEvents', url: url(`/${name}`), keys: [key], ca });
  await declareSinks(system.as('installer'), [
    ...['events', 'errs', 'hangs', 'closes', 'redirects'].map(of),
    { ...of('untrusted'), ca: undefined },
    { name: 'plain', type: 'Slack', url: `http://${sinks.host}/plain` },
    { name: 'undeclared-host', type: 'Slack', url: 'https://hooks.example.com/credential-of-the-chat' },
    ...Object.entries(forbidden).map(([name, to]) => ({ name, type: 'CloudEvents', url: to, keys: [key] })),
  ]);
}, startTimeoutMs * 2);

afterAll(async () => {
  await second?.stop();
  await system?.stop();
  await sinks?.close();
});

const components = ['ConfigMap/settings', 'Deployment/api'];

const stageAs = async (world: World, letter: string): Promise<void> =>
  world.stage(world.configMap('settings', { level: letter }), world.deployment('api', letter));

const routesTo = (...names: readonly string[]) => ({ notify: { routes: names.map((sink) => ({ sink })) } });

const deliveredSays = async (world: World, is: (said: Condition) => boolean): Promise<Condition> => {
  const policy = await waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) => {
      const said = condition(each, 'NoticesDelivered');
      return said !== undefined && is(said);
    },
    patienceMs,
  );
  return condition(policy, 'NoticesDelivered') ?? { type: '', status: '', reason: '', message: '' };
};

const noticesOf = (world: World, path: string) =>
  sinks.received
    .filter((each) => each.path === path && each.body.includes(world.production))
    .map((each) => eventOf(each).data.customData);

test('sinks that fail, hang, close or redirect hold up no release, and are told what happened once they take it', async () => {
  const world = await system.world('down', routesTo('events', 'errs', 'hangs', 'closes', 'redirects', 'untrusted'));
  sinks.behave('/errs', (_, response) => response.writeHead(500).end());
  sinks.behave('/hangs', () => {});
  sinks.behave('/closes', (request) => request.socket.destroy());
  sinks.behave('/redirects', (_, response) => response.writeHead(307, { location: '/events' }).end());
  await stageAs(world, 'a');
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  await sinks.when((each) => each.path === '/events' && eventOf(each).data.customData.notice === 'Promoted');
  const said = await deliveredSays(world, ({ status }) => status === 'False');
  expect(said.reason).toBe('SinkFailing');
  expect(sinks.received.every(({ path }) => path === '/events')).toBe(true);
  // A redirect is not followed: what came to /events came once.
  const ids = noticesOf(world, '/events').map(({ notice, role }) => `${notice} ${role}`);
  expect(new Set(ids).size).toBe(ids.length);

  for (const path of ['/errs', '/hangs', '/closes', '/redirects']) sinks.behave(path, undefined);
  for (const path of ['/errs', '/hangs', '/closes', '/redirects']) {
    await sinks.when((each) => each.path === path && eventOf(each).data.customData.notice === 'Promoted');
    expect(noticesOf(world, path).map(({ notice, role }) => `${notice} ${role}`)).toEqual(ids);
  }
}, 500_000);

test('addresses of the cluster, of clouds and of hosts that nobody allowed get nothing, and the policy says why', async () => {
  for (const name of Object.keys(forbidden)) {
    const world = await system.world(`no-${name}`, routesTo(name));
    await stageAs(world, 'a');
    await world.propose(world.candidate('first', components));
    const said = await deliveredSays(world, ({ status }) => status === 'False');
    expect([said.reason, said.message]).toEqual([
      'SinkNotAllowed',
      expect.stringContaining('is no address of the internet, and not in notify.allowedNetworks of the chart'),
    ]);
  }
  const world = await system.world('no-host', routesTo('undeclared-host', 'plain', 'nobody'));
  const said = await deliveredSays(world, ({ status }) => status === 'False');
  expect(said.message).toContain(
    'sink undeclared-host: hooks.example.com is not among the hosts of notify.allowedHosts',
  );
  expect(said.message).toContain('sink plain: its address begins with http:// and only https:// is allowed');
  expect(said.message).toContain(
    'sink nobody: Secret countersign-sinks in the namespace of Countersign declares no such sink',
  );
  expect(said.message).not.toContain('credential-of-the-chat');
  await stageAs(world, 'a');
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
}, 500_000);

test('a leader that dies before a sink took its notices leaves them to the next', async () => {
  const world = await system.world('killed', routesTo('events', 'errs'));
  sinks.behave('/errs', (_, response) => response.writeHead(503).end());
  await stageAs(world, 'a');
  await world.propose(world.candidate('first', components));
  await sign(world, 'first', ...everybody);
  expect(await end(world, 'first')).toBe('Promoted');
  const isPromoted = (path: string) => (each: (typeof sinks.received)[number]) =>
    each.path === path && each.body.includes(world.production) && eventOf(each).data.customData.notice === 'Promoted';
  await sinks.when(isPromoted('/events'));
  await stageAs(world, 'b');
  await world.propose(world.candidate('second', components));
  const waits = (path: string, role: string) => (each: (typeof sinks.received)[number]) =>
    each.path === path &&
    each.body.includes(world.production) &&
    each.body.includes(`--role ${role}`) &&
    each.body.includes('approve second');
  await sinks.when(waits('/events', 'approver'));
  await system.operator.stop('SIGKILL');
  sinks.behave('/errs', undefined);
  const before = sinks.received.length;

  second = await startOperator(system.controlPlane, { instance: 'operator-1', notify: notify() });
  await sinks.when(isPromoted('/errs'));
  await sinks.when(waits('/errs', 'tester'));
  await sinks.when(waits('/errs', 'approver'));

  // Of the first candidate nobody is told any more that it waits.
  const wanted = ['ApprovalNeeded tester', 'ApprovalNeeded approver', 'Promoted '];
  const told = (path: string) => new Set(noticesOf(world, path).map(({ notice, role }) => `${notice} ${role}`));
  expect(told('/errs')).toEqual(new Set(wanted));
  expect(told('/events')).toEqual(new Set(wanted));
  // What is sent again is the same event.
  const again = sinks.received
    .slice(before)
    .filter(({ path }) => path === '/events')
    .map((each) => eventOf(each).id);
  const known = new Set(sinks.received.slice(0, before).map((each) => eventOf(each).id));
  expect(again.filter((id) => !known.has(id))).toEqual([]);
}, 500_000);

test('a gate that is away and a record that does not verify are told, each with its command', async () => {
  const world = await system.world('wrong', routesTo('events'));
  const command = async (notice: string): Promise<string> => {
    const received = await sinks.when((each) => {
      if (each.path !== '/events') return false;
      const { customData } = eventOf(each).data;
      return customData.namespace === world.production && customData.notice === notice;
    });
    return eventOf(received).data.customData.command;
  };
  await stageAs(world, 'a');
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  // What is signed for waits a little, and the gate is gone when it would begin.
  await amendPolicy(world, { soak: '40s' });
  await stageAs(world, 'b');
  await world.propose(world.candidate('second', components));
  await sign(world, 'second', ...everybody);
  await system.gate.stop();
  expect(await command('GateUnavailable')).toBe('kubectl countersign doctor');

  const promoted = (await world.ledger()).find(({ type }) => type === 'Promoted');
  if (promoted === undefined) throw new Error('nothing was promoted');
  const { subject, package: pkg, digest, decision, reason } = promoted;
  const again = {
    actor: 'operator',
    subject,
    package: pkg,
    digest,
    decision,
    reason,
    data: parseData(promoted),
  } as const;
  const token = await serviceAccountToken(system.controlPlane, 'countersign-operator');
  const stolen = system.as('installer').withToken(token);
  try {
    expect((await appendAs(world, { client: stolen, as: 'operator' }, again)).ok).toBe(true);
  } finally {
    stolen.close();
  }
  expect(await command('LedgerBroken')).toBe(`kubectl countersign doctor -n ${world.production}`);
}, 500_000);
