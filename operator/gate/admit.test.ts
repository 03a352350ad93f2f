import { describe, expect, test } from '@jest/globals';
import {
  aBundle,
  aCandidate,
  anAccess,
  anEmergency,
  aNamespace,
  anIntent,
  aPackageRecord,
  aPolicy,
  aRecord,
  aSealedBundle,
  enoughApprovals,
  now,
  someEmergencies,
  noneReported,
} from '../../test/support/builders/decide.ts';
import { jsonObject, type JsonObject } from '../api/meta.ts';
import { notAfterOf } from '../decide/emergency/grant.ts';
import type { AdmissionRequest } from '../decide/admission/request.ts';
import type { LedgerDraft } from '../decide/ledger-entry.ts';
import type { NamespaceRecord } from '../decide/record/record.ts';
import type { OpenIntent } from '../decide/record/package.ts';
import { ContentAway } from '../observe/contents.ts';
import { createConsents } from './consent-cache.ts';
import { createJudge, type JudgeTools } from './admit.ts';
import type { Sight } from './state.ts';

const operator = 'system:serviceaccount:countersign-system:countersign-operator';
const bundle = aBundle();
const config: JsonObject = bundle.objects[0]?.content ?? {};

const open = anIntent(bundle);

const recordWith = (intent: OpenIntent | undefined): NamespaceRecord => ({
  ...aRecord(),
  packages: new Map([['payments', aPackageRecord({ open: intent })]]),
});

const fail = (): never => {
  throw new Error('not expected here');
};

interface World {
  readonly judge: ReturnType<typeof createJudge>;
  readonly appended: LedgerDraft[];
  readonly done: string[];
}

const world = (sight: Partial<Sight> = {}, tools: Partial<JudgeTools> = {}): World => {
  const appended: LedgerDraft[] = [];
  const done: string[] = [];
  const seen: Sight = {
    namespace: () => aNamespace(),
    policies: { template: fail, inheriting: fail },
    policy: () => aPolicy({ platformWriters: [{ identity: 'es', kind: 'Secret', names: ['db'] }] }),
    record: () => recordWith(undefined),
    bundle: () => bundle,
    accesses: () => [],
    integrity: () => [],
    change: fail,
    load: () => {
      done.push('load');
      return Promise.resolve();
    },
    refresh: () => {
      done.push('refresh');
      return Promise.resolve();
    },
    grounds: () => {
      done.push('grounds');
      return Promise.resolve({
        policy: undefined,
        candidate: undefined,
        bundle: undefined,
        approvals: [],
        lifts: new Map(),
        ...noneReported,
      });
    },
    returnGrounds: () => {
      done.push('returnGrounds');
      const gone = { bundle: undefined, approvals: [], lifts: new Map() };
      return Promise.resolve({ policy: undefined, to: gone, from: gone, above: undefined });
    },
    grant: () => {
      done.push('grant');
      return Promise.resolve({ policy: undefined, access: undefined, role: undefined });
    },
    ...sight,
  };
  const judge = createJudge({
    operator,
    restorer: 'restorer',
    digestOf: () => `sha256:${'1'.repeat(64)}`,
    sight: seen,
    consents: createConsents({ sight: seen, ask: tools.ask ?? fail, now: () => now }),
    ask: fail,
    append: (_, draft) => {
      done.push('append');
      appended.push(draft);
      return Promise.resolve();
    },
    now: () => now,
    serverTime: { bounds: () => ({ earliest: now, latest: now }), skewMs: () => 0 },
    ...tools,
  });
  return { judge, appended, done };
};

const request = (username: string, given: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  uid: 'review-1',
  operation: 'UPDATE',
  resource: { group: '', version: 'v1', resource: 'configmaps' },
  kind: { group: '', version: 'v1', kind: 'ConfigMap' },
  subresource: '',
  namespace: 'payments-prod',
  name: 'api-config',
  dryRun: false,
  user: { username, uid: '', groups: [] },
  object: config,
  oldObject: config,
  ...given,
});

