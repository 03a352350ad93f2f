/**
 * Many nights at once: accesses are created, used, revoked and deleted at random while the operator dies at its writes, starts again, and has its clock
 * set by up to ten minutes. Whatever happens, each ends at the moment that anybody can compute from what the API server wrote, and nothing of it is left.
 * COUNTERSIGN_NIGHTS says how many; `make nights` runs a thousand.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyChain } from '../../operator/decide/record/chain.ts';
import { systemClock, type Clock } from '../../operator/time/clock.ts';
import { accepted, startTimeoutMs, waitFor, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import {
  isTrue,
  ours,
  startSystem,
  type Entry,
  type Reported,
  type System,
  type World,
} from '../support/cluster/system.ts';
import { isWhole } from '../support/proofs.ts';
import { dataOf } from '../support/scenario/production.ts';
import { leaseNamespace, playOperators, Process, type OperatorCredentials } from './process.ts';

const nights = Number(process.env['COUNTERSIGN_NIGHTS'] ?? (isWhole ? 24 : 12));
/** Accesses of one world; worlds are beside each other. */
const perWorld = nights > 100 ? 100 : 12;
const worldsAtOnce = nights > 100 ? 2 : 4;
/** Histories begin at different moments, within this. */
const beginMs = perWorld * 1_250;
const shortestMs = 60_000;
const longestMs = 90_000;
const jumpMs = 600_000;
const patienceMs = 300_000;

let system: System;
let credentials: OperatorCredentials;

beforeAll(async () => {
  system = await startSystem();
  credentials = await playOperators(system);
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

const between = (from: number, to: number): number => from + Math.floor(Math.random() * (to - from + 1));

/** The machine's clock, set wrongly. */
class JumpingClock implements Clock {
  offset = 0;
  now(): number {
    return systemClock.now() + this.offset;
  }
  monotonic(): number {
    return systemClock.monotonic();
  }
  after(ms: number, run: () => void): ReturnType<Clock['after']> {
    return systemClock.after(ms, run);
  }
}

/** Operators of one world that die at one of their next writes, each followed by another, until `stop`. */
const mortals = (world: string) => {
  const clock = new JumpingClock();
  let [lives, deaths, jumps, isOver] = [0, 0, 0, false];
  let current: Process | undefined;
  const ending: Promise<void>[] = [];
  const live = async (isMortal: boolean): Promise<void> => {
    lives += 1;
    const lease = await leaseNamespace(system, `${world}-life-${lives}`);
    const process = new Process({ world, lease, credentials, clock });
    current = process;
    await process.start();
    if (!isMortal) {
      void process.died.then(() => live(false));
      return;
    }
    process.arm({ at: between(1, 60), write: Math.random() < 0.5 ? 'Unsent' : 'Unanswered' });
    process.died.then(
      () => {
        deaths += 1;
        // What is asked for while the clock is wrong is refused, so it is right most of the time.
        const isJump = Math.random() < 0.25;
        jumps += isJump ? 1 : 0;
        clock.offset = isJump ? between(-jumpMs, jumpMs) : 0;
        ending.push(process.end().catch(() => {}));
        if (!isOver) ending.push(live(true).catch(() => {}));
      },
      () => {},
    );
  };
  return {
    start: () => live(true),
    /** From now on one lives, with a clock that is right. */
    async settle(): Promise<void> {
      isOver = true;
      await Promise.all(ending);
      await current?.end().catch(() => {});
      clock.offset = 0;
      await live(false);
    },
    async stop(): Promise<void> {
      isOver = true;
      await Promise.all(ending);
      await current?.end().catch(() => {});
    },
    counts: () => ({ deaths, jumps }),
  };
};

interface Access extends Reported {
  readonly metadata: Reported['metadata'] & { readonly creationTimestamp?: string };
}

/** What became of one access, as somebody saw it who looked on from outside. */
interface Night {
  readonly name: string;
  readonly uid: string;
  /** From what the API server wrote and what was typed; not by our code. */
  readonly deadline: number;
  readonly wasLetIn: boolean;
  /** Writes after its end that the API server took. */
  readonly late: number;
}

const write = (world: World, who: string, name: string) =>
  world.as(who).create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: world.production },
    data: { by: who },
  });

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A gate that is asked too much says so, and to try again. */
const granted = async (world: World, manifest: Manifest): Promise<Access> => {
  for (;;) {
    const answer = await world.as('sre-a').create<Access>(manifest);
    if (answer.ok || answer.code !== 503) return accepted(answer);
    await pause(1_000);
  }
};

