/**
 * Forged history: stolen tokens of our own programs say in the record that production ran what nobody signed for, and begin to go back to it.
 * Operator and gate run; what is looked at is what production came to hold.
 */
import { entryName } from '../../../operator/api/ledger.ts';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { serviceAccountToken } from '../../../hack/controlplane/chart.ts';
import { startOperator, type OperatorProcess } from '../../../hack/controlplane/operator.ts';
import { parseReleaseCandidate, type ReleaseCandidate } from '../../../operator/api/candidate.ts';
import type { LedgerWriter } from '../../../operator/api/ledger-writers.ts';
import type { Bundle } from '../../../operator/decide/bundle.ts';
import { digest8 } from '../../../operator/decide/json/canonical.ts';
import * as releaseEntries from '../../../operator/decide/release/entries.ts';
import * as candidateEntries from '../../../operator/decide/candidate/entries.ts';
import type { LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import type { OpenIntent } from '../../../operator/decide/record/package.ts';
import { entryHash, nextEntry } from '../../../operator/decide/record/chain.ts';
import { bundleHead } from '../../../operator/observe/bundles.ts';
import { anAdmittedAct } from '../../support/builders/decide.ts';
import { program } from '../../support/builders/record.ts';
import {
  accepted,
  startTimeoutMs,
  waitFor,
  waitForGone,
  type Answer,
  type ApiClient,
  type KubeObject,
} from '../../support/cluster/cluster.ts';
import {
  condition,
  isTrue,
  ours,
  startSystem,
  type Reported,
  type System,
  type World,
} from '../../support/cluster/system.ts';
import {
  amendPolicy,
  closed,
  end,
  gateSays,
  inProduction,
  minuteMs,
  patienceMs,
  release,
  sign,
  staged,
  tester,
  approverA,
  windowSince,
  type BundleSeen,
} from '../../support/scenario/kit.ts';
import { ed25519Key, signed, sourceHistory } from '../../../hack/signing/statements.ts';
import { report } from '../../support/scenario/evidence.ts';
import { behaving, dataOf, service, writesTo } from '../../support/scenario/production.ts';
import { bindRole } from '../../support/cluster/rights.ts';
import { gateLock, policyLock } from '../../support/attack/attack.ts';
import { appendAs, openIn, refusedTo as refusedWrite } from '../../support/attack/history.ts';
import { said, type World as Attacked } from '../../support/attack/world.ts';
import { digestOfBundle } from '../../../operator/decide/bundle-digest.ts';

jest.setTimeout(240_000);

let system: System;
let stolen: Readonly<Record<LedgerWriter | 'restorer', ApiClient>>;
let second: OperatorProcess | undefined;

beforeAll(async () => {
  system = await startSystem();
  const installer = system.as('installer');
  const client = async (name: LedgerWriter | 'restorer') =>
    installer.withToken(await serviceAccountToken(system.controlPlane, `countersign-${name}`));
  stolen = { operator: await client('operator'), gate: await client('gate'), restorer: await client('restorer') };
}, startTimeoutMs * 2);

afterAll(async () => {
  for (const each of Object.values(stolen ?? {})) each.close();
  await second?.stop();
  await system?.stop();
});

/** What the locks of attacks need of the cluster. */
const cluster = (): Attacked => ({
  cluster: system,
  as: (name) => system.as(name),
  operator: stolen.operator,
  restorer: stolen.restorer,
  stop: system.stop,
});

const policy = {
  approvals: [
    { role: 'tester', count: 1 },
    { role: 'approver', count: 1 },
  ],
};
const components = ['ConfigMap/settings'];

interface Ran {
  readonly first: Bundle;
  readonly second: Bundle;
  /** Staged, and signed for by nobody. */
  readonly x: Bundle;
}

const bundleOf = async (world: World, candidate: string): Promise<Bundle> => {
  const found = await staged(world, candidate).catch(() => undefined);
  const seen = found ?? accepted(await world.as('developer-a').get<Reported>(world.ref('ReleaseCandidate', candidate)));
  return bundleNamed(world, seen.status?.bundle ?? '');
};

const bundleNamed = async (world: World, name: string): Promise<Bundle> => {
  const raw = accepted(await world.as('installer').get<BundleSeen>(world.ref('ReleaseBundle', name)));
  return bundleHead(JSON.parse(JSON.stringify(raw)) as Parameters<typeof bundleHead>[0]).bundle;
};

const releasedBundle = async (world: World, candidate: string): Promise<Bundle> => {
  const entry = (await world.ledger()).find(
    ({ type, subject }) => type === 'PromotionStarted' && subject.name === candidate,
  );
  return bundleNamed(world, String(dataOf(entry)['to']));
};

/** Production has run two releases, and a third is staged that nobody has signed for. */
const ran = async (world: World): Promise<Ran> => {
  for (const name of ['first', 'second'] as const) {
    await world.stage(world.configMap('settings', { level: name }));
    expect(await release(world, world.candidate(name, components))).toBe('Promoted');
  }
  await world.stage(world.configMap('settings', { level: 'evil' }));
  await world.propose(world.candidate('x', components));
  return {
    first: await releasedBundle(world, 'first'),
    second: await releasedBundle(world, 'second'),
    x: await bundleOf(world, 'x'),
  };
};

const candidateOf = async (world: World, name: string) => {
  const parsed = parseReleaseCandidate(
    accepted(await world.as('developer-a').get(world.ref('ReleaseCandidate', name))),
  );
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return parsed.value;
};

/** Appends with a stolen token, as its program would. */
const append = (
  world: World,
  as: LedgerWriter | 'restorer',
  draft: LedgerDraft,
  given: { readonly previous?: string; readonly time?: string } = {},
): Promise<Answer<KubeObject>> => appendAs(world, { client: stolen[as], as }, draft, given);

const anIntent = (bundle: Bundle, from: Bundle, id: string): OpenIntent => ({
  type: 'Promotion',
  id,
  seq: 0,
  at: Date.now(),
  candidate: bundle.candidate,
  to: bundle.name,
  toDigest: bundle.digest,
  from: from.name,
  fromDigest: from.digest,
  cause: '',
  rollback: '',
  delivery: 'Countersign',
  followsUp: null,
  refused: undefined,
  rejected: false,
});

/** A promotion that nobody signed for says that everybody did. */
const started = (candidate: ReleaseCandidate, bundle: Bundle, from: Pick<Bundle, 'name' | 'digest'>): LedgerDraft =>
  candidateEntries.promotionStarted(candidate, bundle, {
    from: from.name,
    fromDigest: from.digest,
    quorum: '2/2',
    approvals: [],
    delivery: 'Countersign',
    followsUp: null,
  });

const promoted = (bundle: Bundle, from: Bundle, id: string): LedgerDraft =>
  releaseEntries.promoted(anIntent(bundle, from, id), bundle, {
    observeUntil: Date.now(),
    healthy: true,
    reason: 'forged',
  });

const goingBack = (
  from: Bundle,
  to: Bundle,
  by?: { readonly username: string; readonly order: string },
): LedgerDraft => {
  const draft = releaseEntries.rollbackStarted(
    {
      candidate: from.candidate,
      package: from.package,
      from: from.name,
      fromDigest: from.digest,
      to: to.name,
      toDigest: to.digest,
      delivery: 'Countersign',
    },
    { cause: 'forged', overwrites: [], order: undefined, restores: to, removes: [] },
  );
  if (by === undefined || draft.data.type !== 'RollbackStarted') return draft;
  return {
    ...draft,
    actor: { username: by.username, uid: '', groups: [] },
    data: { ...draft.data, rollback: by.order },
  };
};

/** A history in which every entry follows: `x` was in production, was taken back, and somebody ordered to go back to it. */
const tellThatItRan = async (world: World, { second: now, x }: Ran): Promise<void> => {
  const enter = async (draft: LedgerDraft) => accepted(await append(world, 'operator', draft));
  await enter(started(await candidateOf(world, 'x'), x, now));
  await enter(promoted(x, now, (await openIn(world)).id));
  await enter(goingBack(x, now));
  await enter(
    releaseEntries.rolledBack(await openIn(world), {
      package: 'payments',
      previous: now.previous,
      outcome: 'Complete',
      left: [],
    }),
  );
  await enter(goingBack(now, x, { username: 'sre-a', order: randomUUID() }));
};

/** The same by a bundle that says of itself that it is what was there before the first release. */
const tellThatItWasThere = async (world: World): Promise<void> => {
  const x = await bundleOf(world, 'x');
  const { spec } = accepted(await world.as('installer').get<BundleSeen>(world.ref('ReleaseBundle', x.name)));
  const create = async (bundle: Bundle, given: Readonly<Record<string, unknown>>): Promise<Bundle> => {
    const { name } = bundle;
    accepted(
      await stolen.operator.create({
        apiVersion: ours,
        kind: 'ReleaseBundle',
        metadata: { name, namespace: world.production },
        spec: { ...spec, digest: bundle.digest, base: bundle.base, previous: bundle.previous, ...given },
      }),
    );
    return bundle;
  };
  const plain: Bundle = { ...x, baseline: true, base: 'none', previous: '' };
  const digest = digestOfBundle(plain);
  const name = `payments-baseline-${digest8(digest)}`;
  const baseline = await create({ ...plain, name, digest }, { baseline: true, candidate: undefined });
  const over: Bundle = { ...x, name: 'x-over', base: digest, previous: name };
  const sealed = await create({ ...over, digest: digestOfBundle(over) }, {});
  const candidate = await candidateOf(world, 'x');
  const enter = async (draft: LedgerDraft) => accepted(await append(world, 'operator', draft));
  await enter(candidateEntries.staged(candidate, sealed));
  await enter(started(candidate, sealed, { name, digest }));
  await enter(goingBack(sealed, baseline));
};

/** What an auditor is told who verifies an export of the record. */
const verified = async (world: World): Promise<Pick<SpawnSyncReturns<string>, 'status' | 'stdout' | 'stderr'>> => {
  const input = await system.controlPlane.kubectl('auditor-a', ['get', 'ledger', '-o', 'json', '-n', world.production]);
  const program = join(import.meta.dirname, '..', '..', '..', 'hack', 'ledger.ts');
  const args = ['--disable-warning=ExperimentalWarning', program];
  return spawnSync(process.execPath, args, { input: input.stdout, encoding: 'utf8' });
};

const levelIn = async (world: World): Promise<string | undefined> => {
  const live = await world.live<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(
    'ConfigMap',
    'settings',
    world.production,
  );
  return live?.data?.['level'];
};

/** The restorer's token writes the unsigned content itself. */
const write = (world: World, level = 'evil') =>
  stolen.restorer.replace({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: world.production },
    data: { level },
  });

