/** The words of the ledger: one function for each thing that can have happened. */
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import { installation } from '../../api/kinds.ts';
import type { Approval } from '../../api/approval.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { Rollback } from '../../api/rollback.ts';
import type { Bundle, BundleObject } from '../bundle.ts';
import { contentDigest, replicasOf } from '../manifest/content-digest.ts';
import type { Delivery, EntryData, LedgerDraft, Written } from '../ledger-entry.ts';
import type { Attempt, Finding } from './expected-state.ts';
import { decidedFinalizers } from '../manifest/lifetime.ts';
import { keyOf, type Instant, type ObjectKey, type ObjectRef } from '../objects.ts';
import type { CandidateRecord, OpenIntent } from './record.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';
import { visible } from '../safe-text.ts';
import { firstLine } from '../messages.ts';

type Subject = LedgerDraft['subject'];

const candidateSubject = (candidate: { name: string; uid: string; namespace: string }): Subject => ({
  kind: 'ReleaseCandidate',
  name: candidate.name,
  uid: candidate.uid,
  namespace: candidate.namespace,
});

const subjectOf = ({ metadata }: ReleaseCandidate): Subject => candidateSubject(metadata);

const signature = ({ metadata, spec }: Approval) => ({
  name: metadata.name,
  uid: metadata.uid,
  role: spec.role,
  username: spec.approver.username,
});

export const staged = (candidate: ReleaseCandidate, bundle: Bundle): LedgerDraft => ({
  actor: candidate.spec.author,
  subject: subjectOf(candidate),
  package: bundle.package,
  digest: bundle.digest,
  decision: '',
  reason: candidate.spec.notes.summary.slice(0, 4096),
  data: { type: 'Staged', bundle: bundle.name, base: bundle.base, authors: [...bundle.authors] },
});

export const tested = (candidate: ReleaseCandidate, bundle: Bundle, authors: readonly string[]): LedgerDraft => ({
  actor: 'operator',
  subject: subjectOf(candidate),
  package: bundle.package,
  digest: bundle.digest,
  decision: '',
  reason: 'staging held the content through the soak and the testers’ signatures',
  data: { type: 'Tested', bundle: bundle.name, authors: authors.toSorted() },
});

export const signed = (candidate: ReleaseCandidate, approval: Approval): LedgerDraft => ({
  actor: approval.spec.approver,
  subject: subjectOf(candidate),
  package: candidate.spec.package,
  digest: approval.spec.digest,
  decision: 'Approve',
  reason: approval.spec.comment,
  data: { type: 'Signed', approval: signature(approval) },
});

export const rejected = (candidate: ReleaseCandidate, approval: Approval, inFlight: boolean): LedgerDraft => ({
  actor: approval.spec.approver,
  subject: subjectOf(candidate),
  package: candidate.spec.package,
  digest: approval.spec.digest,
  decision: 'Reject',
  reason: `rejected by ${approval.spec.approver.username}: ${approval.spec.comment}`,
  data: { type: 'Rejected', approval: signature(approval), inFlight },
});

export const withdrawn = (candidate: CandidateRecord): LedgerDraft => ({
  actor: 'operator',
  subject: candidateSubject(candidate),
  package: candidate.package,
  digest: '',
  decision: '',
  reason: 'the candidate was deleted by somebody who holds the right to withdraw',
  // The API server tells nobody who deleted an object; its audit log does.
  data: { type: 'Withdrawn', by: '' },
});

export const refusedCandidate = (
  candidate: ReleaseCandidate,
  outcome: 'Expired' | 'Superseded',
  message: string,
): LedgerDraft => ({
  actor: 'operator',
  subject: subjectOf(candidate),
  package: candidate.spec.package,
  digest: '',
  decision: outcome,
  reason: message,
  data: { type: 'Refused', intent: '', outcome, object: '', message },
});

/** What writing a bundle makes of production, object by object. `from`: what production holds before. */
const writtenBy = ({ objects, unmanaged }: Bundle, from: readonly BundleObject[]): Written[] => {
  const before = new Map<ObjectKey, BundleObject>(from.map((object) => [keyOf(object.ref), object]));
  return objects.map(({ ref, digest, content }) => {
    const without = unmanagedOf(unmanaged, ref);
    const finalizers = decidedFinalizers(content, ref.kind);
    const frees = decidedFinalizers(before.get(keyOf(ref))?.content, ref.kind).filter(
      (name) => !finalizers.includes(name),
    );
    return {
      object: keyOf(ref),
      digest,
      content: contentDigest(content, { unmanaged: without }),
      replicas: without.includes('spec.replicas') ? null : (replicasOf(content) ?? null),
      without: [...without],
      ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }),
      ...(frees.length === 0 ? {} : { frees: [...frees] }),
    };
  });
};