const secret: Partial<AdmissionRequest> = {
  resource: { group: '', version: 'v1', resource: 'secrets' },
  kind: { group: '', version: 'v1', kind: 'Secret' },
  name: 'db',
};

const approval: Partial<AdmissionRequest> = {
  operation: 'CREATE',
  resource: { group: 'countersign.dev', version: 'v1alpha1', resource: 'approvals' },
  kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'Approval' },
};
const order: Partial<AdmissionRequest> = {
  operation: 'CREATE',
  resource: { group: 'countersign.dev', version: 'v1alpha1', resource: 'rollbacks' },
  kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'Rollback' },
};

const { signal } = new AbortController();
const unavailable = () => Promise.reject(new Error('etcd is away'));

test('an act of people is in the record before it is allowed', async () => {
  const { judge, appended } = world();
  expect(await judge(request('approver-a', approval), signal)).toMatchObject({ allowed: true });
  expect(appended).toMatchObject([{ decision: 'Sign', actor: { username: 'approver-a' } }]);
});

test.each([
  ['a signature', 'approver-a', approval],
  ['the write of a declared program', 'es', secret],
])('%s that cannot be recorded is refused', async (_, who, given) => {
  const { judge } = world({}, { append: unavailable });
  expect(await judge(request(who, given), signal)).toMatchObject({ allowed: false, reason: 'Unavailable' });
});

test('an order to roll back is never held up by a record that cannot be written', async () => {
  const { judge } = world({}, { append: unavailable });
  expect(await judge(request('sre-a', order), signal)).toMatchObject({ allowed: true });
});

test('a dry-run writes nothing down', async () => {
  const { judge, appended } = world();
  expect(await judge(request('es', { ...secret, dryRun: true }), signal)).toMatchObject({ allowed: true });
  expect(appended).toEqual([]);
});

test('before a write is denied for want of an open release, what may have been missed is read', async () => {
  let known: NamespaceRecord = recordWith(undefined);
  const { judge } = world({
    record: () => known,
    refresh: () => {
      known = recordWith({ ...open, rejected: true });
      return Promise.resolve();
    },
  });
  const answer = await judge(request(operator), signal);
  expect(answer).toMatchObject({ allowed: false, message: expect.stringContaining('ReleaseEnded: ') });
});

test('what is denied for good is denied without reading anything', async () => {
  const { judge, done } = world();
  expect(await judge(request('developer-a'), signal)).toMatchObject({ allowed: false, reason: 'Forbidden' });
  expect(done).toEqual([]);
});

test('a promotion writes nothing without consent that was read afresh', async () => {
  const { judge, done } = world({ record: () => recordWith(open) });
  const answer = await judge(request(operator), signal);
  expect(answer).toMatchObject({ allowed: false, message: expect.stringContaining('ConsentMissing: ') });
  expect(done).toEqual(['grounds']);
});

test('what cannot be judged for good, such as a promotion past a changed lock, may be tried again', async () => {
  const bundle = aSealedBundle();
  const given = enoughApprovals().map((each) => ({ ...each, spec: { ...each.spec, digest: bundle.digest } }));
  const record = {
    ...aRecord({ candidate: { stagedDigests: new Set([bundle.digest]) } }),
    packages: new Map([['payments', aPackageRecord({ open: anIntent(bundle) })]]),
  };
  const locks: string[] = [];
  const { judge } = world(
    {
      record: () => record,
      bundle: () => bundle,
      policy: () => aPolicy(),
      integrity: () => locks,
      grounds: () =>
        Promise.resolve({
          policy: aPolicy(),
          candidate: aCandidate(),
          bundle,
          approvals: given,
          lifts: new Map(),
          ...noneReported,
        }),
    },
    { ask: () => Promise.resolve({ kind: 'Yes' }) },
  );
  locks.push('ValidatingAdmissionPolicy/countersign-guard-pods');
  expect(await judge(request(operator), signal)).toMatchObject({ allowed: false, reason: 'Unavailable' });
  locks.pop();
  expect(await judge(request(operator), signal)).toMatchObject({ allowed: true });
});

