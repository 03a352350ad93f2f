/**
 * Does every part of an admission policy matter? Each mutant of the policies and bindings takes the place of the original, those of one policy one after
 * another and those of different policies at the same time, and the checks of that policy must notice: something fails, and not with the original. What
 * nobody notices either needs another attack, or is on the list of equivalents.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

import { accepted, type KubeObject } from '../../support/cluster/cluster.ts';
import { bindingMutants, policyMutants, type BindingSpec, type PolicySpec } from './mutate.ts';
import type { Suite, Verdict } from './suite.ts';
import { holds, tryOneByOne, type Trial } from './trial.ts';
import type { World } from '../../support/attack/world.ts';

const admission = 'admissionregistration.k8s.io/v1';

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
  /** The check to ask first, by its name, where something is known; it decides nothing. */
  readonly likely?: (mutant: Pick<Verdict, 'topic' | 'name'>) => string | undefined;
}

/** Tries every mutant of these suites. Leaves the originals in force. @throws when those do not pass the checks */
export async function tryMutants(
  world: Pick<World, 'as'>,
  suites: readonly Suite[],
  { tell = () => {}, only = /^/, likely = () => undefined }: Options = {},
): Promise<readonly Verdict[]> {
  const trials = (await Promise.all(suites.map((suite) => trialsOf(world, suite))))
    .flat()
    .filter(({ mutant }) => only.test(mutant.name));
  const verdicts: Verdict[] = [];
  const enter = ({ suite: { topic }, mutant: { name } }: Trial, is: Verdict['is'], by: string): void => {
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
  await passing(suites);
  const first = ({ suite: { topic }, mutant: { name } }: Trial): string | undefined => likely({ topic, name });
  for (const together of turns(tried))
    await Promise.all(together.map((list) => tryOneByOne({ world, enter, first }, list)));
  return verdicts;
}

/** @throws with what does not even pass with the policies as they are */
async function passing(suites: readonly Suite[]): Promise<void> {
  const failed: string[] = [];
  const ask = async ({ topic, own }: Suite): Promise<void> => {
    for (const check of own) if (!(await holds(check))) failed.push(`${topic}: ${check.name}`);
  };
  await Promise.all(suites.map(ask));
  if (failed.length > 0) throw new Error(`with the policies as they are, these fail: ${failed.join('; ')}`);
}

const byPolicy = (list: readonly Trial[]) => [...Map.groupBy(list, ({ suite }) => suite.policy).values()];

/** What is tried at the same time: a list of each policy, for each check asks one policy alone; then one by one what reaches beyond its policy's requests. */
function turns(trials: readonly Trial[]): readonly (readonly (readonly Trial[])[])[] {
  const within = trials.filter(({ mutant }) => mutant.reach === 'topic');
  const beyond = trials.filter(({ mutant }) => mutant.reach === 'beyond');
  const byTurn = [...Map.groupBy(within, ({ suite }) => suite.turn ?? 0)].toSorted(([a], [b]) => a - b);
  return [...byTurn.map(([, list]) => byPolicy(list)), ...byPolicy(beyond).map((list) => [list])];
}

async function trialsOf(world: Pick<World, 'as'>, suite: Suite): Promise<readonly Trial[]> {
  const { policy: name, kind } = suite;
  const policy = { apiVersion: admission, kind, name };
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
  const target = { apiVersion: admission, kind: `${suite.kind}Binding`, name };
  const answer = await world.as('installer').get<KubeObject & { spec: BindingSpec }>(target);
  if (!answer.ok && answer.code === 404) return []; // of the guard alone there is an audit, and not of namespaces
  const { spec } = accepted(answer);
  return bindingMutants(what, spec).map((mutant) => ({ suite, target, original: spec, mutant }));
}
