/** Staging by the command, going back, emergencies and findings: what is shown, who is refused, and what comes of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { accepted, startTimeoutMs, waitFor, type KubeObject } from '../support/cluster/cluster.ts';
import { image, startSystem, type System, type World } from '../support/cluster/system.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { podMaker } from '../support/scenario/findings.ts';

interface PolicySeen extends KubeObject {
  readonly status?: { readonly packages?: readonly { readonly bundle: string }[] };
}

let system: System;
let world: World;
let command: Command;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  await system.controlPlane.identity({ name: podMaker });
  world = await system.world('ops', { emergency: { maxDuration: '2h', followUpWithin: '24h' } });
}, startTimeoutMs * 2);

afterAll(async () => {
  await command?.remove();
  await system?.stop();
});

const labels = { part: 'payments' };
const labelled = (manifest: ReturnType<World['configMap']>) => ({
  ...manifest,
  metadata: { ...manifest.metadata, labels },
});
const staging = (): readonly string[] => ['-n', world.staging];
const production = (): readonly string[] => ['-n', world.production];

const signAll = async (name: string): Promise<void> => {
  for (const who of ['tester-a', 'approver-a', 'approver-b']) {
    const { code, stderr } = await command.as(who, ['approve', name, '--yes', ...staging()]);
    expect([who, code, stderr]).toEqual([who, 0, '']);
  }
};

describe('stage', () => {
  const notes = ['--package', 'payments', '--summary', 'a change', '--installation', 'none'];

  beforeAll(async () => {
    await world.stage(
      labelled(world.configMap('api-config', { level: 'info' })),
      labelled(world.deployment('api', 'a', { replicas: 1 })),
    );
  });

  test('a dry run shows what it takes, and creates nothing', async () => {
    const { stdout, code, stderr } = await command.as('developer-a', [
      'stage',
      'deploy/api',
      'configmap/api-config',
      '--to',
      world.production,
      '--version',
      '1.0.0',
      ...notes,
      '--dry-run',
      ...staging(),
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('# Takes  2');
    // The operator's own delta, and all of it a file that kubectl takes.
    expect(stdout).toMatch(/^# {3}against {4}nothing: production runs nothing of this package$/m);
    expect(stdout).toMatch(/^# {3}Deployment\/api$/m);
    expect(stdout).toContain(image('a'));
    expect(parse(stdout)).toMatchObject({ kind: 'ReleaseCandidate', spec: { version: '1.0.0' } });
    expect(stdout).toContain('name: payments-1.0.0');
    expect((await command.as('developer-a', ['get', '-o', 'name', ...staging()])).stdout).toBe('');
  });

  test('notes that are missing are said before anything is created, for a candidate never changes', async () => {
    const { code, stderr } = await command.as('developer-a', [
      'stage',
      'deploy/api',
      '--to',
      world.production,
      '--package',
      'payments',
      '--version',
      '1.0.0',
      '--summary',
      'a change',
      '--yes',
      ...staging(),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/could never be promoted: The release notes lack .*installation/);
    expect(stderr).toContain('--installation');
    expect((await command.as('developer-a', ['get', '-o', 'name', ...staging()])).stdout).toBe('');
  });

  test('what is not there, and what no release takes, is refused by name', async () => {
    const start = ['--to', world.production, '--version', '1.0.0', ...notes, ...staging()];
    const missing = await command.as('developer-a', ['stage', 'deployment/nothing', ...start]);
    expect(missing.stderr).toContain(`There is no Deployment nothing in ${world.staging}`);
    const pod = await command.as('developer-a', ['stage', 'pod/api', ...start]);
    expect(pod.stderr).toContain('pod/api names no object that a release takes');
    const neither = await command.as('developer-a', ['stage', ...start]);
    expect(neither.code).toBe(2);
  });

  test('a Secret with the labels needs a word', async () => {
    accepted(
      await world.as('developer-a').create({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'db', namespace: world.staging, labels },
        stringData: { password: 'x' },
      }),
    );
    const { stderr } = await command.as('developer-a', [
      'stage',
      '--selector',
      'part=payments',
      '--to',
      world.production,
      '--version',
      '1.0.0',
      ...notes,
      '--yes',
      ...staging(),
    ]);
    expect(stderr).toContain('Secret/db (Secrets are never copied)');
    expect(stderr).toContain("--leave-out 'Secret/db=<why>'");
  });

  test('a claim that a StatefulSet makes from its template is no part of a release, and kinds that nobody serves are not named', async () => {
    const matchLabels = { part: 'store' };
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    accepted(
      await world.as('developer-a').create({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 'a-store', namespace: world.staging, labels: matchLabels },
        spec: {
          serviceName: 'store',
          selector: { matchLabels },
          template: { metadata: { labels: matchLabels }, spec: { containers: [{ name: 'main', image: image('a') }] } },
          volumeClaimTemplates: [{ metadata: { name: 'the-data' }, spec: claim }],
        },
      }),
    );
    await waitFor(
      world.as('developer-a'),
      world.ref('PersistentVolumeClaim', 'the-data-a-store-0', world.staging),
      ({ metadata }) => metadata.labels?.['part'] === 'store',
    );
    const to = ['--to', world.production, '--version', '1.0.0', ...notes, '--dry-run', ...staging()];
    const { stdout } = await command.as('developer-a', ['stage', '-l', 'part=store', ...to]);
    expect(stdout).toContain('# Takes  1 from');
    expect(stdout).toMatch(/^# {3}StatefulSet\/a-store$/m);
    expect(stdout).not.toContain('You may not list');
    expect(stdout).not.toContain('Not staged as it is now');
  });

  test('by labels, with notes from a file, followed to production', async () => {
    const file = join(command.folder, 'notes.yaml');
    await writeFile(
      file,
      'summary: first\nchanges: [one]\ndependencies: [none]\ninstallation: none\nrollbackPlan: automatic\n',
    );
    const following = command.as('developer-a', [
      'stage',
      '--selector',
      'part=payments',
      '--leave-out',
      'Secret/db=production has its own',
      '--to',
      world.production,
      '--package',
      'payments',
      '--version',
      '1.0.0',
      '--notes-file',
      file,
      '--wait',
      '--yes',
      ...staging(),
    ]);
    await world.staged('payments-1.0.0');
    await signAll('payments-1.0.0');
    const { stdout, code } = await following;
    expect(stdout).toContain('releasecandidate payments-1.0.0 created');
    expect(stdout).toContain('Secret db: production has its own');
    expect(stdout).toContain('payments-1.0.0 Promoted');
    expect(code).toBe(0);
  });

  test('package and production namespace are those of before', async () => {
    await world.stage(labelled(world.configMap('api-config', { level: 'debug' })));
    const { stdout, stderr } = await command.as('developer-a', [
      'stage',
      'deployment/api',
      'configmap/api-config',
      '--version',
      '1.1.0',
      ...notes.slice(2),
      '--yes',
      ...staging(),
    ]);
    expect(stderr).toBe('');
    expect(stdout).toContain(`kubectl countersign wait payments-1.1.0 -n ${world.staging}`);
  });
});

describe('rollback', () => {
  test('without the right it is refused, and nothing is created', async () => {
    const { stderr, code } = await command.as('developer-a', [
      'rollback',
      'payments',
      '--reason',
      'x',
      '--yes',
      ...production(),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'You may not roll payments back: developer-a does not hold rollback on releasepolicies/production',
    );
    expect(accepted(await world.as('auditor-a').list(world.ref('Rollback'))).items).toEqual([]);
  });

  test('goes back to the release before, and waits for it', async () => {
    await world.stage(world.deployment('api', 'b', { replicas: 1 }));
    const second = world.candidate('payments-1.2.0', ['ConfigMap/api-config', 'Deployment/api'], { version: '1.2.0' });
    expect((await command.as('owner-a', ['withdraw', 'payments-1.1.0', '--yes', ...staging()])).code).toBe(0);
    await world.propose(second);
    await world.staged('payments-1.2.0');
    await signAll('payments-1.2.0');
    await world.finished('payments-1.2.0');
    // The candidate says first that it is there, and the policy a moment later what production runs.
    await waitFor<PolicySeen>(world.as('sre-a'), world.ref('ReleasePolicy', 'production'), ({ status }) =>
      (status?.packages ?? []).some(({ bundle }) => bundle.startsWith('payments-1.2.0-')),
    );
    const { stdout, code } = await command.as('sre-a', [
      'rollback',
      'payments',
      '--reason',
      'settlements are wrong',
      '--wait',
      '--yes',
      ...production(),
    ]);
    expect(stdout).toContain(`payments in ${world.production} runs bundle payments-1.2.0-`);
    expect(stdout).toMatch(/payments-\S+ RolledBack/);
    expect(code).toBe(0);
    const live = await world.live('Deployment', 'api');
    expect(JSON.stringify(live)).toContain(image('a'));
  });
});

describe('emergency access', () => {
  const grant = (who: string, name: string) =>
    command.as(who, [
      'emergency',
      'grant',
      'developer-b',
      '--duration',
      '1h',
      '--incident',
      name,
      '--reason',
      'stuck',
      '--yes',
      ...production(),
    ]);

  test('is granted by those who may, active when the command ends, ended early, and reviewed by somebody else', async () => {
    expect((await grant('developer-a', 'INC-1')).stderr).toContain('You may not grant emergency access');
    const granted = await grant('sre-a', 'INC-1');
    expect([granted.stderr, granted.code]).toEqual(['', 0]);
    expect(granted.stdout).toContain('inc-1 is active until');

    const scaled = await system.controlPlane.kubectl('developer-b', [
      'annotate',
      'configmap',
      'api-config',
      'looked=yes',
      ...production(),
    ]);
    expect(scaled.stderr).toBe('');
    const ended = await command.as('developer-b', ['emergency', 'end', 'inc-1', '--yes', ...production()]);
    expect(ended.stdout).toContain('emergencyaccess inc-1 ended');
    await system.controlPlane.kubectl('auditor-a', [
      'wait',
      '--for=condition=ReviewDue',
      'ea/inc-1',
      '--timeout=60s',
      ...production(),
    ]);
    const status = await command.as('auditor-a', ['emergency', 'status', 'inc-1', ...production()]);
    expect(status.stdout).toMatch(/developer-b UPDATE ConfigMap api-config/);
    expect(status.stdout).toContain(`kubectl countersign emergency review inc-1 -n ${world.production}`);
    expect((await command.as('auditor-a', ['emergency', 'status', ...production()])).stdout).toMatch(
      /^inc-1 +developer-b/m,
    );

    const waiting = await command.as('approver-b', ['pending', ...production()]);
    expect(waiting.stdout).toContain(
      `kubectl countersign emergency review inc-1 -n ${world.production} --role approver`,
    );

    const own = await command.as('sre-a', ['emergency', 'review', 'inc-1', '--yes', ...production()]);
    expect(own.stderr).toContain('sre-a is grantee or grantor of inc-1');
    const reviewed = await command.as('approver-a', ['emergency', 'review', 'inc-1', '--yes', ...production()]);
    expect(reviewed.stdout).toContain('reviewed as approver');
  });
});

describe('findings', () => {
  test('are listed, wait for those who may sign, and are signed for', async () => {
    const none = await command.as('auditor-a', ['findings', ...production()]);
    expect(none.stdout).toContain('No findings:');
    accepted(
      await world.as(podMaker).create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'stray', namespace: world.production },
        spec: { containers: [{ name: 'main', image: image('f') }] },
      }),
    );
    await system.controlPlane.kubectl('auditor-a', [
      'wait',
      '--for=condition=Explained=False',
      'relpol/production',
      '--timeout=60s',
      ...production(),
    ]);
    const { stdout } = await command.as('auditor-a', ['findings', ...production()]);
    expect(stdout).toContain('Pod/stray Created');
    const name = /sign finding (\d+) /.exec(stdout)?.[1] ?? '';
    const waiting = await command.as('approver-b', ['pending', ...production()]);
    expect(waiting.stdout).toContain(name);
    const refused = await command.as('auditor-a', ['sign', 'finding', name, '--yes', ...production()]);
    expect(refused.stderr).toContain('You hold none of the roles');
    const signed = await command.as('approver-b', ['sign', 'finding', name, '--yes', ...production()]);
    expect(signed.stdout).toContain('signed as approver');
    await system.controlPlane.kubectl('auditor-a', [
      'wait',
      '--for=condition=Explained=True',
      'relpol/production',
      '--timeout=60s',
      ...production(),
    ]);
  });
});