/** Waits until the gate has refused a write of a program, and says with which words. */
const refusedTo = (who: 'operator' | 'restorer', world: World, resource = 'configmaps'): Promise<string> =>
  refusedWrite(system, world, { who, resource, withinMs: patienceMs });

let operators = 0;

/** The operator does not run meanwhile, and another begins afterwards. */
const whileAway = async (act: () => Promise<void>): Promise<void> => {
  await (second ?? system.operator).stop();
  await act();
  operators += 1;
  second = await startOperator(system.controlPlane, { instance: `operator-${operators}` });
};

/** What is there before the first release. */
const holdsSecond = async (world: World): Promise<void> => {
  const { metadata, ...rest } = world.configMap('settings', { level: 'second' });
  accepted(await world.as('installer').create({ ...rest, metadata: { ...metadata, namespace: world.production } }));
};

test('twin: production goes back to what it ran, when somebody who may orders it', async () => {
  const world = await system.world('twin', policy);
  await ran(world);
  // What it demands by now is more than anybody signed for then.
  const stricter = [...policy.approvals, { role: 'security', count: 1 }];
  accepted(
    await world.as('admin').patch(world.ref('ReleasePolicy', 'production'), 'merge', { spec: { approvals: stricter } }),
  );

  const order = { apiVersion: ours, kind: 'Rollback', metadata: { name: 'back', namespace: world.production } };
  accepted(await world.as('sre-a').create({ ...order, spec: { package: 'payments', reason: 'customers cannot pay' } }));

  await waitFor<Reported>(
    world.as('sre-a'),
    world.ref('Rollback', 'back'),
    (each) => isTrue(each, 'Finished'),
    patienceMs,
  );
  expect(await levelIn(world)).toBe('first');
  expect(await verified(world)).toMatchObject({ status: 0 });
});

