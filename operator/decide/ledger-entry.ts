/** What an entry of each type carries in `data`, and how a draft of it is written down. */
import * as z from 'zod';
import type { Identity } from '../api/meta.ts';
import type { LedgerEntrySpec } from '../api/ledger.ts';

const text = z.string();
/** A piece of Evidence, of the namespace of the candidate. */
const reported = z.object({
  name: text,
  uid: text,
  type: text,
  username: text,
  /** Whose signature made it count; absent = none was asked for. */
  signer: text.exactOptional(),
  /** Of provenance, as it was signed: the builder, and repositories with their revisions (`repository@revision`). */
  builder: text.exactOptional(),
  sources: z.array(text).exactOptional(),
});
const approval = z.object({ name: text, uid: text, role: text, username: text });
/** An exception, what it passed, who signed for it, and when it ends. */
const excepted = z.object({ name: text, uid: text, gates: z.array(text), by: z.array(text), until: text });

/** Who writes what the entry announces: the operator, or a GitOps tool that the gate lets through. */
const delivery = z.enum(['Countersign', 'GitOps']).default('Countersign');
export type Delivery = z.infer<typeof delivery>;
/** Of a content in production: how many replicas, null where that is not looked at; and the paths that its digest leaves out. */
const content = { replicas: z.int().nullable(), without: z.array(text) };

/** A line of approvals, as a policy has it. */
const line = z.object({ role: text, count: z.int(), oneFromEach: z.array(text) });

/** Finalizers and owners of an object (`lifetime.ts`); absent = none, or as before. */
const lifetime = z.array(text).exactOptional();

/**
 * An object that an intent will write. `digest` is that of the bundle; `content` is the one that any writer's content is compared by.
 * `finalizers`: those that it sets; `frees`: those that it takes off, because only the release before it has them. Absent = none. `replaced`: it is
 * deleted and created again. `parked`: the content that it has before it is deleted.
 */
const written = z.object({
  object: text,
  digest: text,
  content: text,
  ...content,
  finalizers: z.array(text).exactOptional(),
  frees: z.array(text).exactOptional(),
  replaced: z.literal(true).exactOptional(),
  parked: text.exactOptional(),
});
export type Written = z.infer<typeof written>;

/** What is not as it should be when a promotion or rollback ends, for people: of which object, what was wanted, what is there, why, and what to do next. */
const left = z.object({ object: text, wanted: text, found: text, why: text, next: text });
export type Left = z.infer<typeof left>;

