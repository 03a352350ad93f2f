/** What an exception is worth. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  anException,
  anExceptionSignature,
  aPolicy,
  digestOf,
  hour,
  now,
  timestamp,
} from '../../../test/support/builders/decide.ts';
import type { Approval } from '../../api/approval.ts';
import { exceptableGates } from '../../api/exceptable-gates.ts';
import { exceptionDigest, judgeException, type ExceptionState } from './exception.ts';

const offered = { gates: ['Window', 'Soak'], maxDuration: '24h', approvals: [{ role: 'risk', count: 1 }] };
const people = [{ name: 'olga', identities: ['owner-a', 'owner-a-adm'] }];
const hurry = anException('hurry');
const signed = anExceptionSignature(hurry, 'risk-a');

interface Given {
  readonly exception?: typeof hurry;
  readonly approvals?: readonly Approval[];
  readonly policy?: Record<string, unknown>;
  readonly authors?: readonly string[];
  readonly held?: boolean | undefined;
  readonly at?: number;
}

const judged = (given: Given = {}): ExceptionState => {
  const { exception = hurry, approvals = [signed], policy = {}, authors = ['developer-a'], at = now } = given;
  const held = 'held' in given ? given.held : true;
  const rights = new Map(approvals.map(({ metadata }) => [metadata.uid, held]));
  const jury = { policy: aPolicy({ exceptions: offered, people, ...policy }), rights, authors };
  return judgeException({ exception, approvals }, jury, at);
};

test('it is granted once others have signed for it', () => {
  expect(judged()).toEqual({ is: 'Granted', gates: ['Window'], by: ['risk-a'] });
});

describe('it is not granted', () => {
  const otherUid = { subject: { uid: 'uid-of-an-earlier-one' } };
  test.each<[given: string, is: ExceptionState['is'], state: ExceptionState]>([
    ['nobody signed', 'Waiting', judged({ approvals: [] })],
    ['its requester signed', 'Waiting', judged({ approvals: [anExceptionSignature(hurry, 'owner-a')] })],
    [
      'its requester signed under another account',
      'Waiting',
      judged({ approvals: [anExceptionSignature(hurry, 'owner-a-adm')] }),
    ],
    ['an author of the release signed', 'Waiting', judged({ authors: ['risk-a'] })],
    ['its signer does not hold the role', 'Waiting', judged({ held: false })],
    ['whether its signer holds the role is not known', 'Unanswered', judged({ held: undefined })],
    [
      'a system identity signed',
      'Waiting',
      judged({ approvals: [anExceptionSignature(hurry, 'system:serviceaccount:a:b')] }),
    ],
    [
      'somebody signed in another role',
      'Waiting',
      judged({ approvals: [anExceptionSignature(hurry, 'a', { role: 'tester' })] }),
    ],
    [
      'somebody signed for other content',
      'Waiting',
      judged({ approvals: [anExceptionSignature(hurry, 'risk-a', { digest: digestOf('c') })] }),
    ],
    [
      'somebody signed for an earlier one of its name',
      'Waiting',
      judged({ approvals: [anExceptionSignature(hurry, 'risk-a', otherUid)] }),
    ],
    [
      'somebody signed in another namespace',
      'Waiting',
      judged({ approvals: [anExceptionSignature(hurry, 'risk-a', { namespace: 'other-prod' })] }),
    ],
    [
      'the same uid is signed for as a candidate',
      'Waiting',
      judged({ approvals: [anExceptionSignature(hurry, 'risk-a', { subject: { kind: 'ReleaseCandidate' } })] }),
    ],
    [
      'one signed and two are needed',
      'Waiting',
      judged({ policy: { exceptions: { ...offered, approvals: [{ role: 'risk', count: 2 }] } } }),
    ],
    [
      'one signed twice and two are needed',
      'Waiting',
      judged({
        approvals: [signed, anExceptionSignature(hurry, 'risk-a', { name: 'again' })],
        policy: { exceptions: { ...offered, approvals: [{ role: 'risk', count: 2 }] } },
      }),
    ],
    ['the policy offers none', 'NotOffered', judged({ policy: { exceptions: undefined } })],
    [
      'the policy does not offer its gate',
      'NotOffered',
      judged({ policy: { exceptions: { ...offered, gates: ['Soak'] } } }),
    ],
    ['it lasts too long', 'TooLong', judged({ policy: { exceptions: { ...offered, maxDuration: '23h' } } })],
    ['its end has come', 'Over', judged({ at: now + 23 * hour })],
    ['its end cannot be read', 'Over', judged({ exception: anException('hurry', { until: 'never' }) })],
    [
      'its creation cannot be read',
      'TooLong',
      judged({ exception: { ...hurry, metadata: { ...hurry.metadata, creationTimestamp: '' } } }),
    ],
    [
      'somebody refused it after it was granted',
      'Refused',
      judged({ approvals: [signed, anExceptionSignature(hurry, 'risk-b', { decision: 'Reject' })] }),
    ],
    [
      'who refused it does not hold the role any more',
      'Refused',
      judged({ approvals: [anExceptionSignature(hurry, 'risk-b', { decision: 'Reject' })], held: false }),
    ],
  ])('where %s', (_, is, state) => {
    expect(state.is).toBe(is);
  });
});

test('what the policy offers of its gates is passed, and no more', () => {
  const exception = anException('both', { gates: ['Evidence', 'Soak', 'Window'] });
  expect(judged({ exception, approvals: [anExceptionSignature(exception, 'risk-a')] })).toMatchObject({
    gates: ['Soak', 'Window'],
  });
});

test('the digest is another one for each thing that is asked for', () => {
  const changes: readonly Record<string, unknown>[] = [
    {},
    { gates: ['Soak'] },
    { package: 'other' },
    { candidate: { name: 'payments-2.4.0', uid: 'uid-payments-2-4-0' } },
    { reason: 'other' },
    { risk: 'other' },
    { until: timestamp(now + 22 * hour) },
    { requester: { username: 'owner-b', uid: '', groups: [] } },
  ];
  const digests = [...changes.map((spec) => anException('hurry', spec)), anException('other')].map(exceptionDigest);
  expect(new Set(digests).size).toBe(digests.length);
});

const act = fc.record({
  who: fc.constantFrom('risk-a', 'risk-b', 'owner-a', 'developer-a', 'system:x'),
  role: fc.constantFrom('risk', 'tester'),
  decision: fc.constantFrom('Approve' as const, 'Approve' as const, 'Reject' as const),
  digest: fc.constantFrom(exceptionDigest(hurry), digestOf('c')),
});
const acts = fc
  .array(act, { maxLength: 5 })
  .map((all) => all.map(({ who, ...given }, at) => anExceptionSignature(hurry, who, { ...given, name: `s-${at}` })));

test('it is never granted outside of its time, and never for a gate that it or the policy does not name', () => {
  fc.assert(
    fc.property(
      acts,
      fc.subarray([...exceptableGates], { minLength: 1 }),
      fc.integer({ min: -48, max: 48 }),
      (approvals, gates, hours) => {
        const state = judged({ approvals, policy: { exceptions: { ...offered, gates } }, at: now + hours * hour });
        if (state.is !== 'Granted') return;
        expect(hours).toBeLessThan(23);
        expect(state.gates).toEqual(gates.filter((gate) => gate === 'Window'));
      },
    ),
  );
});

test('taking a signature away never grants it, unless that one refused it', () => {
  fc.assert(
    fc.property(acts, fc.nat(4), (approvals, at) => {
      const fewer = approvals.filter((_, place) => place !== at);
      if (judged({ approvals: fewer }).is !== 'Granted') return;
      const taken = approvals[at];
      // Programs neither sign nor refuse.
      const refuses = taken?.spec.decision === 'Reject' && !taken.spec.approver.username.startsWith('system:');
      expect(judged({ approvals }).is).toBe(refuses ? 'Refused' : 'Granted');
    }),
  );
});
