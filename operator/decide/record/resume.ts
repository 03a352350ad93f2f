/** How a record goes on that an entry broke which does not follow: somebody who holds an approval role signs for going on without it. */
import type { Approval } from '../../api/approval.ts';
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { type Answers, askAgainAt, questionKey } from '../api-queries.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import type { Instant } from '../objects.ts';
import { isConsent, rightToSign } from '../people/approval-right.ts';
import { nothing, type Plan } from '../plan.ts';
import type { NamespaceRecord, RefusedEntry } from './record.ts';

export interface ResumeSnapshot {
  readonly namespace: string;
  readonly policy: ReleasePolicy;
  readonly record: Pick<NamespaceRecord, 'refused' | 'damaged' | 'ahead'>;
  /** Signatures in this namespace under the id of an entry. */
  readonly approvals: (id: string) => readonly Approval[];
}

/** The entry that somebody may sign for going on without; undefined = none: no signature repairs what was lost or changed. */
export const resumable = ({
  refused,
  damaged,
}: Pick<NamespaceRecord, 'refused' | 'damaged'>): RefusedEntry | undefined => (damaged === true ? undefined : refused);

/** The entry that a signature may be about now: the one that broke the record, or one that stands ahead of it. */
const signable = (record: ResumeSnapshot['record']): RefusedEntry | undefined =>
  resumable(record) ?? (record.damaged === true ? undefined : record.ahead?.[0]);

/** Signs for going on, as it is typed. The API server stamps who signs. */
export const signResume = ({ metadata, spec }: ReleasePolicy, entry: RefusedEntry): string =>
  `echo '${JSON.stringify({
    apiVersion,
    kind: kinds.Approval.kind,
    metadata: { generateName: `entry-${entry.name}-`, namespace: metadata.namespace },
    spec: {
      subject: { kind: kinds.LedgerEntry.kind, name: entry.name, uid: entry.id },
      digest: entry.hash,
      role: spec.approvals[0]?.role ?? '',
      decision: 'Approve',
    },
  })}' | kubectl create -f -`;

const isFor = (entry: RefusedEntry, s: ResumeSnapshot, { metadata, spec }: Approval): boolean =>
  metadata.namespace === s.namespace &&
  spec.subject.kind === kinds.LedgerEntry.kind &&
  spec.subject.name === entry.name &&
  spec.subject.uid === entry.id &&
  spec.digest === entry.hash &&
  s.policy.spec.approvals.some(({ role }) => role === spec.role);

/** Enters that the record goes on, or passes over an entry ahead, by the first signature that counts. */
export const planResume = (s: ResumeSnapshot, answers: Answers, now: Instant): Plan => {
  const entry = signable(s.record);
  if (entry === undefined) return nothing;
  const signatures = s
    .approvals(entry.id)
    .filter((approval) => isFor(entry, s, approval) && isConsent(approval, s.policy, now))
    .map((approval) => ({ approval, question: rightToSign(s.namespace, approval) }));
  const questions = signatures
    .map(({ question }) => question)
    .filter((question) => !answers.has(questionKey(question)));
  if (questions.length > 0) return { ...nothing, questions };
  const valid = signatures.find(({ question }) => answers.get(questionKey(question))?.kind === 'Yes');
  if (valid === undefined) {
    return signatures.length === 0 ? nothing : { ...nothing, wakeAt: askAgainAt(answers, now) };
  }
  const subject = { kind: kinds.LedgerEntry.kind, name: entry.name, uid: entry.id, namespace: s.namespace };
  const draft = resumed(subject, entry.hash, valid.approval);
  return { ...nothing, effects: [{ do: 'Append', namespace: s.namespace, draft }] };
};

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
