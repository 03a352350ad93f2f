/** What the scenarios of this folder share: worlds beside each other in one system, and short ways to say what is waited for. */
import { afterAll, beforeAll, test } from '@jest/globals';
import type { RunResult } from '../../../hack/controlplane/tools.ts';
import { jsonObject } from '../../../operator/api/meta.ts';
import { accepted, startTimeoutMs, waitFor, type KubeObject, type Manifest } from '../cluster/cluster.ts';
import {
  condition,
  gate,
  isTrue,
  startSystem,
  type Condition,
  type Gate,
  type Reported,
  type System,
  type World,
  type WorldOptions,
} from '../cluster/system.ts';

export { patched } from './patched.ts';

/** As long as a step may take on a machine that is busy with other things. */
export const patienceMs = 120_000;
const scenarioTimeoutMs = 400_000;

type Kubectl = (world: World, who: string, ...args: readonly string[]) => Promise<string>;

export interface Scenarios {
  readonly system: () => System;
  /** Runs kubectl as somebody in production, where it must succeed; says what it printed. */
  readonly succeeds: Kubectl;
  /** Where it must fail; says what it complained of. */
  readonly fails: Kubectl;
  /** A scenario in a world of its own, beside the others of its file. */
  readonly scenario: (
    sentence: string,
    run: (world: World) => Promise<void>,
    policy?: Readonly<Record<string, unknown>>,
    options?: WorldOptions,
  ) => void;
}

/** One control plane for a file. `prefix` names its worlds. */
export const scenarios = (prefix: string, ...options: Parameters<typeof startSystem>): Scenarios => {
  let system: System;
  let worlds = 0;
  beforeAll(async () => {
    system = await startSystem(...options);
  }, startTimeoutMs * 2);
  afterAll(() => system?.stop());
  const kubectl = (world: World, who: string, args: readonly string[]): Promise<RunResult> =>
    system.controlPlane.kubectl(who, [...args, '-n', world.production]);
  return {
    system: () => system,
    async succeeds(world, who, ...args) {
      const { code, stdout, stderr } = await kubectl(world, who, args);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
      return stdout;
    },
    async fails(world, who, ...args) {
      const { code, stderr } = await kubectl(world, who, args);
      if (code === 0) throw new Error(`kubectl ${args.join(' ')} was let through`);
      return stderr;
    },
    scenario(sentence, run, policy, given) {
      worlds += 1;
      const name = `${prefix}${worlds}`;
      // oxlint-disable-next-line jest/valid-title, jest/expect-expect -- the caller's sentence, and the caller's assertions
      test.concurrent(sentence, async () => run(await system.world(name, policy, given)), scenarioTimeoutMs);
    },
  };
};

/** What a wait ended with. */
const there = <T>(found: T | undefined): T => {
  if (found === undefined) throw new Error('a wait ended without what it was for');
  return found;
};

/** Waits until a gate says so. */
export const gateSays = async (
  world: World,
  candidate: string,
  name: string,
  reason: string,
  also: (verdict: Gate) => boolean = () => true,
): Promise<Gate> => {
  const seen = await world.when(
    candidate,
    (each) => {
      const verdict = gate(each, name);
      return verdict?.reason === reason && also(verdict);
    },
    patienceMs,
  );
  return there(gate(seen, name));
};

/** Waits until a condition has the reason. */
export const conditionSays = async (
  world: World,
  candidate: string,
  type: string,
  reason: string,
): Promise<Condition> => {
  const seen = await world.when(candidate, (each) => condition(each, type)?.reason === reason, patienceMs);
  return there(condition(seen, type));
};

/** Waits until a candidate can be signed for. */
export const staged = (world: World, candidate: string): Promise<Reported> =>
  world.when(
    candidate,
    (each) => isTrue(each, 'Staged') && Object.keys(each.status?.approvalManifests ?? {}).length > 0,
    patienceMs,
  );

/** Waits for the end of a candidate and says how it ended. */
export const end = async (world: World, candidate: string): Promise<string | undefined> => {
  const seen = await world.when(candidate, (each) => isTrue(each, 'Finished'), patienceMs);
  return condition(seen, 'Finished')?.reason;
};

