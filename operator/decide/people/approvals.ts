/** What each signature under a candidate is worth now. The one place where that is decided; gates and status only read it. */
import type { Approval } from '../../api/approval.ts';
import { milliseconds } from '../../api/duration.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Bundle } from '../bundle.ts';
import type { Contributors } from './authors.ts';
import type { Instant } from '../objects.ts';
import { linesOf } from './approval-lines.ts';
import { isSystemName, peopleAmong } from './identity.ts';
import { type Quorum, quorum, type Signer } from './quorum.ts';
import type { SourceAuthors } from './source-authors.ts';

/** Why a signature counts, or does not. Unanswered = the API server has not said yet whether its signer may sign. */
export type Standing = 'Counts' | 'OtherContent' | 'SystemName' | 'Author' | 'Expired' | 'LacksRight' | 'Unanswered';

export interface Signature extends Signer {
  readonly approval: string;
  readonly decision: 'Approve' | 'Reject';
  readonly standing: Standing;
  /** First instant at which it no longer counts. A refusal does not age. */
  readonly expiresAt: Instant | undefined;
}

/** A candidate with what its signatures are judged by. */
export interface SignedCandidate {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy;
  readonly bundle: Pick<Bundle, 'authors' | 'digest'>;
  readonly approvals: readonly Approval[];
  /** By uid of an approval: does its signer hold the right to sign in that role now? undefined or absent = not answered. */
  readonly rights: ReadonlyMap<string, boolean | undefined>;
  /** Who changed staging since the bundle was frozen. */
  readonly hands: Pick<Contributors, 'known'>;
  /** Who made the source that it was built from. */
  readonly sourceAuthors: SourceAuthors;
  /** By uid of a candidate: the authors that the record names. */
  readonly record: {
    readonly candidates: ReadonlyMap<
      string,
      { readonly authors: Iterable<string>; readonly authorsWhenTested: Iterable<string> }
    >;
  };
}

/** What tells who had a hand in the content. */
export type Authored = Pick<SignedCandidate, 'bundle' | 'candidate' | 'hands' | 'record' | 'sourceAuthors'>;

/** The role whose line ends the hold on staging. */
export const testerRole = 'tester';

/**
 * Everybody who had a hand in the content, by username: those the bundle and the record name, those who have changed staging since it was
 * frozen (also if they changed it back), once more those the candidate names, so that a bundle which lost a name hides nobody, and those who
 * made its source.
 */
export const authorsOf = ({ bundle, candidate, hands, record, sourceAuthors }: Authored): readonly string[] => [
  ...new Set([
    ...bundle.authors,
    ...hands.known,
    ...(record.candidates.get(candidate.metadata.uid)?.authors ?? []),
    ...(record.candidates.get(candidate.metadata.uid)?.authorsWhenTested ?? []),
    candidate.spec.author.username,
    ...candidate.spec.onBehalfOf,
    ...sourceAuthors.known.map(({ username }) => username),
  ]),
];

const isForCandidate = ({ candidate }: SignedCandidate, { metadata, spec }: Approval): boolean =>
  metadata.namespace === candidate.spec.targetNamespace &&
  spec.subject.kind === candidate.kind &&
  spec.subject.name === candidate.metadata.name &&
  spec.subject.uid === candidate.metadata.uid;

const rightOf = (s: SignedCandidate, approval: Approval): Standing => {
  const held = s.rights.get(approval.metadata.uid);
  if (held === undefined) return 'Unanswered';
  return held ? 'Counts' : 'LacksRight';
};

/** Signatures of this candidate, refusals included, in the order of their names. */
export const signatures = (s: SignedCandidate, now: Instant): readonly Signature[] => {
  const approvals = s.approvals.filter((approval) => isForCandidate(s, approval));
  const authors = authorsOf(s);
  const personOf = peopleAmong(s.policy.spec.people, [
    ...authors,
    ...approvals.map(({ spec }) => spec.approver.username),
  ]);
  const authorPeople = new Set(authors.map(personOf));
  const validFor = milliseconds(s.policy.spec.approvalValidFor);

  const consentOf = (approval: Approval, person: string, expiresAt: Instant): Standing => {
    if (approval.spec.digest !== s.bundle.digest) return 'OtherContent';
    if (authorPeople.has(person)) return 'Author';
    // Not `expiresAt <= now`: a creation time that cannot be read makes an expired signature, not an eternal one.
    if (!(now < expiresAt)) return 'Expired';
    const standing = rightOf(s, approval);
    // Who signed may turn out to be an author.
    return standing === 'Counts' && s.sourceAuthors.unanswered.length > 0 ? 'Unanswered' : standing;
  };

  return approvals
    .map((approval): Signature => {
      const { approver, decision, role } = approval.spec;
      const person = personOf(approver.username);
      const expiresAt = Date.parse(approval.metadata.creationTimestamp) + validFor;
      const standing = decision === 'Reject' ? rightOf(s, approval) : consentOf(approval, person, expiresAt);
      return {
        approval: approval.metadata.name,
        person,
        username: approver.username,
        role,
        groups: approver.groups,
        decision,
        standing: isSystemName(approver.username) ? 'SystemName' : standing,
        expiresAt: decision === 'Reject' ? undefined : expiresAt,
      };
    })
    .sort((a, b) => (a.approval < b.approval ? -1 : 1));
};

/** The consents of that standing. */
export const consents = (all: readonly Signature[], ...standings: readonly Standing[]): readonly Signature[] =>
  all.filter(({ decision, standing }) => decision === 'Approve' && standings.includes(standing));

/** How far the approval lines are met: what `status.approvals` reports. */
export const approvalSummary = (s: SignedCandidate, now: Instant): Quorum =>
  quorum(linesOf(s), consents(signatures(s, now), 'Counts'));

/** Is the line of the testers met? It is when there is none. */
export const testersHaveSigned = (s: SignedCandidate, now: Instant): boolean => {
  const { have, need } = quorum(
    linesOf(s).filter(({ role }) => role === testerRole),
    consents(signatures(s, now), 'Counts'),
  );
  return have === need;
};
