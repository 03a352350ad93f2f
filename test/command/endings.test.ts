/** How `wait` ends, with which code, and what happens where the command talks to a person: in a terminal of its own, as `script` makes one. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startOperator } from '../../hack/controlplane/operator.ts';
import { clockAhead } from '../support/cluster/clock-ahead.ts';
import { accepted, startTimeoutMs } from '../support/cluster/cluster.ts';
import { startSystem, type System, type World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { everybody, release, sign } from '../support/scenario/kit.ts';
import { behaving } from '../support/scenario/production.ts';

let system: System;
let command: Command;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
}, startTimeoutMs * 2);

afterAll(async () => {
  await command?.remove();
  await system?.stop();
});

const quick = { health: { progressTimeout: '10s', observeFor: '0s', settle: '0s' } };

/** A world with a release in production. */
const released = async (name: string): Promise<World> => {
  const world = await system.world(name, quick);
  await world.stage(world.configMap('api-config', { level: 'info' }), world.deployment('api', 'a'));
  expect(await release(world, world.candidate('first', ['ConfigMap/api-config', 'Deployment/api']))).toBe('Promoted');
  return world;
};

const waits = (world: World, name: string) => command.as('developer-a', ['wait', name, '-n', world.staging]);

/** A command in a terminal: what it has shown so far, and how it ended. */
interface Conversation {
  readonly shown: () => string;
  readonly says: (text: string) => Promise<void>;
  readonly answer: (text: string) => void;
  readonly ended: Promise<number>;
}

const conversations: ChildProcess[] = [];
afterAll(() => {
  for (const each of conversations) each.kill();
});

const inTerminal = (who: string, line: string, env: Readonly<Record<string, string>> = {}): Conversation => {
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', line, '/dev/null'], {
    env: { ...process.env, ...command.environment(who), ...env },
  });
  conversations.push(child);
  let shown = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (shown += data.toString()));
  return {
    shown: () => shown,
    says: async (text) => {
      await eventually(
        `it says ${text}`,
        async () => shown,
        (all) => all.includes(text),
      );
    },
    answer: (text) => child.stdin.write(`${text}\n`),
    ended: new Promise((resolve) => {
      child.on('close', (code) => resolve(code ?? -1));
    }),
  };
};

test('a release that is rolled back ends the wait with 4, and says what failed and what to do', async () => {
  const world = await released('rolled');
  await world.stage(world.deployment('api', 'b'));
  await world.propose(
    world.candidate('second', ['ConfigMap/api-config', 'Deployment/api'], {
      overlay: [behaving('Deployment', 'api', 'crash-loop')],
    }),
  );
  await world.staged('second');
  const waiting = waits(world, 'second');
  await sign(world, 'second', ...everybody);
  const { code, stdout } = await waiting;
  expect(code).toBe(4);
  expect(stdout).toMatch(/^second RolledBack: .*Deployment\/api/m);
  expect(stdout).toContain('whose notes say why it does not fail again');
});

test('a release that fails and pages somebody ends it with 7', async () => {
  const world = await released('paged');
  await world.stage(world.deployment('api', 'b'));
  const paging = {
    onFailure: 'Page',
    pageReason: 'data is migrated',
    overlay: [behaving('Deployment', 'api', 'crash-loop')],
  };
  await world.propose(world.candidate('second', ['ConfigMap/api-config', 'Deployment/api'], paging));
  await world.staged('second');
  const waiting = waits(world, 'second');
  await sign(world, 'second', ...everybody);
  const { code, stdout } = await waiting;
  expect(code).toBe(7);
  expect(stdout).toContain('Somebody on call looks at production: kubectl countersign get second');
});

test('a candidate that another one replaces ends it with 6', async () => {
  const world = await released('replaced');
  await world.stage(world.deployment('api', 'b'));
  await world.propose(world.candidate('second', ['ConfigMap/api-config', 'Deployment/api']));
  await world.staged('second');
  const waiting = waits(world, 'second');
  await world.stage(world.deployment('api', 'c'));
  const third = world.candidate('third', ['ConfigMap/api-config', 'Deployment/api'], { replaces: 'second' });
  expect(await release(world, third)).toBe('Promoted');
  const { code, stdout } = await waiting;
  expect(code).toBe(6);
  expect(stdout).toContain('second Superseded: replaced by third');
});

test('Ctrl-C ends a wait with 130, and leaves nothing behind on the screen', async () => {
  const world = await released('interrupted');
  await world.stage(world.deployment('api', 'b'));
  await world.propose(world.candidate('second', ['ConfigMap/api-config', 'Deployment/api']));
  await world.staged('second');
  const waiting = inTerminal('developer-a', `kubectl-countersign wait second -n ${world.staging}`);
  await waiting.says('waits for');
  waiting.answer('\u0003');
  expect(await waiting.ended).toBe(130);
  expect(waiting.shown()).not.toMatch(/Error|at .*:\d+/);
  expect(waiting.shown().endsWith('\r\u001b[2K')).toBe(true);
});