test('the writes of one wave read consent once, and every failed reading is done again', async () => {
  const { judge, done } = world({ record: () => recordWith(open) });
  await Promise.all([judge(request(operator), signal), judge(request(operator), signal)]);
  expect(done).toEqual(['grounds']);
  await judge(request(operator), signal);
  expect(done).toEqual(['grounds', 'grounds']);
});

test('what cannot be read is thrown to whoever refuses then', async () => {
  const { judge } = world({ record: () => recordWith(open), grounds: unavailable });
  await expect(judge(request(operator), signal)).rejects.toMatchObject({ message: 'etcd is away' });
});

test('under audit what would be refused is said, and let through', async () => {
  const { judge } = world({ namespace: () => aNamespace({ guarded: 'audit' }) });
  expect(await judge(request('developer-a'), signal)).toMatchObject({
    allowed: true,
    warnings: [expect.stringContaining('would be refused: OnlyByRelease')],
  });
});

test('a withdrawal is told in the record of the namespace that it was meant for, and in no other', async () => {
  const withdrawal = (target: string, from: string): Partial<AdmissionRequest> => ({
    operation: 'DELETE',
    resource: { group: 'countersign.dev', version: 'v1alpha1', resource: 'releasecandidates' },
    kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'ReleaseCandidate' },
    namespace: from,
    object: undefined,
    oldObject: { kind: 'ReleaseCandidate', metadata: {}, spec: { targetNamespace: target, package: 'payments' } },
  });
  const { judge, appended } = world();
  await judge(request('owner-a', withdrawal('payments-prod', 'elsewhere')), signal);
  expect(appended).toEqual([]);
  await judge(request('owner-a', withdrawal('payments-prod', 'payments-staging')), signal);
  expect(appended).toMatchObject([{ decision: 'Withdraw', package: 'payments' }]);
});

describe('an act of an emergency', () => {
  const access = anAccess();
  const end = notAfterOf(access);
  const acting = request('developer-a');
  const live = (given: Parameters<typeof anEmergency>[1] = {}): NamespaceRecord =>
    aRecord({ emergencies: someEmergencies(anEmergency(access, given)) });
  const open: Partial<Sight> = { record: () => live(), accesses: () => [access] };
  const clock = (latest: () => number): Pick<JudgeTools, 'serverTime'> => ({
    serverTime: { bounds: () => ({ earliest: latest(), latest: latest() }), skewMs: () => 0 },
  });

  test('is in the record before it is allowed', async () => {
    const { judge, appended } = world(open);
    expect(await judge(acting, signal)).toMatchObject({ allowed: true });
    expect(appended).toMatchObject([{ decision: 'Emergency', data: { emergency: access.metadata.uid } }]);
  });

  test('that cannot be recorded is refused', async () => {
    const { judge } = world(open, { append: unavailable });
    expect(await judge(acting, signal)).toMatchObject({ allowed: false, reason: 'Unavailable' });
  });

  test('that is only tried is judged and not recorded', async () => {
    const { judge, appended } = world(open);
    expect(await judge({ ...acting, dryRun: true }, signal)).toMatchObject({ allowed: true });
    expect(await judge({ ...acting, dryRun: true, name: 'x', subresource: 'status' }, signal)).toMatchObject({
      allowed: false,
    });
    expect(appended).toEqual([]);
  });

  /** While the entry is written, something happens. */
  const meanwhile = (happens: () => void): Pick<JudgeTools, 'append'> => ({
    append: () => {
      happens();
      return Promise.resolve();
    },
  });

  test('is refused when the record has ended the emergency by the time the act is in it', async () => {
    let record = live();
    const { judge } = world(
      { ...open, record: () => record },
      meanwhile(() => (record = live({ stage: 'Ended' }))),
    );
    expect(await judge(acting, signal)).toMatchObject({
      allowed: false,
      message: expect.stringMatching(/^EmergencyOver: /),
    });
  });

  test('is refused when its time was up by the answer to its own entry', async () => {
    let latest = end - 1;
    const { judge } = world(open, { ...clock(() => latest), ...meanwhile(() => (latest = end)) });
    expect(await judge(acting, signal)).toMatchObject({ allowed: false });
  });

  test('is refused when it was revoked meanwhile', async () => {
    let accesses = [access];
    const { judge } = world(
      { ...open, accesses: () => accesses },
      meanwhile(() => (accesses = [anAccess({ revoked: true })])),
    );
    expect(await judge(acting, signal)).toMatchObject({ allowed: false });
  });

  test('before it is open waits for what may have been missed', async () => {
    let record = live({ stage: 'Granted' });
    const refresh = () => {
      record = live();
      return Promise.resolve();
    };
    const { judge } = world({ ...open, record: () => record, refresh });
    expect(await judge(acting, signal)).toMatchObject({ allowed: true });
  });

  test('is put off while the time is not known', async () => {
    const { judge, appended } = world(open, {
      serverTime: { bounds: () => undefined, skewMs: () => undefined },
    });
    expect(await judge(acting, signal)).toMatchObject({ allowed: false, reason: 'Unavailable' });
    expect(appended).toEqual([]);
  });

  test('under audit is said to be refused, and let through', async () => {
    const { judge } = world(
      { ...open, namespace: () => aNamespace({ guarded: 'audit' }) },
      clock(() => end),
    );
    expect(await judge(acting, signal)).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('would be refused: EmergencyOver')],
    });
  });
});

