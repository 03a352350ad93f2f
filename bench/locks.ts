/**
 * What the locks add to a write: the same write, at the same moments, in a namespace without guard and in a guarded one. What is said is the difference of their
 * percentiles, each from the API server's own clock.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceAccountToken } from '../hack/controlplane/chart.ts';
import {
  accepted,
  waitFor,
  type Answer,
  type ApiClient,
  type KubeObject,
  type Manifest,
} from '../test/support/cluster/cluster.ts';
import type { System, World } from '../test/support/cluster/system.ts';
import { cpuMs, rssMb } from './process.ts';
import { requests, type Request } from './requests.ts';
import { percentile, table, type Figure } from './table.ts';

const perSecond = [10, 50, 200] as const;
/** Some hundred, after which the runtime has compiled what a review needs. */
const warmUp = { perSecond: 50, ms: 8_000 } as const;
/** Of each series: enough for a hundred writes and more. */
const seriesMs = (rate: number): number => (rate > 100 ? 5_000 : 10_000);
const plain = 'unguarded';
export const feeder = 'feeder';
/** Objects that take turns, so that writes do not wait for one another. */
const feeds = Array.from({ length: 20 }, (_, i) => `feed-${i}`);

/** What is sent to both namespaces. */
interface Series {
  readonly name: string;
  /** Writes one of the objects there. */
  readonly guarded: (namespace: string, turn: number) => Promise<Answer<KubeObject>>;
  readonly unguarded: (namespace: string, turn: number) => Promise<Answer<KubeObject>>;
  /** What the guarded one must come to. */
  readonly code: 200 | 403;
  /** Which lock is asked last. */
  readonly lock: 'API server' | 'Gate';
  readonly targets: { readonly p50?: number; readonly p99?: number };
}

/** Which series to measure; all of them where nothing is said. */
export interface Chosen {
  /** Part of their names. */
  readonly series: string;
  /** Writes a second. */
  readonly rates: readonly number[];
}

export const locks = async (system: System, { series: name, rates }: Chosen): Promise<readonly Figure[]> => {
  const world = await fedWorld(system);
  const figures: Figure[] = [];
  for (const series of (await allSeries(system)).filter((each) => each.name.includes(name))) {
    for (const rate of rates.length > 0 ? rates : perSecond) {
      const measured = await measure(system, world, series, rate);
      process.stderr.write(`${table(measured)}\n`);
      figures.push(...measured);
    }
  }
  return [...figures, { name: 'gate, RSS after all that', value: rssMb(system.gate.mark.pid), unit: 'MB' }];
};

/** A guarded world in which a declared program feeds ConfigMaps, and a namespace beside it that nobody guards. */
export const fedWorld = async (system: System): Promise<World> => {
  const installer = system.as('installer');
  for (const name of [feeder, 'stranger', publisher]) await system.controlPlane.identity({ name });
  const fill = async (namespace: string): Promise<void> => {
    for (const name of feeds) accepted(await installer.create(configMap(namespace, name, 0)));
    for (const name of [feeder, 'stranger']) {
      accepted(
        await installer.create({
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: { name, namespace },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
        }),
      );
    }
    await waitFor(installer, { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: rootCertificate }, () => true);
  };
  accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: plain } }));
  await fill(plain);
  const platformWriters = [{ identity: feeder, kind: 'ConfigMap', names: feeds }];
  return system.world('locks', { platformWriters }, { before: ({ production }) => fill(production) });
};

const rootCertificate = 'kube-root-ca.crt';
const publisher = 'system:serviceaccount:kube-system:root-ca-cert-publisher';

const configMap = (namespace: string, name: string, turn: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { turn: String(turn), padding: 'x'.repeat(1_000) },
});

/** Replaces one of the objects; `one`: that one each time. */
export const put =
  (client: ApiClient, options: { readonly dryRun?: 'All' }, one?: string) =>
  (namespace: string, turn: number): Promise<Answer<KubeObject>> =>
    client.replace(configMap(namespace, one ?? feeds[turn % feeds.length] ?? '', turn), options);

const allSeries = async (system: System): Promise<readonly Series[]> => {
  const operator = system
    .as('installer')
    .withToken(await serviceAccountToken(system.controlPlane, 'countersign-operator'));
  const tried = { dryRun: 'All' } as const;
  const unguarded = put(system.as(feeder), tried);
  return [
    {
      name: 'lock A, a controller’s write',
      guarded: put(system.as(publisher), tried, rootCertificate),
      unguarded: put(system.as(publisher), tried, rootCertificate),
      code: 200,
      lock: 'API server',
      targets: { p99: 3 },
    },
    {
      name: 'lock A, refused',
      guarded: put(system.as('stranger'), tried),
      unguarded: put(system.as('stranger'), tried),
      code: 403,
      lock: 'API server',
      targets: { p99: 3 },
    },
    {
      name: 'gate, allowed, no entry',
      guarded: put(system.as(feeder), tried),
      unguarded,
      code: 200,
      lock: 'Gate',
      targets: { p50: 3, p99: 15 },
    },
    {
      name: 'gate, refused after reading afresh',
      guarded: put(operator, {}),
      unguarded,
      code: 403,
      lock: 'Gate',
      targets: {},
    },
    {
      name: 'gate, allowed, with entry',
      guarded: put(system.as(feeder), {}),
      unguarded: put(system.as(feeder), {}),
      code: 200,
      lock: 'Gate',
      targets: {},
    },
  ];
};

