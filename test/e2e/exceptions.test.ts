/**
 * Exceptions and changes of the policy on the real control plane: asked for and signed by the commands that are printed, seen, used, refused, and
 * over when their time is.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { accepted, waitFor, type KubeObject } from '../support/cluster/cluster.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { condition, gate, ours, type Reported, type World } from '../support/cluster/system.ts';
import { closed, end, everybody, gateSays, patienceMs, scenarios, sign } from '../support/scenario/kit.ts';

const { scenario, system } = scenarios('exceptions');

let command: Command;
beforeAll(async () => {
  command = await buildCommand(system().controlPlane);
}, 120_000);
afterAll(() => command?.remove());

const offered = {
  exceptions: { gates: ['Window', 'Soak'], maxDuration: '24h', approvals: [{ role: 'security', count: 1 }] },
};

/** `owner-a` asks, `security-a` signs, and both are no others. */
const people = async (world: World): Promise<void> => {
  const bound = { 'owner-a': ['owner', 'security'], 'security-a': ['security'] };
  for (const [name, roles] of Object.entries(bound)) {
    for (const role of roles) {
      await bindRole(world.as('installer'), {
        name: `${name}-${role}`,
        namespace: world.production,
        role: `countersign-${role}`,
        subject: { kind: 'User', name },
      });
    }
  }
};

/** Types the command that a text ends with into a shell, as somebody. */
const typed = async (text: string, who: string): Promise<string> => {
  const commands = text.match(
    /(?:echo '[^']*'|kubectl get (?:polex|polchg|relpol) \S+ -n \S+ -o jsonpath=\{[^}]*\}) \| kubectl create -f -/g,
  );
  const { controlPlane } = system();
  const { stdout } = await promisify(execFile)('sh', ['-c', commands?.at(-1) ?? 'false'], {
    env: {
      PATH: `${dirname(controlPlane.binaries.kubectl)}:${process.env['PATH']}`,
      HOME: controlPlane.dir,
      KUBECONFIG: controlPlane.kubeconfig(who),
    },
  });
  return stdout;
};

/** The name of what a command says that it created. */
const createdBy = (stdout: string): string => /\/(\S+) created/.exec(stdout)?.[1] ?? '';

const exception = (world: World, name: string, reason: string): Promise<Reported> =>
  waitFor<Reported>(
    world.as('owner-a'),
    world.ref('PolicyException', name),
    (each) => condition(each, 'Granted')?.reason === reason,
  );

const saying = (seen: Reported): string => condition(seen, 'Granted')?.message ?? '';

scenario(
  'a closed window is passed by an exception that somebody else signed for, with the commands that are printed',
  async (world) => {
    await people(world);
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('hurry', ['ConfigMap/settings']));
    const waits = await gateSays(world, 'hurry', 'Window', 'WindowClosed');
    const name = createdBy(await typed(waits.remedy, 'owner-a'));

    const asked = await exception(world, name, 'ExceptionAwaitsSignatures');
    expect(saying(asked)).toContain('0 of 1 signatures; waiting for 1 security');
    await typed(saying(asked), 'owner-a');
    const own = await waitFor<Reported>(world.as('owner-a'), world.ref('PolicyException', name), (each) =>
      saying(each).includes('not counted'),
    );
    expect(saying(own)).toContain('not counted: owner-a as security (asked for it)');
    expect((await gateSays(world, 'hurry', 'Window', 'WindowClosed')).remedy).toContain(
      `or exception ${name} passes it`,
    );

    await typed(saying(own), 'security-a');
    await exception(world, name, 'ExceptionGranted');
    const passes = await gateSays(world, 'hurry', 'Window', 'PassedByException');
    expect(passes.message).toMatch(
      new RegExp(`^No window is open.*; exception ${name} passes it until .*, signed by security-a$`),
    );

    const { stdout } = await command.as('admin', ['why', 'hurry', '-n', world.staging]);
    expect(stdout).toContain(`Window  Passed  ${passes.message}`);
    await sign(world, 'hurry', ...everybody);
    expect(await end(world, 'hurry')).toBe('Promoted');
    const entries = await world.ledger();
    const started = entries.find(({ type }) => type === 'PromotionStarted');
    expect(JSON.parse(started?.data ?? '{}')).toMatchObject({
      exceptions: [{ name, gates: ['Window'], by: ['security-a'] }],
    });
    expect(
      entries.some(
        ({ decision, actor, subject }) =>
          decision === 'Except' && actor.username === 'owner-a' && subject.kind === 'PolicyException',
      ),
    ).toBe(true);
    const over = await world.when('hurry', (each) => gate(each, 'Window')?.reason === 'GatesPassed', patienceMs);
    expect(gate(over, 'Window')?.message).toContain(`by exception ${name} until `);
  },
  { ...closed, ...offered },
);

