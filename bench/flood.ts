/**
 * A flood of everything that people may make: packages of 5 MB at once, one of them a ConfigMap of JSON of 1 MB, 500 objects a package, very many
 * candidates and approvals. Meanwhile another package goes back, as it does at rest. `COUNTERSIGN_FLOOD_PACKAGES` (20), `_CANDIDATES` (2,000),
 * `_OBJECTS` (500) and `_APPROVALS` (10,000) for other sizes.
 */
import { constants, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  accepted,
  waitFor,
  waitForAll,
  type Answer,
  type KubeObject,
  type Manifest,
} from '../test/support/cluster/cluster.ts';
import { leadershipOf } from '../test/support/cluster/lease.ts';
import { condition, isTrue, type Reported, type System, type World } from '../test/support/cluster/system.ts';
import { cpuMs, peakRssMb, rssMb } from './process.ts';
import { requests } from './requests.ts';
import { percentile, type Figure } from './table.ts';

const sizeOf = (name: string, otherwise: number): number =>
  Number(process.env[`COUNTERSIGN_FLOOD_${name}`] ?? otherwise);

const sizes = {
  packages: sizeOf('PACKAGES', 20),
  candidates: sizeOf('CANDIDATES', 2_000),
  objects: sizeOf('OBJECTS', 500),
  approvals: sizeOf('APPROVALS', 10_000),
};

/** Production namespaces over which the flood is spread: open candidates of one author hold 24 MiB of each. */
const places = 5;
const megabytes = 5;
/** Packages that go back, half of them before the flood. */
const calm = 6;
/** Writes that nobody judges, at rest, and as many during the flood. */
const plainCount = 20;
/** Requests in flight. */
const atOnce = 8;
const patienceMs = 400_000;

export const flood = async (system: System): Promise<readonly Figure[]> => {
  // In a cluster those who flood do so from machines of their own: here what they ask for has the machine to itself, and they what is left of it.
  setPriority(constants.priority.PRIORITY_LOW);
  const quiet = await calmWorld(system);
  const worlds = await Promise.all(Array.from({ length: places }, (_, i) => system.world(`flood-${i}`)));
  await plainWrites(system, 0, plainCount);
  await backInTurn(quiet, 0, calm / 2);
  const before = (await leadershipOf(system)).changes;
  const atRest = [system.operator, system.gate].map(({ mark }) => rssMb(mark.pid));

  const memory = sampled(system.operator.address);
  const programs = [system.operator, system.gate].map(({ mark }) => mark.pid);
  const [began, busyBefore] = [performance.now(), programs.map(cpuMs)];
  const made = Promise.all([...worlds.map((world, i) => burden(world, i)), signALot(quiet)]);
  made.catch(() => {});
  // Where it is heaviest: the first packages are there.
  await sleep(5_000);
  await Promise.all([backInTurn(quiet, calm / 2, calm), plainWrites(system, plainCount, 2 * plainCount)]);
  await made;
  const judged = await Promise.all(worlds.map(allJudged));
  const tookMs = performance.now() - began;
  const busyMs = programs.map((pid, i) => cpuMs(pid) - (busyBefore[i] ?? 0));
  process.stderr.write(`${await reconciles(system.operator.address)}\n`);
  const all = judged.flat();
  const why = Map.groupBy(all, (each) => (isTrue(each, 'Staged') ? 'staged' : (each.status?.reason ?? '')));
  const after = (await leadershipOf(system)).changes;
  const { heap, external, lag } = await memory.stop();
  const plain = await plainDelays(system);
  const delays = await rollbackDelays(system);
  const totals = delays.map(({ ms }) => ms);
  const own = delays.map(({ betweenMs }) => betweenMs);
  const [usual, meanwhile] = [totals.slice(0, calm / 2), totals.slice(calm / 2)];
  const [ownUsual, ownMeanwhile] = [own.slice(0, calm / 2), own.slice(calm / 2)];
  return [
    { name: 'Lease lost', value: after - before, unit: '', target: 0 },
    { name: 'rollback of another package, at rest, p50', value: percentile(usual, 50), unit: 'ms' },
    {
      name: '  during the flood, p50',
      value: percentile(meanwhile, 50),
      unit: 'ms',
      target: 2 * percentile(usual, 50),
    },
    {
      name: '  of it, while nothing was asked of the API server, at rest, p50',
      value: percentile(ownUsual, 50),
      unit: 'ms',
    },
    {
      name: '  the same during the flood, p50',
      value: percentile(ownMeanwhile, 50),
      unit: 'ms',
      target: 2 * percentile(ownUsual, 50),
    },
    { name: '  during the flood, longest', value: Math.max(...meanwhile), unit: 'ms' },
    { name: 'a write that nobody judges, at rest, p50', value: percentile(plain.slice(0, plainCount), 50), unit: 'ms' },
    { name: '  during the flood, p50', value: percentile(plain.slice(plainCount), 50), unit: 'ms' },
    { name: 'flood, until everything is judged', value: tookMs / 1_000, unit: 's' },
    { name: '  processor time of the operator', value: (busyMs[0] ?? NaN) / 1_000, unit: 's' },
    { name: '  of the gate', value: (busyMs[1] ?? NaN) / 1_000, unit: 's' },
    { name: "  longest turn of the operator's loop", value: lag, unit: 'ms' },
    { name: 'RSS of the operator, largest', value: peakRssMb(system.operator.mark.pid), unit: 'MB', target: 300 },
    { name: '  heap, largest', value: heap, unit: 'MB' },
    { name: '  outside of the heap, largest', value: external, unit: 'MB' },
    { name: '  at rest', value: atRest[0] ?? NaN, unit: 'MB' },
    { name: '  in the end', value: rssMb(system.operator.mark.pid), unit: 'MB' },
    { name: 'RSS of the gate, largest', value: peakRssMb(system.gate.mark.pid), unit: 'MB', target: 200 },
    { name: '  at rest', value: atRest[1] ?? NaN, unit: 'MB' },
    { name: '  in the end', value: rssMb(system.gate.mark.pid), unit: 'MB' },
    ...[...why].map(([reason, found]): Figure => ({ name: `candidates, ${reason}`, value: found.length, unit: '' })),
  ];
};

