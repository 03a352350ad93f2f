import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  accessesAmong,
  anAdmissionRequest,
  anAdmissionSnapshot,
  asStored,
  inShort,
  judgedWith,
  messageOf,
  operator,
  restorer,
  someGrounds,
} from '../../../test/support/builders/admission.ts';
import {
  anAccess,
  anEmergency,
  aPolicy,
  aRecord,
  second,
  someEmergencies,
} from '../../../test/support/builders/decide.ts';
import { jsonObject, type JsonObject } from '../../api/meta.ts';
import { judgeAdmission } from './judge.ts';
import { grantObjects, notAfterOf } from '../emergency/grant.ts';
import type { EmergencyRecord } from '../record/emergency.ts';
import { anyJson } from '../json/json-arbitrary.ts';
import { textAt } from '../json/json.ts';
import type { Answer } from '../api-queries.ts';
import type { AdmissionRequest } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';
import { grantName } from '../record/grant-names.ts';

const yes: Answer = { kind: 'Yes' };
const no: Answer = { kind: 'No', message: '' };
const access = anAccess();
const notAfter = notAfterOf(access);

describe('creating an emergency access', () => {
  const { resourceVersion: _, ...metadata } = access.metadata;
  const object = jsonObject({ ...access, metadata });
  const create = (given: Partial<AdmissionRequest> = {}, spec: JsonObject = {}): AdmissionRequest =>
    anAdmissionRequest('sre-a', 'emergencyaccesses.countersign.dev', {
      as: 'EmergencyAccess',
      operation: 'CREATE',
      name: 'inc-4711',
      object: { ...object, spec: { ...(object['spec'] as JsonObject), ...spec } },
      oldObject: undefined,
      ...given,
    });
  const nobody = { record: aRecord(), grant: someGrounds({ access: undefined }) };

  test.each<[string, AdmissionRequest, Partial<AdmissionSnapshot>, Answer, string]>([
    ['is recorded', create(), nobody, yes, 'allowed, Grant is recorded'],
    ['needs the right by name', create(), nobody, no, 'GrantorLacksRight'],
    ['reads what it rests on first', create(), { record: aRecord() }, yes, 'reads'],
    ['waits for the clock', create(), { ...nobody, serverTime: undefined }, yes, 'waits'],
    ['waits for an answer', create(), nobody, { kind: 'Unavailable', message: '' }, 'waits'],
    ['is refused when the clocks are apart', create(), { ...nobody, skewMs: 6_000 }, yes, 'ClockSkewed'],
    ['is refused for too long', create({}, { duration: '13h' }), nobody, yes, 'DurationTooLong'],
    [
      'is refused in another’s name',
      create({ user: { username: 'developer-a', uid: '', groups: [] } }),
      nobody,
      yes,
      'GrantorForged',
    ],
    ['is refused unread', create({ object: {} }), nobody, yes, 'EmergencyUnreadable'],
    [
      'is refused where the policy read afresh offers none, whatever the copy says',
      create(),
      { ...nobody, grant: someGrounds({ policy: aPolicy() }) },
      yes,
      'EmergencyNotOffered',
    ],
    ['is refused on a broken record', create(), { ...nobody, record: aRecord({ broken: 'x' }) }, yes, 'RecordBroken'],
  ])('%s', (_, request, given, answer, expected) => {
    const verdict = judgedWith(request, anAdmissionSnapshot(given), answer);
    expect(inShort(verdict)).toBe(expected);
    expect(messageOf(verdict)).toMatch(/^$|^[A-Z][A-Za-z]+: .*Next: /);
  });

  test('is refused for want of what the ledger says only after the ledger was read again', () => {
    const other = anAdmissionSnapshot({
      grant: someGrounds(),
      ...withRecord(anEmergency(anAccess({}, { name: 'x' }))),
    });
    expect(judgeAdmission(create(), other)).toMatchObject({
      message: expect.stringMatching(/^GranteeHasGrant: /),
      stale: true,
    });
  });
});

const withRecord = (...all: readonly EmergencyRecord[]): Partial<AdmissionSnapshot> => ({
  record: aRecord({ emergencies: someEmergencies(...all) }),
});

