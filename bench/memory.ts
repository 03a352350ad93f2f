/** What the operator's process holds with many candidates staged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitForAll, type Manifest } from '../test/support/cluster/cluster.ts';
import { isTrue, type Reported, type System, type World } from '../test/support/cluster/system.ts';
import { rssMb } from './process.ts';
import type { Figure } from './table.ts';

const candidates = 1_000;
/** As many as one author may have open for one production namespace. */
const ofAuthor = 100;
const authors = ['developer-a', 'developer-b'] as const;
/** Of one candidate as it is sent. */
const candidateBytes = 3_500;
/** Requests in flight while it is set up. */
const atOnce = 10;

export const memory = async (system: System): Promise<readonly Figure[]> => {
  const ofWorld = ofAuthor * authors.length;
  const worlds = await Promise.all(Array.from({ length: candidates / ofWorld }, (_, i) => system.world(`memory-${i}`)));
  const before = rssMb(system.operator.mark.pid);
  for (const world of worlds) {
    const names = Array.from({ length: ofWorld }, (_, i) => `app-${String(i).padStart(4, '0')}`);
    await inTurn([...names.entries()], async ([i, name]) => {
      await world.stage(world.configMap(name, { level: 'info' }));
      await world.propose(candidate(world, name), authors[i % authors.length]);
    });
    await waitForAll<Reported>(
      world.as('developer-a'),
      world.ref('ReleaseCandidate'),
      (all) => all.filter((each) => isTrue(each, 'Staged')).length === ofWorld,
      600_000,
    );
  }
  await sleep(5_000);
  return [
    {
      name: `RSS with ${candidates} staged candidates`,
      value: rssMb(system.operator.mark.pid),
      unit: 'MB',
      target: 140,
    },
    { name: '  before them', value: before, unit: 'MB' },
    { name: '  heap in use, garbage included', value: await heapMb(system), unit: 'MB' },
  ];
};

const candidate = (world: World, name: string): Manifest => {
  const plain = world.candidate(name, [`ConfigMap/${name}`], { package: name });
  const missing = candidateBytes - JSON.stringify(plain).length;
  const { spec } = plain as Manifest & { spec: { notes: object } };
  return world.candidate(name, [`ConfigMap/${name}`], {
    package: name,
    notes: { ...spec.notes, installation: 'x'.repeat(Math.max(1, missing)) },
  });
};

const inTurn = async <T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> => {
  const waiting = [...all];
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await act(one);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

const heapMb = async ({ operator }: System): Promise<number> => {
  const metrics = await (await fetch(`${operator.address}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(metrics)?.[1]) / 1024 / 1024;
};
