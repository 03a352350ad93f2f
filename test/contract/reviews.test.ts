/**
 * What a webhook is told of a write that met another one and that the API server tries again: nothing by which the tries could be told from writes
 * of their own. So each try is an act of its own in the record, and none is left out.
 */
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { issue } from '../../operator/gate/mint.ts';
import { eventually } from '../attacks/world.ts';
import { accepted, startCluster, startTimeoutMs, type Cluster, type KubeObject } from '../cluster/cluster.ts';

type Held = KubeObject & { readonly data: Readonly<Record<string, string>> };

interface Review {
  readonly request: Readonly<Record<string, unknown>> & {
    readonly uid: string;
    readonly object: Held;
    readonly oldObject: Held;
  };
}

interface Asked extends Review {
  readonly headers: IncomingHttpHeaders;
}

const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'contended' };

let cluster: Cluster;
let server: Server;
const asked: Asked[] = [];

beforeAll(async () => {
  const [issued, started] = await Promise.all([
    issue({ hosts: ['127.0.0.1'], now: Date.now(), validForMs: 3_600_000 }),
    startCluster({ nodes: 0, scheduler: false, kwok: false }),
  ]);
  cluster = started;
  server = createServer({ cert: issued.certificate, key: issued.key }, (incoming, response) => {
    void (async () => {
      const { request } = (await json(incoming)) as Review;
      asked.push({ request, headers: incoming.headers });
      const answer = { uid: request.uid, allowed: true };
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(review));
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const installer = cluster.as('installer');
  accepted(
    await installer.create({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'asked' },
      webhooks: [
        {
          name: 'asked.countersign.test',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          clientConfig: {
            url: `https://127.0.0.1:${port}/`,
            caBundle: Buffer.from(issued.authority).toString('base64'),
          },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['UPDATE'] }],
        },
      ],
    }),
  );
  const { name, namespace, ...kind } = target;
  accepted(await installer.create({ ...kind, metadata: { name, namespace }, data: {} }));
  await eventually(
    'asked about',
    () => installer.patch(target, 'merge', { metadata: { annotations: { canary: String(Date.now()) } } }),
    () => asked.length > 0,
  );
}, startTimeoutMs);

afterAll(async () => {
  server?.close();
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
