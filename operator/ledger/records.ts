/** The ledgers as they grow, folded entry by entry: one record a production namespace. */
import type { LedgerEntrySpec } from '../api/ledger.ts';
import { emptyRecord, followEntries, type Link, type NamespaceRecord } from '../decide/record/record.ts';
import { whyNotNext } from '../decide/record/transitions.ts';
import { breakOf, emptyHead, entryHash, entryName } from '../decide/record/chain.ts';

const start: NamespaceRecord = { ...emptyRecord, head: emptyHead };

interface Chain {
  record: NamespaceRecord;
  /** Entries that came before the one they follow. */
  readonly early: Map<number, LedgerEntrySpec>;
  /** By place, the ids of the newest entries: whoever finds a place taken asks by whom. */
  readonly newest: Map<number, string>;
}

/** Of a chain; more than come while somebody waits for an answer. */
const mostNewest = 1_000;

/** What a new entry moved. */
export type EntryHandler = (namespace: string, entry: LedgerEntrySpec) => void;

/**
 * Holds the record of every namespace. Entries are folded in the order of the chain whatever order they come in; an entry that is gone,
 * does not continue the chain or does not follow from those before it breaks the record, and nothing is promoted on a broken one.
 */
export class Records {
  readonly #chains = new Map<string, Chain>();
  readonly #told: EntryHandler;

  constructor(told: EntryHandler) {
    this.#told = told;
  }

  get(namespace: string): NamespaceRecord {
    return this.#chains.get(namespace)?.record ?? start;
  }

  namespaces(): string[] {
    return [...this.#chains.keys()];
  }

  /** The id of a folded entry; undefined when there is none at that place, or it came long ago. */
  idAt(namespace: string, seq: number): string | undefined {
    return this.#chains.get(namespace)?.newest.get(seq);
  }

  /** An entry exists. Telling it twice changes nothing. */
  seen(namespace: string, entry: LedgerEntrySpec): void {
    const chain = this.#chainOf(namespace);
    if (entry.seq <= chain.record.head.seq) return;
    chain.early.set(entry.seq, entry);
    const next: LedgerEntrySpec[] = [];
    for (let seq = chain.record.head.seq + 1; chain.early.has(seq); seq += 1) next.push(...take(chain, seq));
    this.#fold(namespace, chain, next);
  }

  #fold(namespace: string, chain: Chain, entries: readonly LedgerEntrySpec[]): void {
    const links: Link[] = [];
    let { head } = chain.record;
    for (const entry of entries) {
      const hash = entryHash(entry);
      links.push({ entry, hash, broken: breakOf(head, entry) });
      head = { seq: entry.seq, hash };
      chain.newest.set(entry.seq, entry.id);
      chain.newest.delete(entry.seq - mostNewest);
    }
    if (links.length === 0) return;
    chain.record = followEntries(chain.record, links, whyNotNext);
    for (const each of entries) this.#told(namespace, each);
  }

  /** An entry is gone from the cluster. */
  gone(namespace: string, seq: number): void {
    const chain = this.#chainOf(namespace);
    chain.record = damaged(chain.record, `entry ${entryName(seq)} was deleted`);
  }

  /** An entry was written over; says whether it tells something else now. */
  changed(namespace: string, before: LedgerEntrySpec, after: LedgerEntrySpec): boolean {
    if (entryHash(before) === entryHash(after)) return false;
    const chain = this.#chainOf(namespace);
    chain.record = damaged(chain.record, `entry ${entryName(before.seq)} was changed`);
    return true;
  }

  /** The copy of the ledger is complete: what is missing now is missing. What comes after the gap is read all the same. */
  complete(): void {
    for (const [namespace, chain] of this.#chains) {
      const rest = [...chain.early.keys()].toSorted((a, b) => a - b).flatMap((seq) => take(chain, seq));
      this.#fold(namespace, chain, rest);
    }
  }

  /** The namespace itself is gone, and its ledger with it. */
  forget(namespace: string): void {
    this.#chains.delete(namespace);
  }

  #chainOf(namespace: string): Chain {
    const chain = this.#chains.get(namespace) ?? {
      record: start,
      early: new Map<number, LedgerEntrySpec>(),
      newest: new Map<number, string>(),
    };
    this.#chains.set(namespace, chain);
    return chain;
  }
}

const damaged = (record: NamespaceRecord, how: string): NamespaceRecord => ({
  ...record,
  broken: record.broken ?? how,
  damaged: true,
});

/** Takes one entry out of those that came early. */
const take = ({ early }: Chain, seq: number): LedgerEntrySpec[] => {
  const entry = early.get(seq);
  early.delete(seq);
  return entry === undefined ? [] : [entry];
};
