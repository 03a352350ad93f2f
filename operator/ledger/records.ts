/** The ledgers as they grow, folded entry by entry: one record a production namespace. */
import { entryName, type LedgerEntrySpec } from '../api/ledger.ts';
import { emptyRecord, type NamespaceRecord } from '../decide/record/record.ts';
import { followEntries, type Link } from '../decide/record/follow.ts';
import { whyNotNext } from '../decide/record/transitions.ts';
import { breakOf, emptyHead, entryHash, linksOf } from '../decide/record/chain.ts';

const start: NamespaceRecord = { ...emptyRecord, head: emptyHead };

interface Ahead {
  readonly entry: LedgerEntrySpec;
  readonly hash: string;
  /** It was there before the copy was complete: what is missing before it may have been deleted. */
  readonly behindGap: boolean;
}

interface Chain {
  /** The entries up to the newest one that continues the chain. */
  record: NamespaceRecord;
  /** Entries that came before the one they follow. */
  readonly early: Map<number, Ahead>;
  /** By place, the ids of the newest entries: whoever finds a place taken asks by whom. */
  readonly newest: Map<number, string>;
  /** The record with what stands ahead of it; undefined = to be made. */
  shown: NamespaceRecord | undefined;
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
  readonly #aheadChanged: (namespace: string) => void;
  #isComplete = false;

  /** `aheadChanged`: entries ahead came or went. */
  constructor(told: EntryHandler, aheadChanged: (namespace: string) => void = () => {}) {
    this.#told = told;
    this.#aheadChanged = aheadChanged;
  }

  get(namespace: string): NamespaceRecord {
    const chain = this.#chains.get(namespace);
    if (chain === undefined) return start;
    chain.shown ??= this.#isComplete ? withAhead(chain) : chain.record;
    return chain.shown;
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
    const { passed, head } = chain.record;
    if (entry.seq <= head.seq) return;
    const before = chain.early.size;
    const known = chain.early.get(entry.seq);
    chain.early.set(entry.seq, { entry, hash: entryHash(entry), behindGap: known?.behindGap ?? !this.#isComplete });
    const next: Ahead[] = [];
    for (let seq = head.seq + 1; chain.early.has(seq); seq += 1) next.push(...take(chain, seq));
    this.#fold(namespace, chain, next);
    if (this.#isComplete && (chain.early.size !== before || chain.record.passed !== passed)) {
      this.#aheadChanged(namespace);
    }
  }

  #fold(namespace: string, chain: Chain, entries: readonly Ahead[]): void {
    chain.shown = undefined;
    const links: Link[] = [];
    let { head } = chain.record;
    for (const { entry, hash } of entries) {
      links.push({ entry, hash, broken: breakOf(head, entry) });
      head = { seq: entry.seq, hash };
      chain.newest.set(entry.seq, entry.id);
      chain.newest.delete(entry.seq - mostNewest);
    }
    if (links.length === 0) return;
    const { passed } = chain.record;
    chain.record = followEntries(chain.record, links, whyNotNext);
    // Somebody looked at what is there; the rest counts for nothing all the same.
    if (this.#isComplete && chain.record.passed !== passed) {
      for (const [seq, each] of chain.early) chain.early.set(seq, { ...each, behindGap: false });
    }
    for (const { entry } of entries) this.#told(namespace, entry);
  }

  /** An entry is gone from the cluster. One that stood ahead counted for nothing. */
  gone(namespace: string, seq: number): void {
    const chain = this.#chainOf(namespace);
    chain.shown = undefined;
    if (chain.early.delete(seq)) this.#aheadChanged(namespace);
    else chain.record = damaged(chain.record, `entry ${entryName(seq)} was deleted`);
  }

  /** An entry was written over; says whether it tells something else now. */
  changed(namespace: string, before: LedgerEntrySpec, after: LedgerEntrySpec): boolean {
    if (entryHash(before) === entryHash(after)) return false;
    const chain = this.#chainOf(namespace);
    if (chain.early.has(before.seq)) return false;
    chain.record = damaged(chain.record, `entry ${entryName(before.seq)} was changed`);
    chain.shown = undefined;
    return true;
  }

  /** The copy of the ledger is complete: what is missing now is missing, unless somebody signed for what stands behind it. */
  complete(): void {
    this.#isComplete = true;
    for (const chain of this.#chains.values()) chain.shown = undefined;
  }

  /** The namespace itself is gone, and its ledger with it. */
  forget(namespace: string): void {
    this.#chains.delete(namespace);
  }

  #chainOf(namespace: string): Chain {
    const chain: Chain = this.#chains.get(namespace) ?? {
      record: start,
      early: new Map(),
      newest: new Map(),
      shown: undefined,
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
const take = ({ early }: Chain, seq: number): Ahead[] => {
  const entry = early.get(seq);
  early.delete(seq);
  return entry === undefined ? [] : [entry];
};

/**
 * The record with the entries that stand ahead of it. One that came while the chain was followed was planted: the record goes on without
 * it. Of one that was there before nobody can tell whether what is missing was deleted, so somebody signs for going on first.
 */
const withAhead = ({ record, early }: Chain): NamespaceRecord => {
  const open = [...early.values()]
    .filter(({ hash }) => record.passed?.has(hash) !== true)
    .toSorted((a, b) => b.entry.seq - a.entry.seq);
  if (open.length === 0) return record;
  const { emergencies } = record;
  const ahead = open.map(({ entry, hash }) => ({ name: entryName(entry.seq), id: entry.id, hash, emergencies }));
  const place = open.findIndex(({ behindGap }) => behindGap);
  const [refused] = place < 0 ? [] : ahead.slice(place);
  if (refused === undefined || record.broken !== undefined) return { ...record, ahead };
  const many = open.length === 1 ? '1 entry stands' : `${open.length} entries stand`;
  return {
    ...record,
    ahead,
    broken: `entry ${entryName(record.head.seq + 1)} is missing, and ${many} behind the gap, the last one at ${refused.name}: what is missing was deleted, or what stands behind was planted`,
    refused,
    // Accesses behind the gap are known, so that what they are made of is taken away.
    emergencies: readPast(record, open),
  };
};

const readPast = (record: NamespaceRecord, open: readonly Ahead[]): NamespaceRecord['emergencies'] =>
  followEntries(
    record,
    linksOf(
      open.map(({ entry }) => entry),
      record.head,
    ),
    whyNotNext,
  ).emergencies;
