/** A check: something that holds under the guard as it is, and not under some mutant of it. What checks are written with. */
import type { Answer, Manifest } from '../../support/cluster/cluster.ts';
import type { Attack } from '../../support/attack/attack.ts';
import type { GuardWorld } from './guard-world.ts';
import { said } from '../../support/attack/world.ts';

export interface Check {
  readonly name: string;
  readonly passes: (world: GuardWorld, places: Places) => Promise<boolean>;
}

/** One that needs no other places than its world has. */
export interface WorldCheck<W extends GuardWorld = GuardWorld> {
  readonly name: string;
  readonly passes: (world: W) => Promise<boolean>;
}

/** Namespaces like production, by what the label says and whether there is a policy. */
export interface Places {
  /** It enforces, without a policy. */
  readonly lawless: string;
  /** It audits. */
  readonly watched: string;
  /** It audits, without a policy. */
  readonly bare: string;
  /** It begins with `kube-`, and was guarded before anything said that it may not be. */
  readonly kube: string;
  /** It was guarded likewise, and is being deleted. */
  readonly ending: string;
  /** It is being deleted, and nobody guards it. */
  readonly endingOpen: string;
}

export const dryRun = { dryRun: 'All' } as const;
/** The same of a deletion, which has options of its own. */
export const dryDelete = { dryRun: ['All'] } as const;

/** The rule stands at the beginning of what the policy says, or is a part of another's name. */
export const refusedBy = (answer: Answer<unknown>, rule: string): boolean =>
  !answer.ok && answer.code === 403 && said(answer).includes(`${rule}: `);

export interface AttackCheck extends WorldCheck {
  readonly rule: string;
}

/** Of the attacks that a policy holds: each is denied, and its twin passes. */
export const attackChecks = (policy: string, list: readonly Attack<GuardWorld>[]): readonly AttackCheck[] =>
  list
    .filter(({ locks }) => locks[0]?.name === policy)
    .flatMap(({ name, act, twin, denied }) => [
      {
        rule: denied,
        name: `denied: ${name}`,
        passes: async (world: GuardWorld) => {
          const { reached, said: words, code = 403 } = await act(world);
          return !reached && code === (denied.includes(': ') ? 403 : code) && words.includes(denied);
        },
      },
      { rule: denied, name: `twin: ${name}`, passes: async (world: GuardWorld) => (await twin(world)).reached },
    ]);

/** As it is, without what the API server keeps of it: a PUT of this changes nothing. */
export const asItIs = ({ metadata, ...rest }: Manifest): Manifest => {
  const { name, namespace, labels, annotations, finalizers, resourceVersion } = metadata;
  return structured({ ...rest, metadata: { name, namespace, labels, annotations, finalizers, resourceVersion } });
};

/** Without what is undefined. */
const structured = (object: Manifest | Readonly<Record<string, unknown>>): Manifest =>
  JSON.parse(JSON.stringify(object)) as Manifest; // oxlint-disable-line typescript/no-unsafe-type-assertion -- it was one

export const namespaceOf = (name: string, subresource?: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  name,
  ...(subresource === undefined ? {} : { subresource }),
});
