/** A GitOps tool delivers: exactly what was opened passes for it, forward and back, and the operator writes nothing. Real Helm and real kubectl. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import type { RunResult } from '../../hack/controlplane/tools.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { accepted, waitFor, type Manifest } from '../support/cluster/cluster.ts';
import { condition, image, type Entry, type World } from '../support/cluster/system.ts';
import { explained, foundUnderGuard, podMaker } from '../support/scenario/findings.ts';
import {
  conditionSays,
  end,
  everybody,
  gateSays,
  inProduction,
  patienceMs,
  scenarios,
  sign,
} from '../support/scenario/kit.ts';
import { behaving, componentsOf, entriesOf, service, writesTo } from '../support/scenario/production.ts';

const { scenario, system } = scenarios('delivered');

const tool = 'system:serviceaccount:delivery:tool';
const collector = 'system:serviceaccount:kube-system:generic-garbage-collector';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'delivery-'));
  for (const name of [tool, collector, podMaker]) await system().controlPlane.identity({ name });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const policy = {
  deliveredBy: 'GitOps',
  gitOpsWriters: [tool],
  health: { progressTimeout: '3m', observeFor: '0s', settle: '0s' },
};

/** What staging holds, and what the tool is told to write. */
type Content = (world: World, letter: string) => readonly Manifest[];

const content: Content = (world, letter) => [
  world.configMap('settings', { letter }),
  world.deployment('api', letter),
  service(world, 'api'),
];

const withExtra: Content = (world, letter) => [...content(world, letter), world.configMap('extra', { letter })];

/** The tool may do what RBAC lets anybody do who deploys; that it is no more than the release is not RBAC's matter. */
const bound = async (world: World): Promise<void> => {
  await bindRole(world.as('installer'), {
    name: 'delivery',
    namespace: world.production,
    role: 'edit',
    subject: { kind: 'User', name: tool },
  });
};

/** Objects as somebody keeps them in Git: without a namespace. */
const inGit = (objects: readonly Manifest[]): string =>
  objects
    .map((object) => JSON.stringify({ ...object, metadata: { ...object.metadata, namespace: undefined } }))
    .join('\n---\n');

const kubectl = (world: World, objects: readonly Manifest[], ...args: readonly string[]): Promise<RunResult> =>
  system().controlPlane.kubectl(tool, [...args, '-f', '-', '-n', world.production], { stdin: inGit(objects) });

const apply = (world: World, objects: readonly Manifest[], ...args: readonly string[]): Promise<RunResult> =>
  kubectl(world, objects, 'apply', ...args);

/** A chart of these objects, and nothing else, under the name of the world. */
const chartOf = async (world: World, objects: readonly Manifest[]): Promise<string> => {
  const path = join(folder, world.production);
  await rm(path, { recursive: true, force: true });
  await mkdir(join(path, 'templates'), { recursive: true });
  await writeFile(join(path, 'Chart.yaml'), 'apiVersion: v2\nname: payments\nversion: 1.0.0\n');
  await writeFile(join(path, 'templates', 'all.yaml'), inGit(objects));
  return path;
};

const helm = (world: World, ...args: readonly string[]): Promise<RunResult> =>
  system().controlPlane.helm(tool, [...args, '-n', world.production]);

const upgrade = async (world: World, objects: readonly Manifest[]): Promise<RunResult> =>
  helm(world, 'upgrade', '--install', 'payments', await chartOf(world, objects));

const ok = (result: RunResult): string => {
  if (result.code !== 0) throw new Error(result.stderr);
  return result.stdout;
};

const refusal = (result: RunResult): string => {
  if (result.code === 0) throw new Error(`it was let through: ${result.stdout}`);
  return result.stderr;
};

