import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  anAccess,
  anEmergency,
  aPolicy,
  hour,
  minute,
  now,
  second,
  someEmergencies,
} from '../../../test/support/builders/decide.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import { notAfterOf } from './grant.ts';
import { noEmergencies, type EmergencyRecord } from '../record/emergency.ts';
import { refusalOfGrant, rightToGrant, type GrantRefusal, type GrantSnapshot } from './grant-checks.ts';

const rules = { maxDuration: '4h', clusterRole: 'countersign-emergency', maxActive: 2 };
const people = [{ name: 'sre-a', identities: ['sre-a', 'sre-a-adm'] }];

const snapshot = (given: Partial<GrantSnapshot> = {}, answer: Answer = { kind: 'Yes' }): GrantSnapshot => {
  const access = given.access ?? anAccess();
  return {
    access,
    policy: aPolicy({ emergency: rules, people }),
    role: {
      name: 'countersign-emergency',
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['update'] }],
      aggregated: false,
    },
    emergencies: noEmergencies,
    serverTime: { earliest: now - second, latest: now },
    skewMs: 0,
    answers: new Map([[questionKey(rightToGrant(access)), answer]]),
    ...given,
  };
};

const earlier = (name: string, grantee: string, given: Partial<EmergencyRecord> = {}) =>
  anEmergency(anAccess({ grantee }, { name }), given);

const after = (...all: readonly EmergencyRecord[]): Partial<GrantSnapshot> => ({
  emergencies: someEmergencies(...all),
});

test('what nothing speaks against is granted', () => {
  expect(refusalOfGrant(snapshot())).toEqual({ is: 'Grantable' });
});

test.each<[string, GrantSnapshot, GrantRefusal]>([
  ['where the policy offers none', snapshot({ policy: aPolicy() }), 'EmergencyNotOffered'],
  ['where there is no policy', snapshot({ policy: undefined }), 'EmergencyNotOffered'],
  ['for longer than the policy allows', snapshot({ access: anAccess({ duration: '4h1s' }) }), 'DurationTooLong'],
  ['to a program', snapshot({ access: anAccess({ grantee: 'system:serviceaccount:ci:bot' }) }), 'GranteeNotPerson'],
  ['to a program in disguise', snapshot({ access: anAccess({ grantee: 'ѕystem:kube-proxy' }) }), 'GranteeNotPerson'],
  ['to oneself', snapshot({ access: anAccess({ grantee: 'sre-a' }) }), 'GranteeIsGrantor'],
  ['to another account of oneself', snapshot({ access: anAccess({ grantee: 'sre-a-adm' }) }), 'GranteeIsGrantor'],
  ['to a look-alike of oneself', snapshot({ access: anAccess({ grantee: 'SRE-а' }) }), 'GranteeIsGrantor'],
  [
    'by a program',
    snapshot({ access: anAccess({ grantor: { username: 'system:serviceaccount:ci:bot' } }) }),
    'GrantorLacksRight',
  ],
  ['by somebody without the right', snapshot({}, { kind: 'No', message: '' }), 'GrantorLacksRight'],
  ['when the clocks are apart', snapshot({ skewMs: 5_001 }), 'ClockSkewed'],
  [
    'at the instant of its end',
    snapshot({ serverTime: { earliest: 0, latest: notAfterOf(anAccess()) } }),
    'AccessAlreadyOver',
  ],
  ['to somebody who is let in', snapshot(after(earlier('inc-1', 'developer-a'))), 'GranteeHasGrant'],
  [
    'to another account of somebody who is being let in',
    snapshot({
      access: anAccess({ grantee: 'sre-a-adm', grantor: { username: 'sre-b' } }),
      ...after(earlier('inc-1', 'sre-a', { stage: 'Granted' })),
    }),
    'GranteeHasGrant',
  ],
  [
    'when enough are in',
    snapshot(after(earlier('inc-1', 'developer-b'), earlier('inc-2', 'developer-c'))),
    'TooManyGrants',
  ],
  [
    'while a follow-up is overdue',
    snapshot(after(earlier('inc-1', 'developer-b', { stage: 'Accounted', overdue: true }))),
    'FollowUpOverdue',
  ],
  ['when its role is gone', snapshot({ role: undefined }), 'RoleMissing'],
  ['when another role was read', snapshot({ role: { name: 'x', rules: [], aggregated: false } }), 'RoleMissing'],
  [
    'when its role is too strong',
    snapshot({
      role: {
        name: 'countersign-emergency',
        rules: [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }],
        aggregated: false,
      },
    }),
    'RoleTooStrong',
  ],
])('is refused %s', (_, s, decision) => {
  const verdict = refusalOfGrant(s);
  expect(verdict).toMatchObject({ is: 'Refused', decision });
  expect(verdict).toMatchObject({
    message: expect.stringMatching(/ may not give .* access to payments-prod: .*\. Next: ./),
  });
  expect(verdict).toMatchObject({ message: expect.stringContaining(s.access.spec.grantor.username) });
});

