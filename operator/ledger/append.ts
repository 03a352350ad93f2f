/** The atomic append: the name of an entry is its place, so the API server decides who gets it. */
import type { LedgerEntrySpec } from '../api/ledger.ts';
import type { LedgerDraft } from '../decide/entries.ts';
import { packageRecord, type NamespaceRecord } from '../decide/record.ts';
import { entryName, nextEntry } from './chain.ts';

/** What appending needs of the cluster. Both throw `Failure`. */
export interface LedgerStore {
  /** Creates the entry and folds it into the record before it resolves. Resolves false when the place is taken. */
  create(namespace: string, name: string, spec: LedgerEntrySpec): Promise<boolean>;
  /** Reads an entry that the record does not know yet, folds it, and tells its id. */
  catchUp(namespace: string, name: string): Promise<string>;
  record(namespace: string): NamespaceRecord;
}

export interface AppendTools {
  readonly store: LedgerStore;
  readonly now: () => number;
  readonly newId: () => string;
  readonly self: LedgerEntrySpec['actor'];
}

/** The decision that an entry rests on was made before another entry came between: judge again. */
export class Overtaken extends Error {
  constructor(namespace: string, pkg: string) {
    super(`the ledger of ${namespace} has moved package ${pkg} since this was decided`);
    this.name = 'Overtaken';
  }
}

/** A ledger that does not verify takes no entries. */
export class BrokenLedger extends Error {
  constructor(namespace: string, why: string) {
    super(`the ledger of ${namespace} is broken: ${why}`);
    this.name = 'BrokenLedger';
  }
}

/** Others may be appending too; each loss means that one of them got on. */
const mostTries = 50;

export type Append = (namespace: string, draft: LedgerDraft, packageSeq?: number) => Promise<void>;

/**
 * Appends to one chain at a time, in order of asking.
 * `packageSeq`: only while that is the newest entry that moved the package. @throws Overtaken when it is not
 */
export const createAppend = ({ store, now, newId, self }: AppendTools): Append => {
  const last = new Map<string, Promise<void>>();

  const append = async (namespace: string, draft: LedgerDraft, packageSeq: number | undefined): Promise<void> => {
    const id = newId();
    for (let tries = 0; tries < mostTries; tries += 1) {
      const record = store.record(namespace);
      if (record.broken !== undefined) throw new BrokenLedger(namespace, record.broken);
      if (packageSeq !== undefined && packageRecord(record, draft.package).seq !== packageSeq) {
        throw new Overtaken(namespace, draft.package);
      }
      const spec = nextEntry(record.head, draft, { id, now: now(), self });
      const name = entryName(spec.seq);
      if (await store.create(namespace, name, spec)) return;
      // Ours after a lost answer, or somebody else's: either way it is the next link.
      if ((await store.catchUp(namespace, name)) === id) return;
    }
    throw new Overtaken(namespace, draft.package);
  };

  return (namespace, draft, packageSeq) => {
    const mine = (last.get(namespace) ?? Promise.resolve()).then(() => append(namespace, draft, packageSeq));
    last.set(
      namespace,
      mine.catch(() => {}),
    );
    return mine;
  };
};