export const promotionStarted = (
  candidate: ReleaseCandidate,
  bundle: Bundle,
  {
    from,
    fromDigest,
    fromObjects = [],
    quorum,
    approvals,
    delivery,
    followsUp,
  }: {
    from: string;
    fromDigest: string;
    /** What production holds before; absent = nothing. */
    fromObjects?: readonly BundleObject[];
    quorum: string;
    approvals: readonly Approval[];
    delivery: Delivery;
    followsUp: Data<'PromotionStarted'>['followsUp'];
  },
): LedgerDraft => ({
  actor: 'operator',
  subject: subjectOf(candidate),
  package: bundle.package,
  digest: bundle.digest,
  decision: 'Promote',
  reason: 'every gate passed',
  data: {
    type: 'PromotionStarted',
    to: bundle.name,
    from,
    fromDigest,
    quorum,
    approvals: approvals.map(signature),
    writes: writtenBy(bundle, fromObjects),
    removes: bundle.removed.map(keyOf),
    delivery,
    followsUp,
  },
});

export const refusedWrite = (open: OpenIntent, pkg: string, object: string): LedgerDraft => ({
  actor: 'operator',
  subject: candidateSubject(open.candidate),
  package: pkg,
  digest: open.toDigest,
  decision: 'Refused',
  reason: '',
  data: { type: 'Refused', intent: open.id, outcome: 'Failed', object, message: '' },
});

/** An order that was not carried out, and never will be. */
export const refusedOrder = ({ metadata, spec }: Rollback, decision: string, message: string): LedgerDraft => ({
  actor: spec.requester,
  subject: { kind: 'Rollback', name: metadata.name, uid: metadata.uid, namespace: metadata.namespace },
  package: spec.package,
  digest: '',
  decision,
  reason: message,
  data: { type: 'Refused', intent: '', outcome: 'Failed', object: '', message },
});

/** `refusedWrite` with what the API server said. */
export const withRefusal = (draft: LedgerDraft, said: string): LedgerDraft => {
  if (draft.data.type !== 'Refused') return draft;
  const message = `${draft.data.object}: ${visible(firstLine(said))}`.slice(0, 4096);
  return { ...draft, reason: message, data: { ...draft.data, message } };
};

export const promoted = (
  open: OpenIntent,
  bundle: Bundle,
  { observeUntil, healthy, reason }: { observeUntil: Instant; healthy: boolean; reason: string },
): LedgerDraft => ({
  actor: 'operator',
  subject: candidateSubject(open.candidate),
  package: bundle.package,
  digest: bundle.digest,
  decision: healthy ? 'Complete' : 'Unhealthy',
  reason,
  data: {
    type: 'Promoted',
    intent: open.id,
    to: open.to,
    from: open.from,
    observeUntil: new Date(observeUntil).toISOString(),
    healthy,
  },
});

/** A release that failed while it was observed, and whose candidate said to page instead of going back. */
export const failedObserved = (bundle: Bundle, message: string): LedgerDraft => ({
  actor: 'operator',
  subject: candidateSubject(bundle.candidate),
  package: bundle.package,
  digest: bundle.digest,
  decision: 'Unhealthy',
  reason: message.slice(0, 4096),
  data: { type: 'Refused', intent: '', outcome: 'Failed', object: '', message },
});

/** What is taken back, and where to. */
export interface Return {
  readonly candidate: { readonly name: string; readonly uid: string; readonly namespace: string };
  readonly package: string;
  readonly from: string;
  readonly fromDigest: string;
  readonly to: string;
  readonly toDigest: string;
  readonly delivery: Delivery;
}

export interface ReturnOf {
  readonly cause: string;
  readonly overwrites: readonly string[];
  readonly order: Rollback | undefined;
  /** The bundle that is restored; undefined = production is left without the package. Jobs are not run again. */
  readonly restores: Bundle | undefined;
  /** What is taken back; absent = it is not known, so nothing of it is taken off. */
  readonly takesBack?: Bundle | undefined;
  readonly removes: readonly ObjectRef[];
}

export const rollbackStarted = (
  back: Return,
  { cause, overwrites, order, restores, takesBack, removes }: ReturnOf,
): LedgerDraft => ({
  actor: order?.spec.requester ?? 'operator',
  subject: candidateSubject(back.candidate),
  package: back.package,
  digest: back.toDigest,
  decision: order === undefined ? 'Automatic' : 'Ordered',
  reason: cause.slice(0, 4096),
  data: {
    type: 'RollbackStarted',
    to: back.to,
    toDigest: back.toDigest,
    from: back.from,
    fromDigest: back.fromDigest,
    rollback: order?.metadata.uid ?? '',
    overwrites: [...overwrites],
    delivery: back.delivery,
    writes:
      restores === undefined
        ? []
        : writtenBy(
            { ...restores, objects: restores.objects.filter(({ ref }) => !runsOncePerBundle(ref.kind)) },
            takesBack?.objects ?? [],
          ),
    removes: removes.map(keyOf),
  },
});

