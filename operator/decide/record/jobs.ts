/** How Jobs ended in production, by the record. */
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { EntryData } from '../ledger-entry.ts';
import { asKey, type ObjectKey } from '../objects.ts';

export interface JobEnd {
  readonly outcome: 'Complete' | 'Failed';
  /** `id` of the promotion under which it ran. */
  readonly intent: string;
  readonly message: string;
}

/** What a package knows of them. */
export interface JobsRecord {
  readonly seq: number;
  /** By the name that each has in production, which tells the bundle. */
  readonly jobs: ReadonlyMap<ObjectKey, JobEnd>;
}

/** After one more. What ended in staging is of its candidate alone. */
export const foldJob = <Package extends JobsRecord>(
  before: Package,
  { entry, data }: { readonly entry: LedgerEntrySpec; readonly data: Extract<EntryData, { type: 'JobDone' }> },
): Package => {
  const { intent, object, outcome } = data;
  if (intent === '') return before;
  const jobs = new Map(before.jobs).set(asKey(object), { outcome, intent, message: entry.reason });
  return { ...before, seq: entry.seq, jobs };
};