// --- another package, which goes back --------------------------------------------------------------------------------

const oneSignature = { approvals: [{ role: 'tester', count: 1 }] };

const calmWorld = async (system: System): Promise<World> => {
  const world = await system.world('calm', oneSignature);
  for (const level of ['info', 'debug']) {
    await inTurn(calm, async (i) => {
      const name = `calm-${i}`;
      await world.stage(world.configMap(name, { level }));
      await world.propose(world.candidate(`${name}-${level}`, [`ConfigMap/${name}`], { package: name }));
      await world.sign(await world.staged(`${name}-${level}`), 'tester-a', 'tester');
      await world.when(`${name}-${level}`, (seen) => isTrue(seen, 'Promoted'), 60_000);
    });
  }
  return world;
};

interface Settings extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

/** Orders rollbacks, one package after the other. */
const backInTurn = async (world: World, from: number, to: number): Promise<void> => {
  for (let i = from; i < to; i += 1) {
    const name = `calm-${i}`;
    const restored = waitFor<Settings>(
      world.as('sre-a'),
      world.ref('ConfigMap', name),
      ({ data }) => data['level'] === 'info',
      120_000,
    );
    restored.catch(() => {});
    await sleep(2_000);
    accepted(
      await world.as('sre-a').create({
        ...world.ref('Rollback'),
        metadata: { name: `back-${i}`, namespace: world.production },
        spec: { package: name, reason: 'measured' },
      }),
    );
    await restored;
  }
};

/**
 * From each order to the first write that the API server takes, in milliseconds, by its audit log: this process is part of the flood. Tells where
 * the time goes, from one request to the next.
 */
interface Delay {
  readonly ms: number;
  /** Of these, while no request of ours was with the API server: the operator was busy, or had not heard of the order yet. */
  readonly betweenMs: number;
}

