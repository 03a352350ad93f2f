/** The whole shell: observe, plan, ask what the plan asks, act, report, wake. It knows no kind and makes no decision. */
import { isDeepStrictEqual } from 'node:util';
import { jsonObject, type JsonObject } from '../api/meta.ts';
import { noticesOf } from '../decide/events.ts';
import { earliest, type Effect, type Notice, type Plan, type StatusWrite } from '../decide/plan.ts';
import { questionKey, type Answer, type Answers, type Question } from '../decide/api-queries.ts';
import { alsoStuck } from '../decide/policy/stuck.ts';
import { Failure, toFailure } from '../kube/failures.ts';
import { ContentAway, type Home } from '../observe/contents.ts';
import { ObjectAway, type ObjectHome } from '../observe/large.ts';
import type { Clock } from '../time/clock.ts';
import { inSlices, turn } from '../work/slices.ts';
import { createRefusals } from './refusals.ts';
import { createTries, failureOf, Unanswered, type Stuck } from './tries.ts';

/** One kind of thing to reconcile, by key. */
export interface Kind<K, Seen> {
  readonly name: string;
  /** Equal for equal keys, and for no others. */
  readonly textOf: (key: K) => string;
  /** Undefined when there is nothing of that key. */
  readonly observe: (key: K) => Seen | undefined;
  readonly plan: (seen: Seen, answers: Answers, now: number) => Plan;
  /** What of a plan takes long, in steps: between them other things go on, and the plan finds it done for as long as what it made is held. */
  readonly ahead?: (seen: Seen) => Iterable<unknown>;
  /** Nothing else goes on in the process while it could. */
  readonly isUrgent?: true;
  /** It takes much memory: one such is worked on at a time. */
  readonly isHeavy?: (seen: Seen) => boolean;
  /** What is to be reported when it cannot be worked on: people wait for it, and the log is not theirs. */
  readonly stuck?: (seen: Seen, failure: Stuck, now: number) => readonly StatusWrite[];
  /** Told why a key cannot be worked on, and then, `why` undefined, that it can be again: others wait for it, too. */
  readonly failing?: (key: K, why: Stuck | undefined) => void;
  /** What people are told of a write that is refused, and then, `failure` undefined, that none is any more; undefined = nothing. */
  readonly refused?: (key: K, failure: Failure | undefined) => Notice | undefined;
  /** Whether a refused write waits to be tried again; absent = never between two tries. */
  readonly isRefused?: (seen: Seen) => boolean;
}

export interface Shell {
  readonly clock: Clock;
  readonly ask: (question: Question) => Promise<Answer>;
  /** A failure: a write was refused, which the next plan answers. */
  readonly act: (effect: Effect) => Promise<'Done' | Failure>;
  /** Writes a status over the state it was derived from. */
  readonly report: (write: StatusWrite) => Promise<void>;
  readonly tell: (notice: Notice) => void;
  /** Brings contents of a bundle to where snapshots read them. */
  readonly load: (home: Home) => Promise<void>;
  /** Brings what a large object holds to where snapshots read it. */
  readonly loadObject: (home: ObjectHome) => Promise<void>;
  /** Milliseconds that a changed status waits for what follows at once: a burst is one write, and competes with none to production. */
  readonly settleMs: number;
}

/** When to come back though nothing happens; `Again` = at once, for what was just done is to be looked at. */
export type Outcome =
  | {
      readonly wakeAt: number | undefined;
      /** The moment was over when the plan was made: a bug in the plan, which would otherwise be made again without a pause. */
      readonly isOver?: boolean;
    }
  | 'Again';

export type Reconcile<K> = (key: K) => Promise<Outcome>;

/** A plan that asks this often without end is a bug in the plan. */
const mostRounds = 8;
/** What one plan reads: bundles, and the objects of a package; more would be a bug, or too little memory. */
const mostLoads = 600;
/** When to look again whether the heavy plan before is done, in milliseconds for each that waits. */
const heavyAgainMs = 200;

export class EndlessQuestions extends Error {
  constructor(kind: string, key: string) {
    super(`the plan for ${kind} ${key} asks without end`);
    this.name = 'EndlessQuestions';
  }
}