test('the token of the gate says that production ran it and goes back: refused, and without that lock the record is broken and production as it was', async () => {
  const world = await system.world('by-gate', policy);
  const { second: now, x } = await ran(world);
  const before = await writesTo(system, world);
  const forged = [promoted(x, now, 'none'), promoted(now, x, 'none'), goingBack(now, x)];

  for (const draft of forged) expect(said(await append(world, 'gate', draft))).toContain('EntryByItsWriter: ');
  expect(await levelIn(world)).toBe('second');

  // The control of that lock: the entries are taken, and there is the next one.
  const close = await policyLock('countersign-ledgerentries').open(cluster());
  try {
    const deadline = Date.now() + patienceMs;
    for (const draft of forged) {
      let answer = await append(world, 'gate', draft);
      for (; !answer.ok && Date.now() < deadline; answer = await append(world, 'gate', draft));
      accepted(answer);
    }
  } finally {
    await close();
  }
  const told = await waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) => condition(each, 'Ready')?.reason === 'LedgerBroken',
    patienceMs,
  );
  expect(condition(told, 'Ready')?.message).toMatch(
    /entry \d{12} \(Promoted\) does not follow: it is in the name of .*countersign-gate/,
  );
  await world.when('x', (each) => condition(each, 'Stalled')?.reason === 'LedgerBroken', patienceMs);
  expect(said(await write(world))).toContain('NoReleaseUnderWay: ');
  expect(await writesTo(system, world)).toEqual(before);
  expect(await levelIn(world)).toBe('second');
});