const rollbackDelays = async (system: System): Promise<readonly Delay[]> => {
  const all = await requests(system);
  const delays: Delay[] = [];
  for (let i = 0; i < calm; i += 1) {
    const order = all.find(
      ({ verb, resource, name }) => verb === 'create' && resource === 'rollbacks' && name === `back-${i}`,
    );
    if (order === undefined) continue;
    const back = all.find(
      ({ by, resource, name, receivedAt, code }) =>
        code < 300 &&
        by === 'restorer' &&
        resource === 'configmaps' &&
        name === `calm-${i}` &&
        receivedAt > order.receivedAt,
    );
    const ours = all.filter(
      ({ by, namespace, class: what, receivedAt }) =>
        by !== undefined &&
        namespace === order.namespace &&
        what !== 'watch' &&
        receivedAt >= order.receivedAt &&
        receivedAt <= (back?.receivedAt ?? Infinity),
    );
    const from = order.doneAt;
    const until = back?.receivedAt ?? NaN;
    let [betweenMs, at] = [0, from];
    for (const { receivedAt, doneAt } of ours.toSorted((a, b) => a.receivedAt - b.receivedAt)) {
      betweenMs += Math.max(0, Math.min(receivedAt, until) - at);
      at = Math.max(at, doneAt);
    }
    delays.push({ ms: until - from, betweenMs: betweenMs + Math.max(0, until - at) });
    const steps = ours
      .slice(0, 8)
      .map(
        ({ verb, resource, name, receivedAt, doneAt, code }) =>
          `+${Math.round(receivedAt - order.doneAt)} ${code} ${verb} ${resource} ${name} ${Math.round(doneAt - receivedAt)} ms`,
      );
    process.stderr.write(`back-${i} (${Math.round(order.doneAt - order.receivedAt)} ms)\n  ${steps.join('\n  ')}\n`);
  }
  return delays;
};

// --- the flood -------------------------------------------------------------------------------------------------------

/** Of one place: its share of the large packages and of the candidates, and in the first one a package of many objects. */
const burden = async (world: World, place: number): Promise<void> => {
  const share = (count: number): number => Math.floor(count / places) + Number(place < count % places);
  await inTurn(share(sizes.packages), (i) => largePackage(world, i));
  if (place === 0) await manyObjects(world);
  const developer = world.as('developer-a');
  await taken(() => developer.create(world.configMap('small', { level: 'info' })));
  await inTurn(share(sizes.candidates), async (i) => {
    const candidate = world.candidate(`many-${i}`, ['ConfigMap/small'], {
      package: `many-${Math.floor(i / 20)}`,
      notes: { summary: 'x'.repeat(1_000), rollbackPlan: 'x'.repeat(2_000) },
    });
    await taken(() => developer.create(candidate));
  });
};

/** What an API server or a gate that cannot keep up did not take is sent again after a while, as any client does. */
const taken = async (send: () => Promise<Answer<KubeObject>>): Promise<void> => {
  for (;;) {
    const answer = await send();
    if (answer.ok || !overloaded.has(answer.code)) {
      accepted(answer);
      return;
    }
    await sleep(1_000);
  }
};

const overloaded: ReadonlySet<number> = new Set([429, 503, 504]);

/** JSON in JSON: each quotation mark is escaped once more wherever it is kept as text. */
const quoted = (seed: number): string =>
  JSON.stringify(Array.from({ length: 34_000 }, (_, i) => ({ [`key-${seed}-${i}`]: `${i}` }))).slice(0, 1_000_000);

/** What does not compress: as much of it is held as is packed. */
const random = (seed: number): string => {
  let state = seed + 1;
  let text = '';
  while (text.length < 1_000_000) {
    state = (state * 48_271) % 2_147_483_647;
    text += state.toString(36);
  }
  return text.slice(0, 1_000_000);
};

const largePackage = async (world: World, i: number): Promise<void> => {
  const developer = world.as('developer-b');
  const names = Array.from({ length: megabytes }, (_, n) => `large-${i}-${n}`);
  for (const [n, name] of names.entries()) {
    const text = n === 0 ? quoted(i) : random(i * megabytes + n);
    await taken(() => developer.create(world.configMap(name, { text })));
  }
  const components = names.map((name) => `ConfigMap/${name}`);
  await taken(() => developer.create(world.candidate(`large-${i}`, components, { package: `large-${i}` })));
};

