/** Every example that a command's help shows, typed as it stands, by somebody whom it is for. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { commands } from '../../cli/commands.ts';
import { accepted, startTimeoutMs } from '../support/cluster/cluster.ts';
import { askForSoaks } from './policy-requests.ts';
import { image, ours, startSystem, type System, type World } from '../support/cluster/system.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { amendPolicy } from '../support/scenario/kit.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { podMaker } from '../support/scenario/findings.ts';

let system: System;
let world: World;
let command: Command;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  await system.controlPlane.identity({ name: podMaker });
  // As the examples call them.
  world = await system.world('payments', { emergency: { maxDuration: '2h', followUpWithin: '24h' } });
  const labels = { 'app.kubernetes.io/instance': 'payments' };
  for (const object of [world.configMap('api-config', { level: 'info' }), world.deployment('api', 'a')])
    await world.stage({ ...object, metadata: { ...object.metadata, labels } });
  await writeFile(
    join(command.folder, 'notes.yaml'),
    'summary: first\nchanges: [one]\ndependencies: [none]\ninstallation: none\nrollbackPlan: automatic\n',
  );
  await writeReports();
  for (const evidence of ['TestReport', 'VulnerabilityAssessment'])
    await bindRole(world.as('installer'), {
      name: `security-a-${evidence.toLowerCase()}`,
      namespace: world.staging,
      role: `countersign-report-${evidence}`,
      subject: { kind: 'User', name: 'security-a' },
    });
  const policy = join(import.meta.dirname, '..', '..', 'hack', 'demo', 'policy.yaml');
  for (const name of ['policy.yaml', 'old.yaml']) await copyFile(policy, join(command.folder, name));
}, startTimeoutMs * 4);

afterAll(async () => {
  await command?.remove();
  await system?.stop();
});

/** What the pipeline of the examples has written. */
const writeReports = async (): Promise<void> => {
  const suite = (name: string): string => `<testsuite name="${name}"><testcase name="works"/></testsuite>`;
  await mkdir(join(command.folder, 'reports'));
  for (const name of ['unit', 'browser']) await writeFile(join(command.folder, 'reports', `${name}.xml`), suite(name));
  const finding = {
    VulnerabilityID: 'CVE-2026-1',
    Severity: 'CRITICAL',
    PkgIdentifier: { PURL: 'pkg:deb/debian/zlib@1.3' },
  };
  const scan = {
    SchemaVersion: 2,
    Metadata: { RepoDigests: [image('a')] },
    Results: [{ Target: 'api', Vulnerabilities: [finding] }],
  };
  const vex = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    author: 'the vendor',
    statements: [
      {
        vulnerability: { name: 'CVE-2026-1' },
        products: [{ '@id': 'pkg:deb/debian/zlib' }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_in_execute_path',
      },
    ],
  };
  await writeFile(join(command.folder, 'scan.json'), JSON.stringify(scan));
  await writeFile(join(command.folder, 'vex.json'), JSON.stringify(vex));
};

const typed = new Set<string>();
const all = commands.flatMap(({ name, examples }) => examples.map(({ line }) => ({ name, line })));

/** The one example that begins so. */
const example = (beginning: string): string => {
  const found = all.filter(({ line }) => line === beginning || line.startsWith(beginning));
  const [only] = found;
  if (only === undefined) throw new Error(`no example begins with ${beginning}`);
  return (found.find(({ line }) => line === beginning) ?? only).line;
};

/** Types an example as somebody; `change` puts in what only the run knows. */
const type = async (who: string, beginning: string, change: (line: string) => string = (line) => line) => {
  const line = example(beginning);
  typed.add(line);
  const result = await command.shell(who, `cd ${command.folder} && kubectl countersign ${change(line)}`);
  expect([line, result.code, result.stderr]).toEqual([line, 0, '']);
  return result.stdout;
};

