/** What the gate holds in an emergency: nothing is done that is not in the record first, nothing after the end, and nobody is let in by a stolen token. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ApiResponse, Interceptor } from '../../../operator/kube/transport.ts';
import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import type { EmergencyAccess } from '../../../operator/api/emergency.ts';
import { jsonObject, type JsonObject } from '../../../operator/api/meta.ts';
import { contentDigest } from '../../../operator/decide/manifest/content-digest.ts';
import type { LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import { notAfterOf } from '../../../operator/decide/emergency/grant.ts';
import { verifyChain } from '../../../operator/decide/record/chain.ts';
import {
  accepted,
  startTimeoutMs,
  type Answer,
  type ApiClient,
  type KubeObject,
  type Manifest,
} from '../../support/cluster/cluster.ts';
import type { World } from '../../support/cluster/system.ts';
import {
  access,
  actsUnder,
  append,
  ask,
  bindByHand,
  configMap,
  doAndLook,
  doings,
  endedEntry,
  first,
  gainedIn,
  grantedEntry,
  kinds,
  letIn,
  letInByHand,
  makeByHand,
  objectsOf,
  openedEntry,
  parsed,
  startEmergencySystem,
  unrecorded,
  type EmergencySystem,
} from './emergency-system.ts';
import { admitted, gateLock, type Attack } from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import { eventually, said, type World as Thieves } from '../../support/attack/world.ts';

const grantee = 'developer-b';

let system: EmergencySystem;
/** Somebody is in, for longer than the test. */
let night: World;
let as: ApiClient;

beforeAll(async () => {
  system = await startEmergencySystem();
  night = await system.production('night');
  as = system.as(grantee);
  await letIn(night, grantee);
}, startTimeoutMs * 3);

afterAll(() => system?.stop());

const faulty = (fault: Interceptor | undefined): void => {
  for (const gate of system.gates) gate.fault(fault);
};
afterEach(() => {
  faulty(undefined);
  for (const gate of system.gates) gate.setAhead(0);
});

const printed = (text: string): void => void process.stdout.write(`${text}\n`);