test('the token of the restorer enters nothing, and writes nothing that is not under way', async () => {
  const world = await system.world('by-restorer', policy);
  const { second: now, x } = await ran(world);

  expect(said(await append(world, 'restorer', goingBack(now, x)))).toContain('cannot create resource "ledgerentries"');
  expect(said(await write(world))).toContain('NoReleaseUnderWay: ');
  expect(await levelIn(world)).toBe('second');
});

test('the token of the operator enters what does not follow: the record is broken, and says where and why', async () => {
  const world = await system.world('broken', policy);
  const { second: now, x } = await ran(world);
  const before = await writesTo(system, world);

  accepted(await append(world, 'operator', promoted(x, now, 'none')));
  accepted(await append(world, 'operator', goingBack(now, x)));

  const told = await waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) => condition(each, 'Ready')?.reason === 'LedgerBroken',
    patienceMs,
  );
  expect(condition(told, 'Ready')?.message).toContain('(Promoted) does not follow: no promotion none is open');
  expect(condition(told, 'Ready')?.message).toContain('Look at it: kubectl get ledger');
  const offline = await verified(world);
  expect(offline).toMatchObject({ status: 1 });
  expect(offline.stderr).toContain('(Promoted) does not follow: no promotion none is open');
  expect(said(await write(world))).toContain('NoReleaseUnderWay: ');
  expect(await writesTo(system, world)).toEqual(before);
  expect(await levelIn(world)).toBe('second');
});

test('the token of the operator tells a history that follows, and goes back to what nobody signed for: the gate reads who signed, and lets it not', async () => {
  const world = await system.world('by-operator', policy);
  const runs = await ran(world);
  const baselined = await system.world('baselined', policy, { before: holdsSecond });
  await baselined.stage(baselined.configMap('settings', { level: 'evil' }));
  await baselined.propose(baselined.candidate('x', components));
  await staged(baselined, 'x');
  await whileAway(async () => {
    await tellThatItRan(world, runs);
    await tellThatItWasThere(baselined);
  });

  expect(await refusedTo('restorer', world)).toContain('ReturnNotSigned: ');
  expect(await refusedTo('restorer', baselined)).toContain('ReturnNotSigned: ');
  expect(said(await write(world))).toMatch(/ReturnNotSigned: .*0 of 2 signatures for x .*Next: /);
  for (const each of [world, baselined]) expect(await levelIn(each)).toBe('second');

  // The control: without the gate production comes to run it.
  const close = await gateLock.open(cluster());
  try {
    const deadline = Date.now() + patienceMs;
    while ((await levelIn(world)) !== 'evil') {
      if (Date.now() > deadline) throw new Error('the control did not succeed');
      await write(world);
    }
  } finally {
    await close();
  }
  expect(await levelIn(world)).toBe('evil');
});

/** The command at the end of what somebody is told, typed by them: the line that it creates. */
const typed = (message: string): string => {
  const manifest = /echo '(\{.*\})' \| kubectl create -f -$/.exec(message)?.[1];
  if (manifest === undefined) throw new Error(`no command at the end of: ${message}`);
  return manifest;
};

/** Waits until the policy is, or is not, in force, and returns what it says. */
const policyWith = (world: World, reason: 'LedgerBroken' | 'InForce'): Promise<Reported> =>
  waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) => condition(each, 'Ready')?.reason === reason,
    patienceMs,
  );