test('without notes `stage` opens the editor on a template, shows what changes, and asks', async () => {
  const world = await released('edited');
  await world.stage(world.configMap('api-config', { level: 'debug' }));
  const editor = join(command.folder, 'editor');
  await writeFile(
    editor,
    `#!/bin/sh\ngrep -q '^# rollbackPlan:' "$1" || exit 1\nprintf 'summary: more is logged\\nchanges: [level debug]\\ndependencies: [none]\\ninstallation: none\\nrollbackPlan: automatic\\n' > "$1"\n`,
  );
  await chmod(editor, 0o755);
  const line = `kubectl-countersign stage configmap/api-config deployment/api --version 2.0.0 -n ${world.production}`;
  const untouched = inTerminal('developer-a', line, { EDITOR: 'true' });
  expect(await untouched.ended).toBe(1);
  expect(untouched.shown()).toContain('The notes were left as they were; nothing was done');
  const staging = inTerminal('developer-a', line, { EDITOR: editor });
  await staging.says('[y/N]');
  // Of the delta, before anything is there.
  expect(staging.shown()).toMatch(/ConfigMap\/api-config/);
  expect(staging.shown()).toMatch(/info.*debug/);
  expect(await world.live('ConfigMap', 'nothing')).toBeUndefined();
  staging.answer('y');
  expect(await staging.ended).toBe(0);
  expect(staging.shown()).toMatch(/releasecandidate \S+ created/);
});

test('a tree in a terminal of 80 columns stays a tree, and nothing of it is cut', async () => {
  const world = await system.world('narrow');
  await world.stage(world.configMap('api-config', { level: 'info' }));
  const summary = '修正 '.repeat(30).trim();
  const notes = { summary, changes: ['x'], dependencies: ['none'], installation: 'none', rollbackPlan: 'automatic' };
  await world.propose(world.candidate('first', ['ConfigMap/api-config'], { notes }));
  await world.staged('first');
  const get = `kubectl-countersign get first -n ${world.staging}`;
  const narrow = inTerminal('developer-a', `stty cols 80; ${get}`, { NO_COLOR: '1' });
  expect(await narrow.ended).toBe(0);
  const lines = narrow.shown().trimEnd().split(/\r?\n/);
  const isWide = (line: string): boolean => line.length + (line.match(/[修正]/g)?.length ?? 0) > 80;
  expect(lines.filter((line) => isWide(line) && !line.includes('kubectl '))).toEqual([]);
  expect(lines.slice(1).filter((line) => !/^[│├└] {0,2}/.test(line) && !line.startsWith('   '))).toEqual([]);
  const text = (all: string): string => all.replaceAll(/[\s│├└─]+/g, ' ');
  const { stdout } = await command.as('developer-a', ['get', 'first', '-n', world.staging]);
  const withoutAge = (all: string): string =>
    text(all)
      .replace(/ \d+[smh]\b/, '')
      .trim();
  expect(withoutAge(lines.join('\n'))).toBe(withoutAge(stdout));
});

test('content that moves while `approve` asks is not signed for: it says so, and shows how to read it again', async () => {
  const world = await released('moved');
  await world.stage(world.deployment('api', 'b'));
  await world.propose(world.candidate('second', ['ConfigMap/api-config', 'Deployment/api']));
  const read = await world.staged('second');
  const signing = inTerminal('tester-a', `kubectl-countersign approve second -n ${world.staging}`);
  await signing.says('[y/N]');
  // What production runs becomes something else meanwhile, so the delta that was read is another one.
  await world.stage(world.configMap('api-config', { level: 'debug' }), world.deployment('api', 'a'));
  expect(await release(world, world.candidate('third', ['ConfigMap/api-config', 'Deployment/api']))).toBe('Promoted');
  await world.when('second', ({ status }) => status?.digest !== read.status?.digest);
  const before = signing.shown();
  signing.answer('y');
  expect(await signing.ended).toBe(1);
  expect(signing.shown().slice(before.length)).toMatch(/The content changed while you read it/);
  const mine = accepted(await world.as('auditor-a').list(world.ref('Approval'))).items;
  expect(JSON.stringify(mine)).not.toContain('"name":"second"');
});

test('a candidate that waited too long ends it with 5, and says what to do', async () => {
  const world = await system.world('expired', { candidateValidFor: '1h' });
  await world.stage(world.configMap('api-config', { level: 'info' }));
  await world.propose(world.candidate('first', ['ConfigMap/api-config']));
  await world.staged('first');
  const waiting = waits(world, 'first');
  // An hour is the least that a policy may say: for the next operator it has passed.
  await system.operator.stop();
  const later = await startOperator(system.controlPlane, {
    instance: 'operator-later',
    nodeOptions: clockAhead(3_600_000),
  });
  try {
    const { code, stdout } = await waiting;
    expect(code).toBe(5);
    expect(stdout).toContain('first Expired: not promoted within 1h');
    expect(stdout).toContain('Stage it again: kubectl countersign stage --help');
    const again = await waits(world, 'first');
    expect([again.code, again.stdout]).toEqual([5, stdout]);
  } finally {
    await later.stop();
  }
});
