/**
 * What a developer can burden the programs with by the shape of things, not by their bytes: what is nested deep, long lists, and very many small
 * objects. Whoever sends it is told, in the answer or in the status; it takes no place, and others are worked on as ever.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { chartNodeOptions } from '../../../hack/controlplane/chart.ts';
import { overlayBounds } from '../../../operator/api/overlay.ts';
import { accepted, refused, startTimeoutMs, type Manifest } from '../../support/cluster/cluster.ts';
import {
  condition,
  image,
  isTrue,
  startSystem,
  type Reported,
  type System,
  type World,
} from '../../support/cluster/system.ts';
import { patienceMs, release, staged } from '../../support/scenario/kit.ts';
import { policyLock } from '../../support/attack/attack.ts';
import { said, type World as Attacked } from '../../support/attack/world.ts';

jest.setTimeout(400_000);

let system: System;

beforeAll(async () => {
  system = await startSystem({ operator: { nodeOptions: chartNodeOptions() } });
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

/** What the locks of attacks need of the cluster. */
const cluster = (): Attacked => ({
  cluster: system,
  as: (name) => system.as(name),
  operator: system.as('installer'),
  restorer: system.as('installer'),
  stop: system.stop,
});

const nested = (levels: number): unknown => {
  let inner: unknown = {};
  for (let level = 1; level < levels; level += 1) inner = { a: inner };
  return inner;
};

const settings = ['ConfigMap/settings'];

const overlaid = (world: World, name: string, patch: unknown): Manifest =>
  world.candidate(name, settings, { package: name, overlay: [{ kind: 'ConfigMap', name: 'settings', patch }] });

/** Its status says why it is not staged, and it takes no place. */
const stalled = (world: World, name: string, words: string): Promise<Reported> =>
  world.when(
    name,
    (each) =>
      !isTrue(each, 'Staged') &&
      condition(each, 'Stalled')?.status === 'True' &&
      condition(each, 'Staged')?.message.includes(words) === true,
    patienceMs,
  );

/** Somebody else's release of the same namespaces goes from beginning to end. */
const goesOn = async (world: World, name: string): Promise<void> => {
  await world.stage(world.configMap('other', { level: name }));
  expect(await release(world, world.candidate(name, ['ConfigMap/other'], { package: 'other' }))).toBe('Promoted');
};

test('an overlay that is nested deep, or has a list of a hundred thousand items, is refused by the API server', async () => {
  const world = await system.world('overlays');
  const developer = world.as('developer-a');
  await world.stage(world.configMap('settings', { level: 'info' }));
  const deep = { data: nested(3_000) };
  const long = { data: { list: Array.from({ length: 100_000 }, () => 1) } };

  expect(said(await developer.create(overlaid(world, 'deep', deep)))).toMatch(
    new RegExp(`OverlayNotTooDeep: developer-a .*spec.overlay .*${overlayBounds.levels} levels.* Next: .`),
  );
  expect(said(await developer.create(overlaid(world, 'long', long)))).toMatch(
    new RegExp(`OverlayNotTooMany: developer-a .*spec.overlay .*${overlayBounds.values} values.* Next: .`),
  );
  const twin = { data: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, 'x'])) };
  await world.propose(overlaid(world, 'twin', twin));
  await staged(world, 'twin');

  // The control: without that lock both are taken, and the operator says what is wrong with them.
  const close = await policyLock('countersign-releasecandidates').open(cluster());
  try {
    for (const [name, patch] of Object.entries({ deep, long })) {
      let answer = await developer.create(overlaid(world, name, patch));
      // An API server goes on for a moment with what it knew.
      for (const deadline = Date.now() + patienceMs; !answer.ok && Date.now() < deadline;) {
        answer = await developer.create(overlaid(world, name, patch));
      }
      accepted(answer);
    }
  } finally {
    await close();
  }
  await stalled(world, 'deep', '500 levels');
  await stalled(world, 'long', '5000 items');
  await goesOn(world, 'meanwhile');
  expect(system.operator.isRunning()).toBe(true);
  expect(system.gate.isRunning()).toBe(true);
});

