/**
 * Does every part of an admission policy matter? Each mutant of the policies and bindings takes the place of the original, one of each suite at a time,
 * and the checks of that suite must notice: something fails, and not with the original. What nobody notices either needs another attack, or is on the
 * list of equivalents.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

import { accepted, type KubeObject, type Target } from '../../support/cluster/cluster.ts';
import { bindingMutants, policyMutants, type BindingSpec, type Mutant, type PolicySpec } from './mutate.ts';
import { startSentinel, type Sentinel } from '../../support/attack/sentinel.ts';
import type { World } from '../../support/attack/world.ts';

const admission = 'admissionregistration.k8s.io/v1';

/** Something that holds under the policy as it is, and not under some mutant of it. */
export interface BoundCheck {
  readonly name: string;
  readonly passes: () => Promise<boolean>;
}

/** A policy, and all that may notice that a part of it is gone. */
export interface Suite {
  /** Its name for people, and for the list of equivalents. */
  readonly topic: string;
  /** The name of the policy; its bindings are of the same name, and of that with `-audit`. */
  readonly policy: string;
  /** Those of one turn are tried together, one mutant of each at a time: no check of one may depend on another. 0 when absent. */
  readonly turn?: number;
  /** In the order in which they are asked: those first that a mutant's name speaks of. */
  readonly checks: (mutant: Mutant) => readonly BoundCheck[];
  /** Those of them that no test of its own has shown to hold: they are asked before anything is changed. */
  readonly own: readonly BoundCheck[];
}

export interface Verdict {
  readonly topic: string;
  readonly name: string;
  readonly is: 'killed' | 'equivalent' | 'survived' | 'no policy';
  /** What noticed; why it is equivalent. */
  readonly by: string;
}

const equivalents = z
  .array(z.strictObject({ topic: z.string(), mutant: z.string(), why: z.string().min(10) }))
  .parse(parse(readFileSync(join(import.meta.dirname, 'equivalent-mutants.yaml'), 'utf8')))
  .map(({ topic, mutant, why }) => ({
    topic: new RegExp(`^(?:${topic})$`),
    mutant: new RegExp(`^(?:${mutant})$`),
    why,
  }));

const equivalent = (topic: string, name: string): string | undefined =>
  equivalents.find((each) => each.topic.test(topic) && each.mutant.test(name))?.why;

/** The lines of the list that name no mutant of these verdicts, although they speak of their topics. */
export const stale = (verdicts: readonly Verdict[]): readonly string[] =>
  equivalents
    .filter(({ topic }) => verdicts.some((verdict) => topic.test(verdict.topic)))
    .filter(({ topic, mutant }) => !verdicts.some((verdict) => topic.test(verdict.topic) && mutant.test(verdict.name)))
    .map(({ mutant }) => mutant.source);

/** A mutant and what it takes the place of. */
interface Trial {
  readonly suite: Suite;
  readonly target: Target;
  readonly original: unknown;
  readonly mutant: Mutant;
}

/** How far it has come: mutants of which there is a verdict, and all. */
export interface Progress {
  readonly done: number;
  readonly all: number;
}

export interface Options {
  /** Hears each verdict as it comes. */
  readonly tell?: (verdict: Verdict, progress: Progress) => void;
  /** Which mutants, by their names. All when absent. */
  readonly only?: RegExp;
}

/** After so many rounds the originals are put back, and whoever noticed something is asked again. */
const roundsPerBatch = 12;

/** Tries every mutant of these suites. Leaves the originals in force. @throws when those do not pass the checks */
export async function tryMutants(
  world: Pick<World, 'as'>,
  suites: readonly Suite[],
  { tell = () => {}, only = /^/ }: Options = {},
): Promise<readonly Verdict[]> {
  const trials = (await Promise.all(suites.map((suite) => trialsOf(world, suite))))
    .flat()
    .filter(({ mutant }) => only.test(mutant.name));
  const verdicts: Verdict[] = [];
  const enter: Enter = ({ suite: { topic }, mutant: { name } }, is, by) => {
    const verdict = { topic, name, is, by };
    verdicts.push(verdict);
    tell(verdict, { done: verdicts.length, all: trials.length });
  };
  const tried: Trial[] = [];
  for (const trial of trials) {
    const why = equivalent(trial.suite.topic, trial.mutant.name);
    if (why === undefined) tried.push(trial);
    else enter(trial, 'equivalent', why);
  }
  const sentinel = await startSentinel(world);
  await sentinel.acts();
  await passing(suites);
  const run: Run = { world, enter, sentinel, doubted: new Map() };
  await tryAll(run, tried);
  await tryAll(run, [...run.doubted.keys()]);
  await sentinel.stop();
  return verdicts;
}

type Enter = (trial: Trial, is: Verdict['is'], by: string) => void;

/** What a run knows while it lasts. */
interface Run {
  readonly world: Pick<World, 'as'>;
  readonly enter: Enter;
  readonly sentinel: Sentinel;
  /** What noticed, and failed with the originals, too: those trials are tried once more without it. */
  readonly doubted: Map<Trial, BoundCheck>;
}

async function tryAll(run: Run, trials: readonly Trial[]): Promise<void> {
  const turns = Map.groupBy(trials, ({ suite }) => suite.turn ?? 0);
  const all = [...turns].toSorted(([a], [b]) => a - b).flatMap(([, list]) => rounds(list));
  for (let i = 0; i < all.length; i += roundsPerBatch) await tryBatch(run, all.slice(i, i + roundsPerBatch));
}

