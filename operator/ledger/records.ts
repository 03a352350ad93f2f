/** The ledgers as they grow, folded entry by entry: one record a production namespace. */
import type { LedgerEntrySpec } from '../api/ledger.ts';
import { emptyRecord, foldEntries, type Link, type NamespaceRecord } from '../decide/record.ts';
import { breakOf, emptyHead, entryHash, entryName } from './chain.ts';

const start: NamespaceRecord = { ...emptyRecord, head: emptyHead };

interface Chain {
  record: NamespaceRecord;
  /** Entries that came before the one they follow. */
  readonly early: Map<number, LedgerEntrySpec>;
}

/** What a new entry moved. */
export type EntryHandler = (namespace: string, entry: LedgerEntrySpec) => void;

/**
 * Holds the record of every namespace. Entries are folded in the order of the chain whatever order they come in; an entry that is gone or
 * does not continue the chain breaks the record, and nothing is promoted on a broken one.
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

  /** An entry exists. Telling it twice changes nothing. */
  seen(namespace: string, entry: LedgerEntrySpec): void {
    const chain = this.#chainOf(namespace);
    if (entry.seq <= chain.record.head.seq) return;
    chain.early.set(entry.seq, entry);
    const folded: LedgerEntrySpec[] = [];
    const links: Link[] = [];
    let { head } = chain.record;
    for (let next = chain.early.get(head.seq + 1); next !== undefined; next = chain.early.get(head.seq + 1)) {
      chain.early.delete(next.seq);
      const hash = entryHash(next);
      links.push({ entry: next, hash, broken: breakOf(head, next) });
      folded.push(next);
      head = { seq: next.seq, hash };
    }
    if (links.length === 0) return;
    try {
      chain.record = foldEntries(chain.record, links);
    } catch {
      // Written by somebody who does not know the entries: what it says cannot be told, so nothing after it can be trusted.
      chain.record = { ...chain.record, head, broken: `an entry up to ${entryName(head.seq)} cannot be read` };
    }
    for (const each of folded) this.#told(namespace, each);
  }

  /** An entry is gone from the cluster. */
  gone(namespace: string, seq: number): void {
    const chain = this.#chainOf(namespace);
    chain.record = { ...chain.record, broken: chain.record.broken ?? `entry ${entryName(seq)} was deleted` };
  }

  /** The copy of the ledger is complete: what is missing now is missing. */
  complete(): void {
    for (const chain of this.#chains.values()) {
      if (chain.early.size === 0) continue;
      const missing = `entry ${entryName(chain.record.head.seq + 1)} is missing`;
      chain.record = { ...chain.record, broken: chain.record.broken ?? missing };
    }
  }

  /** The namespace itself is gone, and its ledger with it. */
  forget(namespace: string): void {
    this.#chains.delete(namespace);
  }

  #chainOf(namespace: string): Chain {
    const chain = this.#chains.get(namespace) ?? { record: start, early: new Map<number, LedgerEntrySpec>() };
    this.#chains.set(namespace, chain);
    return chain;
  }
}
