/** Contents that were taken back go forward no more, until somebody signs that the cause was not the content's. */
import type { Approval } from '../../api/approval.ts';
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { type Answers, askAgainAt, questionKey, type RightQuestion } from '../api-queries.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import type { Instant } from '../objects.ts';
import { isConsent, rightToSign } from '../people/approval-right.ts';
import { peopleAmong } from '../people/identity.ts';
import type { Hold } from './hold.ts';
import type { PackageRecord } from './package.ts';
import type { NamespaceRecord } from './record.ts';
import { candidateSubject, signature } from './subjects.ts';

/** As `subject.kind` of an Approval has it. */
export const holdKind = 'Hold';

export interface HoldsSnapshot {
  readonly namespace: string;
  readonly policy: ReleasePolicy;
  readonly record: Pick<NamespaceRecord, 'packages' | 'candidates'>;
  /** Signatures in this namespace under the id of an entry. */
  readonly approvals: (id: string) => readonly Approval[];
}

interface Held {
  readonly package: string;
  readonly digest: string;
  readonly hold: Hold;
}

/** Signs for going forward with content that was taken back, as it is typed. The API server stamps who signs. */
export const signHold = ({ metadata, spec }: ReleasePolicy, digest: string, { name, id }: Hold): string =>
  `echo '${JSON.stringify({
    apiVersion,
    kind: kinds.Approval.kind,
    metadata: { generateName: `hold-${name}-`, namespace: metadata.namespace },
    spec: {
      subject: { kind: holdKind, name, uid: id },
      digest,
      role: spec.approvals[0]?.role ?? '',
      decision: 'Approve',
      comment: '<why the content was not the cause>',
    },
  })}' | kubectl create -f -`;

/** Holds that signatures lift. */
export const lifted = (
  s: HoldsSnapshot,
  answers: Answers,
  now: Instant,
): {
  readonly questions: readonly RightQuestion[];
  readonly entries: readonly LedgerDraft[];
  readonly wakeAt: Instant | undefined;
} => {
  const signatures = held(s).flatMap((each) =>
    s
      .approvals(each.hold.id)
      .filter(
        (approval) => isFor(s, each, approval) && isConsent(approval, s.policy, now) && !isAuthor(s, each, approval),
      )
      .map((approval) => ({ each, approval, question: rightToSign(s.namespace, approval) })),
  );
  const questions = signatures
    .map(({ question }) => question)
    .filter((question) => !answers.has(questionKey(question)));
  if (questions.length > 0) return { questions, entries: [], wakeAt: undefined };
  const valid = signatures.filter(({ question }) => answers.get(questionKey(question))?.kind === 'Yes');
  const first = new Map(valid.toReversed().map((signed) => [signed.each.hold.id, signed]));
  return {
    questions: [],
    entries: [...first.values()].map(({ each, approval }) => holdLifted(each, approval)),
    wakeAt: valid.length === signatures.length ? undefined : askAgainAt(answers, now),
  };
};

const held = ({ record }: HoldsSnapshot): readonly Held[] =>
  [...record.packages].flatMap(([pkg, known]) =>
    [...known.held].map(([digest, hold]) => ({ package: pkg, digest, hold })),
  );

const isFor = ({ namespace, policy }: HoldsSnapshot, { digest, hold }: Held, { metadata, spec }: Approval): boolean =>
  metadata.namespace === namespace &&
  isUnder({ spec }, digest, hold) &&
  spec.decision === 'Approve' &&
  policy.spec.approvals.some(({ role }) => role === spec.role);

const isUnder = ({ spec }: Pick<Approval, 'spec'>, digest: string, { name, id }: Hold): boolean =>
  spec.subject.kind === holdKind &&
  spec.subject.name === name &&
  spec.subject.uid === id &&
  spec.digest === digest &&
  spec.comment !== '';

/**
 * Of contents whose hold the record says was lifted, one that nobody signed for: whoever appends to the record signs nothing. undefined = there is none.
 * `approvals`: by name, as the API server holds them now.
 */
export const unsignedLift = (
  lifted: PackageRecord['lifted'],
  digests: readonly string[],
  approvals: ReadonlyMap<string, Approval>,
): string | undefined =>
  digests.find((digest) => {
    const hold = lifted.get(digest);
    if (hold === undefined) return false;
    const signed = approvals.get(hold.approval.name);
    return (
      signed === undefined ||
      signed.metadata.uid !== hold.approval.uid ||
      signed.spec.approver.username !== hold.approval.username ||
      signed.spec.decision !== 'Approve' ||
      !isUnder(signed, digest, hold)
    );
  });

/** Nobody says of their own content that it was not the cause. */
const isAuthor = ({ policy, record }: HoldsSnapshot, { hold }: Held, { spec }: Approval): boolean => {
  const authors = [...(record.candidates.get(hold.candidate.uid)?.authors ?? [])];
  const personOf = peopleAmong(policy.spec.people, [...authors, spec.approver.username]);
  return authors.some((author) => personOf(author) === personOf(spec.approver.username));
};

export const holdLifted = ({ package: pkg, digest, hold }: Held, approval: Approval): LedgerDraft => ({
  actor: approval.spec.approver,
  subject: candidateSubject(hold.candidate),
  package: pkg,
  digest,
  decision: 'Approve',
  reason:
    `${approval.spec.approver.username} signed as ${approval.spec.role} that the content was not the cause: ${approval.spec.comment}`.slice(
      0,
      4096,
    ),
  data: { type: 'HoldLifted', hold: hold.id, approval: signature(approval) },
});
