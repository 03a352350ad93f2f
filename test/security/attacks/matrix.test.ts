/**
 * Each lock by itself: every attack of the guard's list, and what the guard holds of emergencies, while all locks hold, without lock A (the bindings of the guard), without lock B (the
 * webhook configuration), and without both, when the watch is all there is. An attack that gets through must be found, or belong to what
 * nobody finds, which is said here with the reason. docs/attacks.md keeps the table; UPDATE_DOCS=1 with COUNTERSIGN_PROOFS=whole writes it. Where
 * the proof is not whole, every fourth attack is tried.
 */
import { kindRows } from '../../../operator/decide/manifest/kinds/index.ts';
import { groupOf } from '../../../operator/decide/manifest/kinds/shared/kind.ts';
import { kindIdOf } from '../../../operator/decide/objects.ts';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import type { AuditEvent } from '../../../hack/controlplane/audit.ts';
import { gateIsHere } from '../../../operator/decide/admission/release-writers.ts';
import { actsIn } from '../../../operator/decide/record/batch.ts';
import { accepted, waitFor } from '../../support/cluster/cluster.ts';
import { ours, isTrue, type Entry, type Reported } from '../../support/cluster/system.ts';
import { emergencyAttacks } from '../../admission-policies/emergency/emergency-list.ts';
import { letEverybodyIn, oncall } from '../../admission-policies/world/emergency-world.ts';
import { guard } from '../../admission-policies/world/guard-file.ts';
import { guardAttacks } from '../../admission-policies/guard/guard-list.ts';
import { at, kinds, one } from '../../admission-policies/world/guard-objects.ts';
import { startGuardWorld, type GuardWorld } from '../../admission-policies/world/guard-world.ts';
import { gateLock, type Attack } from '../../support/attack/attack.ts';
import { tokenLines } from './token-list.ts';
import { lifetimeAttacks } from '../../admission-policies/guard/lifetime-list.ts';
import { unlistedAttacks } from '../../admission-policies/guard/unlisted-list.ts';
import { isWhole, partOf } from '../../support/proofs.ts';
import { emergencyAccess, production } from '../../support/attack/objects.ts';
import { eventually, said } from '../../support/attack/world.ts';

jest.setTimeout(400_000);

let world: GuardWorld;
beforeAll(async () => {
  world = await startGuardWorld({ programs: true });
  await waitFor<Reported>(
    world.as('admin'),
    { apiVersion: ours, kind: 'ReleasePolicy', namespace: production, name: 'production' },
    (seen) => isTrue(seen, 'Explained'),
    60_000,
  );
  await letIn();
}, 180_000);
afterAll(() => world?.stop());

/** What the gate, too, knows of, and beside it what was never granted: that is there only because the gate looked away. */
async function letIn(): Promise<void> {
  const installer = world.as('installer');
  const policy = { apiVersion: ours, kind: 'ReleasePolicy', namespace: production, name: 'production' };
  accepted(await installer.patch(policy, 'merge', { spec: { emergency: {} } }));
  const asked = emergencyAccess({ spec: { grantee: oncall } });
  await eventually(
    'it is granted',
    () => world.as('sre-a').create(asked),
    ({ ok }) => ok,
  );
  const { apiVersion, kind, metadata } = asked;
  const target = { apiVersion, kind, namespace: production, name: metadata.name ?? '' };
  await waitFor<Reported>(world.as('admin'), target, (seen) => isTrue(seen, 'Active'), 60_000);
  const close = await gateLock.open(world);
  await gateIs('off');
  await letEverybodyIn(world);
  await close();
  await gateIs('on');
}

const columns = ['all locks', 'without A', 'without A and B', 'without B'] as const;
type Column = (typeof columns)[number];
type Row = Attack<GuardWorld>;

/** Beside these, schema and custody hold attacks on who is let in. */
const [guarded = [], kept = []] = [true, false].map((isGuard) =>
  emergencyAttacks.filter(({ locks }) => locks.every(({ name }) => name.startsWith('countersign-guard-')) === isGuard),
);

const tried = { emergency: partOf(guarded, 4), guard: partOf(guardAttacks, 4) };
const rows: readonly Row[] = [...tried.emergency, ...tried.guard];

/** What came of an attack: the rule that refused it, or that it was found, or nothing. */
const cells = new Map<Row, Map<Column, string>>(rows.map((attack) => [attack, new Map()]));

/** An attack that got through, and when. */
interface Through {
  readonly attack: Row;
  readonly from: string;
  readonly until: string;
}