scenario(
  'a policy that nobody has reviewed in time holds releases up, until somebody signs that they have read it',
  async (world) => {
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('late', ['ConfigMap/settings']));
    await sign(world, 'late', ...everybody);
    const blocked = await gateSays(world, 'late', 'PolicyReviewed', 'PolicyReviewOverdue');
    await typed(blocked.remedy, 'tester-a');
    expect(await end(world, 'late')).toBe('Promoted');
    const seen = await waitFor<KubeObject & { readonly status?: { readonly review?: { readonly by: string } } }>(
      world.as('admin'),
      world.ref('ReleasePolicy', 'production'),
      (each) => each.status?.review?.by === 'tester-a',
    );
    expect(seen.status?.review).toMatchObject({ due: expect.stringMatching(/^2028-/) });
    const entries = await world.ledger();
    expect(entries.map(({ reason }) => reason)).toContain('Approve ReleasePolicy production as tester');
  },
  { reviewBy: '2026-01-31', reviewOverdue: 'Block' },
);

const ask = async (world: World, spec: Readonly<Record<string, unknown>>): Promise<string> =>
  accepted(
    await world.as('owner-a').create<KubeObject>({
      apiVersion: ours,
      kind: 'PolicyException',
      metadata: { generateName: 'asked-', namespace: world.production },
      spec: { gates: ['Window'], package: 'payments', reason: 'refunds fail', risk: 'nobody watches', ...spec },
    }),
  ).metadata.name ?? '';

scenario(
  'an exception ends when its time is over, and at once when somebody who may sign refuses it',
  async (world) => {
    await people(world);
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('night', ['ConfigMap/settings']));
    const soon = new Date(Date.now() + 20_000).toISOString();
    const short = await ask(world, { until: soon });
    const long = await ask(world, { until: new Date(Date.now() + 3_600_000).toISOString() });

    await typed(saying(await exception(world, short, 'ExceptionAwaitsSignatures')), 'security-a');
    const passes = await gateSays(world, 'night', 'Window', 'PassedByException');
    expect(passes.message).toContain(`exception ${short} passes it`);
    // Nothing happens by which it would be judged again, but that its time is over.
    await gateSays(world, 'night', 'Window', 'WindowClosed');
    await exception(world, short, 'ExceptionOver');

    await typed(saying(await exception(world, long, 'ExceptionAwaitsSignatures')), 'security-a');
    await gateSays(world, 'night', 'Window', 'PassedByException');
    await typed(saying(await exception(world, long, 'ExceptionGranted')), 'security-a');
    await gateSays(world, 'night', 'Window', 'WindowClosed');
    expect(saying(await exception(world, long, 'ExceptionRefused'))).toContain('security-a refused it as security');
  },
  { ...closed, ...offered },
);

const changing = {
  ...closed,
  changes: { approvals: [{ role: 'security', count: 1 }] },
  people: [{ name: 'owner', identities: ['owner-a', 'approver-b'] }],
};

/** `owner-a` administers, too, and holds the role in which changes are signed. */
const administrators = async (world: World): Promise<void> => {
  await people(world);
  await bindRole(world.as('installer'), {
    name: 'owner-a-admin',
    namespace: world.production,
    role: 'countersign-admin',
    subject: { kind: 'User', name: 'owner-a' },
  });
};

interface Policy extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Asks for the policy as it is, but for this; returns the name of the change. */
const askForPolicy = async (world: World, spec: Readonly<Record<string, unknown>>): Promise<string> => {
  const stored = accepted(await world.as('owner-a').get<Policy>(world.ref('ReleasePolicy', 'production')));
  const file = join(system().controlPlane.dir, `${world.production}.yaml`);
  await writeFile(file, JSON.stringify({ ...stored, spec: { ...stored.spec, ...spec } }));
  const args = ['policy', 'change', '-f', file, '-n', world.production, '--reason', 'releases wait too long', '--yes'];
  const { stdout, stderr } = await command.as('owner-a', args);
  expect(stderr).toBe('');
  return /policy change (\S+) created/.exec(stdout)?.[1] ?? '';
};