async function tryBatch(run: Run, batch: readonly (readonly Trial[])[]): Promise<void> {
  const { world, enter, sentinel, doubted } = run;
  const noticed: (readonly [Trial, BoundCheck | undefined])[] = [];
  let inForce: readonly Trial[] = [];
  const putBack = async (next: readonly Trial[]): Promise<void> => {
    for (const { target, original } of inForce)
      if (!next.some((each) => isSame(each.target, target))) await isTaken(world, target, original);
  };
  for (const round of batch) {
    const taken: Trial[] = [];
    for (const trial of round)
      if (await isTaken(world, trial.target, trial.mutant.spec)) taken.push(trial);
      else enter(trial, 'no policy', 'the API server refuses it');
    await putBack(taken);
    inForce = taken;
    if (taken.length === 0) continue;
    await sentinel.acts();
    const found = taken.map(async (trial) => [trial, await firstToNotice(trial, doubted.get(trial))] as const);
    noticed.push(...(await Promise.all(found)));
  }
  await putBack([]);
  await sentinel.acts();
  await judge(run, noticed);
}

/** Asks everybody again who noticed something, with the originals in force. */
async function judge(
  { enter, doubted }: Run,
  noticed: readonly (readonly [Trial, BoundCheck | undefined])[],
): Promise<void> {
  const keyOf = ({ suite }: Trial, { name }: BoundCheck): string => `${suite.policy}: ${name}`;
  const asked = new Map(
    noticed.flatMap(([trial, check]) => (check === undefined ? [] : [[keyOf(trial, check), check] as const])),
  );
  const held = new Map(await Promise.all([...asked].map(async ([key, check]) => [key, await holds(check)] as const)));
  for (const [trial, check] of noticed) {
    if (check === undefined) enter(trial, 'survived', '');
    else if (held.get(keyOf(trial, check)) === true) enter(trial, 'killed', check.name);
    else if (doubted.has(trial)) enter(trial, 'survived', `fails with the policies as they are: ${check.name}`);
    else doubted.set(trial, check);
  }
}

const isSame = (a: Target, b: Target): boolean => a.kind === b.kind && a.name === b.name;

/** @throws with what does not even pass with the policies as they are */
async function passing(suites: readonly Suite[]): Promise<void> {
  const failed: string[] = [];
  for (const { topic, own } of suites)
    for (const check of own) if (!(await holds(check))) failed.push(`${topic}: ${check.name}`);
  if (failed.length > 0) throw new Error(`with the policies as they are, these fail: ${failed.join('; ')}`);
}

/** One of each suite at a time, for each check asks one policy alone; what reaches beyond its policy's requests has a round of its own. */
function rounds(trials: readonly Trial[]): readonly (readonly Trial[])[] {
  const lists = [...Map.groupBy(trials, ({ suite }) => suite.policy).values()].map((list) =>
    list.filter(({ mutant }) => mutant.reach === 'topic'),
  );
  const longest = Math.max(0, ...lists.map((list) => list.length));
  const together = Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1)));
  return [...together, ...trials.filter(({ mutant }) => mutant.reach === 'beyond').map((trial) => [trial])];
}

async function trialsOf(world: Pick<World, 'as'>, suite: Suite): Promise<readonly Trial[]> {
  const { policy: name } = suite;
  const policy = { apiVersion: admission, kind: 'ValidatingAdmissionPolicy', name };
  const { spec } = accepted(await world.as('installer').get<KubeObject & { spec: PolicySpec }>(policy));
  const bindings = await Promise.all([
    trialsOfBinding(world, suite, { what: 'binding', name }),
    trialsOfBinding(world, suite, { what: 'audit binding', name: `${name}-audit` }),
  ]);
  return [
    ...bindings.flat(),
    ...policyMutants(spec).map((mutant) => ({ suite, target: policy, original: spec, mutant })),
  ];
}

async function trialsOfBinding(
  world: Pick<World, 'as'>,
  suite: Suite,
  { what, name }: { readonly what: string; readonly name: string },
): Promise<readonly Trial[]> {
  const target = { apiVersion: admission, kind: 'ValidatingAdmissionPolicyBinding', name };
  const answer = await world.as('installer').get<KubeObject & { spec: BindingSpec }>(target);
  if (!answer.ok && answer.code === 404) return []; // of the guard alone there is an audit, and not of namespaces
  const { spec } = accepted(answer);
  return bindingMutants(what, spec).map((mutant) => ({ suite, target, original: spec, mutant }));
}

async function isTaken(world: Pick<World, 'as'>, target: Target, spec: unknown): Promise<boolean> {
  const answer = await world.as('installer').patch(target, 'json', [{ op: 'replace', path: '/spec', value: spec }]);
  if (!answer.ok && answer.code !== 422) accepted(answer);
  return answer.ok;
}

/** The first that fails, and fails again, but for one that is doubted. */
async function firstToNotice(
  { suite, mutant }: Trial,
  doubted: BoundCheck | undefined,
): Promise<BoundCheck | undefined> {
  for (const check of suite.checks(mutant).filter(({ name }) => name !== doubted?.name))
    if (!(await holds(check)) && !(await holds(check))) return check;
  return undefined;
}

const holds = ({ passes }: BoundCheck): Promise<boolean> => passes().catch(() => false);
