/** From a staged candidate to production with the command alone: who reads what, who signs, and who is refused before anything is sent. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accepted, startTimeoutMs } from '../support/cluster/cluster.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { image, startSystem, type System, type World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { job } from '../support/scenario/production.ts';

let system: System;
let world: World;
let command: Command;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  world = await system.world('cmd');
  await world.stage(world.configMap('api-config', { level: 'info' }), world.deployment('api', 'a', { replicas: 2 }));
  await world.propose(world.candidate('first', ['ConfigMap/api-config', 'Deployment/api']));
  await world.staged('first');
}, startTimeoutMs * 2);

afterAll(async () => {
  await command?.remove();
  await system?.stop();
});

const staging = (): readonly string[] => ['-n', world.staging];

describe('before anybody has signed', () => {
  test('the list says what a candidate waits for', async () => {
    const { stdout, code } = await command.as('developer-a', ['get', ...staging()]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NAME +PACKAGE +VERSION +PHASE +APPROVALS +OBJECTS +AGE +WAITS FOR$/m);
    expect(stdout).toMatch(
      /^first +payments +1\.0\.0 +AwaitingGates +0\/3 +2 objects +\S+ +1 tester and 2 approver \(from payments-owners and change-board\)/m,
    );
    expect(stdout).not.toContain('\x1b');
  });

  test('the production namespace may be named instead', async () => {
    const { stdout } = await command.as('developer-a', ['get', '-n', world.production]);
    expect(stdout).toMatch(/^first +payments/m);
    const one = await command.as('developer-a', ['get', 'first', '-n', world.production]);
    expect(one.stdout).toContain('Gates');
  });

  test('the tree shows gates with remedy, who must sign, objects and health', async () => {
    const { stdout, code } = await command.as('sre-a', ['get', 'first', ...staging()]);
    expect(code).toBe(0);
    expect(stdout).toContain(`first  payments 1.0.0  ${world.staging} → ${world.production}  AwaitingGates`);
    expect(stdout).toMatch(/Digest {3}sha256:[0-9a-f]{64}/);
    expect(stdout).toMatch(/◷ Approvals {2}0 of 3 approvals recorded; waiting for 1 tester/);
    expect(stdout).toContain(`kubectl countersign approve first -n ${world.staging} --role tester`);
    expect(stdout).toMatch(/◷ 2 approver from payments-owners, change-board/);
    expect(stdout).toMatch(/Deployment api {2}not there yet/);
    expect(stdout).toContain('Health  NotPromoted');
    expect(stdout).not.toContain('✓ Notes');
    expect((await command.as('sre-a', ['get', 'first', '--all', ...staging()])).stdout).toContain('✓ Notes');
  });

  test('json, yaml and name are for programs', async () => {
    const json = await command.as('developer-a', ['get', 'first', '-o', 'json', ...staging()]);
    expect(JSON.parse(json.stdout)).toMatchObject({ kind: 'ReleaseCandidate', metadata: { name: 'first' } });
    const yaml = await command.as('developer-a', ['get', '-o', 'yaml', ...staging()]);
    expect(yaml.stdout).toContain('kind: List');
    const name = await command.as('developer-a', ['get', '-o', 'name', ...staging()]);
    expect(name.stdout).toBe('releasecandidate.countersign.dev/first\n');
  });

  test('why names what is missing, since when, and the command; who can supply it for those who may read bindings', async () => {
    const developer = await command.as('developer-a', ['why', 'first', ...staging()]);
    expect(developer.stdout).toMatch(/^first waits since \S+Z \(\S+\):$/m);
    expect(developer.stdout).toContain(`kubectl get rolebindings -n ${world.production} -o wide`);
    const { stdout } = await command.as('admin', ['why', 'first', ...staging()]);
    expect(stdout).toContain('tester: User tester-a, User tester-b');
    expect(stdout).toContain('approver: User approver-a, User approver-b');
    expect(stdout).toContain(`kubectl countersign approve first -n ${world.staging} --role approver`);
  });

  test('the delta is read, and the whole content compared with staging', async () => {
    const { stdout } = await command.as('approver-a', ['diff', 'first', ...staging()]);
    expect(stdout).toContain('Deployment/api');
    expect(stdout).toContain(image('a'));
    const full = await command.as('approver-a', ['diff', 'first', '--full', ...staging()]);
    expect(full.stdout).toContain('against nothing: production runs nothing of this package');
    expect(full.stdout).toContain('+  level: info');
    const against = await command.as('developer-a', ['diff', 'first', '--against', 'staging', ...staging()]);
    expect(against.stdout).toContain('Nothing differs.');
  });

  test('pending shows each person what waits for them, and nothing to the author', async () => {
    const tester = await command.as('tester-a', ['pending', '-n', world.production]);
    expect(tester.stdout).toContain(`kubectl countersign approve first -n ${world.staging} --role tester`);
    const approver = await command.as('approver-a', ['pending', ...staging()]);
    expect(approver.stdout).toContain('--role approver');
    const author = await command.as('developer-a', ['pending', ...staging()]);
    expect(author.stdout).toContain('Nothing waits for you');
    const everywhere = await command.as('admin', ['pending']);
    expect(everywhere.stdout).toContain('Nothing waits for you in the whole cluster');
  });
});

describe('a signature that could not count is refused before it is made', () => {
  const approvals = async (): Promise<number> =>
    accepted(await world.as('auditor-a').list(world.ref('Approval'))).items.length;

  test('without the right, in the words of the operator', async () => {
    const { stderr, code } = await command.as('tester-a', [
      'approve',
      'first',
      '--role',
      'approver',
      '--yes',
      ...staging(),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain(`tester-a does not hold approve on approvalroles/approver in ${world.production}`);
    expect(stderr).toContain(`kubectl countersign approve first -n ${world.staging} --role approver`);
    expect(await approvals()).toBe(0);
  });

  test('by a wildcard', async () => {
    const { stderr, code } = await command.as('admin', [
      'approve',
      'first',
      '--role',
      'approver',
      '--yes',
      ...staging(),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('by a wildcard only, and wildcards sign nothing');
    expect(await approvals()).toBe(0);
  });

  test('of an author who holds the role', async () => {
    const author = { name: 'author-signs', namespace: world.production, role: 'countersign-tester' };
    await bindRole(world.as('installer'), { ...author, subject: { kind: 'User', name: 'developer-a' } });
    const { stderr, code } = await command.as('developer-a', [
      'approve',
      'first',
      '--role',
      'tester',
      '--yes',
      ...staging(),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('The signature would not count: developer-a as tester (changed the content)');
    expect(await approvals()).toBe(0);
    accepted(await world.as('installer').delete(world.ref('RoleBinding', author.name)));
  });

  test('in a role that nobody asks for', async () => {
    const { stderr } = await command.as('security-a', [
      'approve',
      'first',
      '--role',
      'security',
      '--yes',
      ...staging(),
    ]);
    expect(stderr).toContain('This release asks for no signature in role security; it asks for tester, approver');
  });

  test('when nobody is there to answer', async () => {
    const { stderr, stdout, code } = await command.as('tester-a', ['approve', 'first', ...staging()]);
    expect(stdout).toContain('sha256:');
    expect(stderr).toContain('add --yes');
    expect(code).toBe(1);
    expect(await approvals()).toBe(0);
  });

  test('a rejection without a comment', async () => {
    const { stderr } = await command.as('tester-a', ['reject', 'first', '--yes', ...staging()]);
    expect(stderr).toContain('A rejection needs a comment');
  });
});

describe('the story', () => {
  test('three people sign with one command each; wait follows to production', async () => {
    const waiting = command.as('developer-a', ['wait', 'first', '--timeout', '2m', ...staging()]);
    const tester = await command.as('tester-a', ['approve', 'first', '--comment', 'tested', '--yes', ...staging()]);
    expect(tester.stdout).toMatch(/approval first-\S+ created: signed as tester/);
    // The real kubectl finds it as a plugin.
    const line = `kubectl countersign approve first -n ${world.production} --yes`;
    expect((await command.shell('approver-a', line)).stdout).toContain('signed as approver');
    expect((await command.shell('approver-a', line)).stdout).toContain('You have signed for this content as approver');
    expect((await command.as('approver-b', ['approve', 'first', '--yes', ...staging()])).code).toBe(0);
    const { stdout, code } = await waiting;
    expect(stdout).toContain('first Promoted');
    expect(code).toBe(0);
    const tree = await command.as('sre-a', ['get', 'first', ...staging()]);
    expect(tree.stdout).toContain('✓ tester-a as tester');
    expect(tree.stdout).toContain('"tested"');
    expect(tree.stdout).toMatch(/Deployment api {2}2\/2 ready/);
    expect((await command.as('sre-a', ['why', 'first', ...staging()])).stdout).toContain('Finished: Promoted');
    const again = await command.as('tester-a', ['approve', 'first', '--yes', ...staging()]);
    expect(again.stderr).toContain('first is finished: Promoted');
  });

  test('a rejection ends it with exit code 3, and the delta shows no escape sequence of its content', async () => {
    await world.stage(world.configMap('api-config', { level: 'debug', evil: '\u001b[2J\u001b]0;owned\u0007' }));
    await world.propose(world.candidate('second', ['ConfigMap/api-config', 'Deployment/api']));
    await world.staged('second');
    const delta = await command.as('tester-a', ['diff', 'second', '--full', ...staging()], {
      env: { FORCE_COLOR: '1' },
    });
    expect(delta.stdout).toContain('\x1b[32m');
    expect(delta.stdout).not.toContain('\x1b[2J');
    expect(delta.stdout).not.toContain('\x07');
    const rejected = await command.as('tester-a', ['reject', 'second', '--comment', 'no', '--yes', ...staging()]);
    expect(rejected.stdout).toContain('rejected as tester');
    const { code, stdout } = await command.as('developer-a', ['wait', 'second', ...staging()]);
    expect(code).toBe(3);
    expect(stdout).toContain('second Rejected');
  });

  test('a wait that is too short exits with 124 and says who can help; withdrawing ends another with 6', async () => {
    await world.propose(world.candidate('third', ['ConfigMap/api-config', 'Deployment/api']));
    await world.staged('third');
    const short = await command.as('developer-a', ['wait', 'third', '--timeout', '1s', ...staging()]);
    expect(short.code).toBe(124);
    expect(short.stderr).toContain('waits for 1 tester');
    const refused = await command.as('developer-a', ['withdraw', 'third', '--yes', ...staging()]);
    expect(refused.code).toBe(1);
    const waiting = command.as('developer-a', ['wait', 'third', ...staging()]);
    await eventually(
      'the command follows the candidate',
      () => system.controlPlane.auditEvents(),
      (events) =>
        events.filter(
          ({ verb, stage, requestURI, userAgent }) =>
            verb === 'watch' &&
            stage === 'ResponseStarted' &&
            requestURI.includes('third') &&
            userAgent?.startsWith('kubectl-countersign') === true,
        ).length > 1,
    );
    expect((await command.as('owner-a', ['withdraw', 'third', '--yes', ...staging()])).stdout).toContain('withdrawn');
    expect((await waiting).code).toBe(6);
  });

  test('what is not there is said, with what to type', async () => {
    const { stderr, code } = await command.as('developer-a', ['get', 'nothing', ...staging()]);
    expect(code).toBe(1);
    expect(stderr).toContain(`There is no ReleaseCandidate nothing in ${world.staging}`);
    expect(stderr).toContain(`kubectl countersign get -n ${world.staging}`);
    const elsewhere = await command.as('tester-a', ['pending', '-o', 'json', '-n', 'gone']);
    expect([JSON.parse(elsewhere.stdout), elsewhere.stderr]).toEqual([
      expect.objectContaining({ items: [] }),
      expect.stringContaining('You may not list namespaces'),
    ]);
    const unread = await command.as('tester-a', ['doctor', '-n', 'gone']);
    expect([unread.code, unread.stdout]).toEqual([1, expect.stringContaining('nothing is known of gone')]);
    const nowhere = await command.as('developer-a', ['get']);
    expect(nowhere.stderr).toContain('-n <staging or production namespace>');
  });
});

describe('Jobs, which production runs under a name of each release', () => {
  const name = 'migrate';
  const candidate = () => world.candidate('jobs', [`Job/${name}`], { package: 'jobs' });

  test('are found there by get and diff', async () => {
    await world.stage(job(world, name, 'a'));
    await world.release(candidate());
    expect((await command.as('sre-a', ['get', 'jobs', ...staging()])).stdout).toContain(`Job ${name}  complete`);
    const against = await command.as('sre-a', ['diff', 'jobs', '--against', 'production', ...staging()]);
    expect(against.stdout).toContain('Nothing differs.');
  });
});