const ruleOf = (words: string): string => {
  if (words.includes('no params found for policy binding')) return 'refused by A: no policy, no writes';
  const rule = /(\w+): /.exec(/denied(?: the)? request:? (.*)/s.exec(words)?.[1] ?? '')?.[1];
  if (rule === undefined) return `neither refused nor done: ${words}`;
  return `refused by ${words.includes('admission webhook') ? 'B' : 'A'}: ${rule}`;
};

/** Runs all attacks one after the other; those that get through are returned. */
async function runAll(column: Column, list: readonly Row[]): Promise<readonly Through[]> {
  const through: Through[] = [];
  for (const attack of list) {
    const from = new Date().toISOString();
    // What fails before its last step throws.
    let begun = true;
    const { reached, said: words } = await attack.act(world).catch((error: unknown) => {
      begun = false;
      return { reached: false, said: String(error) };
    });
    if (reached) through.push({ attack, from, until: new Date().toISOString() });
    cells.get(attack)?.set(column, reached ? 'done' : `${begun ? '' : 'not begun: '}${ruleOf(words)}`);
  }
  return through;
}

/** Half a minute is promised; the machine may be busy. */
const findMs = 35_000;

const writes = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
const programs = /^(kube-controller-manager|kube-scheduler|kube-apiserver|kwok|countersign\/)/;

/** The group of what the chart adds to the guard. */
const added = 'example.dev';

/** How the record calls a kind that a definition gives; undefined = one of Kubernetes itself. */
const customId = (group: string, plural: string): string | undefined => {
  const row = kindRows.find((each) => each.custom !== undefined && each.plural === plural && groupOf(each) === group);
  return row && kindIdOf(row);
};

/** `Kind/name` of what an attack changed in production, by the audit log. */
const changedBy = ({ from, until }: Through, events: readonly AuditEvent[]): readonly string[] => [
  ...new Set(
    events
      .filter(
        ({ stage, verb, user, userAgent = '', objectRef, requestURI, responseStatus, ...event }) =>
          stage === 'ResponseComplete' &&
          writes.has(verb) &&
          event.requestReceivedTimestamp >= from.slice(0, -1) && // whose fraction is longer
          event.requestReceivedTimestamp <= until &&
          objectRef?.namespace === production &&
          objectRef.apiGroup !== 'countersign.dev' &&
          user.username !== 'system:node:preparer' &&
          !programs.test(userAgent) &&
          !requestURI.includes('dryRun=All') &&
          (responseStatus?.code ?? 500) < 300,
      )
      .map(({ objectRef: { resource = '', apiGroup = '', name = '' } = {} }) =>
        apiGroup === added
          ? `${resource}.${apiGroup}/${name}`
          : `${customId(apiGroup, resource) ?? kinds[resource]?.kind ?? resource}/${name}`,
      ),
  ),
];

const ledger = async (): Promise<readonly Entry['spec'][]> =>
  accepted(
    await world.as('auditor-a').list<Entry>({ apiVersion: ours, kind: 'LedgerEntry', namespace: production }),
  ).items.map(({ spec }) => spec);

interface Found {
  readonly object: string;
  readonly time: string;
}

const findingsIn = (entries: readonly Entry['spec'][]): readonly Found[] =>
  entries
    .filter(({ type }) => type === 'FindingOpened')
    .map(({ data, time }) => ({ object: String((JSON.parse(data ?? '{}') as { object?: string }).object), time }));

/** What the gate let through and wrote down, and on what grounds. */
const admittedIn = (entries: readonly Entry['spec'][]): readonly (Found & { readonly grounds: string })[] =>
  entries
    .flatMap(actsIn)
    .filter(({ type }) => type === 'Admitted')
    .map(({ subject, time, decision }) => ({ object: `${subject.kind}/${subject.name}`, time, grounds: decision }));

