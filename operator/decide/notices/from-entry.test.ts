import { expect, test } from '@jest/globals';
import {
  aCandidate,
  anAccess,
  anApproval,
  aRollback,
  aSealedBundle,
  anEmergency,
  anIntent,
  hour,
  now,
} from '../../../test/support/builders/decide.ts';
import { entryAfter } from '../../../test/support/builders/record.ts';
import { refusedCandidate, rejected, signed, staged, withdrawn } from '../candidate/entries.ts';
import { accounted, overdue, opened } from '../emergency/entries.ts';
import { findingOpened } from '../findings/entries.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import { emptyRecord } from '../record/record.ts';
import { promoted, refusedOrder, refusedWrite, rolledBack, rollbackStarted } from '../release/entries.ts';
import { noticeOfEntry, type EntryContext } from './from-entry.ts';

const bundle = aSealedBundle();
const emergency = anEmergency(anAccess());

const context: EntryContext = {
  namespace: 'payments-prod',
  bundle: (name) =>
    name === bundle.name ? { version: '2.4.0', summary: '3 changes: 3 image' } : { version: '', summary: '' },
  versionOf: () => '2.4.0',
  emergency: () => emergency,
};

const noticeOf = (draft: LedgerDraft, id = 'id-1') =>
  noticeOfEntry(
    entryAfter({ ...emptyRecord, head: { seq: 41, hash: `sha256:${'0'.repeat(64)}` } }, draft, { id, at: now }),
    context,
  );

const open = anIntent(bundle);
const shape = { observeUntil: now + hour, reason: 'CrashLoopBackOff of api', left: [] };
const rolled = { package: 'payments', previous: '', outcome: 'Complete' as const, left: [] };
const back = {
  candidate: bundle.candidate,
  package: 'payments',
  from: bundle.name,
  fromDigest: bundle.digest,
  to: '',
  toDigest: '',
  delivery: 'Countersign' as const,
};

test.each<[sentence: string, draft: LedgerDraft, kind: string | undefined, facts: Readonly<Record<string, string>>]>([
  [
    'a rejection',
    rejected(aCandidate(), anApproval('approver-a'), false),
    'Rejected',
    { by: 'approver-a as approver' },
  ],
  [
    'a candidate that expired',
    refusedCandidate(aCandidate(), 'Expired', 'too late'),
    'Failed',
    { outcome: 'Expired', why: 'too late' },
  ],
  ['one that another replaces', refusedCandidate(aCandidate(), 'Superseded', 'by another'), undefined, {}],
  [
    'an order that is refused',
    refusedOrder(aRollback('back', now, 'why'), 'BundleUnknown', 'no such bundle'),
    'Failed',
    { rollback: 'back' },
  ],
  ['a refused write, which a rollback follows', refusedWrite(open, 'payments', 'Deployment/api', 'no'), undefined, {}],
  ['a promotion', promoted(open, bundle, { ...shape, healthy: true }), 'Promoted', { changes: '3 changes: 3 image' }],
  [
    'one that pages',
    promoted(open, bundle, { ...shape, healthy: false }),
    'Failed',
    { why: 'CrashLoopBackOff of api' },
  ],
  [
    'the start of a rollback',
    rollbackStarted(back, { cause: 'unhealthy', overwrites: [], order: undefined, restores: undefined, removes: [] }),
    'RollingBack',
    { cause: 'unhealthy', to: 'nothing' },
  ],
  [
    'its end',
    rolledBack({ ...open, type: 'Rollback', cause: 'unhealthy' }, rolled),
    'RolledBack',
    { cause: 'unhealthy' },
  ],
  [
    'a rollback that failed',
    rolledBack({ ...open, type: 'Rollback', cause: 'unhealthy' }, { ...rolled, outcome: 'Failed' }),
    'Failed',
    {},
  ],
  ['an access that opens', opened('payments-prod', emergency), 'EmergencyOpened', { grantee: emergency.grantee }],
  [
    'its account',
    accounted('payments-prod', emergency, { drift: [], sessions: [], dueAt: undefined }),
    'EmergencyReviewDue',
    { 'left changed': 'nothing' },
  ],
  [
    'a release after it that is late',
    overdue('payments-prod', emergency, now),
    'EmergencyOverdue',
    { missing: `a release that says --follows-up ${emergency.name}` },
  ],
  [
    'a finding',
    findingOpened('payments-prod', {
      object: 'ConfigMap/x',
      uid: 'u',
      digest: bundle.digest,
      reason: 'nothing explains it',
      data: {
        change: 'Changed',
        before: '',
        after: '',
        scale: '',
        without: [],
        managers: [],
        username: 'somebody',
        paths: [],
        parts: [],
      },
    }),
    'FindingOpened',
    { finding: '000000000042', by: 'somebody' },
  ],
  ['a signature', signed(aCandidate(), anApproval('approver-a')), undefined, {}],
  ['content that is frozen', staged(aCandidate(), bundle), undefined, {}],
  [
    'a candidate that is withdrawn',
    withdrawn({ name: 'x', namespace: 'y', package: 'payments' } as never),
    undefined,
    {},
  ],
])('%s is told as it happened', (_, draft, kind, facts) => {
  const notice = noticeOf(draft);
  expect(notice?.kind).toBe(kind);
  expect(Object.fromEntries((notice?.facts ?? []).map(({ label, value }) => [label, value]))).toMatchObject(facts);
  expect(notice?.command ?? 'kubectl countersign ').toMatch(/^kubectl countersign /);
});

test('the id is of the entry: the same whenever it is read, another for another entry', () => {
  const draft = promoted(open, bundle, { ...shape, healthy: true });
  expect(noticeOf(draft)?.id).toBe(noticeOf(draft)?.id);
  expect(noticeOf(draft, 'id-2')?.id).not.toBe(noticeOf(draft)?.id);
});
