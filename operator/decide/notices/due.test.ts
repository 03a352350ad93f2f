import { expect, test } from '@jest/globals';
import {
  aCandidate,
  anAccess,
  anEmergency,
  aPolicy,
  digestOf,
  hour,
  minute,
  now,
} from '../../../test/support/builders/decide.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { dueOfCandidate, dueOfEmergencies, dueOfPolicy, type WaitingCandidate } from './due.ts';
import type { OutboundNotice } from './notice.ts';

const waitingFor = (message: string, more: Partial<NonNullable<ReleaseCandidate['status']>> = {}): ReleaseCandidate => {
  const candidate = aCandidate();
  return {
    ...candidate,
    status: {
      phase: 'AwaitingGates',
      reason: 'ApprovalsMissing',
      digest: digestOf('1'),
      bundle: 'payments-2.4.0-11111111',
      objects: '',
      approvals: '0/3',
      conditions: [],
      approvalManifests: {},
      gates: [
        { name: 'Approvals', outcome: 'Waiting', reason: 'ApprovalsMissing', message, remedy: '' },
        { name: 'Soak', outcome: 'Waiting', reason: 'Soaking', message: '', remedy: '' },
      ],
      ...more,
    },
  };
};

const both = '0 of 3 approvals recorded; waiting for 1 tester and 2 approver (from payments-owners and change-board)';

const waiting = (given: Partial<WaitingCandidate> = {}): WaitingCandidate => ({
  candidate: waitingFor(both),
  staged: { digest: digestOf('1'), at: now },
  summary: '3 changes: 1 image, 2 configuration',
  remindAfter: '24h',
  reopened: new Map(),
  gateAwayAt: undefined,
  ...given,
});

const told = (notices: readonly OutboundNotice[]): readonly string[] =>
  notices.map(({ kind, role, at }) => `${kind} ${role} +${(at - now) / hour}h`.replace('  ', ' '));

test('each role that is waited for is told, and once more after a time', () => {
  expect(told(dueOfCandidate(waiting()))).toEqual([
    'ApprovalNeeded tester +0h',
    'ApprovalReminder tester +24h',
    'ApprovalNeeded approver +0h',
    'ApprovalReminder approver +24h',
  ]);
});

test('a wait says what it is for: how many, from whom, what changes, and what to type', () => {
  const [, , notice] = dueOfCandidate(waiting());
  expect(Object.fromEntries((notice?.facts ?? []).map(({ label, value }) => [label, value]))).toMatchObject({
    'waits for': '2 approver (from payments-owners and change-board)',
    changes: '3 changes: 1 image, 2 configuration',
    by: 'developer-a',
    'other gates': 'Soak',
  });
  expect(notice?.command).toBe('kubectl countersign approve payments-2.4.0 -n payments-staging --role approver');
});

test.each([
  {
    that: 'one role is met',
    candidate: waitingFor('1 of 3 approvals recorded; waiting for 2 approver'),
    roles: ['approver'],
  },
  {
    that: 'a signature does not count',
    candidate: waitingFor(
      '1 of 3 approvals recorded; waiting for 2 approver; not counted: tester-a as tester (signed too long ago)',
    ),
    roles: ['approver'],
  },
  { that: 'the promotion is on its way', candidate: waitingFor(both, { phase: 'Promoting' }), roles: [] },
  { that: 'it is over', candidate: waitingFor(both, { phase: 'Rejected' }), roles: [] },
  {
    that: 'it is not known who may sign',
    candidate: waitingFor('0 of 3 approvals recorded; not answered yet'),
    roles: [],
  },
])('where $that, $roles are waited for', ({ candidate, roles }) => {
  const notices = dueOfCandidate(waiting({ candidate })).filter(({ kind }) => kind === 'ApprovalNeeded');
  expect(notices.map(({ role }) => role)).toEqual(roles);
});

test('ids are of what happened: the same for the same wait, others for other content and for a role that opens again', () => {
  const idsOf = (s: WaitingCandidate): readonly string[] => dueOfCandidate(s).map(({ id }) => id);
  const first = idsOf(waiting());
  expect(idsOf(waiting({ remindAfter: '1h', summary: '' }))).toEqual(first);
  expect(new Set(first).size).toBe(4);
  const others = [
    ...idsOf(waiting({ staged: { digest: digestOf('2'), at: now } })),
    ...idsOf(waiting({ reopened: new Map([['tester', now + hour]]) })).slice(0, 2),
  ];
  expect(others.filter((id) => first.includes(id))).toEqual([]);
});

test('a gate that does not answer is told', () => {
  const candidate = waitingFor(both, {
    gates: [{ name: 'Preflight', outcome: 'Unknown', reason: 'GateNotReady', message: 'no answer', remedy: '' }],
  });
  expect(told(dueOfCandidate(waiting({ candidate, gateAwayAt: now + hour })))).toEqual(['GateUnavailable +1h']);
});

test('that an access ends is told when a quarter of its time is left, and at most a quarter of an hour before', () => {
  const long = anEmergency(anAccess(), { notAfter: now + 2 * hour });
  const ending = (openedAt: number | undefined, emergency = long) =>
    told(dueOfEmergencies('payments-prod', [emergency], () => openedAt));
  expect(ending(now)).toEqual(['EmergencyEnding +1.75h']);
  expect(ending(now, { ...long, notAfter: now + 20 * minute })).toEqual(['EmergencyEnding +0.25h']);
  expect(ending(now, { ...long, notAfter: now + 4 * minute })).toEqual(['EmergencyEnding +0.05h']);
  expect(ending(undefined)).toEqual([]);
  expect(ending(now, { ...long, stage: 'Ended' })).toEqual([]);
});

test('the review of a policy is told 30 days before its day, and when that is past', () => {
  const notices = dueOfPolicy(aPolicy({ reviewBy: '2028-01-31' }), undefined);
  expect(notices.map(({ kind, at }) => `${kind} ${new Date(at).toISOString()}`)).toEqual([
    'PolicyReviewDue 2028-01-01T23:59:59.000Z',
    'PolicyReviewDue 2028-01-31T23:59:59.000Z',
  ]);
});

test('a record that does not verify is told, once for each way in which it does not', () => {
  const policy = aPolicy();
  const ids = ['entry 5 was deleted', 'entry 5 was deleted', 'entry 6 was changed'].map(
    (why) => dueOfPolicy(policy, { why, seenAt: now }).find(({ kind }) => kind === 'LedgerBroken')?.id,
  );
  expect(ids[0]).toBe(ids[1]);
  expect(new Set(ids).size).toBe(2);
});
