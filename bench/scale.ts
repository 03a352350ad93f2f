/**
 * What many namespaces cost: streams, memory, and the work that strangers make. `COUNTERSIGN_SCALE_NAMESPACES` production namespaces (200)
 * with as many for staging, `COUNTERSIGN_SCALE_PODS` pods elsewhere (20,000), changed for `COUNTERSIGN_SCALE_SECONDS` (30).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { chartNodeOptions } from '../hack/controlplane/chart.ts';
import { startOperator } from '../hack/controlplane/operator.ts';
import { installer } from '../hack/controlplane/identities.ts';
import { startLoad } from '../test/api-server/gate/load.ts';
import { accepted, type Answer, type KubeObject, type Manifest } from '../test/support/cluster/cluster.ts';
import { image, type System, type World } from '../test/support/cluster/system.ts';
import { cpuMs, rssMb } from './process.ts';
import type { Figure } from './table.ts';

const sizeOf = (name: string, otherwise: number): number =>
  Number(process.env[`COUNTERSIGN_SCALE_${name}`] ?? otherwise);

const sizes = { namespaces: sizeOf('NAMESPACES', 200), pods: sizeOf('PODS', 20_000), seconds: sizeOf('SECONDS', 30) };

/** Requests in flight while it is set up. */
const atOnce = 8;
/** Two hundred changes a second. */
const everyMs = 5;
const elsewhere = 'scale-elsewhere';

export const scale = async (system: System, program: string): Promise<readonly Figure[]> => {
  await fillElsewhere(system);
  await each(sizes.namespaces, (i) => filledWorld(system, `scale-${i}`));
  const standby = await startOperator(system.controlPlane, {
    instance: 'operator-1',
    program,
    nodeOptions: chartNodeOptions(),
  });
  const replicas = { leader: system.operator, standby, gate: system.gate };
  // Memory that was needed to begin is given back after a while.
  await sleep(20_000);
  const rss = Object.entries({ leader: 250, standby: 200, gate: 180 } as const).map(([name, target]): Figure => ({
    name: `RSS of the ${name}`,
    value: rssMb(replicas[name as keyof typeof replicas].mark.pid), // oxlint-disable-line typescript/no-unsafe-type-assertion -- its own keys
    unit: 'MB',
    target,
  }));
  const pids = Object.entries(replicas).map(([name, { mark }]) => ({ name, pid: mark.pid }));
  const atRest = await share(pids, () => sleep(sizes.seconds * 1_000));
  let turn = 0;
  let done = 0;
  const changed = await share(pids, async () => {
    const load = startLoad(async () => {
      const answer = await touch(system, (turn += 1));
      if (answer.ok) done += 1;
      return answer;
    }, everyMs);
    await sleep(sizes.seconds * 1_000);
    await load.stop();
  });
  const both = await openWatches(system);
  await standby.stop();
  await sleep(1_000);
  const one = both - (await openWatches(system));
  return [
    {
      name: `watches of a standby, ${sizes.namespaces} production namespaces`,
      value: one,
      unit: '',
      target: 60,
    },
    ...rss,
    ...atRest.map(({ name, percent }): Figure => ({
      name: `CPU at rest, ${name}, % of a core`,
      value: percent,
      unit: '',
    })),
    { name: `pod changes a second elsewhere, of ${sizes.pods} pods`, value: done / sizes.seconds, unit: '' },
    ...changed.map(({ name, percent }): Figure => ({
      name: `CPU meanwhile, ${name}, % of a core`,
      value: percent,
      unit: '',
      target: 10,
    })),
  ];
};

/** Of a core, in percent, while something goes on. */
const share = async (pids: readonly { readonly name: string; readonly pid: number }[], during: () => Promise<void>) => {
  const before = pids.map(({ pid }) => cpuMs(pid));
  const began = performance.now();
  await during();
  const ms = performance.now() - began;
  return pids.map(({ name, pid }, i) => ({ name, percent: ((cpuMs(pid) - (before[i] ?? 0)) / ms) * 100 }));
};

const openWatches = async (system: System): Promise<number> => {
  const { text } = await system.as('admin').raw({ method: 'GET', path: '/metrics' });
  const rows = text.matchAll(/^apiserver_longrunning_requests\{[^}]*verb="WATCH"[^}]*\} (\S+)$/gm);
  return [...rows].reduce((sum, [, value]) => sum + Number(value), 0);
};

/** Numbers from 0, a few at a time. */
const each = async (count: number, act: (i: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await act(i);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

const fill = async (world: World, namespace: string): Promise<void> => {
  const setup = world.as(installer.name);
  for (const object of objectsOf(world))
    accepted(await setup.create({ ...object, metadata: { ...object.metadata, namespace } }));
};

const filledWorld = async (system: System, name: string): Promise<void> => {
  const world = await system.world(name, {}, { before: (made) => fill(made, made.production) });
  await fill(world, world.staging);
};

const objectsOf = (world: World): readonly Manifest[] => [
  world.deployment('api', 'a', { replicas: 2 }),
  ...['settings', 'rules'].map((name) => world.configMap(name, { text: 'x'.repeat(4_000) })),
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, stringData: { key: 'x'.repeat(500) } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api' },
    spec: { selector: { app: 'api' }, ports: [{ port: 80 }] },
  },
];

const podAt = (i: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${i}`, namespace: elsewhere },
  spec: {
    // Nobody runs it.
    schedulerName: 'none',
    containers: [
      {
        name: 'main',
        image: image('a'),
        env: Array.from({ length: 30 }, (_, n) => ({ name: `VARIABLE_${n}`, value: 'x'.repeat(60) })),
      },
    ],
  },
});

const fillElsewhere = async (system: System): Promise<void> => {
  const setup = system.as(installer.name);
  accepted(await setup.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: elsewhere } }));
  accepted(
    await setup.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'pods', namespace: elsewhere } }),
  );
  await each(sizes.pods, async (i) => {
    const { spec, ...pod } = podAt(i) as Manifest & { spec: object };
    accepted(
      await setup.create({
        ...pod,
        spec: { ...spec, serviceAccountName: 'pods', automountServiceAccountToken: false },
      }),
    );
  });
};

const touch = (system: System, turn: number): Promise<Answer<KubeObject>> => {
  const target = { apiVersion: 'v1', kind: 'Pod', name: `pod-${turn % sizes.pods}`, namespace: elsewhere };
  return system.as(installer.name).patch(target, 'merge', { metadata: { annotations: { turn: String(turn) } } });
};
