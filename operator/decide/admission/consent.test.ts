import { expect, test } from '@jest/globals';
import {
  aCandidate,
  aNamespace,
  anApproval,
  anIntent,
  aPolicy,
  aRecord,
  aSealedBundle,
  digestOf as digits,
  enoughApprovals,
  hour,
  notes,
  now,
  holding,
  noneReported,
} from '../../../test/support/builders/decide.ts';
import type { Approval } from '../../api/approval.ts';
import { questionKey } from '../api-queries.ts';
import { rightToSign } from '../people/approval-right.ts';
import { judgeConsent, type ConsentSnapshot } from './consent.ts';

const bundle = aSealedBundle();
const underIt = (approvals: readonly Approval[]): readonly Approval[] =>
  approvals.map((each) => ({ ...each, spec: { ...each.spec, digest: bundle.digest } }));

const snapshot = (given: Partial<ConsentSnapshot> = {}): ConsentSnapshot => {
  const approvals = given.approvals ?? underIt(enoughApprovals());
  const candidate = aCandidate();
  return {
    intent: anIntent(bundle),
    record: aRecord({ candidate: { stagedDigests: new Set([bundle.digest]) } }),
    target: aNamespace(),
    policy: aPolicy(),
    candidate,
    bundle,
    approvals,
    lifts: new Map(),
    ...noneReported,
    integrity: [],
    answers: new Map(
      approvals.map((approval) => [questionKey(rightToSign('payments-prod', approval)), { kind: 'Yes' as const }]),
    ),
    ...given,
  };
};

test('consent that everybody gave is found again', () => {
  expect(judgeConsent(snapshot())).toEqual({ is: 'Given' });
});

test.each<[string, number | undefined, string]>([
  ['an hour before it was made', now + hour, 'says that it began at'],
  ['an hour after it was made', now - hour, 'says that it began at'],
  ['at a time that cannot be compared', Number.NaN, 'cannot be read'],
  ['in an entry that is not there', undefined, 'is not there'],
])('a promotion that says it began %s is consented to by nobody', (_, begunAt, says) => {
  expect(judgeConsent(snapshot({ begunAt }))).toEqual({ is: 'Missing', message: expect.stringContaining(says) });
});

test('an entry may take a moment to be made', () => {
  expect(judgeConsent(snapshot({ begunAt: now + 60_000 }))).toEqual({ is: 'Given' });
});

test('whether signers may sign is asked again', () => {
  expect(judgeConsent(snapshot({ answers: new Map() }))).toMatchObject({ is: 'Ask', questions: { length: 3 } });
});

/** The record says that this person lifted the hold on the content. */
const liftedBy = (username: string) =>
  new Map(
    [...holding(bundle.digest)].map(([held, hold]) => [
      held,
      { ...hold, approval: { name: 'lift', uid: 'uid-lift', username } },
    ]),
  );

const lift = (who: string): Approval => {
  const signed = anApproval(who, { name: 'lift' });
  return {
    ...signed,
    metadata: { ...signed.metadata, name: 'lift', uid: 'uid-lift' },
    spec: {
      ...signed.spec,
      subject: { kind: 'Hold', name: '000000000007', uid: 'entry-7' },
      digest: bundle.digest,
      comment: 'a node died',
    },
  };
};

test('a hold that was lifted by a signature that is there holds nothing', () => {
  const record = aRecord({
    candidate: { stagedDigests: new Set([bundle.digest]) },
    package: { lifted: liftedBy('approver-a') },
  });
  const lifts = new Map([['lift', lift('approver-a')]]);
  expect(judgeConsent(snapshot({ record, lifts }))).toEqual({ is: 'Given' });
});

const lacking = new Map(
  underIt(enoughApprovals()).map((approval) => [
    questionKey(rightToSign('payments-prod', approval)),
    { kind: 'No' as const, message: '' },
  ]),
);

