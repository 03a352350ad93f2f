/** The words of the ledger about emergencies: one function for each thing that can have happened. */
import type { Approval } from '../../api/approval.ts';
import type { EmergencyAccess } from '../../api/emergency.ts';
import { rfc3339 } from '../conditions.ts';
import { digestOf } from '../json/canonical.ts';
import type { EntryData, LedgerDraft } from '../ledger-entry.ts';
import type { Instant } from '../objects.ts';
import { grantDigests, notAfterOf, type Grant } from './grant.ts';
import type { Drift, EmergencyRecord } from '../record/emergency.ts';

type Data<T extends EntryData['type']> = Extract<EntryData, { type: T }>;

const about = (
  namespace: string,
  { uid, name }: Pick<EmergencyRecord, 'uid' | 'name'>,
  given: Pick<LedgerDraft, 'data'> & Partial<LedgerDraft>,
): LedgerDraft => ({
  actor: 'operator',
  subject: { kind: 'EmergencyAccess', name, uid, namespace },
  package: '',
  digest: '',
  decision: '',
  reason: '',
  ...given,
});

export const granted = (access: EmergencyAccess, clusterRole: { name: string; digest: string }): LedgerDraft => {
  const { metadata, spec } = access;
  const notAfter = rfc3339(notAfterOf(access));
  const grant: Grant = { access, clusterRole: clusterRole.name };
  return about(metadata.namespace, metadata, {
    actor: spec.grantor,
    decision: 'Grant',
    reason: `${spec.grantor.username} gives ${spec.grantee} access until ${notAfter} for ${spec.incident}: ${spec.reason}`,
    data: {
      type: 'EmergencyGranted',
      grantee: spec.grantee,
      grantor: spec.grantor.username,
      notAfter,
      clusterRole: clusterRole.name,
      roleDigest: clusterRole.digest,
      objects: grantDigests(grant).map(({ object, Closed, Open }) => ({
        object,
        digests: [...new Set([Closed, Open])],
      })),
    },
  });
};

export const refusedAccess = (access: EmergencyAccess, decision: string, message: string): LedgerDraft =>
  about(access.metadata.namespace, access.metadata, {
    actor: access.spec.grantor,
    decision,
    reason: message.slice(0, 4096),
    data: { type: 'EmergencyRefused', message },
  });

export const opened = (namespace: string, emergency: EmergencyRecord): LedgerDraft =>
  about(namespace, emergency, {
    decision: 'Open',
    reason: `${emergency.grantee} gets access next`,
    data: { type: 'EmergencyOpened' },
  });

/** How an access comes to its end: a word of the catalogue, and a sentence. */
export interface End {
  readonly decision: 'AccessExpired' | 'AccessRevoked' | 'AccessChanged';
  readonly message: string;
}

const causes = { AccessExpired: 'Expired', AccessRevoked: 'Revoked', AccessChanged: 'Changed' } as const;

export const ended = (namespace: string, emergency: EmergencyRecord, { decision, message }: End): LedgerDraft =>
  about(namespace, emergency, {
    decision,
    reason: message,
    data: { type: 'EmergencyEnded', cause: causes[decision], message },
  });

export interface Account {
  readonly drift: readonly Drift[];
  readonly sessions: Data<'EmergencyAccounted'>['sessions'];
  readonly dueAt: Instant | undefined;
  /** Of its Role and bindings, what could not be taken away; absent = nothing. */
  readonly left?: readonly string[];
}

/** What a reviewer signs for: every entry of an act, by its place and hash, and what all of them left behind. */
export const accountDigest = (emergency: EmergencyRecord, { drift, sessions, left }: Account): string =>
  digestOf({
    emergency: emergency.uid,
    entries: emergency.entries.map(({ seq, hash }) => [seq, hash]),
    drift: drift.map((each) => ({ ...each })),
    sessions: sessions.map((each) => ({ ...each })),
    ...(left === undefined ? {} : { left: [...left] }),
  });

export const accounted = (namespace: string, emergency: EmergencyRecord, account: Account): LedgerDraft => {
  const { drift, sessions, dueAt, left } = account;
  const { actions } = emergency;
  return about(namespace, emergency, {
    digest: accountDigest(emergency, account),
    reason: `${actions} ${actions === 1 ? 'act' : 'acts'} under it; ${drift.length} ${drift.length === 1 ? 'object' : 'objects'} left changed${left === undefined ? '' : `; not taken away yet: ${left.join(', ')}`}`,
    data: {
      type: 'EmergencyAccounted',
      actions,
      drift: [...drift],
      sessions: [...sessions],
      dueAt: dueAt === undefined ? '' : rfc3339(dueAt),
      ...(left === undefined ? {} : { left: [...left] }),
    },
  });
};

export const reviewed = (namespace: string, emergency: EmergencyRecord, { metadata, spec }: Approval): LedgerDraft =>
  about(namespace, emergency, {
    actor: spec.approver,
    digest: spec.digest,
    decision: 'Approve',
    reason: spec.comment,
    data: {
      type: 'EmergencyReviewed',
      approval: { name: metadata.name, uid: metadata.uid, role: spec.role, username: spec.approver.username },
    },
  });

export const overdue = (namespace: string, emergency: EmergencyRecord, dueAt: Instant): LedgerDraft =>
  about(namespace, emergency, {
    decision: 'Overdue',
    reason: `the release that follows it up was due at ${rfc3339(dueAt)}; until it is there nobody gets access`,
    data: { type: 'EmergencyOverdue', dueAt: rfc3339(dueAt) },
  });

export const closed = (namespace: string, emergency: EmergencyRecord): LedgerDraft => {
  const bundles = [...new Set([...emergency.settled.values()].map(({ bundle }) => bundle))].toSorted();
  return about(namespace, emergency, {
    decision: 'Close',
    reason: `reviewed by ${emergency.reviewed?.username ?? ''}${bundles.length === 0 ? '' : `; followed up by ${bundles.join(', ')}`}`,
    data: { type: 'EmergencyClosed', bundles },
  });
};
