/** Evidence, as the gate judges it once more before the first write of a promotion. */
import { describe, expect, test } from '@jest/globals';
import { ed25519Key } from '../../../hack/signing/statements.ts';
import {
  aCandidate,
  aDeployment,
  aNamespace,
  anIntent,
  anObject,
  aPiece,
  aPolicy,
  aRecord,
  aSealedBundle,
  digestOf,
  enoughApprovals,
  hour,
  known,
  now,
  second,
  noneReported,
} from '../../../test/support/builders/decide.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import type { Bundle } from '../bundle.ts';
import { rightToReport, subjectOfContent, whoSigned, type Piece, type StatedPiece } from '../evidence/piece.ts';
import { signersOf } from '../evidence/signed/signers.ts';
import { rightToSign } from '../people/approval-right.ts';
import { judgeConsent, type Consent, type ConsentSnapshot } from './consent.ts';

const before = aSealedBundle({
  name: 'payments-2.3.0-bbbbbbbb',
  objects: [anObject('ConfigMap', 'api-config', { data: { level: 'debug' } }), aDeployment()],
});
const bundle = aSealedBundle({ base: before.digest, previous: before.name });
const about = (of: Bundle = bundle) => ({ subjects: [subjectOfContent('uid-payments-2-4-0', of.digest)] });
const tests = aPiece('tests', about());
const approvals = enoughApprovals().map((each) => ({ ...each, spec: { ...each.spec, digest: bundle.digest } }));

const judged = (
  pieces: readonly Piece[],
  given: { readonly when?: string; readonly held?: boolean } & Partial<ConsentSnapshot> = {},
): Consent => {
  const { when = 'Always', held = true, ...more } = given;
  const yes: Answer = { kind: 'Yes' };
  const answer: Answer = held ? yes : { kind: 'No', message: '' };
  return judgeConsent({
    intent: { ...anIntent(bundle), at: now },
    record: aRecord({ candidate: { stagedDigests: new Set([bundle.digest]) } }),
    target: aNamespace(),
    policy: aPolicy({ evidence: [{ type: 'TestReport', maxAge: '24h', when }] }),
    candidate: aCandidate(),
    bundle,
    approvals,
    lifts: new Map(),
    ...noneReported,
    evidence: known(...pieces),
    integrity: [],
    answers: new Map([
      ...approvals.map((approval) => [questionKey(rightToSign('payments-prod', approval)), yes] as const),
      ...pieces.map((piece) => [questionKey(rightToReport(piece)), answer] as const),
    ]),
    ...more,
  });
};

test('evidence that counts is found again', () => {
  expect(judged([tests])).toEqual({ is: 'Given' });
});

test.each<[sentence: string, consent: Consent]>([
  ['there is none', judged([])],
  ['it is for another candidate', judged([aPiece('t', { subjects: [subjectOfContent('uid-old', bundle.digest)] })])],
  [
    'it is for another digest',
    judged([aPiece('t', { subjects: [subjectOfContent('uid-payments-2-4-0', digestOf('c'))] })]),
  ],
  ['it was too old at the intent', judged([{ ...tests, performedAt: now - 24 * hour }])],
  ['its reporter does not hold the right any more', judged([tests], { held: false })],
  ['its reporter is an author', judged([{ ...tests, reporter: { username: 'developer-a', uid: '', groups: [] } }])],
  ['something newer failed', judged([tests, aPiece('new', { ...about(), passed: false, performedAt: now - second })])],
])('a promotion is refused where %s', (_, consent) => {
  expect(consent).toMatchObject({ is: 'Missing', message: expect.stringContaining('TestReport') });
});

test('what was reported after the promotion had begun does not stop it, and nothing begins by it', () => {
  const later = { performedAt: now + second, createdAt: now + second };
  expect(judged([tests, aPiece('late', { ...about(), passed: false, ...later })])).toEqual({ is: 'Given' });
  expect(judged([aPiece('late', { ...about(), ...later })])).toMatchObject({ is: 'Missing' });
});

test('evidence that the intent names was there, whatever the clocks say', () => {
  const intent = { ...anIntent(bundle), at: now, evidence: [tests.uid] };
  const skewed = { ...tests, performedAt: now - hour, createdAt: now + second };
  expect(judged([skewed], { intent })).toEqual({ is: 'Given' });
});

test('evidence that the intent names and the watch has not brought is waited for', () => {
  expect(judged([], { unseen: ['uid-tests'] })).toEqual({
    is: 'Held',
    message: 'evidence that it rests on is not seen here yet: uid uid-tests',
  });
});

test('whether the reporter may report is asked', () => {
  const [answer] = [judged([tests], { answers: new Map() })];
  expect(answer).toMatchObject({ is: 'Ask' });
  expect(answer.is === 'Ask' && answer.questions).toContainEqual(rightToReport(tests));
});

