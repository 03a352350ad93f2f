/** What the ledger is told of production itself: its baseline, acts, and findings. */
import type { Approval } from '../../api/approval.ts';
import { installation } from '../../api/kinds.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import type { Attempt, Finding } from '../record/expected-state.ts';
import { type Data, namespaceSubject, objectSubject } from '../record/subjects.ts';

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
