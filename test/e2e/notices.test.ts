/** Notices: what happens is told outside of the cluster, once for each happening, signed, with the command to type. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accepted, startTimeoutMs, waitFor, type KubeObject } from '../support/cluster/cluster.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { condition, ours, startSystem, type Reported, type System, type World } from '../support/cluster/system.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { audit, explained, found } from '../support/scenario/findings.ts';
import { amendPolicy, approverA, end, everybody, patienceMs, release, sign, staged } from '../support/scenario/kit.ts';
import { endNow, letIn } from '../support/scenario/night.ts';
import { behaving, plant } from '../support/scenario/production.ts';
import {
  declareSinks,
  eventOf,
  isSigned,
  newKey,
  startSinks,
  type CloudEvent,
  type Received,
  type SinkServer,
} from '../support/scenario/sinks.ts';

let sinks: SinkServer;
let system: System;
let command: Command;
const [key, oldKey] = [newKey(), newKey()];

beforeAll(async () => {
  sinks = await startSinks();
  system = await startSystem({
    operator: { notify: { allowedHosts: [sinks.host], allowedNetworks: ['127.0.0.0/8', '::1/128'] } },
  });
  command = await buildCommand(system.controlPlane);
  const url = (path: string): string => `https://${sinks.host}${path}`;
  const ca = sinks.authority;
  await declareSinks(system.as('installer'), [
    { name: 'events', type: 'CloudEvents', url: url('/events'), keys: [key, oldKey], ca },
    { name: 'approvers', type: 'CloudEvents', url: url('/approvers'), keys: [key], ca },
    { name: 'elsewhere', type: 'CloudEvents', url: url('/elsewhere'), ca, namespaces: ['another-prod'] },
    { name: 'slack', type: 'Slack', url: url('/slack'), ca },
    { name: 'mattermost', type: 'Mattermost', url: url('/mattermost'), ca },
    { name: 'teams', type: 'Teams', url: url('/teams'), ca },
  ]);
}, startTimeoutMs * 2);

afterAll(async () => {
  await command?.remove();
  await system?.stop();
  await sinks?.close();
});

const notify = {
  remindAfter: '1m',
  routes: [
    { sink: 'events' },
    { sink: 'approvers', about: ['ApprovalNeeded'], roles: ['approver'] },
    { sink: 'elsewhere' },
    { sink: 'slack' },
    { sink: 'mattermost' },
    { sink: 'teams' },
  ],
};

const components = ['ConfigMap/settings', 'Deployment/api'];

const stageAs = async (world: World, letter: string): Promise<void> =>
  world.stage(world.configMap('settings', { level: letter }), world.deployment('api', letter));

/** What a sink was told of a world, in order. */
const toldOf = ({ production }: World, path = '/events'): readonly CloudEvent[] =>
  sinks.received
    .filter((each) => each.path === path)
    .map(eventOf)
    .filter(({ data }) => data.customData.namespace === production);

const toldWhen = async (world: World, notice: string, is: (event: CloudEvent) => boolean = () => true) =>
  eventOf(
    await sinks.when((each) => {
      if (each.path !== '/events') return false;
      const event = eventOf(each);
      const { customData } = event.data;
      return customData.namespace === world.production && customData.notice === notice && is(event);
    }),
  );

const factOf = (event: CloudEvent, label: string): string | undefined =>
  event.data.customData.facts.find((each) => each.label === label)?.value;

const wholeTimeoutMs = 500_000;

