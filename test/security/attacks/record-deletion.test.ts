/** Nobody deletes a record: not an archiver, not with every replica of ours down, and not with one of the locks taken away. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import {
  accepted,
  startTimeoutMs,
  targetOf,
  type Answer,
  type ApiClient,
  type KubeObject,
} from '../../support/cluster/cluster.ts';
import { ours, startSystem, type System, type World as Pair } from '../../support/cluster/system.ts';
import { gateLock, policyLock } from '../../support/attack/attack.ts';
import { approval, emergencyAccess, rollback, type Sent } from '../../support/attack/objects.ts';
import { bind, eventually, role, said, store, type World } from '../../support/attack/world.ts';

const kinds = {
  LedgerEntry: 'ledgerentries',
  Approval: 'approvals',
  EmergencyAccess: 'emergencyaccesses',
  Rollback: 'rollbacks',
} as const;
type RecordKind = keyof typeof kinds;

const cases = (Object.keys(kinds) as RecordKind[]).flatMap((kind) =>
  (['one', 'all'] as const).map((which) => [kind, which] as const),
);

let system: System;
let world: World;
let pair: Pair;

beforeAll(async () => {
  system = await startSystem();
  pair = await system.world('kept', { emergency: {} });
  world = {
    cluster: system,
    as: (name) => system.as(name),
    operator: system.as('installer'),
    restorer: system.as('installer'),
    stop: system.stop,
  };
  // RBAC is opened, so that the locks alone decide.
  await role(world, 'careless', {
    resources: Object.values(kinds),
    verbs: ['get', 'list', 'delete', 'deletecollection'],
  });
  for (const user of ['archiver-a', 'auditor-a']) await bind(world, { user, role: 'careless' });
  const inProduction = <T extends Sent>(object: T): T => ({
    ...object,
    metadata: { ...object.metadata, namespace: pair.production },
  });
  await eventually(
    'the binding acts',
    () => world.as('archiver-a').list({ apiVersion: ours, kind: 'LedgerEntry', namespace: pair.production }),
    ({ ok }) => ok,
  );
  await store(world.as('tester-a'), inProduction(approval()));
  await store(world.as('sre-a'), inProduction(rollback()));
  await store(world.as('sre-a'), inProduction(emergencyAccess()));
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

const place = (kind: RecordKind, namespace = pair.production) => ({ apiVersion: ours, kind, namespace });

const listed = async (kind: RecordKind): Promise<readonly KubeObject[]> =>
  accepted(await world.as('auditor-a').list(place(kind))).items;

/** The newest one, or all of them. */
const remove = async (as: ApiClient, kind: RecordKind, which: 'one' | 'all'): Promise<Answer<unknown>> => {
  const target =
    which === 'all' ? place(kind) : { ...place(kind), name: (await listed(kind)).at(-1)?.metadata.name ?? '' };
  return as.delete(target, { dryRun: ['All'] });
};

const archiver = () => world.as('archiver-a');

/** Without the policies of all four. */
const withoutA = async (): Promise<() => Promise<void>> => {
  const close: (() => Promise<void>)[] = [];
  for (const plural of Object.values(kinds)) close.push(await policyLock(`countersign-${plural}`).open(world));
  await Promise.all(
    (Object.keys(kinds) as RecordKind[]).map((kind) =>
      eventually(
        `lock A is off for ${kind}`,
        () => remove(archiver(), kind, 'one'),
        (answer) => !said(answer).includes('ValidatingAdmissionPolicy'),
      ),
    ),
  );
  return async () => {
    for (const each of close) await each();
    for (const kind of Object.keys(kinds) as RecordKind[]) {
      await eventually(
        `lock A is on for ${kind}`,
        () => remove(archiver(), kind, 'one'),
        (answer) => said(answer).includes('ValidatingAdmissionPolicy'),
      );
    }
  };
};

/** The rule, the caller, what and where, and what to do instead. */
const refusal = (kind: RecordKind): RegExp =>
  new RegExp(
    `RecordKept: archiver-a may not delete ${kinds[kind]} .*${pair.production}.*archiv.* Next: .*kubectl get ${kinds[kind]}`,
  );

describe('the API server refuses it by itself', () => {
  test.each(cases)('%s, %s: an archiver', async (kind, which) => {
    const answer = await remove(archiver(), kind, which);
    expect(said(answer)).toContain(`ValidatingAdmissionPolicy 'countersign-${kinds[kind]}'`);
    expect(said(answer)).toMatch(refusal(kind));
  });

  test.each(Object.keys(kinds) as RecordKind[])('%s: a cluster admin', async (kind) => {
    expect(said(await remove(world.as('admin'), kind, 'one'))).toContain('RecordKept: admin may not delete');
  });
});

describe('twins', () => {
  test.each(Object.keys(kinds) as RecordKind[])('%s: an archiver reads it', async (kind) => {
    expect((await archiver().list(place(kind))).ok).toBe(true);
  });

  test('a namespace that nobody guards goes, with its records', async () => {
    const name = 'given-up';
    const installer = world.as('installer');
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    await bind(world, { user: 'tester-a', role: 'countersign-tester', namespace: name });
    const made = await eventually(
      'signed',
      () => world.as('tester-a').create<Sent>(approval({ metadata: { namespace: name, name: 'old' } })),
      ({ ok }) => ok,
    );
    expect(said(await world.as('admin').delete(targetOf(accepted(made))))).toContain('RecordKept: ');
    accepted(await installer.delete({ apiVersion: 'v1', kind: 'Namespace', name }));
    const left = await eventually(
      'gone',
      () => installer.get({ apiVersion: 'v1', kind: 'Namespace', name }),
      (answer) => !answer.ok,
    );
    expect(left.code).toBe(404);
  });
});

describe('without the policies of lock A', () => {
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    close = await withoutA();
  });
  afterAll(() => close?.());

  test.each(cases)('%s, %s: the gate refuses it', async (kind, which) => {
    const answer = await remove(archiver(), kind, which);
    expect(said(answer)).toContain('admission webhook "records.gate.countersign.dev" denied the request: RecordKept: ');
    expect(said(answer)).toMatch(refusal(kind));
  });

  test('the record itself goes on: entries are appended while the gate is asked about deletions', async () => {
    const before = (await pair.ledger()).length;
    await store(world.as('tester-a'), approval({ metadata: { namespace: pair.production } }));
    expect((await pair.ledger()).length).toBeGreaterThan(before);
  });

  test('control: without the gate, too, an archiver deletes them', async () => {
    const back = await gateLock.open(world);
    for (const [kind, which] of cases) {
      const answer = await eventually(
        `${kind}, ${which}`,
        () => remove(archiver(), kind, which),
        ({ ok }) => ok,
      );
      expect(said(answer)).toBe('admitted (200)');
    }
    await back();
    await eventually(
      'the gate is asked',
      () => remove(archiver(), 'LedgerEntry', 'one'),
      (answer) => said(answer).includes('RecordKept: '),
    );
  });
});

describe('while every replica is down', () => {
  beforeAll(() => Promise.all([system.operator.stop(), system.gate.stop()]));

  test.each(cases)('%s, %s: an archiver is refused', async (kind, which) => {
    expect(said(await remove(archiver(), kind, which))).toMatch(refusal(kind));
  });

  test('without the policies of lock A, too: nobody can be asked, and nothing is deleted', async () => {
    const close = await withoutA();
    for (const [kind, which] of cases) {
      const answer = await remove(archiver(), kind, which);
      expect(answer.ok).toBe(false);
      expect(said(answer)).toContain('records.gate.countersign.dev');
    }
    await close();
  });
});