test.each<[string, Partial<ConsentSnapshot>, string]>([
  ['a signature is missing', { approvals: underIt(enoughApprovals().slice(1)) }, '2 of 3'],
  ['a signature is for other content', { approvals: enoughApprovals() }, '0 of 3'],
  ['the signers hold no right any more', { answers: lacking }, '0 of 3'],
  [
    'a signer is the author',
    {
      approvals: underIt([
        anApproval('tester-a', { role: 'tester' }),
        anApproval('developer-a', { groups: ['payments-owners'] }),
        anApproval('approver-b', { groups: ['change-board'] }),
      ]),
      answers: new Map(
        ['tester-a', 'developer-a', 'approver-b'].map((who, i) => [
          questionKey(
            rightToSign(
              'payments-prod',
              anApproval(who, {
                role: i === 0 ? 'tester' : 'approver',
                groups: [[], ['payments-owners'], ['change-board']][i] ?? [],
              }),
            ),
          ),
          { kind: 'Yes' as const },
        ]),
      ),
    },
    '2 of 3',
  ],
  [
    'a hold was lifted, and nobody signed for that',
    {
      record: aRecord({
        candidate: { stagedDigests: new Set([bundle.digest]) },
        package: { lifted: liftedBy('approver-a') },
      }),
    },
    'nobody signed that it was not the cause',
  ],
  [
    'a hold was lifted, and somebody else signed for that',
    {
      record: aRecord({
        candidate: { stagedDigests: new Set([bundle.digest]) },
        package: { lifted: liftedBy('approver-a') },
      }),
      lifts: new Map([['lift', lift('approver-b')]]),
    },
    'nobody signed that it was not the cause',
  ],
  ['the policy is gone', { policy: undefined }, 'policy'],
  ['the candidate is gone', { candidate: undefined }, 'gone'],
  [
    'another candidate has its name',
    { candidate: { ...aCandidate(), metadata: { ...aCandidate().metadata, uid: 'other' } } },
    'gone',
  ],
  [
    'the candidate comes from another staging',
    { candidate: { ...aCandidate(), metadata: { ...aCandidate().metadata, namespace: 'other-staging' } } },
    'does not come from payments-staging',
  ],
  [
    'the candidate is for another production',
    { candidate: aCandidate({ targetNamespace: 'other-prod' }) },
    'for payments-prod',
  ],
  ['the bundle is gone', { bundle: undefined }, 'gone'],
  [
    'the bundle was altered',
    { bundle: { ...bundle, removed: [{ apiVersion: 'v1', kind: 'Service', name: 'x' }] } },
    'digest',
  ],
  [
    'an object of the bundle was altered',
    {
      bundle: {
        ...bundle,
        objects: bundle.objects.map((object) => ({ ...object, content: { ...object.content, data: {} } })),
      },
    },
    'digest',
  ],
  ['the bundle is another one than that of the intent', { bundle: aSealedBundle({ base: digits('c') }) }, 'began with'],
  ['the record does not know that it was staged', { record: aRecord() }, 'staged'],
  [
    'its digest was taken back before',
    {
      record: aRecord({
        candidate: { stagedDigests: new Set([bundle.digest]) },
        package: { held: holding(bundle.digest) },
      }),
    },
    'was rolled back',
  ],
  [
    'an earlier bundle of it was taken back',
    {
      record: aRecord({
        candidate: { stagedDigests: new Set([digits('c'), bundle.digest]) },
        package: { held: holding(digits('c')) },
      }),
    },
    'was rolled back',
  ],
  ['a change ticket is missing', { policy: aPolicy({ changeTicket: { mode: 'Required' } }) }, 'spec.change is empty'],
  ['notes are missing', { candidate: aCandidate({ notes: { ...notes, installation: '' } }) }, 'installation'],
  [
    'it began while the window was closed',
    { policy: aPolicy({ windows: [{ schedule: '0 3 * * *', duration: '1h', timeZone: 'America/New_York' }] }) },
    'window',
  ],
  ['a signature had expired when it began', { policy: aPolicy({ approvalValidFor: '30m' }) }, '0 of 3'],
])('consent is missing when %s', (_, given, says) => {
  const consent = judgeConsent(snapshot(given));
  expect(consent.is).toBe('Missing');
  expect(consent.is === 'Missing' ? consent.message.toLowerCase() : '').toContain(says.toLowerCase());
});

test('a signature that expires after the promotion began counts', () => {
  const s = snapshot({ policy: aPolicy({ approvalValidFor: '61m' }) });
  expect(judgeConsent({ ...s, intent: { ...s.intent, at: now } })).toEqual({ is: 'Given' });
  expect(judgeConsent({ ...s, intent: { ...s.intent, at: now + hour } }).is).toBe('Missing');
});

test('while a lock is not as it was, consent is there and nothing is written', () => {
  const consent = judgeConsent(snapshot({ integrity: ['ValidatingAdmissionPolicyBinding/countersign-guard-pods'] }));
  expect(consent).toMatchObject({ is: 'Held', message: expect.stringContaining('countersign-guard-pods') });
});
