/** A kind that one row of the chart's value `kinds` declares as a workload: its controller runs pods by ReplicaSets, labelled with a hash. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { accepted, type ApiClient } from '../support/cluster/cluster.ts';
import { foreignController } from '../support/cluster/rights.ts';
import { define } from '../../hack/controlplane/definitions.ts';
import { rolling, type ReplicaSet, type Workload } from '../support/cluster/rolling.ts';
import { put, widget, widgetDefinition } from '../support/cluster/widgets.ts';
import { image, type World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { foundUnderGuard, podMaker } from '../support/scenario/findings.ts';
import { bundleOf, contentIn, end, everybody, release, scenarios, sign } from '../support/scenario/kit.ts';

const account = { name: 'controller', namespace: 'widget-system' };
const username = `system:serviceaccount:${account.namespace}:${account.name}`;
const hashLabel = 'kinds.example/hash';

const row = {
  group: 'kinds.example',
  kind: 'Widget',
  resource: 'widgets',
  versions: ['v1'],
  wave: 'Workloads',
  pods: { hashLabel },
  scaled: true,
  health: { current: "status.phase == 'Up'", failed: "status.phase == 'Broken'" },
};

const { scenario, system } = scenarios('crew', {
  chart: { kinds: [row], controlPlane: { customControllers: [username], rolloutControllers: [username] } },
});

let controller: ApiClient;
const controllers: { readonly stop: () => Promise<void> }[] = [];

beforeAll(async () => {
  const installer = system().as('installer');
  await define(installer, [widgetDefinition('Widget')]);
  controller = await foreignController(system(), account);
  await system().controlPlane.identity({ name: podMaker });
}, 300_000);

afterAll(async () => {
  await Promise.all(controllers.map((each) => each.stop()));
  controller?.close();
});

/** It calls every revision up that has its replicas, and says nothing of one that has not. */
const report = ({ metadata, spec }: Workload, hash: string, { status = {} }: ReplicaSet) => ({
  observedGeneration: metadata.generation,
  hash,
  replicas: status.replicas ?? 0,
  phase: (status.availableReplicas ?? 0) >= spec.replicas ? 'Up' : 'Coming',
});

const ref = (namespace: string) => ({ apiVersion: 'kinds.example/v1', kind: 'Widget', namespace, name: 'web' });

const rollingOut = (world: World): void => {
  for (const namespace of [world.staging, world.production]) {
    controllers.push(rolling(controller, { target: ref(namespace), hashLabel, report }));
  }
};

const stage = async (world: World, reference: string): Promise<void> => {
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'main', image: reference }] },
  };
  await eventually(
    'the Widget is staged',
    () => put(world.as('admin'), widget('Widget', world.staging, { replicas: 2, template })),
    ({ ok }) => ok,
  );
};

const template = async (world: World): Promise<string> =>
  JSON.stringify(accepted(await world.as('installer').get<Workload>(ref(world.production))).spec.template);

scenario(
  'a declared workload is promoted with its pods, a tag pinned to what those of staging run, and taken back when they crash',
  async (world) => {
    rollingOut(world);
    await stage(world, image('a'));
    expect(await release(world, world.candidate('first', ['Widget/web']))).toBe('Promoted');
    expect(await foundUnderGuard(world)).toEqual([]);

    await stage(world, 'registry.example/app:2');
    await world.propose(world.candidate('second', ['Widget/web']));
    const bundle = await bundleOf(world, await sign(world, 'second', ...everybody));
    const pinned = /registry\.example\/app:2@sha256:[0-9a-f]{64}/;
    expect(JSON.stringify(contentIn(bundle, 'Widget', 'web'))).toMatch(pinned);
    expect(await end(world, 'second')).toBe('Promoted');
    expect(await template(world)).toMatch(pinned);

    await stage(world, image('c'));
    const crashing = { template: { metadata: { annotations: { 'countersign.test/behaviour': 'crash-loop' } } } };
    const overlay = [{ kind: 'Widget', name: 'web', patch: { spec: crashing } }];
    expect(await release(world, world.candidate('third', ['Widget/web'], { overlay }))).toBe('RolledBack');
    expect(JSON.stringify((await world.when('third', () => true)).status)).toContain('CrashLoopBackOff');
    expect(await template(world)).toMatch(pinned);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
);