describe('every act is in the record before it is allowed', () => {
  test.each(kinds)('%s', async (kind) => {
    const { act, gained, unrecorded } = await doAndLook(night, as, kind);
    expect(act).toMatchObject({ passed: true });
    expect(unrecorded).toEqual([]);
    // Where another writer came between, the API server tries again, and asks again.
    expect(new Set(actsUnder(gained).map(({ actor }) => actor.username))).toEqual(new Set([grantee]));
  });

  test('of a Secret the record tells by keyed digests what became of it, and holds no value', async () => {
    const values = ['swordfish of the night', 'sesame of the night'] as const;
    const secret = (name: string): Manifest => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: night.production },
      stringData: { password: values[0] },
    });
    const target = night.ref('Secret', 'db');
    const set = async (password: string): Promise<JsonObject> =>
      jsonObject(accepted(await as.patch(target, 'merge', { stringData: { password } })));
    await gainedIn(night);
    const made = jsonObject(accepted(await as.create(secret('db'))));
    accepted(await as.create(secret('db-2')));
    const changed = await set(values[1]);
    await set(values[0]);
    accepted(await as.delete(target));

    const { data } = accepted(
      await system.as('installer').get<KubeObject & { readonly data: { readonly key: string } }>({
        apiVersion: 'v1',
        kind: 'Secret',
        name: 'countersign-digest-key',
        namespace: systemNamespace,
      }),
    );
    const secretKey = Buffer.from(data.key, 'base64').toString();
    const digest = (object: JsonObject): string => contentDigest(object, { secretKey });
    const told = actsUnder(await gainedIn(night)).map(
      ({ act, subject }) => `${act.operation} ${subject.name} '${act.before}' '${act.after}'`,
    );
    expect([...new Set(told)]).toEqual([
      `CREATE db '' '${digest(made)}'`,
      `CREATE db-2 '' '${digest(made)}'`,
      `UPDATE db '${digest(made)}' '${digest(changed)}'`,
      `UPDATE db '${digest(changed)}' '${digest(made)}'`,
      `DELETE db '${digest(made)}' ''`,
    ]);
    expect(digest(changed)).not.toBe(digest(made));
    // Who guesses a value cannot tell by the digest whether it is the one: neither under a key of theirs nor under none.
    expect(contentDigest(made, { secretKey: 'another' })).not.toBe(digest(made));
    const ledger = JSON.stringify(await night.ledger());
    expect(ledger).toContain(digest(made));
    const plain = contentDigest({ ...made, kind: 'ConfigMap' });
    for (const hidden of [...values, ...values.map((each) => Buffer.from(each).toString('base64')), plain])
      expect(ledger).not.toContain(hidden);
  });

  const isAppend: (request: Parameters<Interceptor>[0]) => boolean = ({ method, path }) =>
    method === 'POST' && path.endsWith('/ledgerentries');
  const onAppend =
    (fault: Interceptor): Interceptor =>
    (request, next) =>
      isAppend(request) ? fault(request, next) : next(request);
  const answered = (code: number, reason: string): Interceptor =>
    onAppend(async (): Promise<ApiResponse> => {
      const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason };
      return { status: code, headers: { 'content-type': 'application/json' }, body, stream: nothing };
    });
  const reset = (): Error => Object.assign(new Error('connection reset'), { code: 'ECONNRESET' });

  const faults: Readonly<Record<string, Interceptor>> = {
    'forbidden to the gate': answered(403, 'Forbidden'),
    invalid: answered(422, 'Invalid'),
    'answered with an error': answered(500, 'InternalError'),
    'throttled for ever': answered(429, 'TooManyRequests'),
    'never sent': onAppend(() => Promise.reject(reset())),
    'written, and the answer is lost': onAppend(async (request, next) => {
      await next(request);
      throw reset();
    }),
    'always late: somebody else has taken the place': onAppend(async (request, next) => {
      await append(night, system.stolen.operator, inBetween());
      return next(request);
    }),
  };

  test.each(Object.keys(faults).flatMap((fault) => kinds.map((kind) => [fault, kind] as const)))(
    'the entry is %s: %s',
    async (fault, kind) => {
      faulty(faults[fault]);
      const { act, unrecorded } = await doAndLook(night, as, kind);
      expect(unrecorded).toEqual([]);
      expect(act.passed && !fault.startsWith('always late')).toBe(false);
    },
  );

  test('the entry takes longer than anybody waits', async () => {
    faulty(
      onAppend(async (request, next) => {
        await new Promise((resolve) => setTimeout(resolve, 4_500));
        return next(request);
      }),
    );
    const acts = await Promise.all((['create', 'exec', 'scale'] as const).map((kind) => doings[kind](night, as)));
    expect(acts.map((act) => act.passed)).toEqual([false, false, false]);
  });

  test('conflicting appends of two gates and of somebody else: no act without an entry, and one unbroken chain', async () => {
    for (const gate of system.gates) gate.took();
    const others = Promise.all(
      Array.from({ length: 10 }, () => append(night, system.stolen.operator, inBetween()).catch(() => {})),
    );
    const clients = Array.from({ length: 4 }, () => system.as(grantee));
    const acts = await Promise.all(
      Array.from({ length: 40 }, (_, i) => doings.create(night, clients[i % clients.length] ?? as)),
    );
    await others;
    const passed = acts.filter((act) => act.passed);
    const ledger = await night.ledger();
    expect(unrecorded(passed, ledger)).toEqual([]);
    expect(passed.length).toBeGreaterThan(0);
    expect(verifyChain(ledger)).toMatchObject({ entries: ledger.length, broken: undefined });
    const byGate = system.gates.map((gate) => gate.took().length);
    printed(
      `40 acts at once: ${passed.length} passed, each with its entry; judged by the gates: ${byGate.join(' and ')}`,
    );
  });

  test('what that costs, at the API server', async () => {
    const create = async (client: ApiClient, namespace: string, name: string): Promise<number> => {
      const object = { ...configMap(night, name), metadata: { name, namespace } };
      const began = performance.now();
      accepted(await client.create(object));
      return performance.now() - began;
    };
    const open = 'not-guarded';
    accepted(await system.as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: open } }));
    const [free, held]: [number[], number[]] = [[], []];
    for (const gate of system.gates) gate.took();
    for (let i = 0; i < 100; i += 1) {
      free.push(await create(system.as('installer'), open, `figure-${i}`));
      held.push(await create(as, night.production, `figure-${i}`));
    }
    const judging = system.gates.flatMap((gate) => gate.took());
    const row = (name: string, times: readonly number[]) =>
      `${name.padEnd(44)} p50 ${quantile(times, 0.5).toFixed(1)} ms  p99 ${quantile(times, 0.99).toFixed(1)} ms`;
    printed(
      [
        row('a create where nothing is guarded', free),
        row('a create under an emergency', held),
        row('of which in the gate, entry included', judging),
      ].join('\n'),
    );
    expect(judging).toHaveLength(100);
  });
});

