import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { manualClock, settle } from '../../test/support/builders/clock.ts';
import { scriptedApi, type ScriptedApi } from '../../test/support/builders/scripted-api.ts';
import { silentLogger } from '../log.ts';
import { createReflectors, type Reflectors } from './reflectors.ts';
import type { KubeObject, ResourceRow } from './resource.ts';

const pods: ResourceRow = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
const initialEnd = {
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } },
};
const pod = (namespace: string, resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace, uid: 'u', resourceVersion },
});

let api: ScriptedApi;
let reflectors: Reflectors;

beforeEach(() => {
  api = scriptedApi();
  reflectors = createReflectors({
    transport: api.transport,
    clock: manualClock(),
    random: () => 0,
    logger: silentLogger,
  });
});
afterEach(async () => {
  await reflectors.stop();
});

const family = () => reflectors.family({ resource: pods, project: ({ metadata }) => metadata.resourceVersion });

test('a namespace is followed once, however many hold it, until the last lets go', async () => {
  const all = family();
  const first = all.hold('n');
  const second = all.hold('n');
  expect(second.reflector).toBe(first.reflector);
  const call = await api.next();
  expect(api.unanswered).toHaveLength(0);
  await first.release();
  await first.release();
  expect(all.in('n')).toBe(second.reflector);
  expect(call.request.signal?.aborted).toBe(false);
  await second.release();
  expect(all.in('n')).toBeUndefined();
  expect(call.request.signal?.aborted).toBe(true);
});

test('a namespace that is held anew is followed anew', async () => {
  const all = family();
  const first = all.hold('n');
  await first.release();
  const second = all.hold('n');
  expect(second.reflector).not.toBe(first.reflector);
  expect(all.in('n')).toBe(second.reflector);
});

test('a family tells the changes of every namespace, held before or after', async () => {
  const all = family();
  const told: string[] = [];
  all.hold('early');
  const stop = all.onChange((key) => told.push(key));
  all.onChange(() => {
    throw new Error('handler');
  });
  all.hold('late');
  for (const namespace of ['early', 'late']) {
    (await api.next()).stream().send({ type: 'ADDED', object: pod(namespace, '1') }, initialEnd);
  }
  await reflectors.synced();
  expect(told).toEqual(['early/a', 'late/a']);
  stop();
  reflectors.observed(pods, pod('late', '5'));
  expect(told).toHaveLength(2);
});

test('nobody waits for what the process can do without', async () => {
  reflectors.family({ resource: { ...pods, plural: 'widgets' }, project: () => true, optional: true }).hold('n');
  family().hold('n');
  (await api.next()).refuse(500, { kind: 'Status', message: 'conversion webhook failed' });
  (await api.next()).stream().send(initialEnd);
  await reflectors.synced();
  expect(reflectors.isSynced()).toBe(true);
});

test('a written object reaches every copy that it belongs to, and no other', async () => {
  const here = family().hold('n').reflector;
  const there = family().hold('m').reflector;
  const everywhere = family().hold().reflector;
  for (let calls = 0; calls < 3; calls += 1) (await api.next()).stream().send(initialEnd);
  await settle();
  reflectors.observed({ ...pods, plural: 'podtemplates' }, pod('n', '4'));
  expect(everywhere.list()).toEqual([]);
  reflectors.observed(pods, pod('n', '5'));
  expect([here.list(), there.list(), everywhere.list()]).toEqual([['5'], [], ['5']]);
});

test('the set is synced when all of it is', async () => {
  const all = family();
  expect(reflectors.isSynced()).toBe(true);
  all.hold('n');
  all.hold('m');
  (await api.next()).stream().send(initialEnd);
  await settle();
  expect(reflectors.isSynced()).toBe(false);
  (await api.next()).stream().send(initialEnd);
  await reflectors.synced();
  expect(reflectors.isSynced()).toBe(true);
});