/** Signs for what the candidate is now, one after the other. */
export const sign = async (
  world: World,
  candidate: string,
  ...people: readonly (readonly [who: string, role: string])[]
): Promise<Reported> => {
  const ready = await staged(world, candidate);
  for (const [who, role] of people) await world.sign(ready, who, role);
  return ready;
};

export const tester = ['tester-a', 'tester'] as const;
export const approverA = ['approver-a', 'approver'] as const;
export const approverB = ['approver-b', 'approver'] as const;
export const everybody = [tester, approverA, approverB] as const;

/** Proposes, has everybody sign, and says how it ended. */
export const release = async (world: World, candidate: Manifest): Promise<string | undefined> => {
  const { name = '' } = candidate.metadata;
  await world.propose(candidate);
  await sign(world, name, ...everybody);
  return end(world, name);
};

/** For scenarios in which somebody writes production behind everybody's back: the guard looks on. */
export const unguarded: WorldOptions = { guarded: 'audit' };

/** Changes the policy of a world by a merge patch, as its admin. */
export const amendPolicy = async (world: World, spec: Readonly<Record<string, unknown>>): Promise<void> => {
  accepted(await world.as('admin').patch(world.ref('ReleasePolicy', 'production'), 'merge', { spec }));
};

export const minuteMs = 60_000;

/** A daily window of an hour that opened so long ago; a negative time is one to come. */
export const windowSince = (ago: number) => {
  const opens = new Date(Date.now() - ago);
  return { schedule: `${opens.getUTCMinutes()} ${opens.getUTCHours()} * * *`, duration: '1h', timeZone: 'UTC' };
};

/** Types what a gate says an administrator types: the commands between these words, as the installer. */
export const typeCommands = async (
  { controlPlane }: Pick<System, 'controlPlane'>,
  { remedy }: Gate,
  between: RegExp,
): Promise<void> => {
  for (const command of there(between.exec(remedy)?.[1]).split('; ')) {
    const [program, ...args] = command.split(' ');
    if (program !== 'kubectl') throw new Error(`no command of kubectl: ${command}`);
    const { code, stderr } = await controlPlane.kubectl('installer', args);
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
  }
};

/** A policy whose window opens some other time of the day. */
export const closed = { windows: [windowSince(-6 * 60 * minuteMs)] };
/** A policy that is in a freeze. */
export const frozen = {
  freezes: [
    {
      from: new Date(Date.now() - minuteMs).toISOString(),
      to: new Date(Date.now() + 60 * minuteMs).toISOString(),
      reason: 'year-end closing',
    },
  ],
};

/** Waits until production holds an object of which something is so. */
export const inProduction = <T extends KubeObject>(
  world: World,
  kind: string,
  name: string,
  predicate: (object: T) => boolean,
): Promise<T> => waitFor<T>(world.as('installer'), world.ref(kind, name), predicate, patienceMs);

/** A bundle as its readers see it. */
export interface BundleSeen extends KubeObject {
  readonly spec: {
    readonly authors: readonly string[];
    readonly digest: string;
    readonly base: string;
    readonly parts?: readonly string[];
    readonly objects: readonly {
      readonly kind: string;
      readonly name: string;
      readonly digest: string;
      readonly content: string;
    }[];
    readonly delta: readonly {
      readonly object: string;
      readonly path: string;
      readonly from: string;
      readonly to: string;
      readonly class: string;
    }[];
    readonly deltaText: string;
    readonly unmanaged?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly fields: readonly string[];
    }[];
  };
}

/** The bundle that a candidate's status names, read as approver-a. */
export const bundleOf = async (world: World, candidate: Reported): Promise<BundleSeen> =>
  accepted(await world.as('approver-a').get<BundleSeen>(world.ref('ReleaseBundle', candidate.status?.bundle ?? '')));

/** The content of one object of a bundle. */
export const contentIn = (bundle: BundleSeen, kind: string, name: string): Readonly<Record<string, unknown>> => {
  const found = bundle.spec.objects.find((each) => each.kind === kind && each.name === name);
  return jsonObject(JSON.parse(found?.content ?? '{}'));
};
