/** Very many histories, their faults counted; the first one that goes wrong is made as small as it gets, and told. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as fc from 'fast-check';
import { isWhole } from '../../support/proofs.ts';
import { runHistory } from './history.ts';
import type { Violation } from './invariants.ts';
import type { PlanRelease } from './surroundings.ts';
import { type Script, script } from './script.ts';

/** Histories of one test file: there are two. */
export const half = Number(process.env['COUNTERSIGN_HISTORIES'] ?? (isWhole ? 100_000 : 2_000)) / 2;

export interface Proof {
  readonly histories: number;
  readonly plans: number;
  readonly faults: ReadonlyMap<string, number>;
  /** By the types of entries that they are made of. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Of the smallest history that goes wrong; undefined = none does. */
  readonly wrong: { readonly violations: readonly Violation[]; readonly story: string } | undefined;
}

export const violationsOf = (given: Script, plan?: PlanRelease): readonly Violation[] =>
  runHistory(given, plan && { plan }).violations;

/** What happened in a history, a line each, with the script that makes it happen again. */
export const storyOf = (given: Script, plan?: PlanRelease): string => {
  const lines: string[] = [];
  runHistory(given, { ...(plan && { plan }), tell: (line) => lines.push(line.slice(0, 240)) });
  const shown =
    lines.length > 60 ? [...lines.slice(0, 40), `… ${lines.length - 60} more …`, ...lines.slice(-20)] : lines;
  return [JSON.stringify(given), ...shown].join('\n');
};

const add = (counts: Map<string, number>, name: string, count: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + count);
};

/** @param plan another plan than the real one, to be found out */
export const prove = (
  histories: number,
  { seed, plan }: { readonly seed: number; readonly plan?: PlanRelease },
): Proof => {
  const [faults, outcomes] = [new Map<string, number>(), new Map<string, number>()];
  let [plans, run, isWrong] = [0, 0, false];
  const result = fc.check(
    fc.property(script, (given) => {
      const history = runHistory(given, plan && { plan });
      const isRight = history.violations.length === 0;
      // What is made smaller does not count.
      if (!isWrong) {
        run += 1;
        plans += history.plans;
        for (const [kind, count] of history.faults) add(faults, kind, count);
        for (const type of history.outcomes) add(outcomes, type, 1);
      }
      isWrong ||= !isRight;
      return isRight;
    }),
    { numRuns: histories, seed },
  );
  const [smallest] = result.counterexample ?? [];
  const wrong =
    smallest === undefined ? undefined : { violations: violationsOf(smallest, plan), story: storyOf(smallest, plan) };
  return { histories: run, plans, faults, outcomes, wrong };
};

const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

/** The same, in a thread of its own. */
export const proveApart = async (histories: number, seed: number): Promise<Proof> => {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { histories, seed } });
  const [proof] = (await once(worker, 'message')) as [Proof];
  return proof;
};

/** The counts, a line each. */
export const told = ({ histories, plans, faults, outcomes, wrong }: Proof): string => {
  return [
    `${histories} histories, ${plans} plans, ${wrong?.violations.length ?? 0} violations`,
    `faults: ${list(faults)}`,
    `entries: ${list(outcomes)}`,
    ...(wrong === undefined ? [] : [JSON.stringify(wrong.violations, null, 2), wrong.story]),
  ].join('\n');
};
