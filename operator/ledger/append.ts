/** The atomic append: the name of an entry is its place, so the API server decides who gets it. */
import type { LedgerEntrySpec } from '../api/ledger.ts';
import type { LedgerDraft } from '../decide/ledger-entry.ts';
import { movedAt, type NamespaceRecord } from '../decide/record/record.ts';
import { followEntries } from '../decide/record/follow.ts';
import { whyNotNext } from '../decide/record/transitions.ts';
import { goesFirst, joined, mayJoin, mayWait, roomForActs, roomOf } from '../decide/record/batch.ts';
import { nextEntry } from '../decide/record/chain.ts';

/** What appending needs of the cluster. Both throw `Failure`. */
export interface LedgerStore {
  /** Creates the entry and folds it into the record before it resolves. Resolves false when the place is taken. */
  create(namespace: string, spec: LedgerEntrySpec): Promise<boolean>;
  /** The id of the entry at a place, once the record knows it: as the watch told it meanwhile, or read and folded now. */
  catchUp(namespace: string, seq: number): Promise<string>;
  record(namespace: string): NamespaceRecord;
}

export interface AppendTools {
  readonly store: LedgerStore;
  readonly now: () => number;
  readonly newId: () => string;
  /** Resolves a little later, when others had time to hear of the newest entry and to append theirs; `tookMs`: how long ours took. */
  readonly pause: (tookMs: number) => Promise<void>;
  readonly self: LedgerEntrySpec['actor'];
}

/** The decision that an entry rests on was made before another entry came between: judge again. */
export class Overtaken extends Error {
  constructor(namespace: string, pkg: string, why?: string) {
    super(
      `the ledger of ${namespace} has moved ${pkg === '' ? 'on' : `package ${pkg}`} since this was decided${why === undefined ? '' : `: ${why}`}`,
    );
    this.name = 'Overtaken';
  }
}

/** A ledger that does not verify takes no entries, but the one by which somebody signed for going on. */
export class BrokenLedger extends Error {
  constructor(namespace: string, why: string) {
    super(`the ledger of ${namespace} is broken: ${why}`);
    this.name = 'BrokenLedger';
  }
}

/** Others may be appending too; each loss means that one of them got on. */
const mostTries = 50;

/** What a watch takes to tell, and an append to begin: a wait for those who share the next entry anyway. */
const leastPauseMs = 5;
/** Whoever waits to be let through waits for no more than seconds. */
const mostPauseMs = 400;

/**
 * How long others are let in between. Whoever lost a place asks by whom, and then writes: two requests, which take as long as ours did. A shorter
 * pause would let a burst of acts win every place of a slow API server, and a rollback would never begin.
 */
export const pauseMs = (tookMs: number): number => Math.min(Math.max(2 * tookMs, leastPauseMs), mostPauseMs);

export type Append = (namespace: string, draft: LedgerDraft, packageSeq?: number) => Promise<void>;

/** Somebody who waits for an entry. */
interface Asked {
  readonly draft: LedgerDraft;
  readonly packageSeq: number | undefined;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}
type Batch = readonly [Asked, ...Asked[]];

/** Those who wait for entries of one chain. */
interface Line {
  readonly asked: Asked[];
  /** Ends a pause: somebody came who does not let others in between. */
  hurry: () => void;
}

/** Puts somebody in line: who goes first behind those who go first, too, and before all others. */
const queueUp = ({ asked, hurry }: Line, mine: Asked): void => {
  const isFirst = goesFirst(mine.draft);
  const before = isFirst ? asked.findIndex(({ draft }) => !goesFirst(draft)) : -1;
  asked.splice(before < 0 ? asked.length : before, 0, mine);
  if (isFirst) hurry();
};

