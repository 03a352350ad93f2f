import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  accessesAmong,
  anAdmissionRequest,
  anAdmissionSnapshot,
  inShort,
  judgedWith,
  messageOf,
} from '../../../test/support/builders/admission.ts';
import { manualClock } from '../../../test/support/builders/clock.ts';
import {
  anAccess,
  anEmergency,
  aRecord,
  minute,
  now,
  second,
  someEmergencies,
} from '../../../test/support/builders/decide.ts';
import type { EmergencyAccess } from '../../api/emergency.ts';
import type { JsonObject } from '../../api/meta.ts';
import { ServerClock } from '../../kube/server-time.ts';
import { judgeAdmission } from './judge.ts';
import { notAfterOf } from '../emergency/grant.ts';
import type { EmergencyRecord } from '../record/emergency.ts';
import { digestOf } from '../json/canonical.ts';
import type { Answer } from '../api-queries.ts';
import type { AdmissionRequest, AdmissionVerdict, Operation } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';
import { emergencyActs } from '../manifest/emergency-acts.ts';

const no: Answer = { kind: 'No', message: '' };
const notAfter = notAfterOf(anAccess());

const write = anAdmissionRequest('developer-a', 'configmaps', { as: 'ConfigMap' });
const exec = anAdmissionRequest('developer-a', 'pods/exec', {
  as: 'PodExecOptions',
  operation: 'CONNECT',
  name: 'api-1',
  object: { kind: 'PodExecOptions', container: 'app', command: ['sh', '-c', 'id'], stdin: true },
  oldObject: undefined,
});

const withRecord = (...all: readonly EmergencyRecord[]): Partial<AdmissionSnapshot> => ({
  record: aRecord({ emergencies: someEmergencies(...all) }),
});
const of = (access: EmergencyAccess): Partial<AdmissionSnapshot> => ({ accesses: accessesAmong(access) });
const at = (latest: number): Partial<AdmissionSnapshot> => ({ serverTime: { earliest: latest - second, latest } });

test.each<[string, AdmissionRequest, Partial<AdmissionSnapshot>, string]>([
  ['while it is open', write, {}, 'allowed, Emergency is recorded'],
  ['a moment before its end', write, at(notAfter - 1), 'allowed, Emergency is recorded'],
  ['at its end', write, at(notAfter), 'EmergencyOver'],
  ['when the time is not known', write, { serverTime: undefined }, 'waits'],
  ['before it is open', write, withRecord(anEmergency(anAccess(), { stage: 'Granted' })), 'EmergencyNotOpen'],
  ['before the ledger tells of it', write, withRecord(), 'EmergencyNotOpen'],
  ['after the ledger has ended it', write, withRecord(anEmergency(anAccess(), { stage: 'Ended' })), 'EmergencyOver'],
  ['after it was accounted for', write, withRecord(anEmergency(anAccess(), { stage: 'Accounted' })), 'EmergencyOver'],
  ['long after it was closed', write, withRecord(anEmergency(anAccess(), { stage: 'Closed' })), 'OnlyByRelease'],
  ['when it was refused', write, withRecord(anEmergency(anAccess(), { stage: 'Refused' })), 'OnlyByRelease'],
  ['when it was revoked', write, of(anAccess({ revoked: true })), 'EmergencyOver'],
  ['when its object is gone', write, { accesses: () => [] }, 'EmergencyOver'],
  ['when its name was made anew', write, of(anAccess({}, { uid: 'another' })), 'EmergencyOver'],
  ['when it lasts longer than the ledger says', write, of(anAccess({ duration: '5h' })), 'EmergencyOver'],
  [
    'when the ledger says that it lasts longer',
    write,
    withRecord(anEmergency(anAccess(), { notAfter: notAfter + minute })),
    'EmergencyOver',
  ],
  ['when it is of somebody else', { ...write, user: { ...write.user, username: 'developer-b' } }, {}, 'OnlyByRelease'],
  ['of a session', exec, {}, 'allowed, Emergency is recorded'],
  ['of a session, at its end', exec, at(notAfter), 'EmergencyOver'],
  ['of somebody else’s session', { ...exec, user: { ...exec.user, username: 'developer-b' } }, {}, 'NoSessions'],
  [
    'of a finalizer that would hold the object up',
    { ...write, object: { ...write.object, metadata: { name: 'x', finalizers: ['elb.example.com/x'] } } },
    {},
    'EmergencyLifetime',
  ],
  [
    'of an owner with which the object would go',
    {
      ...write,
      object: { ...write.object, metadata: { name: 'x', ownerReferences: [{ kind: 'ConfigMap', uid: 'u' }] } },
    },
    {},
    'EmergencyLifetime',
  ],
  ['of a bare pod', anAdmissionRequest('developer-a', 'pods', { operation: 'CREATE' }), {}, 'EmergencyActNotCovered'],
  [
    'of a token',
    anAdmissionRequest('developer-a', 'serviceaccounts/token', { operation: 'CREATE' }),
    {},
    'EmergencyActNotCovered',
  ],
  [
    'of a Secret that holds a token',
    anAdmissionRequest('developer-a', 'secrets', {
      operation: 'CREATE',
      object: { kind: 'Secret', type: 'kubernetes.io/service-account-token' },
      oldObject: undefined,
    }),
    {},
    'EmergencySecretType',
  ],
  [
    'of a Secret that becomes a bootstrap token',
    anAdmissionRequest('developer-a', 'secrets', { object: { kind: 'Secret', type: 'bootstrap.kubernetes.io/token' } }),
    {},
    'EmergencySecretType',
  ],
  ['of a role', anAdmissionRequest('developer-a', 'roles.rbac.authorization.k8s.io'), {}, 'AdministerRightMissing'],
  ['of a status', anAdmissionRequest('developer-a', 'deployments/status.apps'), {}, 'EmergencyActNotCovered'],
])('an act %s', (_, request, given, expected) => {
  const verdict = judgedWith(request, anAdmissionSnapshot(given), no);
  expect(inShort(verdict)).toBe(expected);
  expect(messageOf(verdict)).toMatch(verdict.is === 'Denied' ? /^[A-Z][A-Za-z]+: developer-.*Next: / : /^$/);
});

