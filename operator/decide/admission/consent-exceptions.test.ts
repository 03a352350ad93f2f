/** Exceptions, as the gate program judges them once more before the first write of a promotion. */
import { expect, test } from '@jest/globals';
import {
  aCandidate,
  anException,
  anExceptionSignature,
  aNamespace,
  anIntent,
  aPolicy,
  aRecord,
  aSealedBundle,
  enoughApprovals,
  hour,
  noneReported,
  now,
} from '../../../test/support/builders/decide.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import type { KnownException } from '../exceptions/exception.ts';
import { rightToSign } from '../people/approval-right.ts';
import { judgeConsent, type Consent, type ConsentSnapshot } from './consent.ts';

const bundle = aSealedBundle();
const approvals = enoughApprovals().map((each) => ({ ...each, spec: { ...each.spec, digest: bundle.digest } }));
const offered = { gates: ['Window', 'Soak'], maxDuration: '24h', approvals: [{ role: 'risk', count: 1 }] };
const closed = [{ schedule: '0 0 1 1 *', duration: '1h', timeZone: 'UTC' }];

const known = (spec: Record<string, unknown> = {}, who = 'risk-a'): KnownException => {
  const exception = anException('hurry', spec);
  return { exception, approvals: [anExceptionSignature(exception, who)] };
};

const judged = (
  exceptions: readonly KnownException[],
  { held = true, at = now, ...given }: { held?: boolean; at?: number } & Partial<ConsentSnapshot> = {},
): Consent => {
  const yes: Answer = { kind: 'Yes' };
  const answer: Answer = held ? yes : { kind: 'No', message: '' };
  const named = [{ name: 'hurry', uid: 'uid-hurry' }];
  return judgeConsent({
    intent: { ...anIntent(bundle), at, exceptions: named },
    record: aRecord({ candidate: { stagedDigests: new Set([bundle.digest]) } }),
    target: aNamespace(),
    policy: aPolicy({ exceptions: offered, windows: closed }),
    candidate: aCandidate(),
    bundle,
    approvals,
    lifts: new Map(),
    ...noneReported,
    begunAt: at,
    integrity: [],
    answers: new Map([
      ...approvals.map((approval) => [questionKey(rightToSign('payments-prod', approval)), yes] as const),
      ...exceptions
        .flatMap((each) => each.approvals)
        .map((approval) => [questionKey(rightToSign('payments-prod', approval)), answer] as const),
    ]),
    exceptions,
    ...given,
  });
};

test('an exception that counts passes the closed window here, too', () => {
  expect(judged([known()])).toEqual({ is: 'Given' });
});

const soakAlone = { policy: aPolicy({ exceptions: offered, windows: [], soak: '5h' }) };

test('one for a gate that is not judged here counts, too', () => {
  expect(judged([known({ gates: ['Soak'] })], soakAlone)).toEqual({ is: 'Given' });
});

test.each<[sentence: string, consent: Consent]>([
  ['is not there', judged([])],
  ['is not there, and its gate is not judged here', judged([], soakAlone)],
  ['nobody signed for', judged([{ ...known(), approvals: [] }])],
  ['its requester signed for', judged([known({}, 'owner-a')])],
  ['an author signed for', judged([known({}, 'developer-a')])],
  ['is signed for by somebody who lost the role', judged([known()], { held: false })],
  ['was over at the intent', judged([known()], { at: now + 23 * hour })],
  ['is for another package', judged([known({ package: 'billing' })])],
  ['is for another candidate', judged([known({ candidate: { name: 'x', uid: 'y' } })])],
  ['the policy no longer offers', judged([known()], { policy: aPolicy({ windows: closed }) })],
  [
    'was refused meanwhile',
    judged([
      {
        ...known(),
        approvals: [...known().approvals, anExceptionSignature(known().exception, 'risk-b', { decision: 'Reject' })],
      },
    ]),
  ],
  [
    'has another uid',
    judged([
      { ...known(), exception: { ...known().exception, metadata: { ...known().exception.metadata, uid: 'uid-new' } } },
    ]),
  ],
])('a promotion is refused whose exception %s', (_, consent) => {
  expect(consent).toMatchObject({
    is: 'Missing',
    message: 'the exception hurry that it rests on does not count',
  });
});

test('one that passes another gate does not pass this one', () => {
  expect(judged([known({ gates: ['Soak'] })])).toMatchObject({
    is: 'Missing',
    message: expect.stringContaining('No window is open'),
  });
});

test('what the intent does not name does not count', () => {
  expect(judged([], { intent: { ...anIntent(bundle), at: now } })).toMatchObject({ is: 'Missing' });
});

test('whether its signers may sign is asked', () => {
  const consent = judged([known()], { answers: new Map() });
  expect(consent.is === 'Ask' && consent.questions).toContainEqual(
    expect.objectContaining({ name: 'risk', who: expect.objectContaining({ username: 'risk-a' }) }),
  );
});