/** Types it where it asks, and answers yes. */
const answered = async (who: string, beginning: string) => {
  const line = example(beginning);
  typed.add(line);
  return command.shell(who, `script -qec '${`kubectl countersign ${line}`.replaceAll("'", `'"'"'`)}' /dev/null`, {
    stdin: 'y\n',
  });
};

const kubectl = async (who: string, ...args: readonly string[]): Promise<void> => {
  const { code, stderr } = await system.controlPlane.kubectl(who, [...args, '-n', world.production]);
  expect([code, stderr]).toEqual([0, '']);
};

const components = ['ConfigMap/api-config', 'Deployment/api'];

test('rejecting and withdrawing', async () => {
  await world.propose(world.candidate('payments-2.4.0', components));
  await world.staged('payments-2.4.0');
  expect(await type('tester-a', 'reject')).toContain('rejected as tester');
  await world.finished('payments-2.4.0');
  accepted(await world.as('owner-a').delete(world.ref('ReleaseCandidate', 'payments-2.4.0')));
  await world.propose(world.candidate('payments-2.4.0', components));
  expect(await type('owner-a', 'withdraw')).toContain('withdrawn');
});

test('from staging to production', async () => {
  expect(await type('developer-a', 'stage deployment/api')).toContain('kind: ReleaseCandidate');
  const staging = type('developer-a', 'stage --helm');
  await world.staged('payments-2.4.0');
  expect(await type('developer-a', 'wait payments-2.4.0 -n payments-staging --for staged')).toContain('staged');
  expect(await type('security-a', 'report payments-2.4.0 TestReport')).toContain('created: Passed');
  expect(await type('security-a', 'report payments-2.4.0 VulnerabilityAssessment')).toContain('critical: 0\n');
  expect(await type('auditor-a', 'get -n payments-staging')).toContain('WAITS FOR');
  expect(await type('auditor-a', 'get payments-2.4.0 -n payments-staging')).toContain('Gates');
  expect(await type('auditor-a', 'get payments-2.4.0 -n payments-staging -o json')).toContain('"digest"');
  expect(await type('auditor-a', 'why')).toContain('Approvals');
  expect(await type('auditor-a', 'diff payments-2.4.0 -n payments-staging')).toContain('digest');
  expect(await type('auditor-a', 'diff payments-2.4.0 -n payments-staging --full')).toContain('+  level: info');
  expect(await type('developer-a', 'diff payments-2.4.0 -n payments-staging --against staging')).toContain('Nothing');
  expect(await type('auditor-a', 'notes')).toContain('## Who depends on it');
  expect(await type('admin', 'pending')).toContain('Nothing waits for you');
  expect(await type('tester-a', 'pending -n')).toContain('approve payments-2.4.0');
  const watching = type('sre-a', 'get payments-2.4.0 -n payments-staging --watch');
  const waiting = type('developer-a', 'wait payments-2.4.0 -n payments-staging --timeout 2h');
  const asked = await answered('tester-a', 'approve payments-2.4.0 -n payments-staging --role tester');
  expect([asked.code, asked.stdout]).toEqual([0, expect.stringContaining('signed as tester')]);
  // A terminal has color, and no other control sequence.
  expect(asked.stdout).toContain('\u001b[1m');
  await type('approver-a', 'approve payments-2.4.0 -n payments-staging --role approver');
  await type('approver-b', 'approve payments-2.4.0 -n payments-staging --role approver');
  expect(await waiting).toContain('payments-2.4.0 Promoted');
  expect(await watching).toContain('Finished: Promoted');
  expect(await staging).toContain('payments-2.4.0 Promoted');
  expect(await type('auditor-a', 'running')).toMatch(
    /^payments +2\.4\.0 +\S+ +payments-2\.4\.0 +sha256:\w{8} +developer-a +tester-a as tester, approver-a as approver, approver-b as approver$/m,
  );
});

