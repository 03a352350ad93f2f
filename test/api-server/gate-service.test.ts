/**
 * The gate as a cluster reaches it: by its Service, under the Service's name, with the chart's own webhook configuration. Nothing routes Services here, so
 * the API server is told to resolve them itself, and an EndpointSlice names this machine.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

import {
  chartDir,
  createSample,
  guardSample,
  installChart,
  serviceAccountToken,
  systemNamespace,
} from '../../hack/controlplane/chart.ts';
import { startGate, type GateProcess } from '../../hack/controlplane/gate.ts';
import { releasePort, reservePort } from '../../hack/controlplane/ports.ts';
import { production } from '../support/attack/objects.ts';
import { said } from '../support/attack/world.ts';
import { accepted, startCluster, type ApiClient, type Cluster, type KubeObject } from '../support/cluster/cluster.ts';
import { startLoad } from './gate/load.ts';

/** An address of this machine that an EndpointSlice may name. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

let cluster: Cluster;
let port: number;
let gate: GateProcess | undefined;
let operator: ApiClient;

beforeAll(async () => {
  port = await reservePort();
  const apiServerArgs = ['--enable-aggregator-routing=true'];
  cluster = await startCluster({ nodes: 0, scheduler: false, kwok: false, apiServerArgs });
  await installChart(cluster.controlPlane, { gate: { enabled: true } });
  accepted(
    await cluster.as('installer').create({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'countersign-gate-here',
        namespace: systemNamespace,
        labels: { 'kubernetes.io/service-name': 'countersign-gate' },
      },
      addressType: 'IPv4',
      ports: [{ name: 'https', port, protocol: 'TCP' }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    }),
  );
  gate = await startGate(cluster.controlPlane, {
    port,
    program: join(import.meta.dirname, 'gate', 'child.ts'),
    environment: { COUNTERSIGN_GATE_HOSTS: '', COUNTERSIGN_GATE_LISTEN: 'Alone' },
  });
  await createSample(cluster.controlPlane);
  await guardSample(cluster.controlPlane);
  operator = cluster.as('installer').withToken(await serviceAccountToken(cluster.controlPlane, 'countersign-operator'));
}, 120_000);

afterAll(async () => {
  operator?.close();
  await gate?.stop('SIGKILL');
  await cluster?.stop();
  releasePort(port);
});

const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: production },
});
const attempt = () => operator.create(configMap('x'), { dryRun: 'All' });

interface WebhookConfiguration extends KubeObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly service?: unknown; readonly caBundle?: string } }[];
}
const configuration = async (): Promise<WebhookConfiguration> =>
  accepted(
    await cluster.as('installer').get<WebhookConfiguration>({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      name: 'countersign-gate',
    }),
  );

test('the API server believes the certificate for the name of the Service', async () => {
  expect(await attempt()).toMatchObject({ ok: true });
  expect(said(await operator.create(configMap('deny-1')))).toContain(
    '"writes.gate.countersign.dev" denied the request: ToldTo: ',
  );
});

test('an upgrade of the chart resets neither path nor trusted certificates, and holds no write up', async () => {
  const before = await configuration();
  expect(before.webhooks.map(({ clientConfig }) => clientConfig)).toEqual(
    before.webhooks.map(() => ({
      caBundle: expect.any(String),
      service: {
        name: 'countersign-gate',
        namespace: systemNamespace,
        port: 443,
        path: expect.stringContaining('/admit/'),
      },
    })),
  );
  const load = startLoad(attempt, 20);
  const { code, stderr } = await cluster.controlPlane.helm(
    'installer',
    ['upgrade', 'countersign', chartDir, '-n', systemNamespace, '-f', '-'],
    { stdin: JSON.stringify({ operator: { enabled: false }, flowControl: { shares: 21 } }) },
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect((await load.stop()).failed).toEqual([]);
  expect((await configuration()).webhooks).toEqual(before.webhooks);
});

test('what the chart changes in an entry arrives, and path and trusted certificates stay', async () => {
  const before = await configuration();
  const { code, stderr } = await cluster.controlPlane.helm(
    'installer',
    ['upgrade', 'countersign', chartDir, '-n', systemNamespace, '-f', '-'],
    {
      stdin: JSON.stringify({
        operator: { enabled: false },
        controlPlane: { schedulers: ['system:kube-scheduler', 'system:serviceaccount:batch:scheduler'] },
      }),
    },
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const after = await configuration();
  expect(after.webhooks).not.toEqual(before.webhooks);
  expect(after.webhooks.map(({ clientConfig }) => clientConfig)).toEqual(
    before.webhooks.map(({ clientConfig }) => clientConfig),
  );
});
