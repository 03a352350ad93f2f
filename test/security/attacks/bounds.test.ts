/**
 * What a developer can burden the programs with: as much as the API server takes, and neither operator nor gate stops. Heaps are bounded
 * as the chart bounds them, so a process that holds more than it may ends, and the Lease goes to another or to nobody.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { chartNodeOptions } from '../../../hack/controlplane/chart.ts';
import { accepted, startTimeoutMs, waitForAll, type Manifest } from '../../support/cluster/cluster.ts';
import { isWhole } from '../../support/proofs.ts';
import { leadershipOf } from '../../support/cluster/lease.ts';
import {
  condition,
  isTrue,
  startSystem,
  type Reported,
  type System,
  type World,
} from '../../support/cluster/system.ts';

/** A hundred megabytes are worked on, one after the other. */
const workedOnMs = 900_000;

jest.setTimeout(3 * workedOnMs);

const candidates = 20;
const configMaps = 6;
/** As many keys as fit: it is they that cost, far more than their bytes. */
const keys = 20_000;

let system: System;

beforeAll(async () => {
  system = await startSystem({ operator: { nodeOptions: chartNodeOptions() } });
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

/** 800 kB of very many small things. */
const crowded = (world: World, name: string, letter: string): Manifest =>
  world.configMap(name, Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, letter.repeat(28)])));

const isJudged = (each: Reported): boolean =>
  isTrue(each, 'Staged') || (condition(each, 'Stalled')?.status === 'True' && each.status?.reason !== undefined);

test('twenty small candidates over large ConfigMaps cost neither the Lease nor a rollback of another package', async () => {
  const world = await system.world('burden');
  const developer = world.as('developer-a');
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.release(world.candidate('one', ['ConfigMap/settings'], { package: 'other' }));
  await world.stage(world.configMap('settings', { level: 'debug' }));
  await world.release(world.candidate('two', ['ConfigMap/settings'], { package: 'other' }));
  const before = await leadershipOf(system);

  const names = Array.from({ length: configMaps }, (_, i) => `big-${i}`);
  for (const name of names) accepted(await developer.create(crowded(world, name, 'a')));
  for (let i = 0; i < candidates; i += 1) {
    const components = names.map((name) => `ConfigMap/${name}`);
    accepted(await developer.create(world.candidate(`load-${i}`, components, { package: `load-${i}` })));
  }
  accepted(
    await world.as('sre-a').create({
      ...world.ref('Rollback', 'back'),
      metadata: { name: 'back', namespace: world.production },
      spec: { package: 'other', reason: 'meanwhile' },
    }),
  );
  await waitForAll<Reported>(
    world.as('sre-a'),
    world.ref('Rollback'),
    (all) => all.some((each) => isTrue(each, 'Finished')),
    workedOnMs,
  );
  const all = await waitForAll<Reported>(
    developer,
    world.ref('ReleaseCandidate'),
    (found) => found.filter(({ metadata }) => metadata.name?.startsWith('load-')).every(isJudged),
    workedOnMs,
  );

  expect(all.length).toBeGreaterThanOrEqual(candidates);
  expect(system.operator.isRunning()).toBe(true);
  expect(system.gate.isRunning()).toBe(true);
  expect(await leadershipOf(system)).toEqual(before);
});

/** In a whole proof more of them than the heap holds, packed or not: one character of two bytes makes all of a text take two, and nothing compresses it. */
const candidateCount = isWhole ? 105 : 40;
const megabyte = `ж${randomBytes(750_000).toString('base64')}`;

const inTurn = async (count: number, act: (i: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await act(i);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
};

test('more in staging than fits into the heap, and candidates that carry as much, are worked on like any others', async () => {
  const world = await system.world('many');
  const developer = world.as('developer-a');
  const before = await leadershipOf(system);
  await inTurn(candidateCount, async (i) => {
    accepted(await developer.create(world.configMap(`big-${i}`, { text: megabyte })));
  });
  await world.stage(world.configMap('settings', { level: 'info' }));
  await inTurn(candidateCount, async (i) => {
    const overlay = [
      { kind: 'ConfigMap', name: 'settings', patch: { data: { more: `${i}${megabyte.slice(0, 900_000)}` } } },
    ];
    accepted(
      await developer.create(world.candidate(`load-${i}`, ['ConfigMap/settings'], { package: `load-${i}`, overlay })),
    );
  });
  await world.propose(world.candidate('small', ['ConfigMap/settings'], { package: 'small' }), 'developer-b');
  await world.when('small', (each) => isTrue(each, 'Staged'), workedOnMs);
  // The one that was told first, and is no longer held.
  await world.propose(world.candidate('first', ['ConfigMap/big-1'], { package: 'first' }), 'developer-b');
  await world.when('first', (each) => isTrue(each, 'Staged'), workedOnMs);
  const all = await waitForAll<Reported>(
    developer,
    world.ref('ReleaseCandidate'),
    (found) => found.filter(({ metadata }) => metadata.name?.startsWith('load-')).every(isJudged),
    workedOnMs,
  );

  expect(all.length).toBeGreaterThanOrEqual(candidateCount);
  expect(all.some((each) => isTrue(each, 'Staged'))).toBe(true);
  expect(all.some(({ status }) => status?.reason === 'TooMuchOpen')).toBe(true);
  expect(system.operator.isRunning()).toBe(true);
  expect(system.gate.isRunning()).toBe(true);
  expect(await leadershipOf(system)).toEqual(before);
});
