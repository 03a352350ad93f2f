/** The reflector on a real API server: what it shows is what there is, through restarts, lost history and cut connections. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { listPages } from '../../operator/kube/read.ts';
import { Reflector, type ReflectorSettings, type RestartReason } from '../../operator/kube/reflector.ts';
import type { Copy } from '../../operator/kube/copy.ts';
import { createReflectors } from '../../operator/kube/reflectors.ts';
import type { KubeObject, ResourceRow } from '../../operator/kube/resource.ts';
import type { Change } from '../../operator/kube/store.ts';
import { noStream, type ApiRequest, type Interceptor } from '../../operator/kube/transport.ts';
import { systemClock } from '../../operator/time/clock.ts';
import { silentLogger } from '../../operator/log.ts';
import { accessAs, configMap, configMaps, reflects, type Access } from '../support/builders/kube.ts';
import { startCluster, startTimeoutMs, type Cluster } from '../support/cluster/cluster.ts';

const namespaces: ResourceRow = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };

let cluster: Cluster;
let writer: Access;
/** The reflector's own way, which tests cut and bend. */
let reader: Access;
let intercept: Interceptor;
let asked: ApiRequest[];
let namespace: string;
let restarts: RestartReason[];
let running: Reflector<string>[];
let round = 0;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 0, kcm: false, scheduler: false, kwok: false, auditLog: false });
  writer = await accessAs(cluster.controlPlane.kubeconfig('installer'));
  reader = await accessAs(cluster.controlPlane.kubeconfig('installer'), (request, next) => {
    asked.push(request);
    return intercept(request, next);
  });
}, startTimeoutMs);

afterAll(async () => {
  await Promise.all([writer.transport.close(), reader.transport.close()]);
  await cluster.stop();
});

beforeEach(async () => {
  intercept = (request, next) => next(request);
  asked = [];
  restarts = [];
  running = [];
  round += 1;
  namespace = `round-${round}`;
  await writer.client.createResource(namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
});

afterEach(async () => {
  await Promise.all(running.map((reflector) => reflector.stop()));
});

function reflect(settings: Partial<ReflectorSettings> = {}) {
  const reflector = new Reflector<string>(
    { resource: configMaps, namespace, project: valueOf },
    {
      transport: reader.transport,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
      metrics: { restarted: (_resource, reason) => restarts.push(reason), heard() {} },
      settings: { backoff: { firstMs: 20, capMs: 200 }, ...settings },
    },
  );
  const changes: [string, Change<string>][] = [];
  reflector.onChange((key, change) => changes.push([key, change]));
  running.push(reflector);
  reflector.start();
  return { reflector, changes };
}

/** What is kept: uid and data, which tell incarnations and states apart. */
function valueOf({ metadata, data }: KubeObject): string {
  return `${metadata.uid} ${JSON.stringify(data)}`;
}

const put = (name: string, value: string) =>
  writer.client.createResource(configMaps, configMap(name, { value }, namespace));
const change = (name: string, value: string) =>
  writer.client.replaceResource(configMaps, configMap(name, { value }, namespace));
const remove = (name: string) => writer.client.deleteResource(configMaps, { namespace, name });

/** What a list shows now. */
async function truth(): Promise<string[]> {
  const values: string[] = [];
  for await (const { items } of listPages(writer.transport, configMaps, { namespace }))
    values.push(...items.map(valueOf));
  return values.sort();
}

const isTrue = (reflector: Reflector<string>, values: readonly string[]) =>
  reflects(reflector, () => reflector.list().sort().join() === values.join());

/** Ends the open watch and lets no other begin until it is called off. */
function cut(): () => void {
  const held: (() => void)[] = [];
  let isCut = true;
  intercept = async (request, next) => {
    if (request.answer === 'Stream' && isCut) {
      await new Promise<void>((resolve) => {
        held.push(resolve);
        request.signal?.addEventListener('abort', () => resolve());
      });
    }
    return await next(request);
  };
  return () => {
    isCut = false;
    for (const go of held) go();
  };
}

test('it begins with what there is, and follows additions, changes and deletions', async () => {
  const before = await put('before', '1');
  const { reflector, changes } = reflect();
  await reflector.synced;
  expect(reflector.list()).toEqual([valueOf(before)]);
  const a = await put('a', '1');
  const b = await change('a', '2');
  await remove('a');
  await reflects(reflector, () => changes.length === 4);
  const key = `${namespace}/a`;
  expect(changes.slice(1)).toEqual([
    [key, { new: valueOf(a) }],
    [key, { old: valueOf(a), new: valueOf(b) }],
    [key, { old: valueOf(b) }],
  ]);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.query).toMatchObject({ sendInitialEvents: true });
});

test('where streaming lists are refused, pages give the same', async () => {
  for (let i = 0; i < 7; i += 1) await put(`many-${i}`, '1');
  intercept = (request, next) =>
    request.query?.['sendInitialEvents'] === true
      ? Promise.resolve({
          status: 422,
          headers: {},
          body: { reason: 'Invalid', message: 'no WatchList here' },
          stream: noStream,
        })
      : next(request);
  const { reflector } = reflect({ pageSize: 3 });
  await reflector.synced;
  expect(reflector.list().sort()).toEqual(await truth());
  expect(asked.filter(({ query }) => query?.['limit'] === 3)).toHaveLength(3);
  await put('later', '1');
  await isTrue(reflector, await truth());
});

