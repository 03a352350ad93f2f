/** The election on a real API server: one leader at a time, and the next one soon. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createElector, type Elector, type LeaseDurations } from '../../operator/kube/lease.ts';
import { isRecord } from '../../operator/kube/resource.ts';
import type { Interceptor } from '../../operator/kube/transport.ts';
import { systemClock } from '../../operator/time/clock.ts';
import { silentLogger } from '../../operator/log.ts';
import { accessAs, type Access } from '../support/builders/kube.ts';
import { accepted, startCluster, startTimeoutMs, type Cluster } from '../support/cluster/cluster.ts';

const leases = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases', namespaced: true };
/** As by default, five times as fast. */
const durations: LeaseDurations = { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 400 };

let cluster: Cluster;
let name: string;
let round = 0;
let history: string[];
let candidates: { readonly elector: Elector; readonly access: Access }[];

beforeAll(async () => {
  cluster = await startCluster({ nodes: 0, kcm: false, scheduler: false, kwok: false });
}, startTimeoutMs);
afterAll(() => cluster.stop());

beforeEach(() => {
  round += 1;
  name = `round-${round}`;
  history = [];
  candidates = [];
});
afterEach(async () => {
  await Promise.all(candidates.map(({ elector }) => elector.stop()));
  await Promise.all(candidates.map(({ access }) => access.transport.close()));
});

async function candidate(
  identity: string,
  interceptor?: Interceptor,
  note?: () => string | undefined,
): Promise<Elector> {
  const access = await accessAs(cluster.controlPlane.kubeconfig('admin'), interceptor);
  const elector = createElector({
    transport: access.transport,
    namespace: 'default',
    name,
    identity,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    durations,
    ...(note && { note }),
    onAcquired: () => history.push(`${identity}+`),
    onLost: () => history.push(`${identity}-`),
  });
  candidates.push({ elector, access });
  elector.start();
  return elector;
}

async function until(predicate: () => boolean, withinMs = 50_000): Promise<void> {
  for (const end = performance.now() + withinMs; performance.now() < end;) {
    if (predicate()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`not within ${withinMs} ms: ${JSON.stringify(history)}`);
}

test('a holder that stops hands over at once; a standby asks for nothing while it waits', async () => {
  const first = await candidate('first');
  await until(() => first.isLeader());
  let calls = 0;
  const second = await candidate('second', (request, next) => {
    calls += 1;
    return next(request);
  });
  await until(() => second.holder() === 'first');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(calls).toBe(1);
  const stoppedAt = performance.now();
  await first.stop();
  await until(() => second.isLeader());
  expect(history).toEqual(['first+', 'second+']);
  // A lease that runs out takes fifteen seconds.
  expect(performance.now() - stoppedAt).toBeLessThan(14_000);
  const [holder] = await Promise.all(
    candidates.slice(1).map(({ access }) => access.client.getResource(leases, { namespace: 'default', name })),
  );
  expect(isRecord(holder) ? holder['spec'] : undefined).toMatchObject({
    holderIdentity: 'second',
    leaseTransitions: 1,
  });
});

test('what a holder notes is there for the next, who keeps it until they note something', async () => {
  let noted = 'one';
  const first = await candidate('first', undefined, () => noted);
  await until(() => first.isLeader());
  noted = 'two';
  let next: string | undefined;
  const second = await candidate('second', undefined, () => next);
  await until(() => second.holder() === 'first');
  await first.stop();
  await until(() => second.isLeader());
  expect(second.noted()).toBe('two');
  next = 'three';
  await until(() => second.noted() === 'three');
});

test('a holder that is cut off has given up before the standby takes over', async () => {
  let isCut = false;
  const first = await candidate('first', (request, next) =>
    isCut ? Promise.reject(Object.assign(new Error('cut'), { code: 'ECONNRESET' })) : next(request),
  );
  await until(() => first.isLeader());
  const second = await candidate('second');
  await until(() => second.holder() === 'first');
  isCut = true;
  await until(() => second.isLeader());
  expect(history).toEqual(['first+', 'first-', 'second+']);
});

test('of five candidates that start together, one leads, and after each stop exactly one more', async () => {
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((identity) => candidate(identity)));
  for (let alive = 5; alive > 1; alive -= 1) {
    await until(() => candidates.some(({ elector }) => elector.isLeader()));
    expect(candidates.filter(({ elector }) => elector.isLeader())).toHaveLength(1);
    const leader = candidates.find(({ elector }) => elector.isLeader());
    await leader?.elector.stop();
    await leader?.access.transport.close();
    candidates = candidates.filter((each) => each !== leader);
  }
  await until(() => history.length === 5);
  expect(new Set(history).size).toBe(5);
});

test('no edit of a Lease keeps a standby from leading for longer than a minute', async () => {
  const first = await candidate('first');
  await until(() => first.isLeader());
  const second = await candidate('second');
  await until(() => second.holder() === 'first');
  // Not the holder's doing, so that it loses the Lease at once, and nobody renews it.
  const spec = {
    holderIdentity: 'nobody',
    leaseDurationSeconds: 2_147_483_647,
    leaseTransitions: 2_147_483_647,
    renewTime: '9999-12-31T23:59:59.999999Z',
  };
  const target = { apiVersion: leases.apiVersion, kind: leases.kind, namespace: 'default', name };
  accepted(await cluster.as('admin').patch(target, 'merge', { spec }));
  await until(() => history.length === 2, 10_000);
  await until(() => first.isLeader() || second.isLeader(), 90_000);
  expect(history.slice(0, 2)).toEqual(['first+', 'first-']);
}, 120_000);