test('the shell completes names: candidates, packages, bundles, roles and namespaces', async () => {
  const complete = async (...words: readonly string[]) =>
    (await command.as('admin', ['__complete', ...words, '-n', world.production, ''])).stdout.trim().split('\n');
  const named = async (...words: readonly string[]) =>
    (await command.as('admin', ['__complete', ...words])).stdout.trim().split('\n');
  expect(await complete('why')).toContain('payments-2.4.0');
  expect(await complete('rollback')).toContain('payments');
  const bundles = await named('diff', 'payments-2.4.0', '-n', world.production, '--against', '');
  expect(bundles).toEqual(expect.arrayContaining(['staging', expect.stringMatching(/^payments-2\.4\.0-/)]));
  expect(await named('approve', 'payments-2.4.0', '-n', world.production, '--role', '')).toContain('approver');
  expect(await named('get', '-n', '')).toEqual(expect.arrayContaining([world.staging, world.production]));
});

/** The shell of every step of the page about pipelines. */
const stepsOf = (page: string): readonly string[] =>
  [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => {
    const document = parse(text) as unknown;
    const lines = JSON.stringify(document, (key, value: unknown) =>
      key === 'run' || (key === 'script' && typeof value === 'string') ? `\u0001${String(value)}\u0002` : value,
    );
    const scripts = [...lines.matchAll(/\\u0001(.*?)\\u0002/g)].map(
      ([, script = '']) => JSON.parse(`"${script}"`) as string,
    );
    const listed = (document as { readonly release?: { readonly script?: readonly string[] } }).release?.script ?? [];
    return [...scripts, ...listed].join('\n');
  });

test('pipelines: the shell of each step stages, and waits until production runs it', async () => {
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'ci.md'), 'utf8');
  const labels = { 'app.kubernetes.io/part-of': 'payments' };
  const steps = stepsOf(page);
  expect(steps).toHaveLength(3);
  for (const [at, step] of steps.entries()) {
    for (const object of [world.configMap('api-config', { step: String(at) }), world.deployment('api', 'a')])
      await world.stage({ ...object, metadata: { ...object.metadata, labels } });
    const VERSION = `3.0.${at}`;
    const running = command.shell('developer-a', `set -e; cd ${command.folder}\n${step}`, { env: { VERSION } });
    await world.staged(`payments-${VERSION}`);
    for (const who of ['tester-a', 'approver-a', 'approver-b'])
      expect((await command.as(who, ['approve', `payments-${VERSION}`, '--yes', '-n', world.staging])).code).toBe(0);
    const { code, stdout } = await running;
    expect(stdout).toContain(`payments-${VERSION} Promoted`);
    expect(code).toBe(0);
  }
});

test('back again', async () => {
  await world.stage(world.configMap('api-config', { level: 'debug' }), world.deployment('api', 'b'));
  await world.release(world.candidate('payments-2.4.1', components, { version: '2.4.1' }));
  expect(await type('sre-a', 'rollback')).toContain('RolledBack');
});

test('at night, and the day after', async () => {
  expect(await type('sre-a', 'emergency grant')).toContain('inc-4711 is active');
  expect(await type('auditor-a', 'emergency status -n payments-prod')).toContain('inc-4711');
  expect(await type('developer-b', 'emergency end')).toContain('ended');
  await kubectl('auditor-a', 'wait', '--for=condition=ReviewDue', 'ea/inc-4711', '--timeout=60s');
  expect(await type('auditor-a', 'emergency status inc-4711')).toContain('Left changed');
  expect(await type('approver-a', 'emergency review')).toContain('reviewed as approver');
});

test('what nobody can explain', async () => {
  accepted(
    await world.as(podMaker).create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'stray', namespace: world.production },
      spec: { containers: [{ name: 'main', image: image('f') }] },
    }),
  );
  await kubectl('auditor-a', 'wait', '--for=condition=Explained=False', 'relpol/production', '--timeout=60s');
  const name = /sign finding (\d+) /.exec(await type('auditor-a', 'findings'))?.[1] ?? '';
  const signed = await type('approver-b', 'sign finding', (line) => line.replace(/\d{12}/, name));
  expect(signed).toContain('signed as approver');
  await kubectl('auditor-a', 'wait', '--for=condition=Explained=True', 'relpol/production', '--timeout=60s');
});

