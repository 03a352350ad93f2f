/** Where the scheduler puts the chart's pods: what one node takes with it when it stops. Nodes and pods are simulated; the scheduler is not. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

import { chartDir } from '../../hack/controlplane/chart.ts';
import {
  accepted,
  startCluster,
  waitFor,
  waitForAll,
  type Cluster,
  type KubeObject,
} from '../support/cluster/cluster.ts';

const template = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({}),
});
const deployment = z.looseObject({
  kind: z.literal('Deployment'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ template }),
});

interface PodOnNode extends KubeObject {
  readonly spec: { readonly nodeName?: string };
}
interface Rollout extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly generation?: number };
  readonly status?: Readonly<Record<string, number | undefined>>;
}

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 });
}, 60_000);
afterAll(() => cluster.stop());

const nodeAt = (name: string) => ({ apiVersion: 'v1', kind: 'Node', name });
const cordoned = async (name: string, unschedulable: boolean): Promise<void> => {
  accepted(await cluster.as('installer').patch(nodeAt(name), 'merge', { spec: { unschedulable } }));
};
const labelled = async (name: string, zone: string): Promise<void> => {
  const labels = { 'topology.kubernetes.io/zone': zone };
  accepted(await cluster.as('installer').patch(nodeAt(name), 'merge', { metadata: { labels } }));
};

/** The Deployment as the chart has it, but for what the scheduler does not look at and is not there. */
const fromChart = async (name: string): Promise<KubeObject & { readonly spec: unknown }> => {
  const { stdout } = await cluster.controlPlane.helm('installer', ['template', 'countersign', chartDir]);
  const found = parseAllDocuments(stdout).flatMap((document) => deployment.safeParse(document.toJS()).data ?? []);
  const chosen = found.find(({ metadata }) => metadata.name === name);
  if (chosen === undefined) throw new Error(`the chart has no Deployment ${name}`);
  const { serviceAccountName: _, priorityClassName: __, ...spec } = chosen.spec.template.spec;
  return {
    apiVersion: 'apps/v1',
    ...chosen,
    metadata: { name, namespace: 'default' },
    spec: { ...chosen.spec, template: { ...chosen.spec.template, spec } },
  };
};

const rolledOut = (name: string): Promise<Rollout> =>
  waitFor<Rollout>(
    cluster.as('installer'),
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name },
    ({ metadata, status }) =>
      status?.['observedGeneration'] === metadata.generation &&
      status?.['updatedReplicas'] === 2 &&
      status['replicas'] === 2 &&
      status['availableReplicas'] === 2,
  );

/** The nodes of the pods of a revision. */
const nodesOf = async (revision: string): Promise<readonly string[]> => {
  const pods = await waitForAll<PodOnNode>(
    cluster.as('installer'),
    { apiVersion: 'v1', kind: 'Pod', namespace: 'default', labelSelector: `revision=${revision}` },
    (found) => found.length === 2,
  );
  return pods.map(({ spec }) => spec.nodeName ?? '').toSorted();
};

const revised = async (name: string, revision: string): Promise<void> => {
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name };
  const labels = { revision };
  accepted(await cluster.as('installer').patch(target, 'merge', { spec: { template: { metadata: { labels } } } }));
  await rolledOut(name);
};

describe.each(['countersign-operator', 'countersign-gate'])('%s', (name) => {
  test('an upgrade puts its pods on two nodes, although those before were on one, and no node names a zone', async () => {
    const client = cluster.as('installer');
    await cordoned('node-0', true);
    await cordoned('node-1', true);
    accepted(await client.create(await fromChart(name)));
    await revised(name, `${name}-0`);
    expect(await nodesOf(`${name}-0`)).toStrictEqual(['node-2', 'node-2']);
    await cordoned('node-1', false);
    await revised(name, `${name}-1`);
    expect(await nodesOf(`${name}-1`)).toStrictEqual(['node-1', 'node-2']);
  });
});

describe('nodes of two zones', () => {
  test('pods are spread over the zones', async () => {
    await labelled('node-0', 'a');
    await labelled('node-1', 'a');
    await labelled('node-2', 'b');
    await cordoned('node-0', false);
    await revised('countersign-gate', 'zones');
    expect(await nodesOf('zones')).toContain('node-2');
  });
});
