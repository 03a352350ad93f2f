/** Whether the record of a namespace is whole: computed from its entries alone, by the functions by which the operator reads it. */
import { entryName, type LedgerEntry, type LedgerEntrySpec } from '../../operator/api/ledger.ts';
import { actsIn } from '../../operator/decide/record/batch.ts';
import { emptyHead, entryHash, linksOf } from '../../operator/decide/record/chain.ts';
import { followEntries } from '../../operator/decide/record/follow.ts';
import { emptyRecord } from '../../operator/decide/record/record.ts';
import { whyNotNext } from '../../operator/decide/record/transitions.ts';

export interface Verification {
  /** Hash of the newest entry: who notes it can tell later that nothing was cut off. */
  readonly head: string;
  readonly count: number;
  /** What is wrong; undefined = one whole chain. */
  readonly wrong: string | undefined;
  /** Entries that somebody wrote into it, and past which the record has gone on. */
  readonly planted: readonly string[];
}

/** `noted`: the hash of an entry noted earlier, which must still be there. Without it, nobody can tell that the newest entries were cut off. */
export const verificationOf = (entries: readonly LedgerEntry[], noted?: string): Verification => {
  const specs = entries.map(({ spec }) => spec);
  const links = linksOf(specs);
  // What is wrong, and whether somebody signed for going on without it.
  const { head, broken } = followEntries({ ...emptyRecord, head: emptyHead }, links, whyNotNext);
  const misnamed = entries.find(({ metadata, spec }) => metadata.name !== entryName(spec.seq));
  const cut = noted !== undefined && !specs.some((spec) => entryHash(spec) === noted);
  return {
    head: head.hash,
    count: entries.length,
    wrong:
      broken ??
      (misnamed && `entry ${misnamed.metadata.name} is not where its name says`) ??
      (cut ? `no entry has the hash ${noted}` : undefined),
    planted: links.flatMap(({ broken }) => (broken?.how === 'OtherPrevious' ? [broken.why] : [])),
  };
};

/** The acts that one entry tells of, when it tells of several; an entry that cannot be read tells of none. */
export const actsTogether = (spec: LedgerEntrySpec): readonly LedgerEntrySpec[] => {
  try {
    return actsIn(spec).filter((act) => act !== spec);
  } catch {
    // Somebody wrote something else there; whether the chain is whole is seen from the hashes.
    return [];
  }
};
