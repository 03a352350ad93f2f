/**
 * Does every part of lock A matter? Each mutant of its policies and bindings takes the place of the original, one of each topic at a time, and the
 * table of writers and the attacks of that topic must notice: something fails, and not with the original. What nobody notices either needs another
 * attack, or is on the list of equivalents.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

import { accepted, targetOf, type KubeObject, type Manifest, type Target } from '../cluster/cluster.ts';
import { open, type GuardWorld } from './guard-world.ts';
import { startPlaces } from './check-binding.ts';
import { prepareContents } from './check-content.ts';
import type { Check, Places } from './check.ts';
import { checksFor, ownChecks } from './mutant-checks.ts';
import { bindingMutants, policyMutants, type BindingSpec, type Mutant, type PolicySpec } from './mutate.ts';
import { fresh } from './objects.ts';
import { eventually, said } from './world.ts';

const admission = 'admissionregistration.k8s.io/v1';

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
  readonly topic: string;
  readonly target: Target;
  readonly original: unknown;
  readonly mutant: Mutant;
}

export interface Options {
  /** Hears each verdict as it comes. */
  readonly tell?: (verdict: Verdict) => void;
  /** Which mutants, by their names. All when absent. */
  readonly only?: RegExp;
}

/** Tries every mutant of these topics, in a world with people let in (emergency-world.ts). Leaves the originals in force. @throws when those do not pass the checks */
export async function tryMutants(
  world: GuardWorld,
  topics: readonly string[],
  { tell = () => {}, only = /^/ }: Options = {},
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const enter = ({ topic, mutant: { name } }: Trial, is: Verdict['is'], by: string): void => {
    const verdict = { topic, name, is, by };
    verdicts.push(verdict);
    tell(verdict);
  };
  const tried: Trial[] = [];
  const all = (await Promise.all(topics.map((topic) => trialsOf(world, topic)))).flat();
  for (const trial of all.filter(({ mutant }) => only.test(mutant.name))) {
    const why = equivalent(trial.topic, trial.mutant.name);
    if (why === undefined) tried.push(trial);
    else enter(trial, 'equivalent', why);
  }
  const places = await startPlaces(world);
  await prepareContents(world);
  await passing(world, places, topics);
  const sentinel = await startSentinel(world);
  const doubted = new Map<Trial, Check>();
  const tryRound = async (round: readonly Trial[]): Promise<void> => {
    const taken: Trial[] = [];
    for (const trial of round) {
      if (await isTaken(world, trial.target, trial.mutant.spec)) taken.push(trial);
      else enter(trial, 'no policy', 'the API server refuses it');
    }
    if (taken.length === 0) return;
    await sentinel.acts();
    const noticed = await Promise.all(
      taken.map(async (trial) => [trial, await firstToNotice(world, places, trial, doubted.get(trial))] as const),
    );
    for (const { target, original } of taken) await isTaken(world, target, original);
    await sentinel.acts();
    await Promise.all(
      noticed.map(async ([trial, check]) => {
        if (check === undefined) enter(trial, 'survived', '');
        else if (await holds(check, world, places)) enter(trial, 'killed', check.name);
        else if (doubted.has(trial)) enter(trial, 'survived', `fails with the guard as it is: ${check.name}`);
        else doubted.set(trial, check);
      }),
    );
  };
  for (const round of rounds(tried)) await tryRound(round);
  for (const round of rounds([...doubted.keys()])) await tryRound(round);
  await sentinel.stop();
  return verdicts;
}

/** @throws with what does not even pass with the guard as it is */
async function passing(world: GuardWorld, places: Places, topics: readonly string[]): Promise<void> {
  const failed: string[] = [];
  for (const topic of topics)
    for (const { name, passes } of ownChecks(topic))
      if (!(await passes(world, places).catch(() => false))) failed.push(`${topic}: ${name}`);
  if (failed.length > 0) throw new Error(`with the guard as it is, these fail: ${failed.join('; ')}`);
}

