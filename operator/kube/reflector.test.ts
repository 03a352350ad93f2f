import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { manualClock, settle, type ManualClock } from '../../test/support/builders/clock.ts';
import { scriptedApi, type ScriptedApi, type ScriptedStream } from '../../test/support/builders/scripted-api.ts';
import { silentLogger } from '../log.ts';
import { Reflector, type ReflectorSpec, type RestartReason } from './reflector.ts';
import type { KubeObject, ResourceRow } from './resource.ts';
import type { Change } from './store.ts';

const pods: ResourceRow = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

const pod = (name: string, resourceVersion: number, uid = `uid-${name}`, keep = 'yes'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', uid, resourceVersion: String(resourceVersion), labels: { keep } },
});
/** The same pod, at resource versions that a double cannot tell apart. */
const huge = (last: string): KubeObject => {
  const { metadata, ...object } = pod('a', 0);
  return { ...object, metadata: { ...metadata, resourceVersion: `900719925474099${last}` } };
};
const added = (object: KubeObject) => ({ type: 'ADDED', object });
const modified = (object: KubeObject) => ({ type: 'MODIFIED', object });
const deleted = (object: KubeObject) => ({ type: 'DELETED', object });
const bookmark = (resourceVersion: number, annotations: Record<string, string> = {}) => ({
  type: 'BOOKMARK',
  object: { kind: 'Pod', metadata: { resourceVersion: String(resourceVersion), annotations } },
});
const initialEnd = (resourceVersion: number) => bookmark(resourceVersion, { 'k8s.io/initial-events-end': 'true' });
const gone = {
  type: 'ERROR',
  object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' },
};

/** What is kept of a pod here: its resource version, unless it is labelled not to be kept. */
const project = ({ metadata }: KubeObject) =>
  metadata.labels?.['keep'] === 'no' ? undefined : metadata.resourceVersion;

let clock: ManualClock;
let api: ScriptedApi;
let restarts: RestartReason[];
let running: Reflector<string>[];

beforeEach(() => {
  clock = manualClock();
  api = scriptedApi();
  restarts = [];
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((reflector) => reflector.stop()));
});

function reflect(spec: Partial<ReflectorSpec<string>> = {}) {
  const reflector = new Reflector<string>(
    { resource: pods, project, ...spec },
    {
      transport: api.transport,
      clock,
      random: () => 0,
      logger: silentLogger,
      metrics: { restarted: (_resource, reason) => restarts.push(reason), heard() {} },
      settings: { idleMs: 60_000, streamSeconds: 300, backoff: { firstMs: 200, capMs: 1_000 } },
    },
  );
  const changes: [string, Change<string>][] = [];
  reflector.onChange((key, change) => changes.push([key, change]));
  running.push(reflector);
  reflector.start();
  return { reflector, changes };
}

/** Answers the first stream with these objects and goes on streaming. */
async function begin(resourceVersion: number, ...objects: KubeObject[]): Promise<ScriptedStream> {
  const stream = (await api.next()).stream();
  stream.send(...objects.map(added), initialEnd(resourceVersion));
  await settle();
  return stream;
}

/** The next request, once the pause before it is over. */
async function after(ms: number) {
  await clock.advance(ms);
  return await api.next();
}

test('it asks for everything as a stream, and is synced when the first set is whole', async () => {
  const { reflector, changes } = reflect({ namespace: 'n' });
  const call = await api.next();
  expect(call.request).toMatchObject({
    path: '/api/v1/namespaces/n/pods',
    answer: 'Stream',
    query: {
      watch: true,
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
      timeoutSeconds: 300,
    },
  });
  const stream = call.stream();
  stream.send(added(pod('a', 5)), added(pod('b', 3)));
  await settle();
  expect(reflector.isSynced()).toBe(false);
  expect(reflector.list()).toEqual([]);
  stream.send(initialEnd(9));
  await reflector.synced;
  expect(reflector.list()).toEqual(['5', '3']);
  expect(changes).toEqual([
    ['n/a', { new: '5' }],
    ['n/b', { new: '3' }],
  ]);
});

test('what changes while the first set is told is part of it', async () => {
  const { reflector } = reflect();
  const stream = (await api.next()).stream();
  stream.send(added(pod('a', 5)), added(pod('b', 3)), modified(pod('a', 10)), deleted(pod('b', 11)), initialEnd(11));
  await reflector.synced;
  expect(reflector.list()).toEqual(['10']);
});