const night = async (world: World, i: number): Promise<Night> => {
  await pause(between(0, beginMs));
  const who = `oncall-${i}`;
  const name = `night-${i}`;
  const lastsMs = between(shortestMs, longestMs);
  const seconds = Math.round(lastsMs / 1_000);
  const made = await granted(world, {
    apiVersion: ours,
    kind: 'EmergencyAccess',
    metadata: { name, namespace: world.production },
    spec: { grantee: who, duration: `${seconds}s`, reason: 'a night', incident: `INC-${i}` },
  });
  const deadline = Date.parse(made.metadata.creationTimestamp ?? '') + seconds * 1_000;
  const settled = await waitFor<Reported>(
    world.as('auditor-a'),
    world.ref('EmergencyAccess', name),
    (seen) => isTrue(seen, 'Active') || isTrue(seen, 'Ended') || isTrue(seen, 'Finished'),
    patienceMs,
  );
  const wasLetIn = isTrue(settled, 'Active');
  if (wasLetIn) {
    await write(world, who, `${name}-within`);
    if (Math.random() < 0.3) {
      const revoke = { spec: { revoked: true } };
      await world.as('sre-a').patch(world.ref('EmergencyAccess', name), 'merge', revoke);
    }
  }
  // Until the API server's own clock says that it is over; this machine has the same one.
  await pause(Math.max(0, deadline - Date.now()));
  let late = 0;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if ((await write(world, who, `${name}-late-${attempt}`)).ok) late += 1;
  }
  return { name, uid: made.metadata.uid ?? '', deadline, wasLetIn, late };
};

const rbac = 'rbac.authorization.k8s.io/v1';

const leftovers = async (world: World): Promise<readonly string[]> =>
  (
    await Promise.all(
      ['Role', 'RoleBinding'].map(async (kind) => {
        const list = await world.as('installer').list({ apiVersion: rbac, kind, namespace: world.production });
        return accepted(list).items.map(({ metadata }: KubeObject) => metadata.name ?? '');
      }),
    )
  )
    .flat()
    .filter((each) => each.startsWith('countersign-emergency-'));

const run = async (name: string): Promise<readonly Night[]> => {
  const operators = mortals(name);
  await operators.start();
  try {
    const world = await system.world(name, { emergency: { maxActive: 1_000 } });
    const lived = await Promise.all(Array.from({ length: perWorld }, (_, i) => night(world, i)));
    await operators.settle();
    await Promise.all(
      lived.map((each) =>
        waitFor<Reported>(
          world.as('auditor-a'),
          world.ref('EmergencyAccess', each.name),
          (seen) => isTrue(seen, 'Ended') || isTrue(seen, 'Finished'),
          patienceMs,
        ),
      ),
    );
    const ledger = await world.ledger();
    const wrong = lived.flatMap((each) => wrongOf(each, ledger));
    const { deaths, jumps } = operators.counts();
    process.stdout.write(
      `nights: ${name}: ${lived.length} accesses, ${lived.filter(({ wasLetIn }) => wasLetIn).length} let in, ${deaths} deaths, ${jumps} jumps of the clock, ${ledger.length} entries\n`,
    );
    expect(wrong).toEqual([]);
    expect(verifyChain(ledger).broken).toBeUndefined();
    expect(await leftovers(world)).toEqual([]);
    return lived;
  } finally {
    await operators.stop();
  }
};

/** Where the record and the calculation disagree. */
const wrongOf = ({ name, uid, deadline, late }: Night, ledger: readonly Entry['spec'][]): readonly string[] => {
  const entries = ledger.filter(({ subject }) => subject.uid === uid);
  const of = (type: string) => entries.filter((entry) => entry.type === type);
  const [granted] = of('EmergencyGranted');
  const acts = ledger.filter((entry) => entry.type === 'Admitted' && dataOf(entry)['emergency'] === uid);
  const ends = of('EmergencyEnded').length;
  return [
    late > 0 ? `${name}: ${late} writes after its end` : '',
    granted !== undefined && Date.parse(String(dataOf(granted)['notAfter'])) !== deadline
      ? `${name}: ends at ${String(dataOf(granted)['notAfter'])}, and not at ${new Date(deadline).toISOString()}`
      : '',
    granted !== undefined && (ends !== 1 || of('EmergencyAccounted').length !== 1)
      ? `${name}: ${ends} ends, ${of('EmergencyAccounted').length} accounts`
      : '',
    acts.some(({ time }) => Date.parse(time) >= deadline) ? `${name}: an act was recorded after its end` : '',
  ].filter((each) => each !== '');
};

test(
  'every access ends when it must, whatever dies and whatever the clocks say',
  async () => {
    for (let i = 0; i < perWorld; i += 1) await system.controlPlane.identity({ name: `oncall-${i}` });
    const worlds = Array.from({ length: Math.max(1, Math.round(nights / perWorld)) }, (_, i) => `night-${i}`);
    const lived: Night[] = [];
    const worker = async (): Promise<void> => {
      for (let name = worlds.shift(); name !== undefined; name = worlds.shift()) lived.push(...(await run(name)));
    };
    await Promise.all(Array.from({ length: worldsAtOnce }, worker));
    const letIn = lived.filter(({ wasLetIn }) => wasLetIn).length;
    process.stdout.write(`nights: ${lived.length} in all, ${letIn} let in, 0 lasted longer\n`);
    expect(letIn).toBeGreaterThan(lived.length / 4);
  },
  Math.max(400_000, nights * 5_000),
);