const nothing: AsyncIterable<unknown> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

const quantile = (times: readonly number[], q: number): number =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))] ?? NaN;

/** An entry that follows from any others, and is about nothing that is tried here. */
const inBetween = (): LedgerDraft => ({
  actor: { username: 'sre-a', uid: '', groups: [] },
  subject: { kind: 'Rollback', name: 'in-between', uid: randomUUID(), namespace: night.production },
  package: 'payments',
  digest: '',
  decision: 'BundleUnknown',
  reason: 'in between',
  data: { type: 'Refused', intent: '', outcome: 'Failed', object: '', message: 'in between' },
});

describe('clocks', () => {
  test.each([6_000, -6_000, 600_000, -600_000])('with a gate that is off by %i ms nobody is let in', async (ahead) => {
    for (const gate of system.gates) gate.setAhead(ahead);
    const answer = await system.as('sre-a').create(access(night, `skewed-${ahead}`, { grantee: 'developer-a' }));
    expect(said(answer)).toContain('ClockSkewed: ');
  });

  test.each([600_000, -600_000])('a gate whose clock jumps by %i ms ends nothing before its time', async (ahead) => {
    for (const gate of system.gates) gate.setAhead(ahead);
    for (const kind of kinds) expect((await doAndLook(night, as, kind)).act).toMatchObject({ passed: true });
  });
});

describe('asking', () => {
  test.each<[string, string, Record<string, unknown> & { grantee: string }, string]>([
    ['for oneself', 'sre-a', { grantee: 'sre-a' }, ''],
    ['for a program', 'sre-a', { grantee: 'system:serviceaccount:x:y' }, ''],
    ['for longer than the policy allows', 'sre-a', { grantee: 'developer-a', duration: '5h' }, 'DurationTooLong: '],
    ['for somebody who is in', 'sre-a', { grantee }, 'GranteeHasGrant: '],
    ['without the right', 'tester-a', { grantee: 'developer-a' }, ''],
  ])('%s is refused at once', async (_, who, spec, rule) => {
    const answer = await system.as(who).create(access(night, 'refused', spec));
    expect(answer).toMatchObject({ ok: false });
    expect(said(answer)).toContain(rule);
  });

  test('is in the record before it exists, and so is its end', async () => {
    const before = (await night.ledger()).length;
    await letIn(night, 'developer-a', 'inc-2');
    accepted(
      await system.as('sre-b').patch(night.ref('EmergencyAccess', 'inc-2'), 'merge', { spec: { revoked: true } }),
    );
    const decisions = (await night.ledger()).slice(before).map(({ type, decision }) => `${type} ${decision}`);
    expect(decisions.indexOf('Admitted Grant')).toBeLessThan(decisions.indexOf('EmergencyGranted Grant'));
    expect(decisions).toContain('Admitted Revoke');
    const act = await doAndLook(night, system.as('developer-a'), 'create');
    expect(act.act.passed).toBe(false);
  });
});