// oxlint-disable-next-line max-lines-per-function -- one closure: rounds, loading and heavy work share who is worked on
export const createReconcile = <K, Seen>(kind: Kind<K, Seen>, shell: Shell): Reconcile<K> => {
  const { textOf } = kind;
  const patience = createPatience(shell);
  const tries = createTries();
  const refusals = createRefusals(kind, shell.tell);
  /** Of which others were told. */
  const failing = new Set<string>();
  let heavyKey: string | undefined;
  const heavyWaiting = new Set<string>();
  /** By another that is heavy. */
  const isTaken = (key: string): boolean => heavyKey !== undefined && heavyKey !== key;
  /** Each of many comes the more seldom: to see that it has to wait costs something, too. No worker waits for it, for there is other work. */
  const later = (key: string): Outcome => {
    heavyWaiting.add(key);
    return { wakeAt: shell.clock.now() + heavyAgainMs * heavyWaiting.size };
  };
  const settle = async (key: K): Promise<Outcome> => {
    if (kind.ahead === undefined) return settleInRounds(key);
    const text = textOf(key);
    if (isTaken(text) && heavyWaiting.has(text)) return later(text);
    heavyWaiting.delete(text);
    await turn();
    const before = kind.observe(key);
    if (before === undefined) return settleInRounds(key);
    if (kind.isHeavy?.(before) !== true) return prepared(before, key);
    if (isTaken(text)) return later(text);
    heavyKey = text;
    return prepared(before, key);
  };
  const prepared = async (before: Seen, key: K): Promise<Outcome> => {
    const made = await inSlices(kind.ahead?.(before) ?? []);
    try {
      return await settleInRounds(key);
    } finally {
      made.length = 0;
    }
  };
  const settleInRounds = async (key: K): Promise<Outcome> => {
    const text = textOf(key);
    const answers = new Map<string, Answer>();
    for (let round = 0; round < mostRounds; round += 1) {
      await turn(kind.isUrgent === true ? 'First' : 'Routine');
      const seen = kind.observe(key);
      if (seen === undefined) {
        patience.forget(text);
        return { wakeAt: undefined };
      }
      const now = shell.clock.now();
      const plan = kind.plan(seen, answers, now);
      if (plan.questions.length === 0) {
        const open = [...answers.values()].find(({ kind }) => kind === 'Unavailable');
        const settlesAt = open === undefined && plan.effects.length === 0 ? patience.settlesAt(text, plan) : undefined;
        if (settlesAt !== undefined) return { wakeAt: earliest(plan.wakeAt, settlesAt) };
        const inVain = open?.kind !== 'Unavailable' ? undefined : tries.whyUnanswered(text, open.message);
        const told = inVain === undefined ? plan : { ...plan, statuses: alsoStuck(plan.statuses, inVain, now) };
        const outcome = await carryOut(told, shell, {
          stuck: (failure) => {
            const isPlans = isRefusedForGood(failure) && !tries.isLong(text);
            const why = isPlans ? undefined : tries.why(text, failure);
            return why === undefined ? [] : (kind.stuck?.(seen, why, now) ?? []);
          },
          refused: (failure) => refusals.tell(key, failure),
        });
        if (open?.kind === 'Unavailable' && outcome !== 'Again') throw new Unanswered(open.message);
        return outcome === 'Again' || outcome.wakeAt === undefined || outcome.wakeAt > now
          ? outcome
          : { ...outcome, isOver: true };
      }
      // Thousands of signatures of one person are one question.
      const questions = new Map(plan.questions.map((question) => [questionKey(question), question]));
      await Promise.all([
        ...[...questions].map(async ([key, question]) => answers.set(key, await shell.ask(question))),
        // What fails here is an effect of the next plan, and fails there for whoever handles it.
        carryOutEach(plan.meanwhile, shell).catch(() => {}),
      ]);
    }
    throw new EndlessQuestions(kind.name, text);
  };
  /** What a plan reads of bundles may have to be read first. */
  const settleLoading = async (key: K): Promise<Outcome> => {
    for (let loads = 0; loads < mostLoads; loads += 1) {
      try {
        return await settle(key);
      } catch (error) {
        if (error instanceof ContentAway) await shell.load(error.home);
        else if (error instanceof ObjectAway) await shell.loadObject(error.home);
        else throw error;
      }
    }
    throw new Failure('Unavailable', 'the contents of bundles do not stay long enough to be read together');
  };
  return async (key) => {
    const text = textOf(key);
    try {
      tries.begin(text);
      // What a heavy plan has had loaded is not driven out by another before it is done.
      const outcome = await settleLoading(key).finally(() => {
        if (heavyKey === text) heavyKey = undefined;
      });
      tries.forget(text);
      refusals.look(key);
      if (failing.delete(text)) kind.failing?.(key, undefined);
      return outcome;
    } catch (error) {
      refusals.tell(key, failureOf(error));
      const why = tries.why(text, toFailure(error));
      if (why !== undefined) {
        failing.add(text);
        kind.failing?.(key, why);
        if (!(error instanceof Error && told.has(error))) await reportStuck(kind, key, why, shell).catch(() => {});
      }
      throw error;
    }
  };
};

