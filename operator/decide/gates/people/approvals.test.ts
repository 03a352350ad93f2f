import { describe, expect, test } from '@jest/globals';
import {
  aBundle,
  aCandidate,
  aGateSnapshot,
  anApproval,
  aPolicy,
  digestOf,
  enoughApprovals,
  hour,
  now,
} from '../../../../test/support/builders/decide.ts';
import type { Approval } from '../../../api/approval.ts';
import { approvalManifests } from '../../people/approval-manifest.ts';
import { approvalSummary } from '../../people/approvals.ts';
import { approvals, openPlacesIn } from './approvals.ts';
import type { GateSnapshot } from '../gate.ts';

const tester = anApproval('tester-a', { role: 'tester' });
const owner = anApproval('approver-a', { groups: ['payments-owners'] });
const board = anApproval('approver-b', { groups: ['change-board'] });
const rejection = anApproval('security-a', { role: 'security', decision: 'Reject', name: 'refusal' });

const given = (signed: readonly Approval[], more: Partial<GateSnapshot> = {}) =>
  aGateSnapshot({ approvals: signed, ...more });
const judged = (signed: readonly Approval[], more: Partial<GateSnapshot> = {}) =>
  approvals.judge(given(signed, more), now);
const answers = (signed: readonly Approval[], held: Record<string, boolean | undefined>) =>
  new Map(signed.map(({ metadata }) => [metadata.uid, metadata.name in held ? held[metadata.name] : true]));

test('enough signatures pass until the first of them is too old', () => {
  expect(judged([tester, owner, board])).toMatchObject({
    outcome: 'Passed',
    reason: 'ApprovalsComplete',
    message: '3 of 3 approvals recorded',
    wakeAt: now - hour + 72 * hour,
  });
});

test('what is missing is named, and who supplies it, and the exact command', () => {
  const verdict = judged([owner]);
  expect(verdict).toMatchObject({ outcome: 'Waiting', reason: 'ApprovalsMissing' });
  expect(verdict.message).toBe('1 of 3 approvals recorded; waiting for 1 tester and 1 approver (from change-board)');
  expect(verdict.remedy).toContain(
    'role tester in payments-prod reads the delta and signs: kubectl get cand payments-2.4.0 -n payments-staging -o jsonpath={.status.approvalManifests.tester} | kubectl create -f -',
  );
});

describe('a signature does not count', () => {
  test.each<[sentence: string, signature: Approval]>([
    ['under another digest', anApproval('tester-a', { role: 'tester', digest: digestOf('c') })],
    [
      'for a candidate of the same name and another uid',
      anApproval('tester-a', { role: 'tester', subject: { uid: 'uid-old' } }),
    ],
    [
      'for a candidate of another name',
      anApproval('tester-a', { role: 'tester', subject: { name: 'payments-2.3.9' } }),
    ],
    ['from another namespace', anApproval('tester-a', { role: 'tester', namespace: 'billing-prod' })],
    ['in another role', anApproval('tester-a', { role: 'releaser' })],
    ['of an author', anApproval('developer-a', { role: 'tester' })],
    ['of an author in other letters', anApproval('Developer-A ', { role: 'tester' })],
    ['of a system account', anApproval('system:serviceaccount:ci:bot', { role: 'tester' })],
    ['of a system account in capitals', anApproval('SYSTEM:admin', { role: 'tester' })],
    ['at the instant at which it is too old', anApproval('tester-a', { role: 'tester', createdAt: now - 72 * hour })],
  ])('%s', (_, signature) => {
    expect(judged([signature, owner, board])).toMatchObject({ outcome: 'Waiting' });
    expect(approvalSummary(given([signature, owner, board]), now)).toMatchObject({ have: 2, need: 3 });
  });
});

test.each([
  ['what is missing', [owner], '1 tester and 1 approver (from change-board)'],
  [
    'it without what is not counted',
    [owner, anApproval('developer-a', { role: 'tester' })],
    '1 tester and 1 approver (from change-board)',
  ],
  ['nothing when all have signed', [tester, owner, board], undefined],
])('the open places are read from the message: %s', (_, signed, places) => {
  expect(openPlacesIn(judged(signed).message)).toBe(places);
});

test('a signature counts to its last moment', () => {
  const createdAt = now - 72 * hour + 1_000;
  expect(judged([anApproval('tester-a', { role: 'tester', createdAt }), owner, board])).toMatchObject({
    outcome: 'Passed',
    wakeAt: now + 1_000,
  });
});

test('a signature whose age cannot be read counts as too old', () => {
  const unreadable = { ...tester, metadata: { ...tester.metadata, creationTimestamp: 'yesterday' } };
  expect(judged([unreadable, owner, board])).toMatchObject({ outcome: 'Waiting', reason: 'ApprovalExpired' });
});