export const rolledBack = (
  open: OpenIntent,
  { package: pkg, fromDigest, previous }: { package: string; fromDigest: string; previous: string },
): LedgerDraft => ({
  actor: 'operator',
  subject: candidateSubject(open.candidate),
  package: pkg,
  digest: open.toDigest,
  decision: '',
  reason: open.cause,
  data: {
    type: 'RolledBack',
    intent: open.id,
    startedAt: new Date(open.at).toISOString(),
    to: open.to,
    toDigest: open.toDigest,
    from: open.from,
    fromDigest,
    previous,
    rollback: open.rollback,
    rejected: open.rejected,
  },
});

const namespaceSubject = (namespace: string): Subject => ({ kind: 'Namespace', name: namespace, uid: '', namespace });

/** The subject that an object key names. */
const objectSubject = (namespace: string, object: string, uid: string): Subject => {
  const slash = object.indexOf('/');
  return { kind: object.slice(0, slash), name: object.slice(slash + 1), uid, namespace };
};

type Data<T extends EntryData['type']> = Extract<EntryData, { type: T }>;

export const adopted = (
  namespace: string,
  { reason, ...data }: Omit<Data<'Adopted'>, 'type'> & { readonly reason: string },
): LedgerDraft => ({
  actor: 'operator',
  subject: namespaceSubject(namespace),
  package: '',
  digest: '',
  decision: '',
  reason,
  data: { type: 'Adopted', ...data },
});

/** What came of an act that the gate admitted. `seen`: the object that shows it; undefined = none did in time. */
export const observed = (
  namespace: string,
  attempt: Attempt,
  seen: { readonly object: string; readonly uid: string } | undefined,
): LedgerDraft => ({
  actor: 'operator',
  subject: objectSubject(namespace, seen?.object ?? attempt.object, seen?.uid ?? attempt.uid),
  package: '',
  digest: attempt.after,
  decision: seen === undefined ? 'NotObserved' : 'Observed',
  reason: seen === undefined ? 'it was admitted and never seen' : '',
  data: {
    type: 'Observed',
    admitted: attempt.id,
    happened: seen !== undefined,
    object: seen?.object ?? '',
    resourceVersion: '',
  },
});

export interface Opened {
  /** Where the object is; the production namespace when absent. */
  readonly home?: string;
  readonly object: string;
  readonly uid: string;
  readonly digest: string;
  readonly reason: string;
  readonly data: Omit<Data<'FindingOpened'>, 'type' | 'object'>;
}

export const findingOpened = (
  namespace: string,
  { home = namespace, object, uid, digest, reason, data }: Opened,
): LedgerDraft => ({
  actor: 'operator',
  subject: objectSubject(home, object, uid),
  package: '',
  digest,
  decision: '',
  reason: reason.slice(0, 4096),
  data: { type: 'FindingOpened', object, ...data },
});

export type Closing =
  | { readonly by: 'Release'; readonly bundle: string }
  | { readonly by: 'Signature'; readonly approval: Approval; readonly accepted: boolean };

const onceForAll = ({ metadata, spec }: Approval): string =>
  spec.subject.kind === installation.kind
    ? `, once for every production namespace (Approval ${metadata.namespace}/${metadata.name})`
    : '';

export const resumed = (
  subject: LedgerDraft['subject'],
  hash: string,
  { metadata, spec: { approver, role, comment } }: Approval,
): LedgerDraft => ({
  actor: approver,
  subject,
  package: '',
  digest: hash,
  decision: 'Approve',
  reason:
    `${approver.username} signed as ${role} for going on without entry ${subject.name}, and without what came after it${comment === '' ? '' : `: ${comment}`}`.slice(
      0,
      4096,
    ),
  data: {
    type: 'Resumed',
    entry: subject.uid,
    approval: { name: metadata.name, uid: metadata.uid, role, username: approver.username },
  },
});

export const findingClosed = (namespace: string, finding: Finding, closing: Closing): LedgerDraft => ({
  actor: closing.by === 'Signature' ? closing.approval.spec.approver : 'operator',
  subject: { kind: 'Finding', name: finding.name, uid: finding.id, namespace },
  package: '',
  digest: finding.digest,
  decision: closing.by === 'Signature' ? 'Approve' : 'Covered',
  reason:
    closing.by === 'Signature'
      ? `${closing.approval.spec.approver.username} signed for ${finding.object} as ${closing.approval.spec.role}${onceForAll(closing.approval)}: ${closing.approval.spec.comment}`.slice(
          0,
          4096,
        )
      : `bundle ${closing.bundle === '' ? 'none' : closing.bundle} covers ${finding.object}`,
  data: {
    type: 'FindingClosed',
    finding: finding.id,
    by: closing.by,
    approval: closing.by === 'Signature' ? closing.approval.metadata.name : '',
    bundle: closing.by === 'Release' ? closing.bundle : '',
    accepted: closing.by === 'Signature' && closing.accepted,
  },
});
