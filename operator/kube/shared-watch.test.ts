import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { manualClock, settle, type ManualClock } from '../../test/support/builders/clock.ts';
import { scriptedApi, type ScriptedApi, type ScriptedStream } from '../../test/support/builders/scripted-api.ts';
import { silentLogger } from '../log.ts';
import type { KubeObject, ResourceRow } from './resource.ts';
import { SharedWatch, type SharedWatchSpec } from './shared-watch.ts';
import type { Change } from './store.ts';

const pods: ResourceRow = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

const pod = (namespace: string, name: string, resourceVersion: number, uid = `uid-${name}`): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, uid, resourceVersion: String(resourceVersion) },
});
const added = (object: KubeObject) => ({ type: 'ADDED', object });
const modified = (object: KubeObject) => ({ type: 'MODIFIED', object });
const deleted = (object: KubeObject) => ({ type: 'DELETED', object });
const initialEnd = (resourceVersion: number) => ({
  type: 'BOOKMARK',
  object: {
    metadata: {
      resourceVersion: String(resourceVersion),
      annotations: { 'k8s.io/initial-events-end': 'true' },
    },
  },
});
const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };
const list = (resourceVersion: number, ...items: KubeObject[]) => ({
  metadata: { resourceVersion: String(resourceVersion) },
  items,
});

let clock: ManualClock;
let api: ScriptedApi;
let watch: SharedWatch<string>;

const share = (spec: Partial<SharedWatchSpec<string>> = {}) =>
  new SharedWatch<string>(
    {
      resource: pods,
      project: ({ metadata }) => (metadata.labels?.['keep'] === 'no' ? undefined : metadata.resourceVersion),
      ...spec,
    },
    {
      transport: api.transport,
      clock,
      random: () => 0,
      logger: silentLogger,
      settings: { idleMs: 60_000, streamSeconds: 300, backoff: { firstMs: 200, capMs: 1_000 } },
    },
  );

beforeEach(() => {
  clock = manualClock();
  api = scriptedApi();
  watch = share();
});
afterEach(async () => {
  await watch.stop();
  expect(clock.pending()).toBe(0);
});

const follow = (namespace: string) => {
  const copy = watch.follow(namespace);
  const changes: [string, Change<string>][] = [];
  copy.onChange((key, change) => changes.push([key, change]));
  return { copy, changes };
};

/** Answers the first stream with these objects and goes on streaming. */
const begin = async (resourceVersion: number, ...objects: KubeObject[]): Promise<ScriptedStream> => {
  const stream = (await api.next()).stream();
  stream.send(...objects.map(added), initialEnd(resourceVersion));
  await settle();
  return stream;
};

const after = async (ms: number) => {
  await clock.advance(ms);
  return await api.next();
};

const send = async (stream: ScriptedStream, ...events: unknown[]) => {
  stream.send(...events);
  await settle();
};

test('all namespaces are followed by one stream of the whole cluster', async () => {
  const a = follow('a').copy;
  const b = follow('b').copy;
  const call = await api.next();
  expect(call.request).toMatchObject({ path: '/api/v1/pods', query: { watch: true, sendInitialEvents: true } });
  const stream = call.stream();
  await send(stream, added(pod('a', 'x', 1)), added(pod('c', 'x', 2)), added(pod('b', 'x', 3)), initialEnd(3));
  expect([a.list(), b.list()]).toEqual([['1'], ['3']]);
  await send(stream, modified(pod('a', 'x', 4)), modified(pod('c', 'x', 5)), deleted(pod('b', 'x', 6)));
  expect([a.list(), b.list()]).toEqual([['4'], []]);
  expect(api.unanswered).toHaveLength(0);
});