test.each<[string, GrantSnapshot]>([
  ['for as long as the policy allows', snapshot({ access: anAccess({ duration: '4h' }) })],
  ['with clocks that agree to five seconds', snapshot({ skewMs: 5_000 })],
  ['a moment before its end', snapshot({ serverTime: { earliest: 0, latest: notAfterOf(anAccess()) - 1 } })],
  ['to somebody whose earlier access has ended', snapshot(after(earlier('inc-1', 'developer-a', { stage: 'Ended' })))],
  [
    'to somebody whose earlier access is past its deadline',
    snapshot(after(earlier('inc-1', 'developer-a', { notAfter: now - second }))),
  ],
  ['while another is in', snapshot(after(earlier('inc-1', 'developer-b')))],
  [
    'after a follow-up that was overdue and came',
    snapshot(after(earlier('inc-1', 'developer-b', { stage: 'Closed', overdue: true }))),
  ],
])('is granted %s', (_, s) => {
  expect(refusalOfGrant(s)).toEqual({ is: 'Grantable' });
});

test('somebody whose deadline may not have passed yet is still in', () => {
  const s = snapshot(after(earlier('inc-1', 'developer-a', { notAfter: now - second / 2 })));
  expect(refusalOfGrant(s)).toMatchObject({ decision: 'GranteeHasGrant' });
});

test.each([
  ['the clock', snapshot({ serverTime: undefined })],
  ['the skew', snapshot({ skewMs: undefined })],
  ['the right', snapshot({}, { kind: 'Unavailable', message: 'timeout' })],
])('waits while %s is not known', (_, s) => {
  expect(refusalOfGrant(s)).toMatchObject({ is: 'Wait' });
});

test('asks for the right by name, in the groups that the grantor had', () => {
  const access = anAccess({ grantor: { username: 'sre-b', uid: '7', groups: ['oncall'] } });
  expect(refusalOfGrant(snapshot({ access, answers: new Map() }))).toEqual({
    is: 'Ask',
    questions: [
      {
        ask: 'Right',
        who: { username: 'sre-b', uid: '7', groups: ['oncall'] },
        namespace: 'payments-prod',
        resource: 'releasepolicies',
        verb: 'grant',
        name: 'production',
      },
    ],
  });
});

describe('in the order of the ledger', () => {
  const grantees = ['developer-a', 'developer-b', 'developer-c', 'sre-a', 'sre-a-adm'];
  const some = fc.array(
    fc.record({ grantee: fc.constantFrom(...grantees), createdAgo: fc.nat(8 * 60), live: fc.boolean() }),
    { maxLength: 8 },
  );

  test('of those that pass, no two live ones are of one person, and no more than the policy allows', () => {
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 4 }), (given, maxActive) => {
        const accesses = given.map(({ grantee, createdAgo, live }, i) => ({
          live,
          access: anAccess(
            { grantee, grantor: { username: 'sre-b' } },
            { name: `inc-${i}`, createdAt: now - createdAgo * minute },
          ),
        }));
        // All are in the ledger at once, as if whoever appended them had looked at nothing.
        const emergencies = someEmergencies(
          ...accesses.map(({ access, live }) => anEmergency(access, { stage: live ? 'Opened' : 'Ended' })),
        );
        const policy = aPolicy({ emergency: { ...rules, maxActive }, people });
        const passing = accesses
          .filter(({ live }) => live)
          .map(({ access }) => access)
          .filter((access) => refusalOfGrant(snapshot({ access, policy, emergencies })).is === 'Grantable');
        const persons = passing.map(({ spec }) => spec.grantee.replace('-adm', ''));
        expect(new Set(persons).size).toBe(persons.length);
        expect(passing.length).toBeLessThanOrEqual(maxActive);
        // Nobody can say whether one whose time is over in this very second is still in.
        const first = accesses.find(({ live, access }) => live && notAfterOf(access) > now - second);
        const nobodyKnows = first !== undefined && notAfterOf(first.access) <= now;
        expect(nobodyKnows ? first.access : passing[0]).toEqual(first?.access);
      }),
    );
  });

  test('whoever is not in the ledger yet comes last', () => {
    const access = anAccess({}, { name: 'inc-2', createdAt: now - 2 * hour });
    const first = anEmergency(anAccess({}, { name: 'inc-1' }));
    expect(refusalOfGrant(snapshot({ access, ...after(first) }))).toMatchObject({ decision: 'GranteeHasGrant' });
    expect(refusalOfGrant(snapshot({ access, ...after(anEmergency(access), first) }))).toEqual({ is: 'Grantable' });
  });
});
