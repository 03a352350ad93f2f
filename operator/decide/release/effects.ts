/** Plans of a release, by what they consist of. */
import type { Question } from '../api-queries.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import type { Instant } from '../objects.ts';
import { type Effect, nothing, type ObjectEffect, type Plan } from '../plan.ts';
import { packageRecord } from '../record/record.ts';
import type { ReleaseSnapshot } from './snapshot.ts';

export const act = (...effects: readonly Effect[]): Plan => ({ ...nothing, effects });
export const ask = (...questions: readonly Question[]): Plan => ({ ...nothing, questions });

/** An entry that rests on what the package is now: whatever moves it first, is judged anew. */
export const append = (s: ReleaseSnapshot, draft: LedgerDraft): Effect => ({
  do: 'Append',
  namespace: s.namespace,
  packageSeq: packageRecord(s.record, s.package).seq,
  draft,
});

export const together = (effects: readonly ObjectEffect[]): Effect[] =>
  effects.length === 0 ? [] : [{ do: 'Together', effects }];

export const waitUntil = (wakeAt: Instant | undefined): Plan => ({ ...nothing, wakeAt });
