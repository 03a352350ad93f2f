/** What the ledger is told of a candidate, up to the start of its promotion. */
import type { Approval } from '../../api/approval.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { Bundle, BundleObject } from '../bundle.ts';
import type { Counted } from '../evidence/demands.ts';
import type { Delivery, LedgerDraft, Written } from '../ledger-entry.ts';
import { firstLine } from '../messages.ts';
import type { SourceAuthor } from '../people/source-authors.ts';
import { keyOf } from '../objects.ts';
import type { CandidateRecord } from '../record/candidate.ts';
import { candidateSubject, type Data, excepted, reported, signature, subjectOf } from '../record/subjects.ts';
import { writtenBy } from '../release/entries.ts';
import { visible } from '../safe-text.ts';

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

/** How a Job ended in staging, with the content of a bundle. */
export const jobDone = (
  candidate: ReleaseCandidate,
  bundle: Bundle,
  { object, outcome, message }: { object: string; outcome: 'Complete' | 'Failed'; message: string },
): LedgerDraft => ({
  actor: 'operator',
  subject: subjectOf(candidate),
  package: bundle.package,
  digest: bundle.digest,
  decision: outcome,
  reason: visible(firstLine(message)).slice(0, 4096),
  data: { type: 'JobDone', intent: '', object, outcome },
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
    fromObjects = [],
    parks = [],
    quorum,
    approvals,
    evidence = [],
    sourceAuthors = [],
    exceptions = [],
    delivery,
    followsUp,
  }: {
    from: string;
    fromDigest: string;
    /** What production holds before; absent = nothing. */
    fromObjects?: readonly BundleObject[];
    /** What it parks before it deletes it (`parkedBy`). */
    parks?: readonly Written[];
    quorum: string;
    approvals: readonly Approval[];
    /** What it rests on besides; absent = nothing. */
    evidence?: readonly Counted[];
    /** Who made its source; absent = nobody says. */
    sourceAuthors?: readonly SourceAuthor[];
    /** By which it passes gates; absent = none. */
    exceptions?: readonly Parameters<typeof excepted>[0][];
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
    ...(evidence.length === 0 ? {} : { evidence: evidence.map(reported) }),
    ...(sourceAuthors.length === 0
      ? {}
      : { sourceAuthors: sourceAuthors.map(({ username, did }) => ({ username, did })) }),
    ...(exceptions.length === 0 ? {} : { exceptions: exceptions.map(excepted) }),
    writes: [...writtenBy(bundle, fromObjects), ...parks],
    removes: bundle.removed.map(keyOf),
    delivery,
    followsUp,
  },
});