test('a record that a stolen token broke goes on without that entry, once somebody who may has signed for it', async () => {
  const world = await system.world('goes-on', policy);
  const { second: now, x } = await ran(world);
  accepted(await append(world, 'operator', promoted(x, now, 'none')));
  accepted(await append(world, 'operator', goingBack(now, x)));
  await policyWith(world, 'LedgerBroken');
  // Whoever waits is sent to where the command is.
  const isBroken = (each: Reported) => condition(each, 'Stalled')?.reason === 'LedgerBroken';
  const gates = (await world.when('x', isBroken, patienceMs)).status?.gates ?? [];
  const where = /kubectl (get relpol .*) (-o jsonpath=)'(.*)'$/.exec(
    gates.find(({ reason }) => reason === 'LedgerBroken')?.remedy ?? '',
  );
  const [, get = '', output = '', path = ''] = where ?? [];
  const told = await system.controlPlane.kubectl('developer-a', [...get.split(' '), ...`${output}${path}`.split(' ')]);
  const manifest = typed(told.stdout);

  // Not in a role that one does not hold, and not under another digest.
  const others = await system.controlPlane.kubectl('approver-a', ['create', '-f', '-'], { stdin: manifest });
  expect(others.stderr).toContain('ApproveRightMissing: approver-a may not sign as tester');
  const signature = JSON.parse(manifest) as KubeObject & { readonly spec: object };
  const spec = { ...signature.spec, role: 'approver', digest: x.digest };
  const other = await world.as('approver-a').create({ ...signature, spec });
  expect(said(other)).toContain('RecordBroken: ');
  expect((await world.ledger()).map(({ type }) => type)).not.toContain('Resumed');

  const done = await system.controlPlane.kubectl('tester-a', ['create', '-f', '-'], { stdin: manifest });
  expect(done.stderr).toBe('');

  await policyWith(world, 'InForce');
  const resumed = (await world.ledger()).filter(({ type }) => type === 'Resumed');
  expect(resumed).toMatchObject([{ actor: { username: 'tester-a' }, subject: { kind: 'LedgerEntry' } }]);
  expect(await verified(world)).toMatchObject({ status: 0 });
  // Nothing of what was told came to be, and the way is free for what people sign for.
  expect(await levelIn(world)).toBe('second');
  await world.stage(world.configMap('settings', { level: 'third' }));
  expect(await release(world, world.candidate('third', components))).toBe('Promoted');
  expect(await levelIn(world)).toBe('third');
});

test('the token of the gate plants an entry with another previous at the next place: it counts for nothing, and the record goes on past it once somebody signed', async () => {
  const world = await system.world('planted', policy);
  await ran(world);
  const previous = `sha256:${'f'.repeat(64)}`;
  accepted(await append(world, 'gate', anAdmittedAct('Operate', {}), { previous }));

  const told = condition(await policyWith(world, 'LedgerBroken'), 'Ready')?.message ?? '';
  expect(told).toMatch(/entry \d{12} does not follow the one before it: its previous is another hash; it was planted/);
  expect(said(await write(world))).toContain('NoReleaseUnderWay: ');
  const before = await verified(world);
  expect(before).toMatchObject({ status: 1 });
  expect(before.stderr).toContain('BROKEN: entry ');

  const done = await system.controlPlane.kubectl('tester-a', ['create', '-f', '-'], { stdin: typed(told) });
  expect(done.stderr).toBe('');
  await policyWith(world, 'InForce');
  const after = await verified(world);
  expect(after).toMatchObject({ status: 0 });
  // It still says what stands there.
  expect(after.stdout).toContain('its previous is another hash');
  // A program that reads it from the start says the same.
  await whileAway(() => Promise.resolve());
  await world.stage(world.configMap('settings', { level: 'third' }));
  expect(await release(world, world.candidate('third', components))).toBe('Promoted');
  expect(await levelIn(world)).toBe('third');
});