// From here on no operator runs: what it holds of the token is somebody else's.
describe('with the operator dead', () => {
  const names = ['honest', 'stolen', 'again', 'over', 'unbound', 'late'] as const;
  let worlds: Record<(typeof names)[number], World>;

  beforeAll(async () => {
    const made = await Promise.all(names.map(async (name) => [name, await system.production(name)] as const));
    worlds = Object.fromEntries(made) as typeof worlds;
    await system.operator.stop();
  }, 120_000);

  const thief = (): ApiClient => system.stolen.operator;
  const verified = 'GrantNotVerified: ';

  test('what was asked for and is as the record says lets somebody in (the twin)', async () => {
    const asked = await ask(worlds.honest, 'inc-1', { grantee });
    expect(await letInByHand(worlds.honest, thief(), asked)).toMatchObject({ ok: true });
    const { act, unrecorded } = await eventually(
      'they are in',
      () => doAndLook(worlds.honest, as, 'create'),
      ({ act }) => act.passed,
    );
    expect([act.passed, unrecorded]).toEqual([true, []]);
  });

  /** A request for somebody whom nobody has let in before. */
  const fresh = (world: World = worlds.stolen): Promise<EmergencyAccess> => {
    const name = `inc-${randomUUID().slice(0, 8)}`;
    return ask(world, name, { grantee: `person-${name}` });
  };

  const attack = (id: string, name: string, denied: string, act: () => Promise<Answer<unknown>>): Attack<Thieves> => ({
    id,
    name: `a stolen token of the operator ${name}`,
    denied,
    act: async () => admitted(await act()),
    twin: async () => admitted(await letInByHand(worlds.stolen, thief(), await fresh())),
    locks: [gateLock],
  });

  attacks<Thieves>(
    () => ({
      cluster: system,
      as: (name) => system.as(name),
      operator: system.stolen.operator,
      restorer: system.stolen.restorer,
      stop: system.stop,
    }),
    [
      attack('T47', 'lets in whom nobody asked for', verified, async () => {
        const asked = await fresh();
        return letInByHand(worlds.stolen, thief(), { ...asked, metadata: { ...asked.metadata, uid: randomUUID() } });
      }),
      attack('T47', 'makes what lets somebody in, and the record says nothing of it', verified, async () =>
        thief().create(first(objectsOf(await fresh(), 'Closed'))),
      ),
      attack('T47', 'binds somebody before the record says that it is open', verified, async () => {
        const asked = await fresh();
        const made = await makeByHand(worlds.stolen, thief(), asked);
        return made.ok ? bindByHand(thief(), asked) : made;
      }),
      attack('T47', 'binds somebody from the beginning', verified, async () => {
        const asked = await fresh();
        await append(worlds.stolen, thief(), await grantedEntry(worlds.stolen, asked));
        const [role, minutes] = objectsOf(asked, 'Open');
        const made = await thief().create(first([role]));
        return made.ok ? thief().create(first([minutes])) : made;
      }),
      attack('T47', 'binds somebody else', verified, async () => {
        const asked = await fresh();
        const made = await makeByHand(worlds.stolen, thief(), asked);
        if (!made.ok) return made;
        await append(worlds.stolen, thief(), openedEntry(asked));
        return bindByHand(thief(), { ...asked, spec: { ...asked.spec, grantee: 'developer-b' } });
      }),
      attack('T47', 'gives more minutes than were asked for', verified, async () => {
        const asked = await fresh();
        await append(worlds.stolen, thief(), await grantedEntry(worlds.stolen, asked));
        return thief().create(first(objectsOf({ ...asked, spec: { ...asked.spec, duration: '4h' } }, 'Closed')));
      }),
      attack('T47', 'says in the record that it lasts longer than was asked for', verified, async () => {
        const asked = await fresh();
        return letInByHand(worlds.stolen, thief(), { ...asked, spec: { ...asked.spec, duration: '4h' } });
      }),
      attack('T47', 'lets somebody in twice at once', 'GranteeHasGrant', async () => {
        const [one, two] = [await fresh(), `inc-${randomUUID().slice(0, 8)}`];
        const again = await ask(worlds.stolen, two, { grantee: one.spec.grantee });
        const once = await letInByHand(worlds.stolen, thief(), one);
        return once.ok ? letInByHand(worlds.stolen, thief(), again) : once;
      }),
      // The second grant does not follow from the first: it breaks the record, and nothing passes on a broken one.
      attack('T47', 'lets in again whose access was ended', 'RecordBroken: ', async () => {
        const name = `inc-${randomUUID().slice(0, 8)}`;
        const wanted = access(worlds.again, name, { grantee: `person-${name}` });
        const asking = await system.as('sre-a').create<KubeObject>(wanted);
        if (!asking.ok) return asking;
        const asked = parsed(asking.body);
        const once = await letInByHand(worlds.again, thief(), asked);
        if (!once.ok) return once;
        await append(worlds.again, thief(), endedEntry(asked));
        for (const { apiVersion, kind, metadata } of objectsOf(asked, 'Open')) {
          const target = { apiVersion, kind, name: metadata.name ?? '', namespace: worlds.again.production };
          accepted(await system.stolen.restorer.delete(target));
        }
        return letInByHand(worlds.again, thief(), asked);
      }),
      attack('T47', 'lets in whose access was revoked', verified, async () => {
        const asked = await fresh();
        const target = worlds.stolen.ref('EmergencyAccess', asked.metadata.name);
        accepted(await system.as('sre-b').patch(target, 'merge', { spec: { revoked: true } }));
        return letInByHand(worlds.stolen, thief(), asked);
      }),
      attack('T48', 'binds a role that somebody has made stronger', 'RoleTooStrong', async () => {
        const asked = await fresh();
        return whileStronger(() => letInByHand(worlds.stolen, thief(), asked));
      }),
    ],
  );

  /** The bound role lets people be others meanwhile. */
  const whileStronger = async <T>(run: () => Promise<T>): Promise<T> => {
    const target = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'countersign-emergency' };
    const { rules } = accepted(await system.as('installer').get<KubeObject & { rules: object[] }>(target));
    const strong = { apiGroups: [''], resources: ['users'], verbs: ['impersonate'] };
    accepted(await system.as('installer').patch(target, 'merge', { rules: [...rules, strong] }));
    try {
      return await run();
    } finally {
      accepted(await system.as('installer').patch(target, 'merge', { rules }));
    }
  };

  test('a stolen token of the operator gives no other rights', async () => {
    const namespace = worlds.honest.production;
    const uses = { apiGroups: ['countersign.dev'], resources: ['emergencyminutes'], verbs: ['use'] };
    const mine = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'mine', namespace },
      rules: [{ ...uses, resourceNames: ['unclocked'] }],
    };
    expect(said(await thief().create(mine))).toMatch(
      /NoReleaseUnderWay|ProductionGuardGrant|ProductionGuardRightNotGrantable|MinutesByOperator/,
    );
  });

  test('what the record has ended passes no more, though everything else is there', async () => {
    const asked = await ask(worlds.over, 'inc-1', { grantee });
    expect(await letInByHand(worlds.over, thief(), asked)).toMatchObject({ ok: true });
    await eventually(
      'they are in',
      () => doAndLook(worlds.over, as, 'create'),
      ({ act }) => act.passed,
    );
    await append(worlds.over, thief(), endedEntry(asked));
    for (const kind of kinds) expect((await doAndLook(worlds.over, as, kind)).act).toMatchObject({ passed: false });
    // Nor when the record says the contrary afterwards.
    await append(worlds.over, thief(), await grantedEntry(worlds.over, asked));
    await append(worlds.over, thief(), openedEntry(asked));
    for (const kind of kinds) expect((await doAndLook(worlds.over, as, kind)).act).toMatchObject({ passed: false });
  });

  test('(2d) when only the bindings are removed, nothing passes, though gate and record know of no end', async () => {
    const asked = await ask(worlds.unbound, 'inc-1', { grantee });
    expect(await letInByHand(worlds.unbound, thief(), asked)).toMatchObject({ ok: true });
    await eventually(
      'they are in',
      () => doAndLook(worlds.unbound, as, 'create'),
      ({ act }) => act.passed,
    );
    for (const { apiVersion, kind, metadata } of objectsOf(asked, 'Open').slice(1)) {
      const target = { apiVersion, kind, name: metadata.name ?? '', namespace: worlds.unbound.production };
      accepted(await system.stolen.restorer.delete(target));
    }
    await eventually(
      'the authorizer has heard of it',
      () => doAndLook(worlds.unbound, as, 'create'),
      ({ act }) => !act.passed,
    );
    const counts = new Map<string, number>();
    for (let round = 0; round < 10; round += 1) {
      for (const kind of kinds) {
        const { act } = await doAndLook(worlds.unbound, as, kind);
        counts.set(kind, (counts.get(kind) ?? 0) + (act.passed ? 1 : 0));
      }
    }
    printed(
      `bindings removed only: of ${10 * kinds.length} acts passed ${[...counts.values()].reduce((a, b) => a + b)}`,
    );
    expect([...counts.values()].every((each) => each === 0)).toBe(true);
  });

  test('(2c) without the emergency minutes, the gate alone ends it to the second, whatever its own clock says', async () => {
    const { late } = worlds;
    await withoutGuard(async () => {
      const asked = await ask(late, 'inc-1', { grantee, duration: '1m' });
      const notAfter = notAfterOf(asked);
      expect(await letInByHand(late, thief(), asked)).toMatchObject({ ok: true });
      const seen: { readonly kind: string; readonly before: number; readonly passed: boolean }[] = [];
      const until = notAfter + 1_000;
      const jumps = [600_000, -600_000, 0];
      for (let i = 0; Date.now() < until; i += 1) {
        for (const gate of system.gates) gate.setAhead(jumps[i % jumps.length] ?? 0);
        const kind = kinds[i % kinds.length] ?? 'create';
        const before = Date.now();
        const { act, unrecorded } = await doAndLook(late, as, kind);
        expect(unrecorded).toEqual([]);
        seen.push({ kind, before, passed: act.passed });
      }
      for (let round = 0; round < 10; round += 1) {
        for (const kind of kinds) {
          const before = Date.now();
          seen.push({ kind, before, passed: (await doings[kind](late, as)).passed });
        }
      }
      // Test and API server are one machine: their wall clocks are one.
      const passed = seen.filter((each) => each.passed).map(({ before }) => before);
      const afterEnd = seen.filter(({ before }) => before >= notAfter);
      const lastPassed = Math.max(...passed);
      printed(
        `no minutes, gate alone: ${passed.length} acts passed, the last ${((notAfter - lastPassed) / 1_000).toFixed(1)} s before the end; of ${afterEnd.length} after it ${afterEnd.filter((each) => each.passed).length}`,
      );
      expect(afterEnd.filter((each) => each.passed)).toEqual([]);
      expect(new Set(afterEnd.map(({ kind }) => kind)).size).toBe(kinds.length);
      // And not early: the API server tells seconds, and a round of acts takes some.
      expect(notAfter - lastPassed).toBeLessThan(15_000);
    });
  });

  /** Lock A lets everything through meanwhile: its bindings for production are deleted. */
  const withoutGuard = async (run: () => Promise<void>): Promise<void> => {
    const installer = system.as('installer');
    const apiVersion = 'admissionregistration.k8s.io/v1';
    const kind = 'ValidatingAdmissionPolicyBinding';
    const { items } = accepted(await installer.list<KubeObject & { spec: unknown }>({ apiVersion, kind }));
    const guards = items.filter(({ metadata }) => metadata.name?.startsWith('countersign-guard-'));
    expect(guards.length).toBeGreaterThan(0);
    for (const { metadata } of guards)
      accepted(await installer.delete({ apiVersion, kind, name: metadata.name ?? '' }));
    try {
      await eventually(
        'the guard is gone',
        () => installer.create({ ...configMap(worlds.late, 'probe') }, { dryRun: 'All' }),
        (answer) => !said(answer).includes('ProductionGuard'),
      );
      await run();
    } finally {
      for (const { metadata, spec } of guards) {
        const { name = '', labels = {} } = metadata;
        accepted(await installer.create({ apiVersion, kind, metadata: { name, labels }, spec }));
      }
    }
  };
});
