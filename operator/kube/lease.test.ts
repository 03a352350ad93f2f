import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { manualClock, settle, type ManualClock } from '../../test/support/builders/clock.ts';
import { silentLogger } from '../log.ts';
import { createElector, type Elector } from './lease.ts';
import { isRecord } from './resource.ts';
import { createTransport, noStream, type ApiRequest, type ApiResponse, type Transport } from './transport.ts';

type Network = 'Up' | 'Down' | 'AnswersLost' | 'WatchSilent';

const answer = (status: number, body: unknown, stream: AsyncIterable<unknown> = noStream): ApiResponse => ({
  status,
  headers: {},
  body,
  stream,
});

/** One Lease, as the API server keeps it: optimistic locking, and watchers that are told at once. */
function leaseServer() {
  let version = 1;
  let stored:
    { readonly spec: Record<string, unknown>; readonly resourceVersion: string; readonly uid: string } | undefined;
  const watchers = new Set<(event: unknown) => void>();
  const lease = () =>
    stored && {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l', namespace: 'n', uid: stored.uid, resourceVersion: stored.resourceVersion },
      spec: stored.spec,
    };
  const write = (spec: Record<string, unknown>) => {
    const type = stored ? 'MODIFIED' : 'ADDED';
    version += 1;
    stored = { spec, resourceVersion: String(version), uid: stored?.uid ?? `uid-${version}` };
    for (const tell of watchers) tell({ type, object: lease() });
  };
  const stale = answer(409, { reason: 'Conflict', message: 'stale' });
  const handle = (request: ApiRequest): ApiResponse => {
    const body = isRecord(request.body) ? request.body : {};
    const metadata = isRecord(body['metadata']) ? body['metadata'] : {};
    const spec = isRecord(body['spec']) ? body['spec'] : {};
    if (request.answer === 'Stream') return answer(200, undefined, watch(request.signal));
    const transitions = spec['leaseTransitions'];
    if (typeof transitions === 'number' && !(transitions >= 0 && transitions <= 2_147_483_647)) {
      return answer(400, { reason: 'BadRequest', message: 'leaseTransitions is an int32' });
    }
    if (request.method === 'POST') {
      if (stored) return answer(409, { reason: 'AlreadyExists', message: 'exists' });
      write({ ...spec });
    } else if (!stored) return answer(404, { reason: 'NotFound', message: 'no lease' });
    else if (request.method === 'PATCH') {
      if (metadata['resourceVersion'] !== stored.resourceVersion) return stale;
      write(Object.fromEntries(Object.entries({ ...stored.spec, ...spec }).filter(([, value]) => value !== null)));
    }
    return answer(200, lease());
  };
  async function* watch(signal: AbortSignal | undefined): AsyncGenerator<unknown, void, undefined> {
    const events: unknown[] = [];
    let wake: (() => void) | undefined;
    const tell = (event: unknown) => {
      events.push(event);
      wake?.();
    };
    watchers.add(tell);
    signal?.addEventListener('abort', () => wake?.());
    if (stored) tell({ type: 'ADDED', object: lease() });
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    tell({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version), annotations } } });
    try {
      for (;;) {
        if (signal?.aborted === true) return;
        if (events.length > 0) yield events.shift();
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      watchers.delete(tell);
    }
  }
  return {
    handle,
    writes: () => version,
    holder: () => stored?.spec['holderIdentity'],
    spec: () => stored?.spec,
    remove() {
      const object = lease();
      version += 1;
      stored = undefined;
      const gone = { ...object, metadata: { ...object?.metadata, resourceVersion: String(version) } };
      for (const tell of watchers) tell({ type: 'DELETED', object: gone });
    },
    edit: (change: Record<string, unknown>) => write({ ...stored?.spec, ...change }),
  };
}

let clock: ManualClock;
let server: ReturnType<typeof leaseServer>;
let electors: Elector[];
/** What happened, in order: `a+` acquired, `a-` lost. */
let history: string[];

beforeEach(() => {
  clock = manualClock();
  server = leaseServer();
  electors = [];
  history = [];
});
afterEach(async () => {
  await Promise.all(electors.map((elector) => elector.stop()));
});

function candidate(identity: string, own = clock) {
  let network: Network = 'Up';
  const transport: Transport = createTransport({
    connection: {
      server: 'https://lease',
      close: () => Promise.resolve(),
      exchange(request) {
        const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        if (network === 'Down') return Promise.reject(refused);
        const response = server.handle(request);
        return network === 'AnswersLost' && request.method !== 'GET'
          ? Promise.reject(refused)
          : Promise.resolve(response);
      },
    },
  });
  const elector = createElector({
    transport,
    namespace: 'n',
    name: 'l',
    identity,
    clock: own,
    random: () => 0,
    logger: silentLogger,
    onAcquired: () => history.push(`${identity}+`),
    onLost: (reason) => history.push(`${identity}- ${reason}`),
  });
  electors.push(elector);
  elector.start();
  return { elector, setNetwork: (state: Network) => (network = state) };
}

test('the first candidate acquires at once, renews every two seconds, and stays', async () => {
  const a = candidate('a');
  await settle();
  expect(history).toEqual(['a+']);
  expect(server.spec()).toMatchObject({
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    leaseTransitions: 0,
    acquireTime: '2026-01-01T00:00:00.000000Z',
  });
  const before = server.writes();
  await clock.advance(60_000);
  expect(server.writes() - before).toBe(30);
  expect(history).toEqual(['a+']);
  expect(a.elector.isLeader()).toBe(true);
});