test('the token of the gate plants an entry far ahead: production goes on and says so, and a program that starts waits for a signature once', async () => {
  const world = await system.world('far-ahead', policy);
  await ran(world);
  const place = { seq: 999_999_999_998, hash: `sha256:${'f'.repeat(64)}` };
  const spec = nextEntry(place, anAdmittedAct('Operate', {}), {
    id: randomUUID(),
    now: Date.now(),
    self: program('gate'),
  });
  const metadata = { name: entryName(spec.seq), namespace: world.production };
  accepted(await stolen.gate.create<KubeObject>({ apiVersion: ours, kind: 'LedgerEntry', metadata, spec }));

  const told = await waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) => condition(each, 'Explained')?.reason === 'EntriesAhead',
    patienceMs,
  );
  expect(condition(told, 'Ready')?.reason).toBe('InForce');
  await world.stage(world.configMap('settings', { level: 'third' }));
  expect(await release(world, world.candidate('third', components))).toBe('Promoted');

  // Nobody signed meanwhile: whether entries were deleted is not for a program to say.
  await whileAway(() => Promise.resolve());
  const broken = condition(await policyWith(world, 'LedgerBroken'), 'Ready')?.message ?? '';
  expect(broken).toMatch(/entry \d{12} is missing, and 1 entry stands behind the gap, the last one at 999999999999/);
  const done = await system.controlPlane.kubectl('tester-a', ['create', '-f', '-'], { stdin: typed(broken) });
  expect(done.stderr).toBe('');
  await policyWith(world, 'InForce');
  await whileAway(() => Promise.resolve());
  await world.stage(world.configMap('settings', { level: 'fourth' }));
  expect(await release(world, world.candidate('fourth', components))).toBe('Promoted');
  expect(await levelIn(world)).toBe('fourth');
  expect(await verified(world)).toMatchObject({ status: 0 });
});

test('the token of the operator says that somebody signed for going on: only what counted before counts', async () => {
  const world = await system.world('resumed-by-token', policy);
  const { second: now, x } = await ran(world);
  accepted(await append(world, 'operator', promoted(x, now, 'none')));
  const refused = (await world.ledger()).at(-1);
  if (refused === undefined) throw new Error('there is no entry');
  const approval = { name: 'none', uid: randomUUID(), role: 'approver', username: 'approver-a' };
  const draft: LedgerDraft = {
    actor: { username: 'approver-a', uid: '', groups: [] },
    subject: { kind: 'LedgerEntry', name: entryName(refused.seq), uid: refused.id, namespace: world.production },
    package: '',
    digest: entryHash(refused),
    decision: 'Approve',
    reason: 'forged',
    data: { type: 'Resumed', entry: refused.id, approval },
  };
  accepted(await append(world, 'operator', draft));
  accepted(await append(world, 'operator', goingBack(now, x)));

  await waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) =>
      condition(each, 'Ready')?.message?.includes('(RollbackStarted) does not follow: production never ran') === true,
    patienceMs,
  );
  expect(said(await write(world))).toContain('NoReleaseUnderWay: ');
  expect(await levelIn(world)).toBe('second');
});

test('a promotion that only the record tells of removes nothing afterwards: the gate reads who signed for what is to go', async () => {
  const twin = await system.world('pruned', policy);
  const world = await system.world('unpruned', policy);
  for (const each of [twin, world]) {
    await each.stage(each.configMap('settings', { level: 'first' }), service(each, 'api'));
    expect(await release(each, each.candidate('first', [...components, 'Service/api']))).toBe('Promoted');
    await each.propose(each.candidate('x', components));
    await staged(each, 'x');
  }
  const services = world.ref('Service', 'api');
  // The twin: the same, signed for.
  await sign(twin, 'x', tester, approverA);
  expect(await end(twin, 'x')).toBe('Promoted');
  await waitForGone(twin.as('installer'), twin.ref('Service', 'api'), patienceMs);

  const [first, x] = [await releasedBundle(world, 'first'), await bundleOf(world, 'x')];
  await whileAway(async () => {
    const enter = async (draft: LedgerDraft) => accepted(await append(world, 'operator', draft));
    await enter(started(await candidateOf(world, 'x'), x, first));
    await enter(promoted(x, first, (await openIn(world)).id));
  });

  expect(await refusedTo('operator', world, 'services')).toMatch(/ReturnNotSigned: .* Next: /);
  expect(said(await stolen.operator.delete(services))).toMatch(/ReturnNotSigned: .*0 of 2 signatures for x .*Next: /);
  accepted(await world.as('installer').get(services));

  // The control: without the gate it goes.
  const close = await gateLock.open(cluster());
  try {
    for (const deadline = Date.now() + patienceMs; (await world.as('installer').get(services)).ok;) {
      if (Date.now() > deadline) throw new Error('the control did not succeed');
      await stolen.operator.delete(services);
    }
  } finally {
    await close();
  }
});

