/**
 * What a webhook is told of a write that met another one and that the API server tries again: nothing by which the tries could be told from writes
 * of their own. So each try is an act of its own in the record, and none is left out.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { eventually } from '../support/attack/world.ts';
import { accepted, startCluster, startTimeoutMs, type Cluster, type KubeObject } from '../support/cluster/cluster.ts';
import { startWebhook, type Review, type Webhook } from '../support/cluster/webhook.ts';

type Held = KubeObject & { readonly data: Readonly<Record<string, string>> };
type Asked = Review<Held>;

const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'contended' };

let cluster: Cluster;
let webhook: Webhook;
const asked: Asked[] = [];

beforeAll(async () => {
  cluster = await startCluster({ nodes: 0, scheduler: false, kwok: false });
  const installer = cluster.as('installer');
  const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['UPDATE'] };
  webhook = await startWebhook<Held>(installer, rule, (review) => void asked.push(review));
  const { name, namespace, ...kind } = target;
  accepted(await installer.create({ ...kind, metadata: { name, namespace }, data: {} }));
  await eventually(
    'asked about',
    () => installer.patch(target, 'merge', { metadata: { annotations: { canary: String(Date.now()) } } }),
    () => asked.length > 0,
  );
}, startTimeoutMs);

afterAll(async () => {
  await webhook?.stop();
  await cluster?.stop();
});

/** The keys that a write adds. */
const added = ({ request: { object, oldObject } }: Asked): string =>
  Object.keys(object.data)
    .filter((key) => !(key in (oldObject.data ?? {})))
    .join();

/** Fields in which two reviews are not the same. */
const differing = ([one, another]: readonly Asked[]): readonly string[] =>
  Object.keys({ ...one?.request, ...another?.request }).filter(
    (field) => JSON.stringify(one?.request[field]) !== JSON.stringify(another?.request[field]),
  );

const inAnyReview = ['uid', 'object', 'oldObject'];

test('each try has a uid of its own, and nothing else in it is that of the request', async () => {
  asked.length = 0;
  let written = 0;
  const tries = await eventually(
    'some write is tried again',
    async () => {
      const round = Array.from({ length: 8 }, () => `write-${(written += 1)}`);
      const writers = round.map((key) => cluster.as('installer').patch(target, 'merge', { data: { [key]: 'x' } }));
      for (const answer of await Promise.all(writers)) accepted(answer);
      return Map.groupBy(asked, added);
    },
    (seen) => [...seen.values()].some(({ length }) => length > 1),
  );
  expect([...tries.keys()].toSorted()).toEqual(Array.from({ length: written }, (_, i) => `write-${i + 1}`).toSorted());
  expect(new Set(asked.map(({ request }) => request.uid)).size).toBe(asked.length);
  const retried = [...tries.values()].find(({ length }) => length > 1) ?? [];
  expect(differing(retried)).toEqual(inAnyReview);
  process.stdout.write(`${written} writes at once to one object, asked about ${asked.length} times\n`);

  const requests = (await cluster.controlPlane.auditEvents()).filter(
    ({ verb, objectRef, stage }) => verb === 'patch' && objectRef?.name === target.name && stage === 'ResponseComplete',
  );
  const told = JSON.stringify(asked);
  expect(requests.filter(({ auditID }) => told.includes(auditID))).toEqual([]);
  expect([...new Set(asked.flatMap(({ headers }) => Object.keys(headers)))].toSorted()).toEqual([
    'accept',
    'accept-encoding',
    'content-length',
    'content-type',
    'host',
    'user-agent',
  ]);
});

test('somebody who does the same again, after another took it back, is asked about in the same way', async () => {
  asked.length = 0;
  for (const value of ['x', null, 'x'])
    accepted(await cluster.as('installer').patch(target, 'merge', { data: { again: value } }));
  const twice = asked.filter((each) => added(each) === 'again');
  expect(twice.length).toBeGreaterThanOrEqual(2);
  expect(differing([...twice.slice(0, 1), ...twice.slice(-1)])).toEqual(inAnyReview);
});
