/** Exceptions on the real control plane: asked for and signed by the commands that are printed, seen, used, refused, and over when their time is. */
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
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
    /(?:echo '[^']*'|kubectl get (?:polex|relpol) \S+ -n \S+ -o jsonpath=\{[^}]*\}) \| kubectl create -f -/g,
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