test('a bundle that is exchanged after its consent was read is not what people signed for: nothing of it is written', async () => {
  const held = { ...policy, health: { progressTimeout: '10m', observeFor: '0s', settle: '0s' } };
  const world = await system.world('exchanged', held);
  await world.stage(world.configMap('settings', { level: 'first' }), world.deployment('api', 'a'));
  const overlay = [behaving('Deployment', 'api', 'never-ready')];
  await world.propose(world.candidate('first', [...components, 'Deployment/api'], { overlay }));
  await sign(world, 'first', tester, approverA);
  // It is under way, its consent was read, and it waits for pods that never come.
  await inProduction<KubeObject>(world, 'Deployment', 'api', () => true);
  const bundle = await releasedBundle(world, 'first');
  const target = world.ref('ReleaseBundle', bundle.name);
  const write = (level: string) =>
    stolen.operator.replace({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: world.production },
      data: { level },
    });

  await whileAway(async () => {
    // The twin: what was signed for is written.
    accepted(await write('first'));
    expect(said(await write('evil'))).toContain('ContentNotApproved: ');
    const { spec } = accepted(await world.as('installer').get<BundleSeen>(target));
    const manifest = (objects: BundleSeen['spec']['objects']) => ({
      apiVersion: ours,
      kind: 'ReleaseBundle',
      metadata: { name: bundle.name, namespace: world.production },
      spec: { ...spec, objects },
    });
    // A second one of the name there is not.
    expect(said(await stolen.operator.create(manifest(spec.objects)))).toContain('already exists');
    const swap = async (digest: (content: string, before: string) => string): Promise<void> => {
      accepted(await stolen.operator.delete(target));
      const objects = spec.objects.map((each) => {
        if (each.kind !== 'ConfigMap') return each;
        const content = each.content.replace('"first"', '"evil"');
        return { ...each, content, digest: digest(content, each.digest) };
      });
      accepted(await stolen.operator.create(manifest(objects)));
    };
    // Under the digests that people signed for, and under digests of its own.
    await swap((_, before) => before);
    expect(said(await write('evil'))).toContain('ContentNotApproved: ');
    await swap((content) => `sha256:${createHash('sha256').update(content).digest('hex')}`);
    expect(said(await write('evil'))).toMatch(/(ContentNotApproved|NoReleaseUnderWay): .*Next: /);
  });
  expect(await levelIn(world)).toBe('first');

  // The control: without the gate it is written.
  const close = await gateLock.open(cluster());
  try {
    for (const deadline = Date.now() + patienceMs; (await levelIn(world)) !== 'evil';) {
      if (Date.now() > deadline) throw new Error('the control did not succeed');
      await write('evil');
    }
  } finally {
    await close();
  }
});

test('the token of the operator begins what everybody signed for and nobody tested: the gate asks for the evidence, and admits no write of it', async () => {
  const world = await system.world('untested', policy);
  await world.stage(world.configMap('settings', { level: 'first' }));
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  const demanded = { evidence: [{ type: 'TestReport', maxAge: '24h' }] };
  await amendPolicy(world, demanded);
  await world.stage(world.configMap('settings', { level: 'untested' }));
  await world.propose(world.candidate('x', components));
  await sign(world, 'x', tester, approverA);
  await gateSays(world, 'x', 'Approvals', 'ApprovalsComplete');
  await gateSays(world, 'x', 'Evidence', 'EvidenceMissing');

  const forged = started(
    await candidateOf(world, 'x'),
    await bundleOf(world, 'x'),
    await releasedBundle(world, 'first'),
  );
  accepted(await append(world, 'operator', forged));

  expect(await refusedTo('operator', world)).toMatch(
    /ConsentMissing: .*: Waiting for TestReport about the content of x\. Next: /,
  );
  expect(await levelIn(world)).toBe('first');
});