test('a Deployment of staging with a list of a hundred thousand items is not staged, and says why', async () => {
  const world = await system.world('lists');
  const runner = (name: string, items: number): Manifest => ({
    ...world.deployment(name, 'a', { replicas: 0 }),
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: image('a'), args: Array.from({ length: items }, () => 'x') }] },
      },
    },
  });
  for (const [name, items] of [
    ['long', 100_000],
    ['twin', 4_000],
  ] as const) {
    accepted(await world.as('developer-a').create(runner(name, items)));
    await world.propose(world.candidate(name, [`Deployment/${name}`], { package: name }));
  }
  const { status } = await stalled(world, 'long', 'Deployment/long: the object or its overlay has a list of more than');
  expect(status?.reason).toBe('NormalFormRefused');
  await staged(world, 'twin');
  await goesOn(world, 'meanwhile');
});

const many = 4_000;

test('a selector that picks thousands of small objects is told so, takes no place, and is not looked at for ever', async () => {
  const world = await system.world('selector');
  const developer = world.as('developer-a');
  const labelled = (name: string, app: string): Manifest => ({
    ...world.configMap(name, { level: 'info' }),
    metadata: { name, namespace: world.staging, labels: { app } },
  });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < many; i = next++) accepted(await developer.create(labelled(`c-${i}`, 'crowd')));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  for (let i = 0; i < 20; i += 1) accepted(await developer.create(labelled(`few-${i}`, 'few')));
  const picking = (name: string, app: string): Manifest =>
    world.candidate(name, [], { package: name, components: undefined, selector: { matchLabels: { app } } });

  await world.propose(picking('crowd', 'crowd'));
  await world.propose(picking('few', 'few'));
  const { status } = await stalled(world, 'crowd', 'more than 500 objects');
  expect(status?.reason).toBe('PackageTooLarge');
  await staged(world, 'few');
  const before = await stalled(world, 'crowd', 'more than 500 objects');
  await goesOn(world, 'meanwhile');
  const after = accepted(await developer.get<Reported>(world.ref('ReleaseCandidate', 'crowd')));
  expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
});

test('a selector with a label of hundreds of thousands of letters is refused; of as many as it may have it is told in a few words, and stops nobody', async () => {
  const world = await system.world('label');
  const picking = (name: string, key: string): Manifest =>
    world.candidate(name, [], { package: name, components: undefined, selector: { matchLabels: { [key]: 'x' } } });
  const labelled = world.configMap('few', { level: 'info' });
  await world.stage({ ...labelled, metadata: { ...labelled.metadata, labels: { app: 'x' } } });

  const tooLong = refused(await world.as('developer-a').create(picking('long', 'ж'.repeat(400_000))));
  expect(tooLong.message).toContain('no label has a key of more than 317 characters');
  await world.propose(picking('long', 'ж'.repeat(317)));
  await world.propose(picking('twin', 'app'));
  await staged(world, 'twin');
  const { status } = await stalled(world, 'long', 'has the labels');
  expect(status?.reason).toBe('ComponentMissing');
  await goesOn(world, 'meanwhile');
  expect(system.operator.isRunning()).toBe(true);
});

test('an object of staging with thousands of labels that its release leaves out is staged like any other', async () => {
  const world = await system.world('labels');
  const labels = Object.fromEntries(Array.from({ length: 12_000 }, (_, i) => [`argocd.argoproj.io/x${i}`, 'x']));
  const many = world.configMap('many', { level: 'info' });
  accepted(await world.as('developer-a').create({ ...many, metadata: { ...many.metadata, labels } }));
  await world.propose(world.candidate('many', ['ConfigMap/many'], { package: 'many' }));
  await goesOn(world, 'meanwhile');
  await staged(world, 'many');
  expect(system.operator.isRunning()).toBe(true);
});