test.each<[sentence: string, signature: Approval, reason: string, why: string]>([
  [
    'an expired signature',
    anApproval('tester-a', { role: 'tester', createdAt: now - 73 * hour }),
    'ApprovalExpired',
    'signed too long ago',
  ],
  [
    'a signature for earlier content',
    anApproval('tester-a', { role: 'tester', digest: digestOf('c') }),
    'ApprovalsMissing',
    'signed for other content',
  ],
  ["an author's signature", anApproval('developer-a', { role: 'tester' }), 'ApprovalsMissing', 'changed the content'],
])('%s is named while its line is open', (_, signature, reason, why) => {
  const verdict = judged([signature, owner, board]);
  expect(verdict.reason).toBe(reason);
  expect(verdict.message).toContain(`not counted: ${signature.spec.approver.username} as tester (${why})`);
});

test('who has signed anew is not told of the old signature', () => {
  const old = anApproval('approver-a', { digest: digestOf('c'), name: 'old', groups: ['payments-owners'] });
  expect(judged([old, owner, tester]).message).not.toContain('not counted');
});

test('a signer who lost the role is named, and no longer counts', () => {
  const signed = [tester, owner, board];
  const verdict = judged(signed, { rights: answers(signed, { 'tester-tester-a': false }) });
  expect(verdict).toMatchObject({ outcome: 'Waiting', reason: 'ApproverLacksRight' });
  expect(verdict.message).toContain('tester-a as tester (does not hold the role)');
});

test('while it is not answered whether a needed signer may sign it is unknown', () => {
  const signed = [tester, owner, board];
  expect(judged(signed, { rights: answers(signed, { 'tester-tester-a': undefined }) })).toMatchObject({
    outcome: 'Unknown',
    reason: 'RightsUnknown',
  });
});

test('an unanswered signer is named though others are missing besides', () => {
  const verdict = judged([tester, owner], { rights: answers([tester, owner], { 'tester-tester-a': undefined }) });
  expect(verdict.reason).toBe('RightsUnknown');
  expect(verdict.message).toBe(
    '1 of 3 approvals recorded; not answered yet whether these may sign: tester-a as tester',
  );
});

test.each([
  ['does not count for want of the right', false],
  ['is not answered', undefined],
])('a signature that %s is looked at again when it is too old', (_, held) => {
  const early = anApproval('tester-a', { role: 'tester', createdAt: now - 71 * hour });
  const signed = [early, owner, board];
  expect(judged(signed, { rights: answers(signed, { 'tester-tester-a': held }) }).wakeAt).toBe(now + hour);
});

test('an unanswered signer who would help nothing holds nothing up', () => {
  const spare = anApproval('tester-b', { role: 'tester' });
  const signed = [tester, owner, board, spare];
  expect(judged(signed, { rights: answers(signed, { 'tester-tester-b': undefined }) }).outcome).toBe('Passed');
});

describe('a rejection', () => {
  test('by somebody who may sign is final', () => {
    const verdict = judged([...enoughApprovals(), rejection]);
    expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'Rejected' });
    expect(verdict.message).toContain('security-a rejected this candidate as security');
    expect(verdict.remedy).toContain('kubectl get appr refusal -n payments-prod -o jsonpath={.spec.comment}');
  });

  test.each([
    ['under another digest', { digest: digestOf('c') }],
    ['however old', { createdAt: now - 1_000 * hour }],
  ])('is final %s', (_, more) => {
    const refused = anApproval('security-a', { role: 'security', decision: 'Reject', ...more });
    expect(judged([...enoughApprovals(), refused]).reason).toBe('Rejected');
  });

  test('by an author is final too', () => {
    expect(judged([...enoughApprovals(), anApproval('developer-a', { decision: 'Reject' })]).reason).toBe('Rejected');
  });

  test('by somebody of whom it is not answered whether they may sign is not passed over', () => {
    const signed = [...enoughApprovals(), rejection];
    expect(judged(signed, { rights: answers(signed, { refusal: undefined }) })).toMatchObject({
      outcome: 'Unknown',
      reason: 'RightsUnknown',
    });
  });

  test('by somebody who may not sign rejects nothing', () => {
    const signed = [...enoughApprovals(), rejection];
    expect(judged(signed, { rights: answers(signed, { refusal: false }) }).outcome).toBe('Passed');
  });

  test('of another candidate rejects nothing', () => {
    const other = anApproval('security-a', { decision: 'Reject', subject: { uid: 'uid-old' } });
    expect(judged([...enoughApprovals(), other]).outcome).toBe('Passed');
  });
});

const both = (name: string) => anApproval(name, { groups: ['payments-owners', 'change-board'] });