/** Staging holds it, everybody has signed, and it is open for the tool. */
const opened = async (
  world: World,
  name: string,
  objects: readonly Manifest[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> => {
  await world.stage(...objects);
  await world.propose(world.candidate(name, componentsOf(objects), more));
  await sign(world, name, ...everybody);
  await conditionSays(world, name, 'ActionRequired', 'AwaitingTool');
};

/** The end of a candidate's promotion in the record. */
const entry = (world: World, type: string, candidate: string): Promise<Entry> =>
  waitFor<Entry>(
    world.as('auditor-a'),
    world.ref('LedgerEntry'),
    ({ spec }) => spec.type === type && spec.subject.name === candidate,
    patienceMs,
  );

scenario(
  'nothing passes for kubectl apply before a release is opened, then exactly its content, and it prunes only what the release removes',
  async (world) => {
    await bound(world);
    await explained(world);
    const first = withExtra(world, 'a');
    expect(refusal(await apply(world, first))).toMatch(
      /NoReleaseUnderWay: system:serviceaccount:delivery:tool may not create .*Next: stage a ReleaseCandidate/,
    );
    await opened(world, 'first', first);
    const awaited = await conditionSays(world, 'first', 'ActionRequired', 'AwaitingTool');
    expect(awaited.message).toMatch(/has yet to write .*ConfigMap\/settings.*Deployment\/api.*Service\/api/);

    expect(refusal(await apply(world, [world.configMap('settings', { letter: 'b' })]))).toMatch(
      /ContentNotApproved: system:serviceaccount:delivery:tool may not create configmaps settings .*data\.letter.*Next: read what was signed for/,
    );
    expect(refusal(await apply(world, [world.configMap('stray', { letter: 'a' })]))).toMatch(/NoReleaseUnderWay: /);
    const [settings, ...rest] = first;
    ok(await apply(world, rest));
    expect(condition(await world.when('first', () => true), 'Finished')?.status).not.toBe('True');
    ok(await apply(world, settings === undefined ? [] : [settings], '--server-side'));
    expect(await end(world, 'first')).toBe('Promoted');

    const second = content(world, 'b');
    expect(refusal(await kubectl(world, [world.configMap('extra', {})], 'delete'))).toMatch(/NoReleaseUnderWay: /);
    await opened(world, 'second', second);
    expect(refusal(await kubectl(world, [service(world, 'api')], 'delete'))).toMatch(/NoReleaseUnderWay: /);
    ok(await apply(world, second));
    await conditionSays(world, 'second', 'ActionRequired', 'AwaitingTool');
    ok(await kubectl(world, [world.configMap('extra', {})], 'delete'));
    expect(await end(world, 'second')).toBe('Promoted');
    expect(await writesTo(system(), world)).toEqual([]);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  policy,
);

scenario(
  'Helm installs and upgrades what was opened, and its own notes are no finding',
  async (world) => {
    await bound(world);
    await explained(world);
    const first = withExtra(world, 'a');
    expect(refusal(await upgrade(world, first))).toMatch(/NoReleaseUnderWay: system:serviceaccount:delivery:tool /);
    await opened(world, 'first', first);
    ok(await upgrade(world, first));
    expect(await end(world, 'first')).toBe('Promoted');
    const second = content(world, 'b').filter(({ kind }) => kind !== 'Service');
    await opened(world, 'second', second);
    expect(refusal(await upgrade(world, content(world, 'e')))).toMatch(
      /ContentNotApproved: system:serviceaccount:delivery:tool .*at .*Next: /,
    );
    ok(await upgrade(world, second));
    expect(await end(world, 'second')).toBe('Promoted');
    // What is pruned after observation where the operator writes, the tool prunes when it likes.
    await inProduction(world, 'Deployment', 'api', (seen) => JSON.stringify(seen).includes(image('b')));
    expect(await world.live('Service', 'api')).toBeUndefined();
    expect(await world.live('ConfigMap', 'extra')).toBeUndefined();
    ok(await helm(world, 'status', 'payments'));
    const notes = (await entriesOf(world, 'Admitted')).filter(({ subject }) => subject.kind === 'Secret');
    expect(new Set(notes.map(({ decision }) => decision))).toEqual(new Set(['GitOps']));
    expect(await writesTo(system(), world)).toEqual([]);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  policy,
);

scenario(
  'a release that fails opens the one before it, its own content is refused, and helm rollback brings production back',
  async (world) => {
    await bound(world);
    await explained(world);
    const first = content(world, 'a');
    await opened(world, 'first', first);
    ok(await upgrade(world, first));
    expect(await end(world, 'first')).toBe('Promoted');

    const second = withExtra(world, 'b');
    await opened(world, 'second', second, { overlay: [behaving('Deployment', 'api', 'crash-loop')] });
    const failing = second.map((object) =>
      object.kind === 'Deployment' ? world.deployment('api', 'b', { behaviour: 'crash-loop' }) : object,
    );
    ok(await upgrade(world, failing));
    const back = await conditionSays(world, 'second', 'ActionRequired', 'GitOpsRollbackRequired');
    expect(back.message).toMatch(/Argo CD: argocd app rollback.*Flux: .*Helm: helm rollback/);
    expect(refusal(await apply(world, failing))).toMatch(/ContentNotApproved: |NoReleaseUnderWay: /);
    ok(await helm(world, 'rollback', 'payments'));
    expect(await end(world, 'second')).toBe('RolledBack');
    await inProduction(world, 'Deployment', 'api', (seen) => JSON.stringify(seen).includes(image('a')));
    expect(await world.live('ConfigMap', 'extra')).toBeUndefined();
    await entry(world, 'RolledBack', 'second');

    await world.propose(
      world.candidate('again', componentsOf(second), { overlay: [behaving('Deployment', 'api', 'crash-loop')] }),
    );
    await gateSays(world, 'again', 'RollbackHold', 'HeldAfterRollback');
    expect(refusal(await upgrade(world, failing))).toMatch(/ContentNotApproved: |NoReleaseUnderWay: /);
    expect(await writesTo(system(), world)).toEqual([]);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  policy,
);

scenario(
  'what production lost comes back by the tool at any time, and nothing else does',
  async (world) => {
    await bound(world);
    const first = content(world, 'a');
    await opened(world, 'first', first);
    ok(await apply(world, first));
    expect(await end(world, 'first')).toBe('Promoted');
    // Only a program of the control plane can take something away; it stands for whatever brings drift.
    accepted(await world.as(collector).delete(world.ref('ConfigMap', 'settings')));
    expect(refusal(await apply(world, [world.configMap('settings', { letter: 'e' })]))).toMatch(/ContentNotApproved: /);
    ok(await apply(world, first));
    await inProduction(world, 'ConfigMap', 'settings', () => true);
    await explained(world);
    expect(await writesTo(system(), world)).toEqual([]);
  },
  policy,
);