const operations: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];
const others = [
  'pods',
  'pods/status',
  'pods/proxy',
  'pods/resize',
  'pods/binding',
  'services/proxy',
  'serviceaccounts/token',
  'deployments/status.apps',
  'replicasets.apps',
  'endpoints',
  'leases.coordination.k8s.io',
];
const named = ({ group, resource }: { group: string; resource: string }) =>
  group === '' ? resource : `${resource}.${group}`;
const listed = new Set(emergencyActs.flatMap((row) => row.acts.map((verb) => `${verb.toUpperCase()} ${named(row)}`)));
const everything = [...new Set([...emergencyActs.map(named), ...others])].flatMap((resource) =>
  operations.map((operation): [Operation, string] => [operation, resource]),
);

test.each(everything)('an emergency covers %s of %s exactly if the one list says so', (operation, resource) => {
  const verdict = judgedWith(anAdmissionRequest('developer-a', resource, { operation }), anAdmissionSnapshot(), no);
  expect(inShort(verdict)).toBe(
    listed.has(`${operation} ${resource}`) ? 'allowed, Emergency is recorded' : 'EmergencyActNotCovered',
  );
});

describe('what is recorded', () => {
  const entryOf = (verdict: AdmissionVerdict) => {
    if (verdict.is !== 'Allowed' || verdict.record === undefined) throw new Error(inShort(verdict));
    return verdict.record;
  };
  const recorded = (request: AdmissionRequest) => entryOf(judgedWith(request, anAdmissionSnapshot(), no));

  test('a write: who, under what, which object, and its content before and after', () => {
    const [object, oldObject] = ['a', 'b'].map((level) => ({ kind: 'ConfigMap', data: { level } }));
    expect(recorded({ ...write, object, oldObject })).toMatchObject({
      actor: { username: 'developer-a' },
      decision: 'Emergency',
      subject: { kind: 'ConfigMap', name: 'api', namespace: 'payments-prod' },
      data: {
        emergency: 'uid-inc-4711',
        operation: 'UPDATE',
        before: digestOf(oldObject ?? {}),
        after: digestOf(object ?? {}),
        detail: 'inc-4711: change configmaps api',
      },
    });
  });

  test('a session: the pod, the container and the command', () => {
    expect(recorded(exec)).toMatchObject({
      subject: { kind: 'Pod', name: 'api-1' },
      data: { detail: 'inc-4711: connect to pods/exec api-1, container app, command ["sh","-c","id"]' },
    });
  });

  test('a port that is forwarded', () => {
    const forward = { ...exec, subresource: 'portforward', object: { kind: 'PodPortForwardOptions', ports: [8080] } };
    expect(recorded(forward).data).toMatchObject({ detail: expect.stringContaining('ports [8080]') });
  });

  test('a debug container: what it runs, and not those that were there', () => {
    const [old, debug] = ['old', 'debug'].map((name) => ({ name, image: 'busybox', command: ['sh'] }));
    const pod = (...ephemeralContainers: readonly JsonObject[]): JsonObject => ({
      kind: 'Pod',
      spec: { ephemeralContainers },
    });
    const request = anAdmissionRequest('developer-a', 'pods/ephemeralcontainers', {
      as: 'Pod',
      object: pod(old ?? {}, debug ?? {}),
      oldObject: pod(old ?? {}),
    });
    expect(recorded(request).data).toMatchObject({
      detail: 'inc-4711: change pods/ephemeralcontainers api, container debug of busybox, command ["sh"]',
    });
  });

  test('a scale: how many', () => {
    const scale = (replicas: number) => ({ kind: 'Scale', spec: { replicas } });
    const request = anAdmissionRequest('developer-a', 'deployments/scale.apps', {
      as: 'Scale',
      object: scale(40),
      oldObject: scale(2),
    });
    expect(recorded(request)).toMatchObject({
      subject: { kind: 'Deployment' },
      data: { detail: 'inc-4711: change deployments/scale api, replicas 2 to 40' },
    });
  });

  test('one of a collection that is deleted, by its own name', () => {
    const request: AdmissionRequest = {
      ...write,
      operation: 'DELETE',
      name: '',
      object: undefined,
      oldObject: { kind: 'ConfigMap', metadata: { name: 'web' } },
    };
    expect(recorded(request).subject).toMatchObject({ name: 'web' });
  });

  test('a long command: the beginning for readers, all of it in the data', () => {
    const command = ['sh', '-c', 'x'.repeat(20_000)];
    const entry = recorded({ ...exec, object: { kind: 'PodExecOptions', command } });
    expect(entry.reason).toHaveLength(1_024);
    expect(entry.data).toMatchObject({ detail: expect.stringContaining(JSON.stringify(command)) });
  });
});

