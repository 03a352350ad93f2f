/**
 * The operator dies at every one of its writes of a release that goes wrong: just before the write is sent, or just after, with the answer
 * lost. Whoever continues must end where an undisturbed run ends, and nothing may have happened twice.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyChain } from '../../operator/decide/record/chain.ts';
import { startTimeoutMs } from '../support/cluster/cluster.ts';
import { condition, signers, startSystem, type System, type World } from '../support/cluster/system.ts';
import { partOf } from '../support/proofs.ts';
import { behaving, normalLive, plant, service } from '../support/scenario/production.ts';
import { leaseNamespace, playOperators, Process, type Death, type OperatorCredentials } from './process.ts';

let system: System;
let credentials: OperatorCredentials;

/** Worlds at a time: as many as two cores keep busy. */
const atOnce = 5;
const patienceMs = 90_000;

beforeAll(async () => {
  system = await startSystem();
  credentials = await playOperators(system);
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

const components = ['ConfigMap/settings', 'Deployment/api', 'Service/api'];

/** What is compared between a run that was disturbed and one that was not. */
interface End {
  readonly reason: string | undefined;
  readonly settings: unknown;
  readonly api: unknown;
  readonly service: unknown;
  readonly entries: readonly string[];
  readonly chain: string | undefined;
  readonly finalizers: readonly string[];
}

/** What was in production before the guard. */
const before = async (world: World): Promise<void> => {
  await plant(world, world.configMap('settings', { level: 'info' }));
  await plant(world, world.deployment('api', 'a'));
};

const run = async (
  name: string,
  death: Death | undefined,
): Promise<{ end: End; writes: readonly string[]; died: boolean }> => {
  const [earlier, later] = [
    await leaseNamespace(system, `${name}-before`),
    await leaseNamespace(system, `${name}-after`),
  ];
  const first = new Process({ world: name, lease: earlier, credentials });
  const processes = [first];
  try {
    await first.start();
    const world = await system.world(name, {}, { before });
    await world.stage(
      world.configMap('settings', { level: 'debug' }),
      world.deployment('api', 'b'),
      service(world, 'api'),
    );
    first.arm(death);
    let died = false;
    const successor = first.died.then(async () => {
      died = true;
      const second = new Process({ world: name, lease: later, credentials });
      processes.push(second);
      await Promise.all([first.end(), second.start()]);
    });
    await Promise.race([release(world), successor.then(() => new Promise<never>(() => {}))]);
    return { end: await endOf(world), writes: [...first.writes], died };
  } catch (error) {
    const writes = processes.map((each, i) => `writes of process ${i + 1}:\n${each.writes.join('\n')}`);
    const why = error instanceof Error ? error.message : String(error);
    throw new Error([...writes, why].join('\n'), { cause: error });
  } finally {
    await Promise.all(processes.map((each) => each.end().catch(() => {})));
  }
};

/** The release of three components whose pods crash, as people see it. */
const release = async (world: World): Promise<void> => {
  await world.propose(world.candidate('first', components, { overlay: [behaving('Deployment', 'api', 'crash-loop')] }));
  const ready = await world.when(
    'first',
    ({ status }) => Object.keys(status?.approvalManifests ?? {}).length > 0,
    patienceMs,
  );
  for (const [who, role] of signers) await world.sign(ready, who, role);
  await world.finished('first', patienceMs);
  // The last write of all.
  await world.when('first', ({ metadata }) => (metadata.finalizers ?? []).length === 0, patienceMs);
};

/**
 * Admitted and Observed are of the gate's clock: it witnesses signatures beside what the operator does. Tested is entered only when somebody looks between the tester's signature and the last one. What is planted after production was looked at
 * for the first time is a finding when it stays for some seconds, which the release covers.
 */
const byTheClock = new Set([
  'Admitted',
  'AdmittedTogether',
  'Observed',
  'ObservedTogether',
  'Tested',
  'Adopted',
  'FindingOpened',
  'FindingClosed',
]);

const endOf = async (world: World): Promise<End> => {
  const ledger = await world.ledger();
  const candidate = await world.when('first', () => true);
  return {
    reason: condition(candidate, 'Finished')?.reason,
    settings: await normalLive(world, 'ConfigMap', 'settings'),
    api: await normalLive(world, 'Deployment', 'api'),
    service: await normalLive(world, 'Service', 'api'),
    entries: ledger.filter(({ type }) => !byTheClock.has(type)).map(({ type }) => type),
    chain: verifyChain(ledger).broken,
    finalizers: candidate.metadata.finalizers ?? [],
  };
};

const expected = {
  reason: 'RolledBack',
  service: undefined,
  entries: ['Staged', 'Signed', 'Signed', 'Signed', 'PromotionStarted', 'RollbackStarted', 'RolledBack'],
  chain: undefined,
  finalizers: [],
};

/** At every write, both ways, in a whole proof; at every third of these points otherwise, which are of either way. */
const deathsOf = (writes: number): readonly Death[] =>
  Array.from({ length: writes }, (_, i) => i + 1).flatMap((at): Death[] => [
    { at, write: 'Unanswered' },
    { at, write: 'Unsent' },
  ]);

test('wherever the operator dies, the next one ends where an undisturbed one ends, and nothing happens twice', async () => {
  const undisturbed = await run('calm', undefined);
  expect(undisturbed.end).toMatchObject(expected);
  const deaths = [...partOf(deathsOf(undisturbed.writes.length), 3)];
  const wrong: unknown[] = [];
  const counts = { points: deaths.length, died: 0 };
  const worker = async (): Promise<void> => {
    for (let death = deaths.shift(); death !== undefined; death = deaths.shift()) {
      const { at, write } = death;
      const result = await run(`c${at}${write === 'Unsent' ? 'a' : 'b'}`, death).catch((error: unknown) => error);
      if (result instanceof Error) {
        wrong.push({ at, write, error: result.message.slice(0, 6_000) });
        continue;
      }
      const { end, died, writes } = result as Awaited<ReturnType<typeof run>>; // what is no error is the result
      counts.died += died ? 1 : 0;
      if (JSON.stringify(end) !== JSON.stringify(undisturbed.end)) wrong.push({ at, write, last: writes.at(-1), end });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  process.stdout.write(
    `crash: ${counts.points} points over ${undisturbed.writes.length} writes, ${counts.died} reached\n${undisturbed.writes.join('\n')}\n`,
  );
  expect(wrong).toEqual([]);
  // Bursts of status are written as one by a slow machine, so the last points are not reached by every run.
  expect(counts.died).toBeGreaterThanOrEqual(counts.points * 0.75);
}, 600_000);