const measure = async (
  system: System,
  { production }: World,
  series: Series,
  rate: number,
): Promise<readonly Figure[]> => {
  const { pid } = system.gate.mark;
  // Connections, caches and compiled code are there before anything is measured.
  await paced(warmUp.perSecond, warmUp.ms, async (turn) => both(series, production, turn));
  const [from, cpu, before] = [Date.now(), cpuMs(pid), await asked(system, series.lock)];
  const answers = await paced(rate, seriesMs(rate), async (turn) => both(series, production, turn));
  const [spent, after] = [cpuMs(pid) - cpu, await asked(system, series.lock)];
  const expected = [series.code, 200];
  const isWrong = ({ code }: Answer<KubeObject>, i: number): boolean => code !== expected[i % 2] && code < busy;
  const wrong = answers.flat().find(isWrong);
  if (wrong !== undefined) throw new Error(`${series.name}: ${JSON.stringify(wrong.body).slice(0, 500)}`);
  const tooMany = answers.flat().filter(({ code }) => code >= busy).length;

  const since = (await requests(system)).filter(({ receivedAt }) => receivedAt >= from);
  if (series.lock === 'Gate') process.stderr.write(`a write asks for\n${recording(since, answers.length)}\n`);
  const took = times(since);
  const [guarded, unguarded] = [took(production), took(plain)];
  const added = (percent: number): number => percentile(guarded, percent) - percentile(unguarded, percent);
  const { p50, p99 } = series.targets;
  const name = `${series.name}, ${rate}/s`;
  return [
    { name: `${name}: added at p50`, value: added(50), unit: 'ms', ...(p50 === undefined ? {} : { target: p50 }) },
    { name: `${name}: added at p99`, value: added(99), unit: 'ms', ...(p99 === undefined ? {} : { target: p99 }) },
    {
      name: `  ${series.lock === 'Gate' ? 'a call of the gate, mean' : 'all policies, mean over both namespaces'}`,
      value: ((after.seconds - before.seconds) * 1_000) / (after.times - before.times),
      unit: 'ms',
    },
    { name: '  unguarded, p50', value: percentile(unguarded, 50), unit: 'ms' },
    { name: '  unguarded, p99', value: percentile(unguarded, 99), unit: 'ms' },
    ...(tooMany === 0 ? [] : [{ name: '  turned away by a busy API server', value: tooMany, unit: '' as const }]),
    ...(series.lock === 'Gate'
      ? [{ name: '  CPU of the gate a review', value: spent / answers.length, unit: 'ms' as const }]
      : []),
  ];
};

/** The API server has no place for it, or from here on, no time: the machine is too small for the rate, whoever judges. */
const busy = 429;

const both = ({ guarded, unguarded }: Series, production: string, turn: number) =>
  Promise.all([guarded(production, turn), unguarded(plain, turn)]);

/** Sends so many a second, whether or not the ones before have been answered. */
const paced = async <T>(rate: number, forMs: number, send: (turn: number) => Promise<T>): Promise<readonly T[]> => {
  const sent: Promise<T>[] = [];
  const began = performance.now();
  for (let turn = 0; turn < (rate * forMs) / 1_000; turn += 1) {
    await sleep(Math.max(0, began + (turn * 1_000) / rate - performance.now()));
    sent.push(send(turn));
  }
  return Promise.all(sent);
};

/** What the API server itself says of a lock: how often it was asked, and how long all of that took. */
const asked = async (
  system: System,
  lock: Series['lock'],
): Promise<{ readonly times: number; readonly seconds: number }> => {
  const { text } = await system.as('installer').raw({ method: 'GET', path: '/metrics' });
  const [metric, label] = clocks[lock];
  const sum = (suffix: string): number =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${metric}_${suffix}{`) && line.includes(label))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  return { times: sum('count'), seconds: sum('sum') };
};

const clocks: Readonly<Record<Series['lock'], readonly [metric: string, label: string]>> = {
  'API server': [
    'apiserver_admission_controller_admission_duration_seconds',
    'name="ValidatingAdmissionPolicy",operation="UPDATE"',
  ],
  Gate: ['apiserver_admission_webhook_admission_duration_seconds', 'name="writes.gate.countersign.dev"'],
};

/** How long the writes of a namespace took the API server. */
const times =
  (all: readonly Request[]) =>
  (namespace: string): readonly number[] =>
    all
      .filter(
        (each) =>
          each.namespace === namespace && each.code < busy && each.resource === 'configmaps' && each.verb === 'update',
      )
      .map(({ receivedAt, doneAt }) => doneAt - receivedAt);

/** What gate and operator asked the API server for meanwhile, a write: entries, and tries whose place was taken. */
const recording = (all: readonly Request[], writes: number): string =>
  [...Map.groupBy(all, ({ user, verb, resource, code }) => `${user.split(':').at(-1)} ${verb} ${resource} ${code}`)]
    .filter(([what]) => /^countersign-(gate|operator) (?!watch)/.test(what))
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([what, each]) => {
      const took = each.map(({ receivedAt, doneAt }) => doneAt - receivedAt);
      return `  ${what}: ${(each.length / writes).toFixed(2)}, p50 ${percentile(took, 50).toFixed(1)} ms`;
    })
    .join('\n');
