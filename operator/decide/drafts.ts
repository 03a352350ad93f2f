/** The words of the ledger: one function for each thing that can have happened. */
import type { Approval } from '../api/approval.ts';
import type { ReleaseCandidate } from '../api/candidate.ts';
import type { Rollback } from '../api/rollback.ts';
import type { Bundle } from './bundle.ts';
import type { Delivery, LedgerDraft } from './entries.ts';
import type { Instant } from './objects.ts';
import { keyOf } from './objects.ts';
import type { CandidateRecord, OpenIntent } from './record.ts';

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

export const promotionStarted = (
  candidate: ReleaseCandidate,
  bundle: Bundle,
  {
    from,
    fromDigest,
    quorum,
    approvals,
    delivery,
  }: { from: string; fromDigest: string; quorum: string; approvals: readonly Approval[]; delivery: Delivery },
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
    writes: bundle.objects.map(({ ref, digest }) => ({ object: keyOf(ref), digest })),
    removes: bundle.removed.map(keyOf),
    delivery,
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
  const message = `${draft.data.object}: ${said}`.slice(0, 4096);
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

export const rollbackStarted = (
  back: Return,
  { cause, overwrites, order }: { cause: string; overwrites: readonly string[]; order: Rollback | undefined },
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