const applied = (world: World, name: string, isSo: (text: string) => boolean): Promise<string> =>
  waitFor<Reported>(world.as('owner-a'), world.ref('PolicyChange', name), (each) => isSo(ofChange(each))).then(
    ofChange,
  );

const ofChange = (each: Reported): string => {
  const { status = '', reason = '', message = '' } = condition(each, 'Applied') ?? {};
  return `${status} ${reason}: ${message}`;
};

scenario(
  'a policy becomes another one when somebody else has signed for the difference, and a release that waits is told and judged again',
  async (world) => {
    await administrators(world);
    await world.stage(world.configMap('settings', { level: 'info' }));
    const candidate = await world.propose(world.candidate('patient', ['ConfigMap/settings']));
    await gateSays(world, 'patient', 'Window', 'WindowClosed');

    const policy = world.ref('ReleasePolicy', 'production');
    const alone = await world.as('owner-a').patch(policy, 'merge', { spec: { windows: [] } });
    expect(alone.ok ? '' : alone.body.message).toContain(
      'Next: ask for the change: kubectl countersign policy change -f <policy>.yaml --reason <why>',
    );
    const name = await askForPolicy(world, { windows: [] });
    const asked = await applied(world, name, (text) => text.includes('0 of 1 signatures'));
    const [toSign = ''] = asked.split('; or refuses it');
    await typed(toSign, 'owner-a');
    const own = await applied(world, name, (text) => text.includes('not counted'));
    expect(own).toContain('not counted: owner-a as security (asked for it)');

    expect((await command.as('security-a', ['pending', '-n', world.production])).stdout).toContain(
      `kubectl countersign sign change ${name} -n ${world.production} --role security`,
    );
    await typed(toSign, 'security-a');
    await applied(world, name, (text) => text.startsWith('True PolicyChanged'));
    expect(accepted(await world.as('admin').get<Policy>(policy)).spec['windows']).toEqual([]);
    await gateSays(world, 'patient', 'Window', 'NoWindows');
    await waitFor<KubeObject & { readonly note: string; readonly regarding: { readonly uid: string } }>(
      world.as('admin'),
      { apiVersion: 'events.k8s.io/v1', kind: 'Event', namespace: world.staging },
      ({ regarding, note }) => regarding.uid === candidate.metadata.uid && note.includes(`PolicyChange ${name}`),
    );
    const entries = await world.ledger();
    expect(entries.find(({ decision }) => decision === 'Change')?.reason).toBe(
      `change policy to PolicyChange ${name} of owner-a, signed by security-a as security: releases wait too long`,
    );
    await sign(world, 'patient', ...everybody);
    expect(await end(world, 'patient')).toBe('Promoted');
  },
  changing,
);

scenario(
  'a change of the policy ends when somebody refuses it, and what a cluster admin changes alone is seen until somebody else has read it',
  async (world) => {
    await administrators(world);
    const name = await askForPolicy(world, { windows: [] });
    await typed(await applied(world, name, (text) => text.includes('0 of 1 signatures')), 'security-a');
    expect(await applied(world, name, (text) => text.includes('PolicyChangeRejected'))).toContain(
      'security-a refused it as security',
    );

    const policy = world.ref('ReleasePolicy', 'production');
    const annotations = { 'countersign.dev/changed-alone': 'security-a has left' };
    accepted(await world.as('admin').patch(policy, 'merge', { metadata: { annotations }, spec: { windows: [] } }));
    const signedFor = (status: string) =>
      waitFor<Reported>(world.as('admin'), policy, (each) => condition(each, 'ChangesSigned')?.status === status);
    const text = condition(await signedFor('False'), 'ChangesSigned')?.message ?? '';
    expect(text).toContain('admin changed the policy alone, as a cluster admin: security-a has left.');
    await typed(text, 'tester-a');
    await signedFor('True');
    expect((await world.ledger()).map(({ decision }) => decision)).toContain('AdministerAlone');
  },
  changing,
);