const manyObjects = async (world: World): Promise<void> => {
  const developer = world.as('developer-b');
  const names = Array.from({ length: sizes.objects }, (_, i) => `part-${i}`);
  await inTurn(names.length, async (i) => {
    await taken(() => developer.create(world.configMap(names[i] ?? '', { level: `${i}` })));
  });
  const candidate = world.candidate(
    'parts',
    names.map((name) => `ConfigMap/${name}`),
    { package: 'parts' },
  );
  await taken(() => developer.create(candidate));
};

/** Signatures under one candidate after the other, as many as anybody likes. */
const signALot = async (world: World): Promise<void> => {
  const subject = await world.when('calm-0-debug', () => true);
  const manifest = (i: number): Manifest => ({
    ...world.ref('Approval'),
    metadata: { name: `sign-${i}`, namespace: world.production },
    spec: {
      subject: { kind: 'ReleaseCandidate', name: 'calm-0-debug', uid: subject.metadata.uid },
      digest: `sha256:${'0'.repeat(64)}`,
      role: 'tester',
      decision: 'Approve',
      comment: 'x'.repeat(200),
    },
  });
  await inTurn(sizes.approvals, async (i) => {
    await taken(() => world.as('tester-a').create(manifest(i)));
  });
};

const isJudged = (each: Reported): boolean =>
  isTrue(each, 'Staged') || (condition(each, 'Stalled')?.status === 'True' && each.status?.reason !== undefined);

const allJudged = async (world: World): Promise<readonly Reported[]> =>
  waitForAll<Reported>(
    world.as('developer-a'),
    world.ref('ReleaseCandidate'),
    (all) => all.every(isJudged),
    patienceMs,
  );

// --- what the API server and the program do meanwhile ---------------------------------------------------------------

/** Writes what no lock of ours looks at: the machine is the API server's, too. */
const plainWrites = async (system: System, from: number, to: number): Promise<void> => {
  for (let i = from; i < to; i += 1) {
    accepted(
      await system.as('installer').create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `plain-${i}`, namespace: 'default' },
        data: { level: 'info' },
      }),
    );
    await sleep(300);
  }
};

/** How long the API server took for each, by its audit log, in milliseconds. */
const plainDelays = async (system: System): Promise<readonly number[]> =>
  (await requests(system))
    .filter(({ verb, resource, name }) => verb === 'create' && resource === 'configmaps' && name.startsWith('plain-'))
    .map(({ receivedAt, doneAt }) => doneAt - receivedAt);

const metricsOf = async (address: string): Promise<string> => (await fetch(`${address}/metrics`)).text();

/** How often each controller worked on something, so far. */
const reconciles = async (address: string): Promise<string> =>
  [...(await metricsOf(address)).matchAll(/^controller_runtime_reconcile_total\{(.*)\} (\d+)$/gm)]
    .map(([, labels, count]) => `${labels} ${count}`)
    .join('\n');

/** The largest of what the program says of its memory, in MB. */
const sampled = (address: string) => {
  const stopping = new AbortController();
  const most = { heap: 0, external: 0, lag: 0 };
  const sample = async (): Promise<void> => {
    const metrics = await metricsOf(address);
    const mb = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]) / 1024 / 1024;
    most.heap = Math.max(most.heap, mb('nodejs_heap_size_total_bytes'));
    most.lag = Math.max(most.lag, mb('nodejs_eventloop_lag_max_seconds') * 1024 * 1024 * 1_000);
    most.external = Math.max(most.external, mb('nodejs_external_memory_bytes'));
  };
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await sample().catch(() => {});
      // To write all metrics takes the program 15 ms.
      await sleep(2_000);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
      return most;
    },
  };
};

/** Numbers from 0, a few at a time. */
const inTurn = async (count: number, act: (i: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await act(i);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};