/** Waits until what got through is found, and enters what became of each. Returns what is not found and should be. */
async function enterFound(column: Column, through: readonly Through[]): Promise<readonly Through[]> {
  const events = await world.cluster.controlPlane.auditEvents();
  const changes = new Map(through.map((each) => [each, changedBy(each, events)]));
  const wanted = through.filter(({ attack }) => reasonNotFound(attack) === undefined);
  for (const { attack } of through) cells.get(attack)?.set(column, `not found: ${reasonNotFound(attack) ?? ''}`);
  const deadline = Date.now() + findMs;
  for (;;) {
    const entries = await ledger();
    const [found, admitted] = [findingsIn(entries), admittedIn(entries)];
    const open = wanted.filter((each) => {
      const objects = changes.get(each) ?? [];
      const isOf = ({ object, time }: Found): boolean =>
        time >= each.from && objects.some((one) => one === object || (one.endsWith('/') && object.startsWith(one)));
      const act = admitted.find((one) => isOf(one) && one.time <= each.until);
      const isFound = found.some(isOf);
      if (isFound) cells.get(each.attack)?.set(column, 'found by C');
      else if (act !== undefined) cells.get(each.attack)?.set(column, `recorded by B: ${act.grounds}`);
      return !isFound && act === undefined;
    });
    if (open.length === 0 || Date.now() > deadline) return open;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** All of them, and once more each that a later one undid before it could be found. */
async function watched(column: Column, list: readonly Row[]): Promise<void> {
  const undone = await enterFound(column, await runAll(column, list));
  for (const { attack } of undone) await enterFound(column, await runAll(column, [attack]));
}

/** Why nobody finds an attack by looking at what is there afterwards; undefined = it must be found. */
const reasonNotFound = ({ id, name, locks }: Row): string | undefined =>
  reasons.find(({ of }) => of.some((each) => each === id || each === name || each === locks[0]?.name))?.why;

/** Attacks by kinds that the gate is not asked about: it does not come between programs and kinds that nobody listed. */
const byPrograms = unlistedAttacks
  .map(({ name }) => name)
  .filter((name) => /token of|GitOps tool|ServiceAccount/.test(name));

/** Attacks on when an object goes, after which it is gone. */
const goneBy = (what: RegExp): readonly string[] =>
  lifetimeAttacks.map(({ name }) => name).filter((name) => what.test(name));

/** By number, name or lock of attacks. */
const reasons: readonly { readonly why: string; readonly of: readonly string[] }[] = [
  {
    why: 'nothing is written',
    of: [
      'countersign-guard-sessions',
      'a developer asks for the token of a program',
      'somebody let in for an emergency asks for the token of a program',
    ],
  },
  { why: 'the label and the namespace are not watched', of: ['T21'] },
  { why: 'kinds that nobody listed are named, and not looked at', of: ['countersign-guard-unlisted'] },
  { why: 'without a policy there is no record', of: ['T22'] },
  {
    why: 'a status is no content',
    of: [
      'a developer says that a pod is not ready',
      'a developer says that a Deployment is complete',
      'a developer says which revision a StatefulSet is at',
    ],
  },
  {
    why: 'a pod that is gone is made anew as it was released',
    of: ['a developer deletes a pod by force', 'a developer deletes all pods at once'],
  },
  {
    why: 'tried without effect (dry run, or an empty change)',
    of: [
      'a user called kubelets deletes a pod',
      'a user called system:node:pretended deletes a pod',
      'a user called in-nodes deletes a pod',
      'a developer resizes a running pod',
      'a developer lifts the budget by which a drain keeps pods',
      'somebody whose emergency is over writes the debug containers of a pod as they are',
    ],
  },
  {
    why: 'what goes was put there for the attack, and was never explained',
    of: [
      'a developer deletes a workload, its dependents first',
      'a developer deletes all Deployments at once',
      'a developer deletes a PersistentVolumeClaim',
      'a developer does a DELETE of a kind that the chart lists in guardedKinds',
      'somebody let in for an emergency deletes a PersistentVolumeClaim',
      'somebody who holds every minute by a wildcard does a delete',
      'a cluster admin, who holds every minute, too, does a delete',
      'a program that was given the minutes does a delete',
      ...goneBy(/ that is being deleted$| along with its finalizer$/),
    ],
  },
  {
    why: 'when a workload was last restarted is no content',
    of: [
      'a developer restarts a workload',
      'a cluster admin, who holds wildcards, restarts a workload',
      'a ServiceAccount that holds the right to operate restarts a workload',
      'a holder of the right to operate restarts with an annotation that is no time',
    ],
  },
  {
    why: 'a ReplicaSet that was adopted and runs nothing is not looked at',
    of: ['a developer creates a ReplicaSet whose pods a Deployment would adopt'],
  },
  {
    why: 'made again with the same content it is no change',
    of: ['a developer deletes a ConfigMap, to create it anew', 'a developer deletes a NetworkPolicy'],
  },
  {
    why: 'its owner does not exist, and the garbage collector deletes it',
    of: [
      'a holder of the right to operate creates a Job marked manual that a Deployment owns',
      'a holder of the right to operate creates a Job marked manual that a CronJob owns without controlling it',
      'a holder of the right to operate creates a Job marked manual that something else owns, too',
      'a holder of the right to operate creates a Job marked manual of a CronJob of another group',
      'a holder of the right to operate creates a CronJob with the mark of a manual Job',
      'a developer gives a Deployment an owner that does not exist',
      ...goneBy(/ forges an owner of /),
    ],
  },
  { why: 'a Job of a CronJob is what its CronJob says', of: ['a developer runs a CronJob now'] },
  { why: 'tokens are left to the control plane', of: ['the API server itself changes the data of a token'] },
];

const admission = 'admissionregistration.k8s.io/v1';
const topics = [
  ...Object.keys(guard.topics).filter((topic) => topic !== 'configuration'),
  'additional',
  'unlisted',
  'namespaces',
  'configuration',
];

/** Takes an object away and returns what puts it back. */
async function taken(kind: string, name: string): Promise<() => Promise<void>> {
  const installer = world.as('installer');
  const target = { apiVersion: admission, kind, name };
  const { metadata, ...rest } = accepted(await installer.get(target));
  accepted(await installer.delete(target));
  return async () => {
    const { labels = {}, annotations = {} } = metadata;
    accepted(await installer.create({ ...rest, metadata: { name, labels, annotations } }));
  };
}

const canary = () => world.as('attacker').create(one('configmaps', 'canary'), { dryRun: 'All' });

/** The gate tells the operator's dry-runs that it is there. */
const gateIs = (state: 'on' | 'off') =>
  eventually(
    `lock B is ${state}`,
    () =>
      world.operator.raw({
        method: 'POST',
        path: `/api/v1/namespaces/${production}/configmaps?dryRun=All`,
        body: one('configmaps', 'canary'),
      }),
    ({ headers }) => String(headers['warning']).includes(gateIsHere) === (state === 'on'),
  );

/** The configuration topic goes last: when it no longer acts, no other does. */
async function withoutA(): Promise<() => Promise<void>> {
  const back: (() => Promise<void>)[] = [];
  for (const topic of topics) back.push(await taken('ValidatingAdmissionPolicyBinding', `countersign-guard-${topic}`));
  await eventually('lock A is off', canary, (answer) => !said(answer).includes('ProductionGuard'));
  return async () => {
    for (const each of back) await each();
    await eventually('lock A is on', canary, (answer) => said(answer).includes('ProductionGuard'));
  };
}

async function withoutB(): Promise<void> {
  await taken('ValidatingWebhookConfiguration', 'countersign-gate');
  await gateIs('off');
}

/** Deleted objects that nobody found missing. */
let deletedUnseen: readonly string[] = [];

async function deleteStanding(): Promise<void> {
  const resources = ['configmaps', 'networkpolicies', 'cronjobs', 'ingresses', 'widgets'];
  const objects = resources.map((resource) => at(resource, 'standing'));
  for (const object of objects) accepted(await world.as('attacker').delete(object));
  const isMissed = async (): Promise<readonly string[]> => {
    const seen = findingsIn(await ledger());
    return objects
      .map(({ kind, name }) => `${kind === 'Widget' ? `widgets.${added}` : kind}/${name}`)
      .filter((each) => !seen.some(({ object }) => object === each));
  };
  const deadline = Date.now() + findMs;
  do {
    deletedUnseen = await isMissed();
    await new Promise((resolve) => setTimeout(resolve, 250));
  } while (deletedUnseen.length > 0 && Date.now() < deadline);
  for (const resource of resources) accepted(await world.as('attacker').create(one(resource, 'standing')));
}

/** What lock A alone holds: the API server under its own name, and programs that write kinds that nobody listed; the gate does not come between. */
const onlyA: ReadonlySet<string> = new Set(['the API server itself changes the data of a token', ...byPrograms]);

/** What each column allows. */
const holds: Readonly<Record<Column, RegExp>> = {
  'all locks': /^(refused by A: |not begun: refused by B: )/,
  'without A': /^((not begun: )?refused by B: |recorded by B: |found by C$)/,
  'without A and B': /^(found by C$|not found: \w)/,
  'without B': /^refused by A: /,
};

const page = join(import.meta.dirname, '..', '..', '..', 'docs', 'attacks.md');

const rowOf = (attack: Row): string => {
  const { id, name, locks } = attack;
  const seen = columns.map((column) => cells.get(attack)?.get(column) ?? '');
  return `| ${[id, name, ...seen, `succeeds without ${locks.map((each) => each.name).join(', ')}`].join(' | ')} |`;
};

const head = `| | attack | ${columns.join(' | ')} | control |\n| ${'--- | '.repeat(columns.length + 3).trim()}`;

const text = (): string =>
  [
    '# Attacks on a guarded production, and which lock holds each',
    '',
    'Written by `UPDATE_DOCS=1 COUNTERSIGN_PROOFS=whole` with `test/security/attacks/matrix.test.ts`, on a real API server, with operator and gate running; do not edit.',
    '',
    'Lock A is the guard in the API server (policies `countersign-guard-*`), lock B the gate (the webhook), lock C the watch, which refuses nothing',
    'and opens a finding. The attackers hold every right that RBAC can give. For each attack `test/admission-policies/guard/guard.test.ts` shows, with lock A alone,',
    'that it is denied, that its twin (the same act by the right principal) passes, and that without its one policy it succeeds (the control).',
    'In the state without both locks only what can be seen afterwards is found; where nothing can, the table says why.',
    '',
    head,
    ...guardAttacks.map(rowOf),
    '',
    '## Emergency access',
    '',
    'What somebody tries who was let in, or wants to be. `test/admission-policies/emergency/emergency-guard.test.ts` shows each with lock A and custody alone: denied, its twin passes, and it succeeds without the',
    'named policies. What the gate alone refuses (to the second, by the record, with a stolen token) is in `test/security/attacks/emergency-gate.test.ts`; every verb on everything that is served, in',
    '`test/security/attacks/emergency-acts.test.ts`; what ends with nothing of ours alive, in `test/security/attacks/emergency-deadhand.test.ts`; changed and stronger roles, in `test/security/attacks/emergency-roles.test.ts`.',
    '',
    'Not begun: it starts from a grant that nobody asked for, which only a stolen token of the operator would write, and the gate refuses that already. Recorded: the gate lets it through',
    'on those grounds, and has written it down before.',
    '',
    head,
    ...guarded.map(rowOf),
    '',
    'Who is let in at all is held by the schema of EmergencyAccess and by custody, which go on when the guard is off:',
    '',
    '| | attack | refused by | control |',
    '| --- | --- | --- | --- |',
    ...kept.map(
      ({ id, name, denied, locks }) =>
        `| ${[id, name, denied.replace(/: $/, ''), `succeeds without ${locks.map((each) => each.name).join(', ')}`].join(' | ')} |`,
    ),
    '',
    ...tokenLines,
  ].join('\n');

/** Without the widths and line breaks that a formatter gives. */
const plain = (page: string): string => page.trim().replaceAll(/\s+/g, ' ').replaceAll(/-{3,}/g, '---');

describe('each lock by itself', () => {
  beforeAll(async () => {
    // Emergencies first: a policy that was made anew, as after an attack of the guard's list, offers none.
    await runAll('all locks', rows);
    const putBack = await withoutA();
    for (const list of Object.values(tried)) await watched('without A', list);
    await withoutB();
    for (const list of Object.values(tried)) await watched('without A and B', list);
    await deleteStanding();
    await putBack();
    await runAll('without B', rows);
    process.stdout.write(`\n${rows.map(rowOf).join('\n')}\n`);
  }, 900_000);

  test.each(rows.map((attack) => [`${attack.id}: ${attack.name}`, attack] as const))('%s', (_, attack) => {
    for (const column of columns) {
      const pattern = column === 'without A' && onlyA.has(attack.name) ? /^not found: \w/ : holds[column];
      expect([column, cells.get(attack)?.get(column)]).toEqual([column, expect.stringMatching(pattern)]);
    }
  });

  test('what was explained, and is deleted while both are off, is found', () => {
    expect(deletedUnseen).toEqual([]);
  });

  test('each is in docs/attacks.md', async () => {
    if (isWhole && process.env['UPDATE_DOCS'] === '1') await writeFile(page, text());
    const written = plain(await readFile(page, 'utf8'));
    expect(rows.map(rowOf).filter((row) => !written.includes(plain(row)))).toEqual([]);
  });

  if (isWhole) {
    test('docs/attacks.md says nothing else', async () => {
      expect(plain(await readFile(page, 'utf8'))).toBe(plain(text()));
    });

    test('every reason why something is not found is used', () => {
      const used = new Set([...cells.values()].flatMap((row) => [...row.values()]));
      expect(reasons.filter(({ why }) => !used.has(`not found: ${why}`))).toEqual([]);
    });
  }
});