describe('a namespace that is followed later', () => {
  test('is listed once, and is not complete before', async () => {
    follow('a');
    const stream = await begin(10);
    const { copy, changes } = follow('b');
    const call = await api.next();
    expect(call.request).toMatchObject({ path: '/api/v1/namespaces/b/pods', query: { limit: 500 } });
    await send(stream, added(pod('b', 'late', 12)));
    expect([copy.isSynced(), copy.list(), changes]).toEqual([false, [], []]);
    call.answer(list(11, pod('b', 'x', 5)));
    await copy.synced;
    expect(copy.list().sort()).toEqual(['12', '5']);
    await send(stream, modified(pod('b', 'x', 13)));
    expect(copy.list().sort()).toEqual(['12', '13']);
  });

  test('does not get back what went while it was listed', async () => {
    follow('a');
    const stream = await begin(10);
    const { copy, changes } = follow('b');
    const call = await api.next();
    await send(stream, deleted(pod('b', 'x', 12)));
    call.answer(list(11, pod('b', 'x', 5)));
    await copy.synced;
    expect([copy.list(), changes]).toEqual([[], []]);
  });

  test('does not show what the list is past, when the stream tells it later', async () => {
    follow('a');
    const stream = await begin(10);
    const { copy, changes } = follow('b');
    (await api.next()).answer(list(20, pod('b', 'x', 18)));
    await copy.synced;
    await send(stream, added(pod('b', 'gone', 15)), modified(pod('b', 'x', 16)), deleted(pod('b', 'gone', 17)));
    expect(changes).toEqual([['b/x', { new: '18' }]]);
    await send(stream, deleted(pod('b', 'x', 21)));
    expect(copy.list()).toEqual([]);
  });

  test('shows an object that was deleted and made again meanwhile as two', async () => {
    follow('a');
    const stream = await begin(10);
    const { copy, changes } = follow('b');
    const call = await api.next();
    await send(stream, deleted(pod('b', 'x', 12)), added(pod('b', 'x', 13, 'second')));
    call.answer(list(11, pod('b', 'x', 5)));
    await copy.synced;
    await send(stream, deleted(pod('b', 'x', 14, 'second')));
    expect(changes).toEqual([
      ['b/x', { new: '13' }],
      ['b/x', { old: '13' }],
    ]);
  });

  test('is part of the list that has not begun yet', async () => {
    follow('a');
    const call = await api.next();
    const { copy } = follow('b');
    await send(call.stream(), added(pod('b', 'x', 1)), initialEnd(3));
    expect(copy.list()).toEqual(['1']);
    expect(api.unanswered).toHaveLength(0);
  });

  test('is listed by itself after a list that had begun', async () => {
    follow('a');
    const stream = (await api.next()).stream();
    await send(stream, added(pod('b', 'dropped', 1)));
    const { copy } = follow('b');
    await send(stream, added(pod('b', 'x', 2)), initialEnd(3));
    expect(copy.isSynced()).toBe(false);
    (await api.next()).answer(list(4, pod('b', 'dropped', 1), pod('b', 'x', 2)));
    await copy.synced;
    expect(copy.list().sort()).toEqual(['1', '2']);
  });

  test('is listed again when that fails, and holds up no other', async () => {
    follow('a');
    await begin(10);
    const b = follow('b').copy;
    const c = follow('c').copy;
    (await api.next()).refuse(500, { kind: 'Status', message: 'etcd is away' });
    await settle();
    (await api.next()).answer(list(11));
    await c.synced;
    expect(b.isSynced()).toBe(false);
    (await after(200)).answer(list(12, pod('b', 'x', 5)));
    await b.synced;
    expect(b.list()).toEqual(['5']);
  });

  test('is not believed complete by a list from before what was dropped', async () => {
    follow('a');
    const stream = await begin(10);
    await send(stream, modified(pod('b', 'x', 30)));
    const { copy } = follow('b');
    (await api.next()).answer(list(20, pod('b', 'x', 5)));
    await settle();
    expect(copy.isSynced()).toBe(false);
    (await after(200)).answer(list(30, pod('b', 'x', 30)));
    await copy.synced;
    expect(copy.list()).toEqual(['30']);
  });

  test('is complete by the whole list that comes first, when history is gone', async () => {
    follow('a');
    const stream = await begin(10);
    const { copy } = follow('b');
    const call = await api.next();
    stream.send(gone);
    await settle();
    (await after(200)).stream().send(added(pod('b', 'x', 5)), initialEnd(40));
    await copy.synced;
    expect(copy.list()).toEqual(['5']);
    expect(call.request.signal?.aborted).toBe(true);
  });

  test('keeps its own list when the whole one is older', async () => {
    follow('a');
    const stream = await begin(10);
    const { copy, changes } = follow('b');
    const call = await api.next();
    stream.send(gone);
    await settle();
    const again = (await after(200)).stream();
    await send(again, added(pod('b', 'x', 5)), added(pod('b', 'gone', 6)));
    call.answer(list(50, pod('b', 'x', 45)));
    await copy.synced;
    await send(again, initialEnd(40), modified(pod('b', 'gone', 41)), deleted(pod('b', 'gone', 42)));
    await send(again, modified(pod('b', 'x', 45)));
    expect([copy.list(), changes]).toEqual([['45'], [['b/x', { new: '45' }]]]);
  });
});