test('what may pass without it', async () => {
  await bindRole(world.as('installer'), {
    name: 'asks',
    namespace: world.production,
    role: 'countersign-owner',
    subject: { kind: 'User', name: 'owner-a' },
  });
  const exceptions = { gates: ['Window'], approvals: [{ role: 'approver', count: 1 }] };
  await amendPolicy(world, { exceptions });
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const spec = { gates: ['Window'], package: 'payments', reason: 'refunds fail', risk: 'nobody watches', until };
  const metadata = { name: 'payments-night', namespace: world.production };
  accepted(await world.as('owner-a').create({ apiVersion: ours, kind: 'PolicyException', metadata, spec }));
  expect((await command.as('approver-a', ['pending', '-n', world.production])).stdout).toContain(
    'kubectl countersign sign exception payments-night -n payments-prod --role approver',
  );
  const own = await command.as('owner-a', ['sign', 'exception', 'payments-night', '-n', world.production, '--yes']);
  expect(own.stderr).toContain('Your signature would not count for payments-night');
  expect(await type('approver-a', 'sign exception payments-night -n payments-prod --yes')).toContain(
    'signed as approver',
  );
  await kubectl('auditor-a', 'wait', '--for=condition=Granted', 'polex/payments-night', '--timeout=60s');
  expect(await type('approver-b', 'sign exception payments-night -n payments-prod --refuse')).toContain(
    'refused as approver',
  );
  await kubectl('auditor-a', 'wait', '--for=condition=Granted=False', 'polex/payments-night', '--timeout=60s');
});

test('files, shells and the house', async () => {
  expect(await type('developer-a', 'policy lint')).toContain('1 checked, no errors');
  expect(await type('auditor-a', 'policy diff -f policy.yaml -n')).toContain('spec.soak: ');
  expect(await type('developer-a', 'policy diff -f old.yaml')).toContain('old.yaml and policy.yaml say the same');
  expect(await type('developer-a', 'completion')).toContain('complete -o default');
  const whole = await type('admin', 'doctor');
  expect(whole).toContain('✓ payments-prod: policy in force, every change explained');
  expect(whole).toContain('User admin may do everything in the whole cluster');
  expect(await type('auditor-a', 'doctor -n')).toContain('you may not list');
  expect(await type('admin', 'doctor -o json')).toContain('"severity": "ok"');
});

test('who changes the rules', async () => {
  await askForSoaks(world);
  expect(await type('admin', 'policy change -f policy.yaml')).toContain('created; others sign for it');
  const waits = await command.as('approver-a', ['pending', '-n', world.production]);
  expect(waits.stdout).toContain('kubectl countersign sign change shorter-soak -n payments-prod --role approver');
  expect(await type('approver-b', 'policy diff --change')).toContain('tighter  spec.soak');
  expect(await type('approver-b', 'policy effective')).toMatch(/spec\.soak: "\w+"/);
  expect(await type('approver-b', 'sign change no-soak -n payments-prod --refuse')).toContain('refused as approver');
  expect(await type('approver-a', 'sign change shorter-soak -n payments-prod --yes')).toContain('signed as approver');
  await kubectl('auditor-a', 'wait', '--for=condition=Applied', 'polchg/shorter-soak', '--timeout=60s');
});

test('the page opens under an address of this machine', async () => {
  for (const beginning of ['dashboard', 'dashboard -n']) {
    const line = example(beginning);
    typed.add(line);
    const { line: address, stop } = await command.start('tester-a', line.split(' '));
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
    expect(await (await fetch(address)).text()).toContain('<title>Countersign</title>');
    await stop();
  }
});

test('no example was left out', () => {
  expect(all.map(({ line }) => line).filter((line) => !typed.has(line))).toEqual([]);
});
