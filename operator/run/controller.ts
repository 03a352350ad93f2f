/** A controller: what it works on, what it reads, what wakes it, and what it decides. */
import type { Answers } from '../decide/api-queries.ts';
import type { Notice, Plan, StatusWrite } from '../decide/plan.ts';
import type { Failure } from '../kube/failures.ts';
import type { Changes, ChangingFact, OnChange } from '../observe/changes.ts';
import type { FactName, Facts, Read } from '../observe/facts.ts';
import type { Priority } from '../work/queue.ts';
import type { ControllerName, Key, KeyOf } from './keys.ts';
import type { Stuck } from './tries.ts';

/** A key to be worked on. */
export interface WakeOf<K extends Key> {
  readonly key: K;
  readonly priority: Priority;
  /** It may wait a moment for what else changes: hundreds of changes are one look. */
  readonly soon?: boolean;
}

/** A key of one controller, or of any, to be worked on. */
export type Wake<C extends ControllerName = ControllerName> = WakeOf<KeyOf<C>>;

/** Why a change of a fact does not wake a controller that reads it. */
export interface NoTrigger {
  readonly none: string;
}

type Trigger<C extends ControllerName, N extends ChangingFact> = (
  change: Changes[N],
  facts: Facts,
) => readonly Wake<C>[];

/** For each fact that a controller reads: the keys that a change of it concerns, or why there are none. */
export type Triggers<C extends ControllerName, N extends FactName> = {
  readonly [F in N]: (F extends ChangingFact ? Trigger<C, F> : never) | NoTrigger;
};

/** `Reads`: the facts it reads. Each stands in `triggers`; `observe` gets these and no others. */
export interface Controller<C extends ControllerName, Seen, Reads extends FactName> {
  readonly name: C;
  readonly triggers: Triggers<C, Reads>;
  /** Everything there is: for a process that begins to lead. */
  readonly everything: (facts: Facts) => readonly Wake<C>[];
  /** Undefined when there is nothing of that key. */
  readonly observe: (facts: Read<Reads>, key: KeyOf<C>, now: number) => Seen | undefined;
  readonly plan: (seen: Seen, answers: Answers, now: number) => Plan;
  /** At which a key is worked on again that asked for it or failed. */
  readonly priority: Priority;
  /** The longest wait after failures, in milliseconds; when absent, what the failure says. */
  readonly maxRetryMs?: number;
  /** What of a plan takes long, in steps; see `Kind.ahead`. */
  readonly ahead?: (seen: Seen) => Iterable<unknown>;
  /** It takes much memory: one such is worked on at a time. */
  readonly isHeavy?: (seen: Seen) => boolean;
  /** What is to be reported when it cannot be worked on. */
  readonly stuck?: (seen: Seen, failure: Stuck, now: number) => readonly StatusWrite[];
  /** Told what a key fails at, and when it goes on; see `Kind.failing`. */
  readonly failing?: (facts: Read<Reads>, key: KeyOf<C>, why: Stuck | undefined) => void;
  /** What people are told when the API server refuses an effect, which is tried again, and when that is over; see `Kind.refused`. */
  readonly refused?: (facts: Read<Reads>, key: KeyOf<C>, failure: Failure | undefined) => Notice | undefined;
  /** Whether a refused effect waits to be tried again; see `Kind.isRefused`. */
  readonly isRefused?: (seen: Seen) => boolean;
}

/** The facts that a controller reads. */
export const factsReadBy = <Reads extends FactName>(triggers: Readonly<Record<Reads, unknown>>): readonly Reads[] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a table of triggers has no other fields
  Object.keys(triggers) as Reads[];

/** These facts and no others. */
export const pickFacts = <N extends FactName>(facts: Facts, names: readonly N[]): Read<N> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each of these names has its fact
  Object.fromEntries(names.map((name) => [name, facts[name]])) as Read<N>;

type AnyTriggers<C extends ControllerName> = {
  readonly [F in ChangingFact]?: Trigger<C, F> | NoTrigger;
};

export interface TriggerTools<C extends ControllerName> {
  readonly facts: Facts;
  readonly on: OnChange;
  readonly wake: (wake: Wake<C>) => void;
}

/** From now on changes of the facts that a controller reads wake it. */
export const connectTriggers = <C extends ControllerName, N extends FactName>(
  table: Triggers<C, N>,
  { facts, on, wake }: TriggerTools<C>,
): void => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same table, whatever facts it names
  const triggers = table as AnyTriggers<C>;
  const connect = <F extends ChangingFact>(name: F, listen: OnChange[F]): void => {
    const trigger: Trigger<C, F> | NoTrigger | undefined = triggers[name];
    if (typeof trigger !== 'function') return;
    listen((change) => {
      for (const each of trigger(change, facts)) wake(each);
    });
  };
  for (const name of changingFacts(on)) connect(name, on[name]);
};

const changingFacts = (on: OnChange): readonly ChangingFact[] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has a field for each of them
  Object.keys(on) as ChangingFact[];