test('an own write is visible without waiting, and told once', async () => {
  const { reflector, changes } = reflect();
  await reflector.synced;
  const object = await put('own', '1');
  reflector.observed(object);
  expect(reflector.get(`${namespace}/own`)).toBe(valueOf(object));
  await put('other', '1');
  await reflects(reflector, () => reflector.list().length === 2);
  expect(changes.map(([key]) => key)).toEqual([`${namespace}/own`, `${namespace}/other`]);
});

test('what happens while the connection is cut is told afterwards, recreation under one name as a deletion and an addition', async () => {
  const first = await put('again', '1');
  await put('gone', '1');
  const { reflector, changes } = reflect({ streamSeconds: 1 });
  await reflector.synced;
  const goOn = cut();
  // The server ends the stream within two seconds, if it has the time; the next one is held back.
  while (!restarts.includes('Ended')) await new Promise((resolve) => setTimeout(resolve, 100));
  changes.length = 0;
  await remove('again');
  const second = await put('again', '1');
  await remove('gone');
  await put('new', '1');
  goOn();
  await isTrue(reflector, await truth());
  const key = `${namespace}/again`;
  expect(changes.filter(([changed]) => changed === key)).toEqual([
    [key, { old: valueOf(first) }],
    [key, { new: valueOf(second) }],
  ]);
});

test('a server that dies and comes back has forgotten the history: the reflector lists again and tells the differences', async () => {
  const first = await put('again', '1');
  await put('kept', '1');
  const { reflector, changes } = reflect();
  await reflector.synced;
  changes.length = 0;
  const goOn = cut();
  await cluster.controlPlane.stopComponent('kube-apiserver', 'SIGKILL');
  await cluster.controlPlane.startComponent('kube-apiserver');
  await remove('again');
  const second = await put('again', '2');
  // Its history starts at its own start: a second one leaves that behind.
  await cluster.controlPlane.stopComponent('kube-apiserver', 'SIGKILL');
  await cluster.controlPlane.startComponent('kube-apiserver');
  goOn();
  await isTrue(reflector, await truth());
  expect(restarts).toEqual(expect.arrayContaining(['Broken', 'Gone']));
  const key = `${namespace}/again`;
  expect(changes).toEqual([
    [key, { old: valueOf(first) }],
    [key, { new: valueOf(second) }],
  ]);
  await put('afterwards', '1');
  await isTrue(reflector, await truth());
}, 60_000);

test('while somebody writes without pause and the server dies, nothing is lost and nothing goes back', async () => {
  const { reflector, changes } = reflect();
  await reflector.synced;
  const writing = new AbortController();
  const written = (async () => {
    for (let i = 0; !writing.signal.aborted; i += 1) {
      const name = `name-${i % 5}`;
      await (i % 3 === 2 ? remove(name) : change(name, String(i)).catch(() => put(name, String(i)))).catch(() => {});
    }
  })();
  await reflects(reflector, () => changes.length > 50);
  await cluster.controlPlane.stopComponent('kube-apiserver', 'SIGKILL');
  await cluster.controlPlane.startComponent('kube-apiserver');
  const seen = changes.length;
  await reflects(reflector, () => changes.length > seen + 50);
  writing.abort();
  await written;
  await isTrue(reflector, await truth());
  // Each change begins where the one before ended, and numbers only grow: no state was skipped back to.
  const last = new Map<string, string | undefined>();
  const numbers = new Map<string, number>();
  for (const [key, { old, new: now }] of changes) {
    expect(old).toBe(last.get(key));
    last.set(key, now);
    const number = Number(now?.match(/"value":"(\d+)"/)?.[1] ?? Infinity);
    if (now === undefined) continue;
    expect(number).toBeGreaterThan(numbers.get(key) ?? -1);
    numbers.set(key, number);
  }
}, 60_000);

test('namespaces share one stream, however many there are, and one that is followed later is listed once', async () => {
  const reflectors = createReflectors({
    transport: reader.transport,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  const family = reflectors.family({ resource: configMaps, project: valueOf, shared: true });
  const others = Array.from({ length: 5 }, (_, i) => `${namespace}-${i}`);
  for (const name of others) {
    await writer.client.createResource(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await writer.client.createResource(configMaps, configMap('before', { value: name }, name));
  }
  await put('nobody-follows', '1');
  const early = others.slice(1).map((name) => family.hold(name).reflector);
  await reflectors.synced();
  expect(early.map((copy) => copy.list().length)).toEqual([1, 1, 1, 1]);
  expect(asked.map(({ path }) => path)).toEqual(['/api/v1/configmaps']);

  // Followed in the middle of somebody's writing.
  const enough = new AbortController();
  const writing = (async () => {
    for (let i = 0; !enough.signal.aborted; i += 1) {
      await put(`busy-${i}`, '1');
      if (i % 2 === 0) await change(`busy-${i}`, '2');
      if (i % 3 === 0) await remove(`busy-${i}`);
    }
  })();
  const late = family.hold(namespace).reflector;
  await late.synced;
  enough.abort();
  await writing;
  const values = await truth();
  await copyShows(late, values);
  expect(asked.map(({ path }) => path)).toEqual(['/api/v1/configmaps', `/api/v1/namespaces/${namespace}/configmaps`]);
  await reflectors.stop();
});

/** Resolves when a copy holds exactly this. */
const copyShows = (copy: Copy<string>, values: readonly string[]): Promise<void> =>
  reflects(copy, () => copy.list().sort().join() === values.join());