describe('changing an emergency access', () => {
  const change = (from: JsonObject, to: JsonObject, more: JsonObject = {}): AdmissionRequest => {
    const [oldObject, object] = [from, to].map((spec) => ({ kind: 'EmergencyAccess', spec }));
    return anAdmissionRequest('developer-a', 'emergencyaccesses.countersign.dev', {
      name: 'inc-4711',
      oldObject,
      object: { ...object, ...more },
    });
  };
  const spec = { grantee: 'developer-a', duration: '4h', revoked: false };
  const revoked = { ...spec, revoked: true };

  test.each<[string, AdmissionRequest, Partial<AdmissionSnapshot>, string]>([
    ['revoking is recorded', change(spec, revoked), {}, 'allowed, Revoke is recorded'],
    [
      'revoking passes on a broken record',
      change(spec, revoked),
      { record: aRecord({ broken: 'x' }) },
      'allowed, Revoke is recorded',
    ],
    ['a label is custody’s affair', change(spec, spec, { metadata: { labels: {} } }), {}, 'allowed'],
    ['longer', change(spec, { ...spec, duration: '5h' }), {}, 'EmergencyNeverChanges'],
    ['longer and revoked at once', change(spec, { ...revoked, duration: '5h' }), {}, 'EmergencyNeverChanges'],
    ['taking a revocation back', change(revoked, spec), {}, 'EmergencyNeverChanges'],
  ])('%s', (_, request, given, expected) => {
    expect(inShort(judgeAdmission(request, anAdmissionSnapshot(given)))).toBe(expected);
  });
});