const entryData = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Staged'), bundle: text, base: text, authors: z.array(text) }),
  z.object({ type: z.literal('Tested'), bundle: text, authors: z.array(text).default([]) }),
  z.object({ type: z.literal('Signed'), approval }),
  z.object({ type: z.literal('Rejected'), approval, inFlight: z.boolean() }),
  z.object({ type: z.literal('Withdrawn'), by: text }),
  z.object({
    type: z.literal('PromotionStarted'),
    to: text,
    from: text,
    fromDigest: text,
    /** Signatures that counted, of those that were needed: `3/3`. */
    quorum: text,
    /** The signatures it rests on. */
    approvals: z.array(approval),
    /** The evidence it rests on; absent = none was demanded. */
    evidence: z.array(reported).exactOptional(),
    /** Who made the source, as signed statements say: authors of the content from here on; absent = none says. */
    sourceAuthors: z.array(z.object({ username: text, did: text })).exactOptional(),
    /** The exceptions that it rests on, each with the gates that it passed by it; absent = it passed all by itself. */
    exceptions: z.array(excepted).exactOptional(),
    /** Every object it will write, so that those writes need no entries of their own. */
    writes: z.array(written),
    removes: z.array(text),
    delivery,
    /** The emergency that it follows up, by uid, with the objects that it keeps as they were left and those that it takes back. */
    followsUp: z
      .object({ emergency: text, covers: z.array(text), reverts: z.array(text) })
      .nullable()
      .default(null),
  }),
  /** A Job ended. From here on it is done whether its object is there or not, and never runs again for this content. */
  z.object({
    type: z.literal('JobDone'),
    /** The promotion under which it ran; '' = it ran in staging. */
    intent: text,
    /** Under the name that it had there. */
    object: text,
    outcome: z.enum(['Complete', 'Failed']),
  }),
  z.object({
    type: z.literal('Promoted'),
    intent: text,
    to: text,
    from: text,
    observeUntil: text,
    /** False when it failed and the candidate said to page instead of going back. */
    healthy: z.boolean(),
    left: z.array(left).default([]),
  }),
  z.object({
    type: z.literal('RollbackStarted'),
    to: text,
    toDigest: text,
    from: text,
    fromDigest: text,
    /** Uid of the Rollback that ordered it; '' for none. */
    rollback: text,
    /** Objects whose content was neither bundle's: they are overwritten. */
    overwrites: z.array(text),
    delivery,
    /** Every object it restores, and every one it deletes or may find deleted. */
    writes: z.array(written),
    removes: z.array(text),
  }),
  z.object({
    type: z.literal('RolledBack'),
    intent: text,
    startedAt: text,
    to: text,
    toDigest: text,
    from: text,
    fromDigest: text,
    previous: text,
    rollback: text,
    rejected: z.boolean(),
    /** Failed: its time was over before every pod ran the restored revision. */
    outcome: z.enum(['Complete', 'Failed']).default('Complete'),
    left: z.array(left).default([]),
  }),
  /** Somebody signed that content which was taken back was not the cause: it may go forward again. `hold`: `id` of the entry that holds it. */
  z.object({ type: z.literal('HoldLifted'), hold: text, approval }),
  z.object({
    type: z.literal('Refused'),
    /** The intent under which a write was refused; '' when the candidate itself is refused. */
    intent: text,
    outcome: z.enum(['Expired', 'Superseded', 'Failed']),
    object: text,
    message: text,
  }),
  /** What production held when it was first looked at: the content that later changes are measured against. */
  z.object({
    type: z.literal('Adopted'),
    objects: z.array(z.object({ object: text, digest: text, ...content, lifetime })),
    /** Kinds of which this is all there was. */
    kinds: z.array(text),
    /** There is more to enter: changes are measured only from the last of these entries on. */
    more: z.boolean(),
    /** Objects whose content is explained, and their finalizers and owners are entered only now. */
    lifetimes: z.array(z.object({ object: text, lifetime: z.array(text) })).exactOptional(),
    /** These are the finalizers and owners of all that there was: from the last of these entries on they are measured, too. */
    measuresLifetimes: z.boolean().exactOptional(),
  }),
  /** The gate let an act of a person or a declared program through, before the API server answered it: an attempt. */
  z.object({
    type: z.literal('Admitted'),
    /** Uid of the admission review. */
    review: text,
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    resource: text,
    subresource: text,
    /** Digests of the content before and after; '' = none. */
    before: text,
    after: text,
    /** Finalizers and owners after it; absent = as they were. */
    lifetime,
    /** What the digests do not say, for people: `replicas 2 to 4`. */
    detail: text,
    /** Uid of the EmergencyAccess under which it is done; '' = under none. */
    emergency: text.default(''),
    /** Of a change of the policy: the approvals that it demanded until then; null = it is about something else. */
    demanded: z.array(line).nullable().default(null),
    /** The PolicyChange that it applies, and who signed for that; absent = it applies none. */
    change: z.object({ name: text, uid: text, by: z.array(text) }).exactOptional(),
  }),
  /** What came of an admitted act. */
  z.object({
    type: z.literal('Observed'),
    /** `id` of the Admitted entry. */
    admitted: text,
    /** False: it was never seen in the cluster; something after the gate refused it, or it changed nothing. */
    happened: z.boolean(),
    /** The object it was seen on; '' when it was not seen. */
    object: text,
    resourceVersion: text,
  }),
  /** A change of production that nothing explains. It stays open until somebody signs for it or a release covers it. */
  z.object({
    type: z.literal('FindingOpened'),
    object: text,
    change: z.enum(['Created', 'Changed', 'Deleted', 'Integrity']),
    before: text,
    after: text,
    /** Digest of the replicas it was found with; '' = not looked at. */
    scale: text,
    without: z.array(text),
    /** Field managers that wrote last, as far as the object says. */
    managers: z.array(text),
    /** Who did it, as far as the gate saw it; '' = unknown. */
    username: text,
    /** Fields that are known to differ beside what the digests tell. */
    paths: z.array(text),
    /** Finalizers and owners as they were explained and as they were found, where they differ. */
    lifetime: z.object({ before: z.array(text), after: z.array(text) }).exactOptional(),
    /** Of an integrity finding: the objects of the installation that changed. */
    parts: z.array(z.object({ object: text, before: text, after: text })),
  }),
  z.object({
    type: z.literal('FindingClosed'),
    /** `id` of the FindingOpened entry. */
    finding: text,
    by: z.enum(['Signature', 'Release']),
    /** The signature; '' when a release covers it. */
    approval: text,
    /** The bundle that covers it; '' when somebody signed. */
    bundle: text,
    /** Production was still as it was found, and later changes are measured against that. */
    accepted: z.boolean(),
  }),
  /** An emergency access was judged and is being made: from here on its deadline is known to everybody. The subject is the EmergencyAccess. */
  z.object({
    type: z.literal('EmergencyGranted'),
    grantee: text,
    grantor: text,
    notAfter: text,
    /** The ClusterRole that is bound, and the digest of what it allows: a grant whose role changes ends. */
    clusterRole: text,
    roleDigest: text,
    /** The Role and the bindings that make it, with every digest that they may have on the way. */
    objects: z.array(z.object({ object: text, digests: z.array(text) })),
  }),
  z.object({ type: z.literal('EmergencyRefused'), message: text }),
  /** Everything is made but the subjects: what comes next lets the grantee in. */
  z.object({ type: z.literal('EmergencyOpened') }),
  /** It is over; what it was made of is taken away next. */
  z.object({ type: z.literal('EmergencyEnded'), cause: z.enum(['Expired', 'Revoked', 'Changed']), message: text }),
  /** What it was made of is gone, or named, and what it left behind is known. The entry's digest is what a reviewer signs. */
  z.object({
    type: z.literal('EmergencyAccounted'),
    actions: z.int(),
    drift: z.array(
      z.object({ object: text, change: z.enum(['Created', 'Changed', 'Deleted']), before: text, after: text }),
    ),
    sessions: z.array(z.object({ pod: text, outcome: z.enum(['Gone', 'Reported']) })),
    /** By when a follow-up release is to be in production; '' = nothing was left changed. */
    dueAt: text,
    /** Of its Role and bindings, what a finalizer still keeps; absent = nothing. */
    left: z.array(text).exactOptional(),
  }),
  z.object({ type: z.literal('EmergencyReviewed'), approval }),
  z.object({ type: z.literal('EmergencyOverdue'), dueAt: text }),
  /** Reviewed, and everything that it left changed is settled. */
  z.object({ type: z.literal('EmergencyClosed'), bundles: z.array(text) }),
  /** Somebody signed for going on without the entry of that `id`, which does not follow, and without what came after it. The digest is its hash. */
  z.object({ type: z.literal('Resumed'), entry: text, approval }),
]);

/** `data` of an entry, with its type beside it. Every type of entry is one of these. */
export type EntryData = z.infer<typeof entryData>;

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
export const parseData = ({ type, data }: LedgerEntrySpec): EntryData => {
  const fields: unknown = JSON.parse(data);
  return entryData.parse({ ...(typeof fields === 'object' ? fields : {}), type });
};