/** Takes whoever waits first, and of those right behind whoever may join them: nobody is passed but by who goes first. */
const taken = (asked: Asked[], self: AppendTools['self']): Batch | undefined => {
  const first = asked.shift();
  if (first === undefined) return undefined;
  const end = asked.findIndex(({ draft, packageSeq }) => packageSeq !== undefined || !mayJoin(first.draft, draft));
  const able = first.packageSeq === undefined ? asked.slice(0, end < 0 ? asked.length : end) : [];
  if (able.length === 0) return [first];
  let room = roomForActs - roomOf(first.draft, self);
  const full = able.findIndex(({ draft }) => (room -= roomOf(draft, self)) < 0);
  return [first, ...asked.splice(0, full < 0 ? able.length : full)];
};

/**
 * Appends to one chain at a time, in order of asking; what restores production goes first. Acts that may join and that wait while an entry is on its way are written in one entry
 * after it: each resolves when that entry is stored, and fails when it cannot be.
 * `packageSeq`: only while that is the newest entry that moved what the draft is about (`movedAt`). An entry that would not follow from those
 * before it is not written: it would break the record. @throws Overtaken when that is no longer so, or it would not follow
 */
// oxlint-disable-next-line max-lines-per-function -- one closure holds who waits for which namespace
export const createAppend = ({ store, now, newId, pause, self }: AppendTools): Append => {
  const waiting = new Map<string, Line>();

  const write = async (namespace: string, [first, ...more]: Batch): Promise<void> => {
    const { draft, packageSeq } = first;
    const entry = more.length === 0 ? draft : joined(namespace, [draft, ...more.map(({ draft }) => draft)], self);
    const id = newId();
    for (let tries = 0; tries < mostTries; tries += 1) {
      const record = store.record(namespace);
      if (record.broken !== undefined && entry.data.type !== 'Resumed')
        throw new BrokenLedger(namespace, record.broken);
      if (packageSeq !== undefined && movedAt(record, draft) !== packageSeq) {
        throw new Overtaken(namespace, draft.package);
      }
      const spec = nextEntry(record.head, entry, { id, now: now(), self });
      const why = followEntries(record, [{ entry: spec, hash: '', broken: undefined }], whyNotNext).broken;
      if (why !== undefined) {
        // What it rests on may have been entered since; if there is nothing more to read, it was decided on something else.
        const isBehind = await store.catchUp(namespace, spec.seq).then(
          () => true,
          () => false,
        );
        if (isBehind) continue;
        throw new Overtaken(namespace, draft.package, why);
      }
      if (await store.create(namespace, spec)) return;
      // Ours after a lost answer, or somebody else's: either way it is the next link.
      if ((await store.catchUp(namespace, spec.seq)) === id) return;
    }
    throw new Overtaken(namespace, draft.package);
  };

  const writeAll = async (namespace: string, line: Line): Promise<void> => {
    const { asked } = line;
    // Whoever asks in the same breath is there by then.
    await Promise.resolve();
    for (let batch = taken(asked, self); batch !== undefined; batch = taken(asked, self)) {
      const began = now();
      const error: unknown = await write(namespace, batch).then(
        () => undefined,
        (reason: unknown) => reason ?? new Error('not appended'),
      );
      for (const { done, failed } of batch) {
        if (error === undefined) done();
        else failed(error);
      }
      // Whoever wrote last hears of it first, and would win every place: acts of a burst let others in between.
      if (asked[0] === undefined || !mayWait(asked[0].draft)) continue;
      const hurried = new Promise<void>((resolve) => (line.hurry = resolve));
      await Promise.race([pause(now() - began), hurried]);
    }
    waiting.delete(namespace);
  };

  return (namespace, draft, packageSeq) =>
    new Promise((done, failed) => {
      const mine = { draft, packageSeq, done, failed };
      const line = waiting.get(namespace);
      if (line !== undefined) {
        queueUp(line, mine);
        return;
      }
      const begun: Line = { asked: [mine], hurry: () => {} };
      waiting.set(namespace, begun);
      void writeAll(namespace, begun);
    });
};