describe('an emergency access', () => {
  const ofOurs = { group: 'countersign.dev', version: 'v1alpha1' };
  const access: Partial<AdmissionRequest> = {
    resource: { ...ofOurs, resource: 'emergencyaccesses' },
    kind: { ...ofOurs, kind: 'EmergencyAccess' },
    name: 'inc-4711',
  };
  const create = { ...access, operation: 'CREATE', object: jsonObject(anAccess()), oldObject: undefined } as const;
  const offering = aPolicy({ emergency: { clusterRole: 'countersign-emergency' } });
  const role = { name: 'countersign-emergency', rules: [], aggregated: false };
  const offered: Partial<Sight> = { grant: () => Promise.resolve({ policy: offering, access: undefined, role }) };
  const yes: Pick<JudgeTools, 'ask'> = { ask: () => Promise.resolve({ kind: 'Yes' }) };

  test('is judged by what is read afresh, and recorded before it exists', async () => {
    const { judge, appended } = world(offered, yes);
    expect(await judge(request('sre-a', create), signal)).toMatchObject({ allowed: true });
    expect(appended).toMatchObject([{ decision: 'Grant', subject: { name: 'inc-4711' } }]);
  });

  test('is refused where nothing of it can be read', async () => {
    const { judge } = world({ grant: unavailable }, yes);
    await expect(judge(request('sre-a', create), signal)).rejects.toMatchObject({ message: 'etcd is away' });
  });

  test('is refused when it cannot be recorded; its end is not', async () => {
    const { judge } = world(offered, { ...yes, append: unavailable });
    const spec = { grantee: 'developer-a' };
    const revoke = { ...access, object: { spec: { ...spec, revoked: true } }, oldObject: { spec } };
    expect(await judge(request('sre-a', create), signal)).toMatchObject({ allowed: false, reason: 'Unavailable' });
    expect(await judge(request('sre-b', revoke), signal)).toMatchObject({ allowed: true });
  });
});

test('a content that the copies leave out is read first, and the write is judged by it', async () => {
  let isHere = false;
  const away = {
    ...bundle,
    objects: bundle.objects.map((object) => ({
      ...object,
      get content() {
        if (isHere) return object.content;
        throw new ContentAway({ uid: 'u', namespace: 'payments-prod', head: bundle.name });
      },
    })),
  };
  const { judge, done } = world({
    record: () => recordWith(open),
    bundle: () => away,
    load: () => {
      isHere = true;
      done.push('load');
      return Promise.resolve();
    },
  });
  const answers = await Promise.all([judge(request(operator), signal), judge(request(operator), signal)]);
  for (const answer of answers)
    expect(answer).toMatchObject({ allowed: false, message: expect.stringContaining('ConsentMissing: ') });
  expect(done).toContain('load');
  expect(done.at(-1)).toBe('grounds');
});