describe('one from each group', () => {
  const policy = aPolicy({
    approvals: [{ role: 'approver', count: 2, oneFromEach: ['payments-owners', 'change-board'] }],
  });
  test.each<[sentence: string, signed: Approval[], have: number]>([
    ['two of one group are not enough', [owner, anApproval('approver-c', { groups: ['payments-owners'] })], 1],
    ['one who is in both groups stands for one', [both('approver-x')], 1],
    ['one who is in both stands where nobody else can', [both('approver-x'), owner], 2],
    ['and the other way round', [both('approver-x'), board], 2],
    ['two who are in both are enough', [both('approver-x'), both('approver-y')], 2],
    ['somebody of no group stands for none', [owner, anApproval('approver-z')], 1],
  ])('%s', (_, signed, have) => {
    expect(approvalSummary(given(signed, { policy }), now)).toMatchObject({ have, need: 2 });
  });

  test('the groups that are missing are reported', () => {
    expect(approvalSummary(given([owner], { policy }), now).lines).toEqual([
      { role: 'approver', have: 1, need: 2, missingGroups: ['change-board'], by: ['approver-a'] },
    ]);
  });

  test('a line that counts more than its groups takes anybody besides', () => {
    const wide = aPolicy({ approvals: [{ role: 'approver', count: 3, oneFromEach: ['change-board'] }] });
    expect(approvalSummary(given([owner, board, anApproval('approver-z')], { policy: wide }), now).have).toBe(3);
  });
});

describe('one person', () => {
  test('counts once over all lines', () => {
    const signed = [
      anApproval('both-a', { role: 'tester' }),
      anApproval('both-a', { groups: ['payments-owners'] }),
      board,
    ];
    expect(approvalSummary(given(signed), now).have).toBe(2);
  });

  test('who could fill two lines fills the one that nobody else can', () => {
    const signed = [
      tester,
      anApproval('tester-a', { groups: ['payments-owners'] }),
      anApproval('tester-b', { role: 'tester' }),
      board,
    ];
    expect(approvalSummary(given(signed), now).have).toBe(3);
  });

  test('counts once under two accounts that the policy declares', () => {
    const policy = aPolicy({ people: [{ name: 'alex', identities: ['approver-a', 'approver-a-adm'] }] });
    const signed = [tester, owner, anApproval('approver-a-adm', { groups: ['change-board'] })];
    expect(approvalSummary(given(signed, { policy }), now).have).toBe(2);
  });

  test('who wrote it under another account does not count', () => {
    const policy = aPolicy({ people: [{ name: 'dee', identities: ['developer-a', 'tester-a'] }] });
    expect(judged([tester, owner, board], { policy }).outcome).toBe('Waiting');
  });

  test.each([
    ['whom only the bundle names', { bundle: aBundle({ authors: ['developer-a', 'tester-a'] }) }],
    ['on whose behalf it was staged', { candidate: aCandidate({ onBehalfOf: ['tester-a'] }) }],
    [
      'whom only the candidate names',
      { bundle: aBundle({ authors: [] }), candidate: aCandidate({ author: { username: 'tester-a' } }) },
    ],
  ])('%s is an author', (_, more) => {
    expect(judged([tester, owner, board], more).outcome).toBe('Waiting');
  });
});

describe('the expedited lane', () => {
  const policy = aPolicy({
    expedited: {
      approvals: [
        { role: 'sre', count: 1 },
        { role: 'tester', count: 1 },
      ],
    },
  });
  const candidate = aCandidate({ urgency: 'Expedited', incident: 'INC-1' });

  test('asks for its signatures on top', () => {
    expect(approvalSummary(given(enoughApprovals(), { policy, candidate }), now)).toMatchObject({ have: 3, need: 5 });
  });

  test('passes when all are there', () => {
    const more = [anApproval('sre-a', { role: 'sre' }), anApproval('tester-b', { role: 'tester' })];
    expect(judged([...enoughApprovals(), ...more], { policy, candidate }).outcome).toBe('Passed');
  });

  test('asks nothing of a candidate of normal urgency', () => {
    expect(judged(enoughApprovals(), { policy }).outcome).toBe('Passed');
  });
});

test('the manifest of a role is what its holder creates to sign', () => {
  const { tester: manifest = '', ...others } = approvalManifests(aGateSnapshot());
  expect(Object.keys(others)).toEqual(['approver']);
  expect(manifest).not.toContain('\n');
  expect(JSON.parse(manifest)).toEqual({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'Approval',
    metadata: { generateName: 'payments-2.4.0-', namespace: 'payments-prod' },
    spec: {
      subject: { kind: 'ReleaseCandidate', name: 'payments-2.4.0', uid: 'uid-payments-2-4-0' },
      digest: digestOf('d'),
      role: 'tester',
      decision: 'Approve',
    },
  });
});