describe('what somebody may do every day', () => {
  const scale = (to: number) =>
    anAdmissionRequest('developer-a', 'deployments/scale.apps', {
      as: 'Scale',
      object: { kind: 'Scale', spec: { replicas: to } },
      oldObject: { kind: 'Scale', spec: { replicas: 6 } },
    });

  test.each<[string, number, Answer, string]>([
    ['is done by that right', 8, { kind: 'Yes' }, 'allowed, Operate is recorded'],
    ['is done by the emergency without the right', 8, no, 'allowed, Emergency is recorded'],
    ['is done by the emergency beyond the bounds', 40, { kind: 'Yes' }, 'allowed, Emergency is recorded'],
  ])('%s', (_, to, answer, expected) => {
    expect(inShort(judgedWith(scale(to), anAdmissionSnapshot(), answer))).toBe(expected);
  });

  test('stays after the end', () => {
    expect(inShort(judgedWith(scale(8), anAdmissionSnapshot(at(notAfter)), { kind: 'Yes' }))).toBe(
      'allowed, Operate is recorded',
    );
  });
});

test('of several, the one that is held counts', () => {
  const first = anAccess({ revoked: true }, { name: 'inc-1' });
  const second = anAccess({}, { name: 'inc-2' });
  const verdict = judgeAdmission(
    write,
    anAdmissionSnapshot({
      ...withRecord(anEmergency(first, { stage: 'Ended' }), anEmergency(second)),
      accesses: accessesAmong(first, second),
    }),
  );
  expect(verdict).toMatchObject({ record: { data: { emergency: 'uid-inc-2' } } });
});

test('what may only look shut because the copy is behind is read again first', () => {
  const stages = ['Granted', 'Ended'] as const;
  const stale = stages.map((stage) =>
    judgeAdmission(write, anAdmissionSnapshot(withRecord(anEmergency(anAccess(), { stage })))),
  );
  expect(stale).toMatchObject([{ stale: true }, { stale: false }]);
});

test('nothing is let through on a record that does not verify', () => {
  const record = { ...aRecord({ emergencies: someEmergencies(anEmergency()) }), broken: 'x' };
  expect(inShort(judgeAdmission(write, anAdmissionSnapshot({ record })))).toBe('RecordBroken');
});

test('at no instant at or after the end by the API server is anything allowed, however the wall clock of the gate jumps', async () => {
  const history = fc.array(
    fc.oneof(
      fc.record({ wait: fc.nat(90 * minute) }),
      fc.record({ answer: fc.tuple(fc.nat(3_000), fc.nat(3_000)) }),
      fc.record({ jump: fc.integer({ min: -10 * minute, max: 10 * minute }) }),
    ),
    { minLength: 1, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(history, fc.nat(4 * 60 * minute), async (steps, began) => {
      const local = manualClock(now);
      const clock = new ServerClock(local);
      const server = () => notAfter - began + local.monotonic();
      for (const step of steps) {
        if ('wait' in step) await local.advance(step.wait);
        else if ('jump' in step) local.setWall(server() + step.jump);
        else {
          const sentAt = local.monotonic();
          await local.advance(step.answer[0]);
          const date = new Date(server()).toUTCString();
          await local.advance(step.answer[1]);
          clock.answered({ date, sentAt, receivedAt: local.monotonic() });
        }
        const s = anAdmissionSnapshot({ serverTime: clock.bounds(), skewMs: clock.skewMs(), now: local.now() });
        const isAllowed = judgeAdmission(write, s).is === 'Allowed';
        expect(isAllowed && server() >= notAfter).toBe(false);
        // Nor does a jump end it: before the end, only want of an answer does, and the last seconds.
        const isSure = clock.bounds() !== undefined && server() < notAfter - 7_000;
        expect(isSure && !isAllowed).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});
