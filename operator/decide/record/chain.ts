/** One hash chain a production namespace: what an entry looks like, and whether it continues the one before it. */
import { entryName, noPrevious, type LedgerEntrySpec } from '../../api/ledger.ts';
import { canonicalJson, digestOf } from '../json/canonical.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import type { JointDraft } from './batch.ts';
import type { Break, Link } from './follow.ts';

/** The end of a chain: where the next entry goes, and what it points back to. */
export interface Head {
  /** −1 for an empty ledger. */
  readonly seq: number;
  readonly hash: string;
}

export const emptyHead: Head = { seq: -1, hash: noPrevious };

export const entryHash = (spec: LedgerEntrySpec): string => digestOf(spec);

export interface Stamp {
  /** Random; tells a writer its own entry after a lost answer. */
  readonly id: string;
  /** Milliseconds since 1970, by the writer's clock. */
  readonly now: number;
  /** The program itself, for drafts whose actor is `operator`. */
  readonly self: LedgerEntrySpec['actor'];
}

/** The draft at its place in the chain. */
export const nextEntry = (head: Head, draft: LedgerDraft | JointDraft, { id, now, self }: Stamp): LedgerEntrySpec => {
  const { type, ...data } = draft.data;
  return {
    seq: head.seq + 1,
    id,
    time: new Date(now).toISOString(),
    type,
    actor: draft.actor === 'operator' ? self : draft.actor,
    subject: draft.subject,
    package: draft.package,
    digest: draft.digest,
    decision: draft.decision,
    reason: draft.reason,
    data: canonicalJson(data),
    previous: head.hash,
  };
};

/** How `entry` does not continue the chain that ends in `head`; undefined = it does. */
export const breakOf = (head: Head, entry: LedgerEntrySpec): Break | undefined => {
  if (entry.seq !== head.seq + 1) return { how: 'Missing', why: `entry ${entryName(head.seq + 1)} is missing` };
  if (entry.previous === head.hash) return undefined;
  const why = `entry ${entryName(entry.seq)} does not follow the one before it: its previous is another hash; it was planted, or one of the two was altered`;
  return { how: 'OtherPrevious', why };
};

/** A whole chain, in any order of input, with what is wrong at each place. Behind such a place it is followed from the entry that stands there. */
export const linksOf = (entries: readonly LedgerEntrySpec[], after: Head = emptyHead): Link[] => {
  let head = after;
  return entries
    .toSorted((a, b) => a.seq - b.seq)
    .map((entry) => {
      const link = { entry, hash: entryHash(entry), broken: breakOf(head, entry) };
      head = { seq: entry.seq, hash: link.hash };
      return link;
    });
};

export interface Verification {
  readonly entries: number;
  readonly head: Head;
  /** The first thing that is wrong; undefined = the chain is whole. */
  readonly broken: string | undefined;
}

/** Follows a whole chain, in any order of input. */
export const verifyChain = (entries: readonly LedgerEntrySpec[]): Verification => {
  const links = linksOf(entries);
  const last = links.at(-1);
  return {
    entries: entries.length,
    head: last === undefined ? emptyHead : { seq: last.entry.seq, hash: last.hash },
    broken: links.find(({ broken }) => broken !== undefined)?.broken?.why,
  };
};
