/** Mutants of one policy in the place of the original, one after another. */
import { accepted, type Target } from '../../support/cluster/cluster.ts';
import type { BoundCheck, Suite, Verdict } from './suite.ts';
import type { Mutant } from './mutate.ts';
import { startSentinel, type Sentinel } from '../../support/attack/sentinel.ts';
import type { World } from '../../support/attack/world.ts';

/** A mutant and what it takes the place of. */
export interface Trial {
  readonly suite: Suite;
  readonly target: Target;
  readonly original: unknown;
  readonly mutant: Mutant;
}

/** What all trials need. */
export interface Run {
  readonly world: Pick<World, 'as'>;
  /** Hears each verdict. */
  readonly enter: (trial: Trial, is: Verdict['is'], by: string) => void;
  /** The check to ask first, by its name. */
  readonly first: (trial: Trial) => string | undefined;
}

/** After so many mutants the original is put back, and what noticed something is asked again. */
const mutantsPerBatch = 12;

/** Tries these, which are of one policy and its bindings. Leaves the originals in force. */
export async function tryOneByOne(run: Run, trials: readonly Trial[]): Promise<void> {
  const suite = trials[0]?.suite;
  if (suite === undefined) return;
  const sentinel = await startSentinel(run.world, suite);
  const line = { ...run, sentinel, doubted: new Map<Trial, BoundCheck>() };
  await tryAll(line, trials);
  await tryAll(line, [...line.doubted.keys()]);
  await sentinel.stop();
}

interface Line extends Run {
  readonly sentinel: Sentinel;
  /** What noticed, and failed with the originals, too: those trials are tried once more without it. */
  readonly doubted: Map<Trial, BoundCheck>;
}

async function tryAll(line: Line, trials: readonly Trial[]): Promise<void> {
  for (let i = 0; i < trials.length; i += mutantsPerBatch) await tryBatch(line, trials.slice(i, i + mutantsPerBatch));
}

type Noticed = readonly [Trial, BoundCheck | undefined];

async function tryBatch(line: Line, batch: readonly Trial[]): Promise<void> {
  const { world, enter, sentinel } = line;
  const noticed: Noticed[] = [];
  let inForce: Trial | undefined;
  const putBack = async (next?: Target): Promise<void> => {
    if (inForce !== undefined && !isSame(inForce.target, next)) await isTaken(world, inForce.target, inForce.original);
    inForce = undefined;
  };
  for (const trial of batch) {
    if (!(await isTaken(world, trial.target, trial.mutant.spec))) {
      enter(trial, 'no policy', 'the API server refuses it');
      continue;
    }
    await putBack(trial.target);
    inForce = trial;
    await sentinel.acts();
    noticed.push([trial, await firstToNotice(line, trial)]);
  }
  await putBack();
  await sentinel.acts();
  await judge(line, noticed);
}

/** Asks what noticed something again, with the originals in force. */
async function judge({ enter, doubted }: Line, noticed: readonly Noticed[]): Promise<void> {
  const asked = new Map(noticed.flatMap(([, check]) => (check === undefined ? [] : [[check.name, check] as const])));
  const held = new Map(await Promise.all([...asked].map(async ([name, check]) => [name, await holds(check)] as const)));
  for (const [trial, check] of noticed) {
    if (check === undefined) enter(trial, 'survived', '');
    else if (held.get(check.name) === true) enter(trial, 'killed', check.name);
    else if (doubted.has(trial)) enter(trial, 'survived', `fails with the policies as they are: ${check.name}`);
    else doubted.set(trial, check);
  }
}

const isSame = (a: Target, b: Target | undefined): boolean => a.kind === b?.kind && a.name === b.name;

async function isTaken(world: Pick<World, 'as'>, target: Target, spec: unknown): Promise<boolean> {
  const answer = await world.as('installer').patch(target, 'json', [{ op: 'replace', path: '/spec', value: spec }]);
  if (!answer.ok && answer.code !== 422) accepted(answer);
  return answer.ok;
}

/** The first that fails, and fails again, but for one that is doubted. */
async function firstToNotice({ doubted, first }: Line, trial: Trial): Promise<BoundCheck | undefined> {
  const { suite, mutant } = trial;
  const likely = first(trial);
  const isLikely = ({ name }: BoundCheck): number => (name === likely ? 1 : 0);
  const checks = suite.checks(mutant).filter(({ name }) => name !== doubted.get(trial)?.name);
  for (const check of checks.toSorted((a, b) => isLikely(b) - isLikely(a)))
    if (!(await holds(check)) && !(await holds(check))) return check;
  return undefined;
}

/** Whether it passes; an error is a failure. */
export const holds = ({ passes }: BoundCheck): Promise<boolean> => passes().catch(() => false);