test('a standby writes nothing, and takes over at once when the holder stops', async () => {
  const a = candidate('a');
  await settle();
  const b = candidate('b');
  await clock.advance(31_000);
  const before = server.writes();
  expect(b.elector.holder()).toBe('a');
  await a.elector.stop();
  await settle();
  expect(history).toEqual(['a+', 'b+']);
  expect(server.writes() - before).toBe(2);
  expect(server.spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
});

test('a holder that is cut off has given up before anybody else acquires', async () => {
  const a = candidate('a');
  await settle();
  candidate('b');
  await clock.advance(20_000);
  a.setNetwork('Down');
  await clock.advance(9_999);
  expect(a.elector.isLeader()).toBe(true);
  await clock.advance(1);
  expect(a.elector.isLeader()).toBe(false);
  expect(history).toEqual(['a+', 'a- Deadline']);
  await clock.advance(4_900);
  expect(history).toHaveLength(2);
  await clock.advance(400);
  expect(history).toEqual(['a+', 'a- Deadline', 'b+']);
  a.setNetwork('Up');
  await clock.advance(60_000);
  expect(history).toHaveLength(3);
});

test('writes whose answers are lost are no renewals, and no harm', async () => {
  const a = candidate('a');
  await settle();
  a.setNetwork('AnswersLost');
  await clock.advance(6_000);
  a.setNetwork('Up');
  await clock.advance(20_000);
  expect(history).toEqual(['a+']);
  expect(server.holder()).toBe('a');
});

test('the watch of a holder may tell of its own renewals before the answers come: nothing changes', async () => {
  const a = candidate('a');
  await settle();
  server.edit({ strategy: 'note by somebody' });
  await clock.advance(4_000);
  expect(a.elector.isLeader()).toBe(true);
  expect(server.spec()).toMatchObject({ strategy: 'note by somebody', holderIdentity: 'a' });
});

test('a holder that reads another name in the lease has lost it at once', async () => {
  const a = candidate('a');
  await settle();
  server.edit({ holderIdentity: 'c' });
  await settle();
  expect(history).toEqual(['a+', 'a- TakenOver']);
  expect(a.elector.isLeader()).toBe(false);
});

test('a lease that is deleted is made again by its holder, not taken by a standby', async () => {
  candidate('a');
  await settle();
  candidate('b');
  await settle();
  server.remove();
  await clock.advance(30_000);
  expect(history).toEqual(['a+']);
  expect(server.holder()).toBe('a');
});

test('after a suspended machine wakes up, its process knows that it does not lead any more', async () => {
  const a = candidate('a');
  await settle();
  clock.setWall(clock.now() + 11_000);
  expect(a.elector.isLeader()).toBe(false);
});

test('a wall clock that is set back does not prolong leadership', async () => {
  const a = candidate('a');
  await settle();
  a.setNetwork('Down');
  clock.setWall(clock.now() - 3_600_000);
  await clock.advance(10_000);
  expect(history).toEqual(['a+', 'a- Deadline']);
});

test('clocks that disagree do not matter: expiry is what a standby sees itself', async () => {
  candidate('a');
  await settle();
  const ahead = manualClock(clock.now() + 86_400_000);
  candidate('b', ahead);
  for (let seconds = 0; seconds < 60; seconds += 1) {
    await clock.advance(1_000);
    await ahead.advance(1_000);
  }
  expect(history).toEqual(['a+']);
});

test('of two that find no lease, one leads', async () => {
  candidate('a');
  candidate('b');
  await clock.advance(30_000);
  expect(history).toHaveLength(1);
});

test('stopping a standby, or one that never began, touches nothing', async () => {
  candidate('a');
  await settle();
  const b = candidate('b');
  await settle();
  const before = server.writes();
  await b.elector.stop();
  expect(server.writes()).toBe(before);
  expect(server.holder()).toBe('a');
});

test.each([
  ['a duration of 68 years', { leaseDurationSeconds: 2_147_483_647 }],
  ['a renewal in times to come', { renewTime: '9999-12-31T23:59:59.999999Z', leaseDurationSeconds: 2_147_483_647 }],
  ['more transitions than the API server counts', { leaseTransitions: 2_147_483_647 }],
  ['a holder that nobody is', { holderIdentity: 'x'.repeat(4_096), leaseDurationSeconds: 2_147_483_647 }],
])('an edit of the Lease stops nothing for longer than a minute: %s', async (_what, edit) => {
  const a = candidate('a');
  await settle();
  const b = candidate('b');
  await settle();
  a.setNetwork('Down');
  server.edit(edit);
  await clock.advance(60_100);
  await settle();
  expect(b.elector.isLeader()).toBe(true);
  expect(server.spec()).toMatchObject({ holderIdentity: 'b', leaseDurationSeconds: 15 });
  expect(Number(server.spec()?.['leaseTransitions'])).toBeLessThanOrEqual(2_147_483_647);
});

test('a stopped holder leaves no timer', async () => {
  const a = candidate('a');
  await settle();
  await a.elector.stop();
  expect(server.holder()).toBeUndefined();
  expect(clock.pending()).toBe(0);
});
