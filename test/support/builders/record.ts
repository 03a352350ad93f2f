/** Records made as programs make them: entry after entry, each of which must follow from those before it. */
import type { LedgerEntrySpec } from '../../../operator/api/ledger.ts';
import { ledgerWriters, type LedgerWriter } from '../../../operator/api/ledger-writers.ts';
import type { LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import type { Instant } from '../../../operator/decide/objects.ts';
import { type NamespaceRecord } from '../../../operator/decide/record/record.ts';
import { foldEntries, followEntries } from '../../../operator/decide/record/follow.ts';
import type { JointDraft } from '../../../operator/decide/record/batch.ts';
import { whyNotNext } from '../../../operator/decide/record/transitions.ts';
import { entryHash, nextEntry } from '../../../operator/decide/record/chain.ts';

/** The ServiceAccount of a program. */
export const program = (name: LedgerWriter | 'restorer') => ({
  username: `system:serviceaccount:countersign-system:countersign-${name}`,
  uid: '',
  groups: [],
});

/** The entry of a draft, by the program that writes its type. */
export const entryAfter = (
  { head }: NamespaceRecord,
  draft: LedgerDraft | JointDraft,
  { id = `id-${head.seq + 1}`, at }: { readonly id?: string; readonly at: Instant },
): LedgerEntrySpec => nextEntry(head, draft, { id, now: at, self: program(ledgerWriters[draft.data.type].writer) });

/** The record after an entry that follows. @throws when it does not */
export const recordAfter = (
  record: NamespaceRecord,
  draft: LedgerDraft,
  stamp: { readonly id?: string; readonly at: Instant },
): NamespaceRecord => {
  const entry = entryAfter(record, draft, stamp);
  const after = followEntries(record, [{ entry, hash: entryHash(entry), broken: undefined }], whyNotNext);
  if (after.broken !== undefined && record.broken === undefined) throw new Error(after.broken);
  return after;
};

/** The record after an entry, whatever came before it: for a test that begins in the middle. */
export const recordAsTold = (
  record: NamespaceRecord,
  draft: LedgerDraft,
  stamp: { readonly at: Instant },
): NamespaceRecord => {
  const entry = entryAfter(record, draft, stamp);
  return foldEntries(record, [{ entry, hash: entryHash(entry), broken: undefined }]);
};

/** The record after a promotion began of content that was staged for it. */
export const recordStarting = (
  record: NamespaceRecord,
  draft: LedgerDraft,
  stamp: { readonly at: Instant },
): NamespaceRecord => {
  const { data, digest } = draft;
  if (data.type !== 'PromotionStarted') return recordAfter(record, draft, stamp);
  const isStaged = record.candidates.get(draft.subject.uid)?.stagedDigests.has(digest) === true;
  const staging: LedgerDraft = {
    ...draft,
    actor: { username: 'developer-a', uid: '', groups: [] },
    data: { type: 'Staged', bundle: data.to, base: data.fromDigest === '' ? 'none' : data.fromDigest, authors: [] },
  };
  return recordAfter(isStaged ? record : recordAfter(record, staging, stamp), draft, stamp);
};
