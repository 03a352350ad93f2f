/** The record of the model: entries go through the real table of transitions and the real folds. Only their hashes are short. */
import { ledgerWriters } from '../../../operator/api/ledger-writers.ts';
import type { LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import { nextEntry } from '../../../operator/decide/record/chain.ts';
import { followEntries } from '../../../operator/decide/record/follow.ts';
import { movedAt, type NamespaceRecord } from '../../../operator/decide/record/record.ts';
import { whyNotNext } from '../../../operator/decide/record/transitions.ts';
import { program } from '../../support/builders/record.ts';
import type { Timeline } from './timeline.ts';

export interface Entered {
  readonly at: number;
  readonly draft: LedgerDraft;
  readonly before: NamespaceRecord;
}

export class Ledger {
  readonly entries: Entered[] = [];
  readonly followers: ((record: NamespaceRecord) => void)[] = [];
  record: NamespaceRecord;
  readonly #time: Timeline;

  constructor(time: Timeline, record: NamespaceRecord) {
    this.#time = time;
    this.record = record;
  }

  /** Why the entry was not written; undefined = it was. `ifSeq`: only while that is the newest entry that moved what it is about. */
  append(draft: LedgerDraft, ifSeq?: number): string | undefined {
    const before = this.record;
    if (ifSeq !== undefined && movedAt(before, draft) !== ifSeq) return 'something moved the package since';
    const next = recordWith(before, draft, this.#time.now);
    if (next.broken !== undefined) return next.broken;
    this.record = next;
    this.entries.push({ at: this.#time.now, draft, before });
    for (const follower of this.followers) follower(this.record);
    return undefined;
  }
}

/** The record after one more entry; broken where it does not follow. */
export const recordWith = (record: NamespaceRecord, draft: LedgerDraft, now: number): NamespaceRecord => {
  const entry = nextEntry(record.head, draft, {
    id: `id-${record.head.seq + 1}`,
    now,
    self: program(ledgerWriters[draft.data.type].writer),
  });
  return followEntries(record, [{ entry, hash: `hash-${entry.seq}`, broken: undefined }], whyNotNext);
};