test('the token of the operator begins what only an author of the source signed for: the gate reads who made it, and admits no write of it', async () => {
  const world = await system.world('sourced', policy);
  await bindRole(world.as('installer'), {
    name: 'forge',
    namespace: world.staging,
    role: 'countersign-report-Source',
    subject: { kind: 'User', name: 'security-a' },
  });
  await world.stage(world.configMap('settings', { level: 'first' }));
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  const forge = ed25519Key();
  const [author] = approverA;
  await amendPolicy(world, {
    evidence: [{ type: 'Source', maxAge: '24h', signedBy: [{ name: 'forge', key: forge.pem }] }],
    people: [{ name: 'ada', identities: ['ada@example.com', author] }],
  });
  await world.stage(world.configMap('settings', { level: 'sourced' }));
  await world.propose(world.candidate('x', components));
  await sign(world, 'x', tester, approverA);
  const { metadata, status } = await staged(world, 'x');
  const [digest, uid, at] = [status?.digest ?? '', metadata.uid ?? '', new Date().toISOString()];
  const revision = 'a'.repeat(40);
  const told = { repository: 'https://git.example/a', revision, commits: [{ revision, authors: ['ada@example.com'] }] };
  await report(world, 'security-a', {
    type: 'Source',
    subject: { candidate: { name: 'x', uid, digest } },
    result: 'Passed',
    performedAt: at,
    statement: signed(sourceHistory({ digest, name: uid }, at, told), forge),
  });
  await gateSays(world, 'x', 'SegregationOfDuties', 'AuthorCannotSign');

  const forged = started(
    await candidateOf(world, 'x'),
    await bundleOf(world, 'x'),
    await releasedBundle(world, 'first'),
  );
  accepted(await append(world, 'operator', forged));

  expect(await refusedTo('operator', world)).toMatch(/ConsentMissing: .*approver/);
  expect(await levelIn(world)).toBe('first');
});

test('the token of the operator begins in a window that is over, by an entry that says it was then: the gate admits no write of it', async () => {
  const world = await system.world('late', policy);
  await world.stage(world.configMap('settings', { level: 'first' }));
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  // So long that nothing else ends it.
  await amendPolicy(world, { windows: [windowSince(2 * 60 * minuteMs)], health: { progressTimeout: '3h' } });
  await world.stage(world.configMap('settings', { level: 'late' }));
  await world.propose(world.candidate('x', components));
  await sign(world, 'x', tester, approverA);
  await gateSays(world, 'x', 'Approvals', 'ApprovalsComplete');
  await gateSays(world, 'x', 'Window', 'WindowClosed');

  const forged = started(
    await candidateOf(world, 'x'),
    await bundleOf(world, 'x'),
    await releasedBundle(world, 'first'),
  );
  const time = new Date(Date.now() - 90 * minuteMs).toISOString();
  accepted(await append(world, 'operator', forged, { time }));

  expect(await refusedTo('operator', world)).toMatch(
    /ConsentMissing: .*: its entry says that it began at \S+, and was made at \S+\. Next: /,
  );
  expect(await levelIn(world)).toBe('first');
});

test('the token of the operator begins by an exception that nobody signed for: the gate asks for the signatures, and admits no write of it', async () => {
  const world = await system.world('hurried', policy);
  await bindRole(world.as('installer'), {
    name: 'asks',
    namespace: world.production,
    role: 'countersign-owner',
    subject: { kind: 'User', name: 'owner-a' },
  });
  await world.stage(world.configMap('settings', { level: 'first' }));
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  const exceptions = { gates: ['Window'], maxDuration: '24h', approvals: [{ role: 'security', count: 1 }] };
  await amendPolicy(world, { exceptions, ...closed });
  await world.stage(world.configMap('settings', { level: 'hurried' }));
  await world.propose(world.candidate('x', components));
  await sign(world, 'x', tester, approverA);
  await gateSays(world, 'x', 'Approvals', 'ApprovalsComplete');
  await gateSays(world, 'x', 'Window', 'WindowClosed');
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const unsigned = accepted(
    await world.as('owner-a').create<KubeObject>({
      apiVersion: ours,
      kind: 'PolicyException',
      metadata: { name: 'unsigned', namespace: world.production },
      spec: { gates: ['Window'], package: 'payments', reason: 'refunds fail', risk: 'none', until },
    }),
  );

  const draft = started(
    await candidateOf(world, 'x'),
    await bundleOf(world, 'x'),
    await releasedBundle(world, 'first'),
  );
  if (draft.data.type !== 'PromotionStarted') throw new Error('another type');
  const { name = '', uid = '' } = unsigned.metadata;
  const forged = { ...draft.data, exceptions: [{ name, uid, gates: ['Window'], by: ['security-a'], until }] };
  accepted(await append(world, 'operator', { ...draft, data: forged }));

  expect(await refusedTo('operator', world)).toMatch(
    /ConsentMissing: .*: the exception unsigned that it rests on does not count\. Next: /,
  );
  expect(await levelIn(world)).toBe('first');
});