test.concurrent(
  'a release is told from the first wait for a signature to its end, and one that fails with its cause',
  async () => {
    const world = await system.world('told', { notify });
    const policy = await waitFor<Reported>(
      world.as('admin'),
      world.ref('ReleasePolicy', 'production'),
      (each) => condition(each, 'NoticesDelivered')?.status === 'True',
      patienceMs,
    );
    expect(condition(policy, 'NoticesDelivered')?.reason).toBe('SinksTakeNotices');

    await stageAs(world, 'a');
    await world.propose(world.candidate('first', components, { version: '1.0.0' }));
    const waits = await toldWhen(world, 'ApprovalNeeded', ({ data }) => data.customData.role === 'approver');
    expect(waits.type).toBe('dev.cdeventsx.countersign-approval.requested.0.1.0');
    expect(waits.data.customData).toMatchObject({
      package: 'payments',
      version: '1.0.0',
      command: `kubectl countersign approve first -n ${world.staging} --role approver`,
    });
    expect(factOf(waits, 'waits for')).toBe('2 approver (from payments-owners and change-board)');
    expect(factOf(waits, 'changes')).toMatch(/^\d+ changes?: /);
    await toldWhen(world, 'ApprovalNeeded', ({ data }) => data.customData.role === 'tester');
    const reminder = await toldWhen(world, 'ApprovalReminder', ({ data }) => data.customData.role === 'tester');
    expect(Date.parse(reminder.time) - Date.parse(waits.time)).toBe(60_000);
    await sign(world, 'first', ...everybody);
    expect(await end(world, 'first')).toBe('Promoted');
    const promoted = await toldWhen(world, 'Promoted');
    expect(promoted).toMatchObject({
      type: 'dev.cdevents.service.deployed.0.3.0',
      subject: `${world.production}/payments`,
    });
    expect(promoted.data.subject.content).toMatchObject({
      environment: { id: world.production },
      artifactId: expect.stringMatching(/^pkg:generic\/payments@1\.0\.0\?checksum=sha256%3A[0-9a-f]{64}$/),
    });

    await stageAs(world, 'b');
    const overlay = [behaving('Deployment', 'api', 'crash-loop')];
    expect(await release(world, world.candidate('second', components, { version: '2.0.0', overlay }))).toBe(
      'RolledBack',
    );
    const back = await toldWhen(world, 'RolledBack');
    expect(back.type).toBe('dev.cdevents.service.rolledback.0.3.0');
    expect(factOf(back, 'cause')).toContain('CrashLoopBackOff');
    const began = await toldWhen(world, 'RollingBack');
    expect(began.data.customData.command).toBe(`kubectl countersign why second -n ${world.staging}`);

    await world.propose(
      world.candidate('third', components, {
        overlay: [...overlay, { kind: 'ConfigMap', name: 'settings', patch: { data: { level: 'c' } } }],
        onFailure: 'Page',
        pageReason: 'the schema cannot go back',
      }),
    );
    await sign(world, 'third', ...everybody);
    expect(await end(world, 'third')).toBe('Failed');
    expect(factOf(await toldWhen(world, 'Failed'), 'why')).toContain('CrashLoopBackOff');

    await stageAs(world, 'd');
    await world.propose(world.candidate('fourth', components));
    await staged(world, 'fourth');
    const { metadata, status } = await staged(world, 'fourth');
    accepted(
      await world.as(approverA[0]).create({
        apiVersion: metadata.name === 'fourth' ? 'countersign.dev/v1alpha1' : '',
        kind: 'Approval',
        metadata: { generateName: 'no-', namespace: world.production },
        spec: {
          subject: { kind: 'ReleaseCandidate', name: 'fourth', uid: metadata.uid },
          digest: status?.digest,
          role: approverA[1],
          decision: 'Reject',
          comment: 'not <!channel> today, see [here](https://evil.example) or ask @all',
        },
      }),
    );
    const rejected = await toldWhen(world, 'Rejected');
    expect(factOf(rejected, 'by')).toBe('approver-a as approver');

    // The same to every sink, each happening once, all of it signed under either key.
    const mine = sinks.received.filter(({ path, body }) => path === '/events' && body.includes(world.production));
    expect(mine.every((each) => isSigned(each, key) && isSigned(each, oldKey) && !isSigned(each, newKey()))).toBe(true);
    expect(mine.every(({ headers }) => headers['content-type'] === 'application/cloudevents+json; charset=utf-8')).toBe(
      true,
    );
    const ids = toldOf(world).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(toldOf(world).map(({ source }) => source)).toEqual(ids.map(() => '/countersign/countersign-system'));
    expect(sinks.received.some(({ path }) => path === '/elsewhere')).toBe(false);
    expect(
      new Set(toldOf(world, '/approvers').map(({ data }) => `${data.customData.notice} ${data.customData.role}`)),
    ).toEqual(new Set(['ApprovalNeeded approver']));

    const chat = (path: string): Promise<Received> =>
      sinks.when(
        (each) => each.path === path && each.body.includes('Rejected') && each.body.includes(world.production),
      );
    expect((await chat('/slack')).body).not.toContain('<!channel>');
    const { body } = await chat('/mattermost');
    expect(body.replaceAll(/`[^`]*`/g, '')).not.toMatch(/@all|evil/);
    await chat('/teams');
  },
  wholeTimeoutMs,
);

test.concurrent(
  'emergencies and findings are told, with who looks at them and how',
  async () => {
    const world = await system.world('night', { notify, emergency: {} }, audit);
    await explained(world);
    await letIn(world);
    const opened = await toldWhen(world, 'EmergencyOpened');
    expect(factOf(opened, 'grantee')).toBe('developer-b');
    await endNow(world);
    const due = await toldWhen(world, 'EmergencyReviewDue');
    expect(due.data.customData.command).toBe(`kubectl countersign emergency review inc-4711 -n ${world.production}`);

    await plant(world, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-hand' } });
    const finding = await found(world, 'ConfigMap/by-hand');
    const told = await toldWhen(world, 'FindingOpened', (event) => factOf(event, 'object') === 'ConfigMap/by-hand');
    expect(told.type).toBe('dev.cdevents.incident.detected.0.3.0');
    expect(told.data.customData.command).toBe(
      `kubectl countersign sign finding ${String(finding.seq).padStart(12, '0')} -n ${world.production}`,
    );
  },
  wholeTimeoutMs,
);

test.concurrent(
  'an access tells before its end that it ends, and that what it left is overdue, each with a command to type',
  async () => {
    const world = await system.world('late', { notify, emergency: { followUpWithin: '1m' } });
    await explained(world);
    await letIn(world, 'inc-4712');
    const left = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'left', namespace: world.production } };
    accepted(await world.as('developer-b').create(left));
    await endNow(world, 'inc-4712');
    const { metadata } = await letIn(world, 'inc-4713', { duration: '1m', grantee: 'developer-a' });

    const ending = await toldWhen(world, 'EmergencyEnding');
    const ends = Date.parse(metadata.creationTimestamp ?? '') + 60_000;
    expect([factOf(ending, 'access'), factOf(ending, 'ends')]).toEqual([
      'inc-4713',
      `${new Date(ends).toISOString().slice(0, 16)}Z`,
    ]);
    expect(ends - Date.parse(ending.time)).toBeLessThanOrEqual(15_000);
    const end = await command.shell('sre-b', `${ending.data.customData.command} --yes`);
    expect([end.code, end.stdout]).toEqual([0, expect.stringContaining('inc-4713')]);

    const overdue = await toldWhen(world, 'EmergencyOverdue');
    expect(factOf(overdue, 'missing')).toBe('a release that says --follows-up inc-4712');
    const status = await command.shell('auditor-a', overdue.data.customData.command);
    expect(status.stdout).toMatch(/Overdue[^]*Left changed {2}1[^]*staged with --follows-up inc-4712/);
  },
  wholeTimeoutMs,
);

test.concurrent(
  'an exception and a change of the policy are told to who signs for them, each with a command to type',
  async () => {
    const approvals = [{ role: 'security', count: 1 }];
    const exceptions = { gates: ['Soak'], maxDuration: '24h', approvals };
    const world = await system.world('asked', { notify, exceptions, changes: { approvals } });
    const bound = { 'owner-a': ['owner', 'admin'], 'security-a': ['security'] };
    for (const [name, roles] of Object.entries(bound)) {
      for (const role of roles)
        await bindRole(world.as('installer'), {
          name: `${name}-${role}`,
          namespace: world.production,
          role: `countersign-${role}`,
          subject: { kind: 'User', name },
        });
    }
    const ask = async (kind: string, name: string, spec: object): Promise<void> => {
      const metadata = { name, namespace: world.production };
      accepted(await world.as('owner-a').create({ apiVersion: ours, kind, metadata, spec }));
    };
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const hurry = { gates: ['Soak'], package: 'payments', reason: 'people cannot pay', risk: 'a bug slips', until };
    await ask('PolicyException', 'hurry', hurry);
    const policy = world.ref('ReleasePolicy', 'production');
    const { spec } = accepted(await world.as('owner-a').get<KubeObject & { readonly spec: object }>(policy));
    await ask('PolicyChange', 'longer', { policy: { ...spec, soak: '1m' }, reason: 'a minute finds more' });

    for (const [kind, label, name, done] of [
      ['PolicyException', 'exception', 'hurry', 'Granted'],
      ['PolicyChange', 'policy change', 'longer', 'Applied'],
    ] as const) {
      const told = await toldWhen(world, 'ApprovalNeeded', (event) => factOf(event, label) === name);
      expect([factOf(told, 'waits for'), factOf(told, 'by')]).toEqual(['security', 'owner-a']);
      const signed = await command.shell('security-a', `${told.data.customData.command} --yes`);
      expect([signed.code, signed.stderr]).toEqual([0, '']);
      await waitFor<Reported>(
        world.as('owner-a'),
        world.ref(kind, name),
        (each) => condition(each, done)?.status === 'True',
      );
    }
  },
  wholeTimeoutMs,
);

test.concurrent(
  'a policy that names no sink tells nobody; one that is given a sink later tells what happens from then on',
  async () => {
    const world = await system.world('later');
    await stageAs(world, 'a');
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');
    expect(toldOf(world)).toEqual([]);
    await amendPolicy(world, { notify: { routes: [{ sink: 'events', about: ['Promoted'] }] } });
    await stageAs(world, 'b');
    expect(await release(world, world.candidate('second', components))).toBe('Promoted');
    await toldWhen(world, 'Promoted', (event) => factOf(event, 'candidate') === 'second');
    expect(toldOf(world).map((event) => `${event.data.customData.notice} ${factOf(event, 'candidate') ?? ''}`)).toEqual(
      ['Promoted second'],
    );
  },
  wholeTimeoutMs,
);
