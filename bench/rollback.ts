/** From a pod that is ready no more to the first restoring write, and from the pods that are ready again to the entry that says so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { programIdentities } from '../hack/controlplane/identities.ts';
import { accepted, type ApiClient, type KubeObject } from '../test/support/cluster/cluster.ts';
import { isTrue, type System, type World } from '../test/support/cluster/system.ts';
import { requests, type Request } from './requests.ts';
import { percentile, type Figure } from './table.ts';

const releases = 20;

export const rollback = async (system: System): Promise<readonly Figure[]> => {
  const world = await system.world('rollback', {
    approvals: [{ role: 'tester', count: 1 }],
    health: { progressTimeout: '60s', observeFor: '1h', settle: '0s' },
  });
  const names = Array.from({ length: releases }, (_, i) => `app-${i}`);
  for (const letter of ['a', 'b']) {
    await Promise.all(names.map((name) => world.stage(world.deployment(name, letter))));
    await Promise.all(names.map((name) => promote(world, name, letter)));
  }
  // A pod counts as one of the completed release from the next full second on.
  await sleep(2_000);

  const delays: Delays[] = [];
  for (const name of names) delays.push(await goBack(system, world, name));
  const tried = delays.map((each) => each.tried);
  const taken = delays.map((each) => each.taken);
  const told = delays.map((each) => each.told);
  const counted = delays.map((each) => each.counted);
  return [
    { name: 'unready → restoring write, p50', value: percentile(taken, 50), unit: 'ms', target: 20 },
    { name: 'unready → restoring write, p99', value: percentile(taken, 99), unit: 'ms', target: 60 },
    // The Deployment's controller writes its status at the same moment: most first tries are told 409, and come again.
    { name: '  first try, p50', value: percentile(tried, 50), unit: 'ms' },
    { name: '  first try, p99', value: percentile(tried, 99), unit: 'ms' },
    { name: 'last pod ready → RolledBack, p50', value: percentile(told, 50), unit: 'ms', target: 100 },
    { name: 'last pod ready → RolledBack, p99', value: percentile(told, 99), unit: 'ms', target: 100 },
    // The controllers of Kubernetes count the pod in two steps before.
    { name: '  of it, from its count in the Deployment, p50', value: percentile(counted, 50), unit: 'ms' },
    { name: '  of it, from its count in the Deployment, p99', value: percentile(counted, 99), unit: 'ms' },
  ];
};

const promote = async (world: World, name: string, letter: string): Promise<void> => {
  const candidate = world.candidate(`${name}-${letter}`, [`Deployment/${name}`], { package: name });
  await world.propose(candidate);
  await world.sign(await world.staged(`${name}-${letter}`), 'tester-a', 'tester');
  await world.when(`${name}-${letter}`, (seen) => isTrue(seen, 'Promoted'), 60_000);
};

interface Pod extends KubeObject {
  readonly status: { readonly phase: string; readonly containerStatuses: readonly Readonly<Record<string, unknown>>[] };
}

/** Milliseconds from the lost readiness to the first write that was sent, and to the first one that was taken. */
interface Delays {
  readonly tried: number;
  readonly taken: number;
  /** From what the kubelet said last of a pod of it, which is that it is ready, to the entry. */
  readonly told: number;
  /** From the last count of its pods in the status of the Deployment to the entry. */
  readonly counted: number;
}

interface Entry extends KubeObject {
  readonly spec: { readonly type: string; readonly subject: { readonly name: string } };
}

/** The name of the entry that says that a release was taken back. */
const entryOf = async (world: World, candidate: string): Promise<string> => {
  const { items } = accepted(await world.as('auditor-a').list<Entry>(world.ref('LedgerEntry')));
  const found = items.find(({ spec }) => spec.type === 'RolledBack' && spec.subject.name === candidate);
  return found?.metadata.name ?? '';
};

const goBack = async (system: System, world: World, name: string): Promise<Delays> => {
  const installer = system.as('installer');
  const pod = await podOf(installer, world, name);
  const target = world.ref('Pod', pod.metadata.name);
  const unready = pod.status.containerStatuses.map((status) => ({ ...status, ready: false }));
  let began = 0;
  // The node says again that it is ready, sometimes before anybody has looked.
  for (let back = false; !back;) {
    began = Date.now();
    accepted(
      await system.as(programIdentities.kwok.name).patch({ ...target, subresource: 'status' }, 'strategic', {
        status: {
          conditions: [
            { type: 'Ready', status: 'False' },
            { type: 'ContainersReady', status: 'False' },
          ],
          containerStatuses: unready,
        },
      }),
    );
    back = await world.finished(`${name}-b`, 5_000).then(
      () => true,
      () => false,
    );
  }
  const entry = await entryOf(world, `${name}-b`);
  const all = await requests(system);
  const lost = all.find(
    ({ verb, resource, name, receivedAt }) =>
      verb === 'patch' && resource === 'pods/status' && name === pod.metadata.name && receivedAt >= began,
  );
  const since = (write: Request | undefined): number => (write?.receivedAt ?? NaN) - (lost?.doneAt ?? NaN);
  const writes = restoring(all, world, name);
  const told = all.find((each) => each.class === 'write' && each.resource === 'ledgerentries' && each.name === entry);
  const ready = all.findLast(
    ({ verb, resource, namespace, name: of, doneAt }) =>
      verb === 'patch' &&
      resource === 'pods/status' &&
      namespace === world.production &&
      of.startsWith(`${name}-`) &&
      doneAt < (told?.receivedAt ?? NaN),
  );
  const counted = all.findLast(
    ({ resource, namespace, name: of, doneAt }) =>
      resource === 'deployments/status' &&
      namespace === world.production &&
      of === name &&
      doneAt < (told?.receivedAt ?? NaN),
  );
  return {
    tried: since(writes[0]),
    taken: since(writes.find(({ code }) => code < 300)),
    told: (told?.receivedAt ?? NaN) - (ready?.doneAt ?? NaN),
    counted: (told?.receivedAt ?? NaN) - (counted?.doneAt ?? NaN),
  };
};

const podOf = async (installer: ApiClient, world: World, name: string): Promise<Pod> => {
  const pods = accepted(await installer.list<Pod>(world.ref('Pod'), { labelSelector: `app=${name}` }));
  const running = pods.items.find(
    ({ status, metadata }) => status.phase === 'Running' && metadata.deletionTimestamp === undefined,
  );
  if (running === undefined) throw new Error(`${name}: no pod runs`);
  return running;
};

const restoring = (all: readonly Request[], world: World, name: string): readonly Request[] =>
  all
    .filter(
      (each) =>
        each.by === 'restorer' &&
        each.class === 'write' &&
        each.namespace === world.production &&
        each.resource === 'deployments' &&
        each.name === name,
    )
    .toSorted((a, b) => a.receivedAt - b.receivedAt);