test('changes are told in order, each when it is visible', async () => {
  const { reflector, changes } = reflect();
  const visible: (string | undefined)[] = [];
  reflector.onChange((key) => visible.push(reflector.get(key)));
  const stream = await begin(1);
  stream.send(added(pod('a', 2)), modified(pod('a', 3)), deleted(pod('a', 4)));
  await settle();
  expect(changes).toEqual([
    ['n/a', { new: '2' }],
    ['n/a', { old: '2', new: '3' }],
    ['n/a', { old: '3' }],
  ]);
  expect(visible).toEqual(['2', '3', undefined]);
});

test('a broken stream is resumed from the last thing told, bookmarks included', async () => {
  reflect();
  const stream = await begin(1);
  stream.send(added(pod('a', 2)), bookmark(40));
  await settle();
  stream.fail(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  const { request } = await after(100);
  expect(request.query).toMatchObject({ resourceVersion: '40', watch: true });
  expect(request.query).not.toHaveProperty('sendInitialEvents');
  expect(restarts).toEqual(['Broken']);
});

test('while the server is away the pauses grow to the cap; the first word resets them', async () => {
  reflect();
  const stream = await begin(1);
  stream.fail(new Error('broken'));
  for (const pause of [100, 100, 200, 400, 500, 500]) {
    await clock.advance(pause - 1);
    expect(api.unanswered).toHaveLength(0);
    const call = await after(1);
    call.refuse(503, { kind: 'Status', message: 'not ready' });
    await settle();
  }
  const again = (await after(500)).stream();
  again.send(bookmark(2));
  await settle();
  again.fail(new Error('broken'));
  await after(100);
});

test('a server that is loading says how long to wait, and is obeyed', async () => {
  reflect();
  (await api.next()).refuse(429, { kind: 'Status', message: 'storage is (re)initializing' }, { 'retry-after': '1' });
  await settle();
  await clock.advance(999);
  expect(api.unanswered).toHaveLength(0);
  await after(1);
});

test('a stream that the server ends in good order is resumed at once', async () => {
  reflect();
  const stream = await begin(7);
  stream.end();
  await settle();
  expect((await api.next()).request.query).toMatchObject({ resourceVersion: '7' });
  expect(restarts).toEqual(['Ended']);
});

test('streams that end without a word are not asked for in a loop', async () => {
  reflect();
  const stream = await begin(7);
  stream.end();
  await settle();
  (await api.next()).stream().end();
  await settle();
  expect(api.unanswered).toHaveLength(0);
  await after(100);
});

test.each([
  { how: 'as an event', refuse: (stream: ScriptedStream) => stream.send(gone) },
  { how: 'as a status', refuse: undefined },
])('history that is gone ($how) means everything anew, told as differences', async ({ refuse }) => {
  const { reflector, changes } = reflect();
  const stream = await begin(10, pod('same', 1), pod('changed', 2), pod('deleted', 3));
  changes.length = 0;
  if (refuse) refuse(stream);
  else {
    stream.end();
    await settle();
    (await api.next()).refuse(410, gone.object);
  }
  await settle();
  const call = await after(100);
  expect(call.request.query).toMatchObject({ sendInitialEvents: true });
  call.stream().send(added(pod('same', 1)), added(pod('changed', 12)), added(pod('new', 13)), initialEnd(20));
  await settle();
  expect(changes).toEqual([
    ['n/deleted', { old: '3' }],
    ['n/changed', { old: '2', new: '12' }],
    ['n/new', { new: '13' }],
  ]);
  expect(reflector.isSynced()).toBe(true);
});

test('a stream that is cut before the first set is whole changes nothing', async () => {
  const { reflector } = reflect();
  const stream = (await api.next()).stream();
  stream.send(added(pod('a', 5)));
  await settle();
  stream.end();
  await settle();
  expect(reflector.isSynced()).toBe(false);
  expect(api.unanswered).toHaveLength(0);
  const call = await after(100);
  expect(call.request.query).toMatchObject({ sendInitialEvents: true });
});

test('deleted and made again under one name while nobody looked: one goes, the other comes', async () => {
  const { changes } = reflect();
  const stream = await begin(10, pod('a', 5, 'first'));
  stream.send(gone);
  await settle();
  (await after(100)).stream().send(added(pod('a', 15, 'second')), initialEnd(20));
  await settle();
  expect(changes).toEqual([
    ['n/a', { new: '5' }],
    ['n/a', { old: '5' }],
    ['n/a', { new: '15' }],
  ]);
});

test('a list from the past is refused, until the server has caught up', async () => {
  const { reflector } = reflect();
  const stream = await begin(100, pod('a', 90));
  stream.send(gone);
  await settle();
  (await after(100)).stream().send(added(pod('old', 40)), initialEnd(50));
  await settle();
  expect(restarts).toEqual(['Gone', 'OlderThanSeen']);
  expect(reflector.list()).toEqual(['90']);
  (await after(1_000)).stream().send(added(pod('new', 140)), initialEnd(150));
  await settle();
  expect(reflector.list()).toEqual(['140']);
});

test('events from the past change nothing', async () => {
  const { reflector, changes } = reflect();
  const stream = await begin(100, pod('a', 90));
  stream.send(modified(pod('a', 80)), deleted(pod('a', 85)), added(pod('b', 99)));
  await settle();
  expect(reflector.list()).toEqual(['90']);
  expect(changes).toHaveLength(1);
});

test('resource versions beyond 2^53 are told apart', async () => {
  const { reflector } = reflect();
  const stream = await begin(1);
  stream.send(added(huge('3')), modified(huge('4')), modified(huge('2')));
  await settle();
  expect(reflector.get('n/a')).toBe('9007199254740994');
});

test('silence for too long is a dead stream', async () => {
  const { reflector } = reflect();
  const stream = await begin(1);
  await clock.advance(50_000);
  stream.send(bookmark(5));
  await clock.advance(59_000);
  expect(restarts).toEqual([]);
  expect(reflector.silentMs()).toBe(59_000);
  const { request } = await after(1_100);
  expect(restarts).toEqual(['Idle']);
  expect(request.query).toMatchObject({ resourceVersion: '5' });
});

test('a request that is never answered is given up too', async () => {
  reflect();
  const first = await api.next();
  await clock.advance(60_100);
  expect(first.request.signal?.aborted).toBe(true);
  await api.next();
  expect(restarts).toEqual(['Idle']);
});

test('what the server need not serve is none of it, and is asked for again much later', async () => {
  const { reflector } = reflect({ mayBeAbsent: true });
  (await api.next()).refuse(404, { kind: 'Status', reason: 'NotFound', message: 'the server could not find it' });
  await reflector.synced;
  expect(reflector.list()).toEqual([]);
  await clock.advance(10 * 60_000 - 1);
  expect(api.unanswered).toHaveLength(0);
  (await after(1)).stream().send(added(pod('a', 3)), initialEnd(4));
  await settle();
  expect(reflector.list()).toEqual(['3']);
});

test('anything else that is not found is waited for', async () => {
  const { reflector } = reflect();
  (await api.next()).refuse(404, { kind: 'Status', reason: 'NotFound', message: 'the server could not find it' });
  await settle();
  expect(reflector.isSynced()).toBe(false);
  await after(100);
});

test('where streaming lists are refused, it lists in pages and watches from there', async () => {
  const { reflector } = reflect();
  const message = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
  (await api.next()).refuse(422, { kind: 'Status', reason: 'Invalid', message });
  const first = await after(100);
  expect(first.request).toMatchObject({ query: { limit: 500 } });
  const { apiVersion: _apiVersion, kind: _kind, ...bare } = pod('a', 3);
  first.answer({ metadata: { resourceVersion: '30', continue: 'more' }, items: [bare] });
  const second = await api.next();
  expect(second.request.query).toMatchObject({ continue: 'more' });
  second.answer({ metadata: { resourceVersion: '30' }, items: [pod('b', 4)] });
  await reflector.synced;
  expect(reflector.list()).toEqual(['3', '4']);
  expect((await api.next()).request.query).toMatchObject({ watch: true, resourceVersion: '30' });
});

test('a list whose pages expire is begun again', async () => {
  const { reflector } = reflect();
  (await api.next()).refuse(422, { kind: 'Status', reason: 'Invalid', message: 'no WatchList' });
  (await after(100)).answer({ metadata: { resourceVersion: '30', continue: 'more' }, items: [pod('a', 3)] });
  (await api.next()).refuse(410, gone.object);
  await settle();
  const again = await after(200);
  expect(again.request.query).not.toMatchObject({ continue: 'more' });
  again.answer({ metadata: { resourceVersion: '40' }, items: [pod('b', 35)] });
  await reflector.synced;
  expect(reflector.list()).toEqual(['35']);
});

describe('what the projection does not keep', () => {
  test('is not there, and neither are changes of it', async () => {
    const { reflector, changes } = reflect();
    const stream = await begin(10, pod('a', 5, 'u', 'no'));
    stream.send(modified(pod('a', 11, 'u', 'no')));
    await settle();
    expect(reflector.list()).toEqual([]);
    expect(changes).toEqual([]);
  });

  test('comes and goes with its states', async () => {
    const { changes } = reflect();
    const stream = await begin(10);
    stream.send(
      added(pod('a', 11, 'u', 'no')),
      modified(pod('a', 12)),
      modified(pod('a', 13, 'u', 'no')),
      deleted(pod('a', 14)),
    );
    await settle();
    expect(changes).toEqual([
      ['n/a', { new: '12' }],
      ['n/a', { old: '12' }],
    ]);
  });
});

describe('an accepted write that is folded in', () => {
  test('is visible at once, and told once', async () => {
    const { reflector, changes } = reflect();
    const stream = await begin(10, pod('a', 5));
    reflector.observed(pod('a', 12));
    expect(reflector.get('n/a')).toBe('12');
    stream.send(modified(pod('a', 11)), modified(pod('a', 12)));
    await settle();
    expect(changes).toEqual([
      ['n/a', { new: '5' }],
      ['n/a', { old: '5', new: '12' }],
    ]);
  });

  test('survives a list that is older than it', async () => {
    const { reflector } = reflect();
    const stream = await begin(10);
    reflector.observed(pod('a', 30));
    stream.send(gone);
    await settle();
    (await after(100)).stream().send(initialEnd(20));
    await settle();
    expect(reflector.get('n/a')).toBe('30');
  });

  test('does not bring back what the watch has told to be gone', async () => {
    const { reflector } = reflect();
    const stream = await begin(10);
    stream.send(added(pod('a', 11)), deleted(pod('a', 13)));
    await settle();
    reflector.observed(pod('a', 12));
    expect(reflector.list()).toEqual([]);
  });

  test('removes what it makes unkept, for good', async () => {
    const { reflector } = reflect();
    const stream = await begin(10, pod('a', 5));
    reflector.observed(pod('a', 20, 'uid-a', 'no'));
    stream.send(modified(pod('a', 15)));
    await settle();
    expect(reflector.list()).toEqual([]);
    stream.send(modified(pod('a', 20, 'uid-a', 'no')), modified(pod('a', 21)));
    await settle();
    expect(reflector.list()).toEqual(['21']);
  });

  test('stays outside when it belongs elsewhere, or only the server knows', async () => {
    const { reflector: other } = reflect({ namespace: 'other' });
    await begin(10);
    const { reflector: named } = reflect({ name: 'b' });
    await begin(10);
    const { reflector: selected } = reflect({ labelSelector: 'x=y' });
    await begin(10);
    for (const reflector of [other, named, selected]) {
      reflector.observed(pod('a', 20));
      expect(reflector.list()).toEqual([]);
    }
  });
});

test('neither a throwing handler nor a throwing projection stops it', async () => {
  const { reflector, changes } = reflect({
    project(raw) {
      if (raw.metadata.name === 'bad') throw new Error('cannot read it');
      return raw.metadata.resourceVersion;
    },
  });
  reflector.onChange(() => {
    throw new Error('handler');
  });
  const stream = await begin(1);
  stream.send(added(pod('bad', 2)), added(pod('a', 3)));
  await settle();
  expect(changes).toEqual([['n/a', { new: '3' }]]);
  expect(restarts).toEqual([]);
});

test('a name is watched as a field selector, besides others', async () => {
  reflect({ name: 'a', fieldSelector: 'spec.nodeName=x', labelSelector: 'l=v' });
  expect((await api.next()).request.query).toMatchObject({
    fieldSelector: 'metadata.name=a,spec.nodeName=x',
    labelSelector: 'l=v',
  });
});

test('stopping ends the stream, leaves no timer, and fails those who wait for the first sync', async () => {
  const { reflector } = reflect();
  const call = await api.next();
  call.stream();
  await reflector.stop();
  expect(call.request.signal?.aborted).toBe(true);
  expect(clock.pending()).toBe(0);
  await expect(reflector.synced).rejects.toMatchObject({ kind: 'Unavailable' });
});

test('stopping during a pause ends it', async () => {
  const { reflector } = reflect();
  (await api.next()).refuse(500);
  await settle();
  await reflector.stop();
  expect(clock.pending()).toBe(0);
});
