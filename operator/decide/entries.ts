/** What an entry of each type carries in `data`, and how a draft of it is written down. */
import * as z from 'zod';
import type { Identity } from '../api/meta.ts';
import type { LedgerEntrySpec, LedgerType } from '../api/ledger.ts';

const text = z.string();
const approval = z.object({ name: text, uid: text, role: text, username: text });

const shapes = {
  Staged: z.object({ bundle: text, base: text, authors: z.array(text) }),
  Tested: z.object({ bundle: text }),
  Signed: z.object({ approval }),
  Rejected: z.object({ approval, inFlight: z.boolean() }),
  Withdrawn: z.object({ by: text }),
  PromotionStarted: z.object({
    to: text,
    from: text,
    fromDigest: text,
    /** The signatures it rests on. */
    approvals: z.array(approval),
    /** Every object it will write, so that those writes need no entries of their own. */
    writes: z.array(z.object({ object: text, digest: text })),
    removes: z.array(text),
  }),
  Promoted: z.object({
    intent: text,
    to: text,
    from: text,
    observeUntil: text,
    /** False when it failed and the candidate said to page instead of going back. */
    healthy: z.boolean(),
  }),
  RollbackStarted: z.object({
    to: text,
    toDigest: text,
    from: text,
    fromDigest: text,
    /** Uid of the Rollback that ordered it; '' for none. */
    rollback: text,
    /** Objects whose content was neither bundle's: they are overwritten. */
    overwrites: z.array(text),
  }),
  RolledBack: z.object({
    intent: text,
    startedAt: text,
    to: text,
    toDigest: text,
    from: text,
    fromDigest: text,
    previous: text,
    rollback: text,
    rejected: z.boolean(),
  }),
  Refused: z.object({
    /** The intent under which a write was refused; '' when the candidate itself is refused. */
    intent: text,
    outcome: z.enum(['Expired', 'Superseded', 'Failed']),
    object: text,
    message: text,
  }),
} satisfies Record<LedgerType, z.ZodType>;

type Shapes = typeof shapes;

/** `data` of an entry, with its type beside it. */
export type EntryData = { [T in LedgerType]: { readonly type: T } & z.infer<Shapes[T]> }[LedgerType];

/** An entry before it has its place in the chain. */
export interface LedgerDraft {
  /** Who did it; `operator` is the program itself, under its own name. */
  readonly actor: Identity | 'operator';
  readonly subject: LedgerEntrySpec['subject'];
  readonly package: string;
  readonly digest: string;
  readonly decision: string;
  readonly reason: string;
  readonly data: EntryData;
}

/**
 * @throws ZodError when the entry was not written by this program or a compatible one: such a ledger is not trusted
 */
export const parseData = (entry: LedgerEntrySpec): EntryData => {
  const parsed = shapes[entry.type].parse(JSON.parse(entry.data));
  // The table above pairs each type with its shape; TypeScript cannot follow a lookup by a union key.
  return { type: entry.type, ...parsed } as EntryData;
};