test('a namespace that nobody follows any more costs nothing, and begins from nothing when it is followed again', async () => {
  follow('a');
  const first = follow('b').copy;
  const stream = await begin(10, pod('b', 'x', 5));
  watch.unfollow('b');
  await send(stream, modified(pod('b', 'x', 11)));
  expect(first.list()).toEqual(['5']);
  const second = follow('b').copy;
  const call = await api.next();
  watch.unfollow('b');
  expect(call.request.signal?.aborted).toBe(true);
  await expect(second.synced).rejects.toMatchObject({ kind: 'Unavailable' });
});

test('where streaming lists are refused, pages give the same', async () => {
  const { copy } = follow('a');
  (await api.next()).refuse(422, { kind: 'Status', reason: 'Invalid', message: 'no WatchList' });
  const first = await after(200);
  expect(first.request).toMatchObject({ path: '/api/v1/pods', query: { limit: 500 } });
  first.answer({ metadata: { resourceVersion: '30', continue: 'more' }, items: [pod('c', 'x', 3)] });
  const second = await api.next();
  const late = follow('b').copy;
  second.answer({ metadata: { resourceVersion: '30' }, items: [pod('a', 'x', 4), pod('b', 'x', 5)] });
  await copy.synced;
  expect(copy.list()).toEqual(['4']);
  for (const call of [await api.next(), await api.next()]) {
    if (call.request.answer === 'Stream') call.stream();
    else call.answer(list(31, pod('b', 'x', 5)));
  }
  await late.synced;
  expect(late.list()).toEqual(['5']);
});

test('what the server need not serve is none of it in every namespace, until it is served', async () => {
  watch = share({ mayBeAbsent: true });
  const { copy } = follow('a');
  (await api.next()).refuse(404, { kind: 'Status', reason: 'NotFound', message: 'the server could not find it' });
  await copy.synced;
  const later = follow('b').copy;
  expect(later.isSynced()).toBe(true);
  const stream = (await after(10 * 60_000)).stream();
  await send(stream, added(pod('a', 'x', 3)));
  const joining = follow('c').copy;
  expect(joining.isSynced()).toBe(false);
  await send(stream, added(pod('b', 'x', 4)), initialEnd(4));
  (await api.next()).answer(list(5, pod('c', 'x', 2)));
  await joining.synced;
  expect([copy.list(), later.list(), joining.list()]).toEqual([['3'], ['4'], ['2']]);
});

test('an accepted write is visible at once in its namespace, and never goes back', async () => {
  const { copy } = follow('a');
  const stream = await begin(10, pod('a', 'x', 5));
  watch.observed(pod('a', 'x', 12));
  watch.observed(pod('b', 'x', 12));
  expect(copy.list()).toEqual(['12']);
  await send(stream, modified(pod('a', 'x', 11)), deleted(pod('a', 'x', 13)));
  watch.observed(pod('a', 'x', 12));
  expect(copy.list()).toEqual([]);
});

describe('a line of a namespace that nobody follows', () => {
  const skipping = async () => {
    follow('a');
    const call = await api.next();
    return { skip: (value: unknown) => call.request.skip?.(Buffer.from(JSON.stringify(value))), call };
  };

  test('is not parsed, and what it tells is not asked for again', async () => {
    const { skip, call } = await skipping();
    const stream = call.stream();
    await send(stream, initialEnd(10));
    expect(skip(added(pod('c', 'x', 40)))).toBe(true);
    expect(skip(added(pod('a', 'x', 41)))).toBe(false);
    stream.end();
    await settle();
    expect((await api.next()).request.query).toMatchObject({ resourceVersion: '40' });
  });

  test('counts as the beginning of a list', async () => {
    const { skip, call } = await skipping();
    expect(skip(added(pod('b', 'x', 1)))).toBe(true);
    const { copy } = follow('b');
    await send(call.stream(), initialEnd(3));
    expect(copy.isSynced()).toBe(false);
    (await api.next()).answer(list(4, pod('b', 'x', 1)));
    await copy.synced;
    expect(copy.list()).toEqual(['1']);
  });
});