const reportStuck = async <K, Seen>(kind: Kind<K, Seen>, key: K, failure: Stuck, shell: Shell): Promise<void> => {
  const seen = kind.stuck === undefined ? undefined : kind.observe(key);
  if (seen !== undefined) await reportEach(kind.stuck?.(seen, failure, shell.clock.now()) ?? [], shell);
};

/** When the changed status of a key is written, counted from when it was first seen to have changed. */
const createPatience = ({ clock, settleMs }: Shell) => {
  const since = new Map<string, number>();
  return {
    /** undefined = it is time to write, or there is nothing to write. */
    settlesAt(key: string, { statuses }: Plan): number | undefined {
      const now = clock.now();
      const at = (since.get(key) ?? now) + settleMs;
      const isSettled = statuses.every(isSame) || now >= at;
      if (isSettled) since.delete(key);
      else since.set(key, at - settleMs);
      return isSettled ? undefined : at;
    },
    forget: (key: string) => void since.delete(key),
  };
};

/** One after the other, up to the first of which a write is refused. */
const carryOutEach = async (effects: readonly Effect[], shell: Shell): Promise<Failure | undefined> => {
  for (const effect of effects) {
    const done = await shell.act(effect);
    if (done !== 'Done') return done;
  }
  return undefined;
};

interface Reports {
  /** Of an object on which something failed that the plan knows nothing of. */
  readonly stuck: (failure: Failure) => readonly StatusWrite[];
  readonly refused: (failure: Failure) => void;
}

/** Errors of an effect beside which the plan had a status to report: that is the truer one. */
const told = new WeakSet<Error>();

/** At first that is the plan's to tell. */
const isRefusedForGood = ({ kind }: Failure): boolean => kind === 'Invalid' || kind === 'TooLarge';

/**
 * Effects first. What they changed is then looked at anew, so the status never tells of an attempt: but of a bug that an effect ran into it does,
 * for the plan knows nothing of it and would say that all is well.
 */
const carryOut = async (plan: Plan, shell: Shell, { stuck, refused }: Reports): Promise<Outcome> => {
  try {
    const failure = await carryOutEach(plan.effects, shell);
    if (failure !== undefined) refused(failure);
  } catch (error) {
    const failure = toFailure(error);
    const instead = stuck(failure);
    const statuses = instead.length > 0 ? instead : plan.statuses;
    await reportEach(statuses, shell);
    if (statuses.length > 0 && error instanceof Error) told.add(error);
    throw error;
  }
  if (plan.effects.length > 0) return 'Again';
  await reportEach(plan.statuses, shell);
  for (const notice of plan.notices) shell.tell(notice);
  return { wakeAt: plan.wakeAt };
};

const reportEach = async (statuses: readonly StatusWrite[], shell: Shell): Promise<void> => {
  for (const write of statuses) {
    if (isSame(write)) continue;
    await shell.report(write);
    for (const notice of noticesOf(write)) shell.tell(notice);
  }
};

const isSame = ({ before, status }: StatusWrite): boolean =>
  before !== undefined && isDeepStrictEqual(plain(before), plain(status));

/** As the API server would store it: without what is undefined. */
const plain = (status: object): JsonObject => jsonObject(JSON.parse(JSON.stringify(status)));