describe('what lets somebody in', () => {
  const made = (phase: 'Closed' | 'Open', of = access) =>
    grantObjects({ access: of, clusterRole: 'countersign-emergency' }, phase);
  const [role = {}, minutes = {}, binding = {}] = made('Closed');
  const [, , opened = {}] = made('Open');
  const resources: Readonly<Record<string, string>> = { Role: 'roles', RoleBinding: 'rolebindings' };

  const send = (object: JsonObject, given: Partial<AdmissionRequest> = {}): AdmissionRequest => {
    const kind = textAt(object, 'kind') ?? '';
    return anAdmissionRequest(operator, `${resources[kind] ?? ''}.rbac.authorization.k8s.io`, {
      as: kind,
      operation: 'CREATE',
      name: textAt(object, 'metadata', 'name') ?? '',
      object: asStored(object),
      oldObject: undefined,
      ...given,
    });
  };
  const update = (object: JsonObject, given: Partial<AdmissionRequest> = {}) =>
    send(object, { operation: 'UPDATE', oldObject: asStored(binding), ...given });
  const granted = withRecord(anEmergency(access, { stage: 'Granted' }));
  const fresh = (given: Parameters<typeof someGrounds>[0] = {}) => ({ grant: someGrounds(given) });
  const finalized: JsonObject = {
    ...binding,
    metadata: { ...(binding['metadata'] as JsonObject), finalizers: ['example.com/stay'] },
  };
  const toOther: JsonObject = {
    ...opened,
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'developer-b' }],
  };
  const stronger: JsonObject = {
    ...binding,
    roleRef: { ...(binding['roleRef'] as JsonObject), name: 'cluster-admin' },
  };
  const longer = made('Closed', anAccess({ duration: '12h' }))[0] ?? {};

  test.each<[string, AdmissionRequest, Partial<AdmissionSnapshot>, string]>([
    ['the Role of the minutes is made', send(role), { ...granted, ...fresh() }, 'allowed'],
    ['its binding is made', send(minutes), { ...granted, ...fresh() }, 'allowed'],
    ['the binding of the ClusterRole is made', send(binding), { ...granted, ...fresh() }, 'allowed'],
    ['a binding is made anew after the ledger opened it', send(binding), fresh(), 'allowed'],
    ['somebody is bound', update(opened), fresh(), 'allowed'],
    ['everything rests on what is read first', send(role), granted, 'reads'],
    ['a binding with a subject from the beginning', send(opened), fresh(), 'GrantNotVerified'],
    ['somebody is bound before the ledger opened it', update(opened), { ...granted, ...fresh() }, 'GrantNotVerified'],
    ['somebody else is bound', update(toOther), fresh(), 'GrantNotVerified'],
    ['another role is bound', send(stronger), { ...granted, ...fresh() }, 'GrantNotVerified'],
    ['more minutes', send(longer), { ...granted, ...fresh() }, 'GrantNotVerified'],
    ['a finalizer that would keep it', send(finalized), { ...granted, ...fresh() }, 'GrantNotVerified'],
    ['nothing in the ledger', send(role), { ...withRecord(), ...fresh() }, 'GrantNotVerified'],
    [
      'ended in the ledger',
      update(opened),
      { ...withRecord(anEmergency(access, { stage: 'Ended' })), ...fresh() },
      'GrantNotVerified',
    ],
    ['only in the ledger', update(opened), fresh({ access: undefined }), 'GrantNotVerified'],
    ['the name made anew', update(opened), fresh({ access: anAccess({}, { uid: 'x' }) }), 'GrantNotVerified'],
    ['revoked a moment ago', update(opened), fresh({ access: anAccess({ revoked: true }) }), 'GrantNotVerified'],
    [
      'longer in the ledger than in the object',
      update(opened),
      { ...withRecord(anEmergency(access, { notAfter: notAfter + 1 })), ...fresh() },
      'GrantNotVerified',
    ],
    ['a policy that offers none any more', update(opened), fresh({ policy: aPolicy() }), 'GrantNotVerified'],
    [
      'a role that became too strong',
      update(opened),
      fresh({
        role: {
          name: 'countersign-emergency',
          rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
          aggregated: false,
        },
      }),
      'GrantNotVerified',
    ],
    [
      'at the end',
      update(opened),
      { ...fresh(), serverTime: { earliest: notAfter - second, latest: notAfter } },
      'GrantNotVerified',
    ],
    ['a clock that is off', update(opened), { ...fresh(), skewMs: 6_000 }, 'GrantNotVerified'],
    ['time unknown', update(opened), { ...fresh(), serverTime: undefined }, 'waits'],
    ['under another name', send(role, { name: 'mine' }), { ...granted, ...fresh() }, 'NoReleaseUnderWay'],
    [
      'by the restorer',
      send(role, { user: { username: restorer, uid: '', groups: [] } }),
      { ...granted, ...fresh() },
      'NoReleaseUnderWay',
    ],
  ])('%s', (_, request, given, expected) => {
    expect(inShort(judgedWith(request, anAdmissionSnapshot(given), yes))).toBe(expected);
  });

  test('a grantor who has lost the right lets nobody in', () => {
    const verdict = judgedWith(update(opened), anAdmissionSnapshot(fresh()), no);
    expect(verdict).toMatchObject({ message: expect.stringContaining('GrantorLacksRight') });
  });

  test('of two that the ledger grants to one person, the first is let in and the second is not', () => {
    const other = anAccess({}, { name: 'inc-2' });
    const both = withRecord(anEmergency(access), anEmergency(other));
    const verdictOn = (each: typeof access) =>
      judgedWith(
        update(made('Open', each)[2] ?? {}),
        anAdmissionSnapshot({ ...both, ...fresh({ access: each }) }),
        yes,
      );
    expect([verdictOn(access), verdictOn(other)].map(inShort)).toEqual(['allowed', 'GrantNotVerified']);
  });

  test.each<[string, string, Partial<AdmissionSnapshot>]>([
    ['the operator', operator, {}],
    ['the restorer', restorer, {}],
    ['the restorer, on a broken record', restorer, { record: aRecord({ broken: 'x' }) }],
    ['the operator, without a policy', operator, { policy: undefined }],
    ['the operator, of something long forgotten', operator, { record: aRecord() }],
  ])('%s always takes it away', (_, username, given) => {
    const request = send(binding, { operation: 'DELETE', object: undefined, user: { username, uid: '', groups: [] } });
    expect(inShort(judgeAdmission(request, anAdmissionSnapshot(given)))).toBe('allowed');
  });

  test('nobody else takes it away, and our programs take nothing else away', () => {
    const removal = (username: string, name: string) =>
      send(binding, { operation: 'DELETE', object: undefined, name, user: { username, uid: '', groups: [] } });
    const verdicts = [removal('developer-a', grantName(access.metadata.uid)), removal(operator, 'owners')].map((each) =>
      judgedWith(each, anAdmissionSnapshot(), no),
    );
    expect(verdicts.map(inShort)).toEqual(['AdministerRightMissing', 'NoReleaseUnderWay']);
  });

  test('no change of a field of what is made passes', () => {
    const paths = fc.constantFrom('metadata', 'rules', 'roleRef', 'subjects', 'extra', 'aggregationRule');
    fc.assert(
      fc.property(fc.constantFrom(role, minutes, binding, opened), paths, anyJson, (object, field, value) => {
        const changed: JsonObject = {
          ...object,
          [field]: field === 'metadata' ? { ...(object['metadata'] as JsonObject), extra: value } : value,
        };
        fc.pre(JSON.stringify(changed) !== JSON.stringify(object));
        const verdict = judgedWith(update(changed), anAdmissionSnapshot(fresh()), yes);
        expect(verdict.is).toBe('Denied');
      }),
    );
  });
});

test('the restorer cuts sessions whatever the state of things; the operator does not', () => {
  const evict = (username: string) =>
    anAdmissionRequest(username, 'pods/eviction', { operation: 'CREATE', as: 'Eviction' });
  const broken = anAdmissionSnapshot({ record: aRecord({ broken: 'x' }), policy: undefined });
  expect(inShort(judgeAdmission(evict(restorer), broken))).toBe('allowed');
  expect(inShort(judgeAdmission(evict(operator), anAdmissionSnapshot()))).toBe('NotPartOfReleases');
});

test('a signature for the review of an emergency is witnessed like any other', () => {
  const sign = anAdmissionRequest('approver-a', 'approvals.countersign.dev', {
    operation: 'CREATE',
    as: 'Approval',
    object: {
      kind: 'Approval',
      metadata: {},
      spec: { decision: 'Approve', role: 'approver', subject: { kind: 'EmergencyAccess', name: 'inc-4711' } },
    },
    oldObject: undefined,
  });
  expect(judgeAdmission(sign, anAdmissionSnapshot({ accesses: accessesAmong() }))).toMatchObject({
    record: { decision: 'Sign', reason: 'Approve EmergencyAccess inc-4711 as approver' },
  });
});