test.each<[sentence: string, when: string, base: Bundle | undefined, is: Consent['is']]>([
  ['configuration alone', 'NewOrSignificant', before, 'Given'],
  ['no image', 'ImagesChanged', before, 'Given'],
  ['what cannot be compared: the bundle before is gone', 'NewOrSignificant', undefined, 'Missing'],
  ['what cannot be compared: it has other contents than its digests say', 'ImagesChanged', altered(), 'Missing'],
])('how much it changes is found in the contents: %s', (_, when, base, is) => {
  const lying = { ...bundle, changed: [] };
  expect(judged([], { when, before: base, bundle: lying })).toMatchObject({ is });
});

test('a delta that the operator wrote beside the contents decides nothing', () => {
  const objects = [
    anObject('ConfigMap', 'api-config', { data: { level: 'info' } }),
    aDeployment('api', { hostPID: true }),
  ];
  const strong = aSealedBundle({ base: before.digest, previous: before.name, objects });
  const signed = approvals.map((each) => ({ ...each, spec: { ...each.spec, digest: strong.digest } }));
  const consent = judged([], {
    when: 'NewOrSignificant',
    before,
    bundle: { ...strong, changed: [] },
    intent: { ...anIntent(strong), at: now },
    record: aRecord({ candidate: { stagedDigests: new Set([strong.digest]) } }),
    approvals: signed,
  });
  expect(consent).toMatchObject({ is: 'Missing', message: expect.stringContaining('rights (Deployment api)') });
});

describe('authors of the source', () => {
  const { pem } = ed25519Key();
  const evidenceLines = [{ type: 'Source', maxAge: '24h', signedBy: [{ name: 'forge', key: pem }] }];
  const source = (name: string, author: string): StatedPiece => ({
    ...aPiece(name, { ...about(), type: 'Source' }),
    statement: {
      digest: name,
      problem: undefined,
      failed: false,
      counts: {},
      performedAt: now - hour,
      contributors: [{ name: author, did: 'wrote', repository: 'https://git.example/a', revision: 'abcdef0' }],
    },
  });
  const people = [
    { name: 'ada', identities: ['ada@example.com', 'approver-b'] },
    { name: 'zoe', identities: ['zoe@example.com'] },
  ];
  const policy = aPolicy({ people, evidence: evidenceLines });
  const [line] = policy.spec.evidence;
  const signers = (line && signersOf(policy, line)) ?? { all: [], digest: '' };
  const given = (pieces: readonly StatedPiece[], more: Partial<ConsentSnapshot> = {}, signer = 'forge') => {
    const yes: Answer = { kind: 'Yes' };
    return judged(pieces, {
      policy,
      answers: new Map<string, Answer>([
        ...approvals.map((approval) => [questionKey(rightToSign('payments-prod', approval)), yes] as const),
        ...pieces.map((piece) => [questionKey(rightToReport(piece)), yes] as const),
        ...pieces.map((piece) => [questionKey(whoSigned(piece, signers)), { kind: 'Signer', name: signer }] as const),
      ]),
      ...more,
    });
  };

  test('who signed for it is no author', () => {
    expect(given([source('s', 'zoe@example.com')])).toEqual({ is: 'Given' });
  });

  test.each<[sentence: string, consent: Consent, says: string]>([
    ['one of them signed', given([source('s', 'ada@example.com')]), ''],
    [
      'a newer statement leaves out one who signed',
      given([source('s', 'ada@example.com'), { ...source('t', 'zoe@example.com'), performedAt: now - second }]),
      '',
    ],
    ['nobody knows whose account one has', given([source('s', 'eve@example.com')]), 'eve@example.com'],
    ['nobody of the line signed who they are', given([source('s', 'zoe@example.com')], {}, ''), 'Source'],
  ])('a promotion is refused where %s, whatever its intent says', (_, consent, says) => {
    expect(consent).toMatchObject({ is: 'Missing', message: expect.stringContaining(says) });
  });

  test('an intent that names a stranger as an author makes nobody known', () => {
    const record = aRecord({
      candidate: { stagedDigests: new Set([bundle.digest]), authors: new Set(['eve@example.com']) },
    });
    expect(given([source('s', 'eve@example.com')], { record })).toMatchObject({ is: 'Missing' });
  });

  test('who signed each statement is asked', () => {
    const pieces = [source('s', 'zoe@example.com'), { ...source('t', 'zoe@example.com'), performedAt: now - 2 * hour }];
    const consent = given(pieces, { answers: new Map() });
    const asked = consent.is === 'Ask' ? consent.questions.map((question) => questionKey(question)) : [];
    for (const piece of pieces) expect(asked).toContain(questionKey(whoSigned(piece, signers)));
  });
});

function altered(): Bundle {
  const [settings, ...rest] = before.objects;
  const other = anObject('ConfigMap', 'api-config', { data: { level: 'other' } }, settings?.digest);
  return { ...before, objects: [other, ...rest] };
}