/** One of each topic at a time, for each check asks one policy alone; what reaches beyond its topic has a round of its own. */
function rounds(trials: readonly Trial[]): readonly (readonly Trial[])[] {
  const topics = [...Map.groupBy(trials, ({ topic }) => topic).values()].map((list) =>
    list.filter(({ mutant }) => mutant.reach === 'topic'),
  );
  const longest = Math.max(0, ...topics.map((list) => list.length));
  const together = Array.from({ length: longest }, (_, i) => topics.flatMap((list) => list.slice(i, i + 1)));
  return [...together, ...trials.filter(({ mutant }) => mutant.reach === 'beyond').map((trial) => [trial])];
}

async function trialsOf(world: GuardWorld, topic: string): Promise<readonly Trial[]> {
  const name = `countersign-guard-${topic}`;
  const policy = { apiVersion: admission, kind: 'ValidatingAdmissionPolicy', name };
  const { spec } = accepted(await world.as('installer').get<KubeObject & { spec: PolicySpec }>(policy));
  const bindings = await Promise.all([
    trialsOfBinding(world, { topic, what: 'binding', name }),
    trialsOfBinding(world, { topic, what: 'audit binding', name: `${name}-audit` }),
  ]);
  return [
    ...bindings.flat(),
    ...policyMutants(spec).map((mutant) => ({ topic, target: policy, original: spec, mutant })),
  ];
}

async function trialsOfBinding(
  world: GuardWorld,
  { topic, what, name }: { readonly topic: string; readonly what: string; readonly name: string },
): Promise<readonly Trial[]> {
  const target = { apiVersion: admission, kind: 'ValidatingAdmissionPolicyBinding', name };
  const answer = await world.as('installer').get<KubeObject & { spec: BindingSpec }>(target);
  if (!answer.ok && answer.code === 404) return []; // namespaces have no audit
  const { spec } = accepted(answer);
  return bindingMutants(what, spec).map((mutant) => ({ topic, target, original: spec, mutant }));
}

async function isTaken(world: GuardWorld, target: Target, spec: unknown): Promise<boolean> {
  const answer = await world.as('installer').patch(target, 'json', [{ op: 'replace', path: '/spec', value: spec }]);
  if (!answer.ok && answer.code !== 422) accepted(answer);
  return answer.ok;
}

/** The first that fails, and fails again, but for one that is doubted. */
async function firstToNotice(
  world: GuardWorld,
  places: Places,
  { topic, mutant }: Trial,
  doubted: Check | undefined,
): Promise<Check | undefined> {
  for (const check of checksFor(topic, mutant).filter(({ name }) => name !== doubted?.name))
    if (!(await holds(check, world, places)) && !(await holds(check, world, places))) return check;
  return undefined;
}

const holds = ({ passes }: Check, world: GuardWorld, places: Places): Promise<boolean> =>
  passes(world, places).catch(() => false);

/** Refuses a Lease, of which no topic speaks: the policy says a word, and the binding asks for the same. */
const sentinelSpecs = (word: string) => ({
  policy: {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': open } },
      resourceRules: [
        { apiGroups: ['coordination.k8s.io'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['leases'] },
      ],
    },
    validations: [{ expression: 'false', message: word }],
  },
  binding: {
    policyName: 'test-sentinel',
    validationActions: ['Deny'],
    matchResources: { objectSelector: { matchLabels: { word } } },
  },
});

/** A policy of its own that is changed last: the API server takes up all that it has seen at once, so when it acts, all others do. */
async function startSentinel(world: GuardWorld) {
  const installer = world.as('installer');
  const metadata = { name: 'test-sentinel' };
  const first = sentinelSpecs('first');
  const policy: Manifest & { spec: unknown } = {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: first.policy,
  };
  const binding: Manifest & { spec: unknown } = {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: first.binding,
  };
  accepted(await installer.create(policy));
  accepted(await installer.create(binding));
  return {
    acts: async (): Promise<void> => {
      const word = fresh('turn');
      const specs = sentinelSpecs(word);
      for (const [target, value] of [
        [targetOf(policy), specs.policy],
        [targetOf(binding), specs.binding],
      ] as const)
        accepted(await installer.patch(target, 'json', [{ op: 'replace', path: '/spec', value }]));
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'sentinel', namespace: open, labels: { word } },
      };
      await eventually(
        'what was written acts',
        () => installer.create(lease, { dryRun: 'All' }),
        (answer) => said(answer).includes(word),
      );
    },
    stop: async (): Promise<void> => {
      for (const each of [binding, policy]) accepted(await installer.delete(targetOf(each)));
    },
  };
}
