/** What Helm prints after an installation, typed from top to bottom: it ends with a release in production. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/attack/world.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { accepted, startTimeoutMs } from '../support/cluster/cluster.ts';
import { image, startSystem, type System } from '../support/cluster/system.ts';
import { bindRole } from '../support/cluster/rights.ts';

let system: System;
let command: Command;
let lines: readonly string[];

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  const notes = await system.controlPlane.helm('installer', [
    'get',
    'notes',
    'countersign',
    '-n',
    'countersign-system',
  ]);
  lines = [...notes.stdout.matchAll(/^ +(kubectl .*)$/gm)].map(([, line = '']) => line);
  await system.controlPlane.identity({ name: 'dev', groups: ['payments-developers'] });
  await system.controlPlane.identity({ name: 'owner', groups: ['payments-owners'] });
  for (const name of ['payments-staging', 'payments-prod'])
    accepted(await system.as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  // As those have it who deploy to staging already.
  await bindRole(system.as('installer'), {
    name: 'edit',
    namespace: 'payments-staging',
    role: 'edit',
    subject: { kind: 'Group', name: 'payments-developers' },
  });
  await writeFile(
    join(command.folder, 'policy.yaml'),
    `apiVersion: countersign.dev/v1alpha1
kind: ReleasePolicy
metadata: { name: production }
spec:
  sourceNamespace: payments-staging
  approvals: [{ role: approver, count: 1 }]
  health: { progressTimeout: 60s, observeFor: 0s, settle: 0s }
  reviewBy: '2028-06-30'
`,
  );
  const editor = join(command.folder, 'editor');
  await writeFile(editor, `#!/bin/sh\nprintf 'summary: the first release\\ninstallation: none\\n' > "$1"\n`);
  await chmod(editor, 0o755);
}, startTimeoutMs * 2);

afterAll(async () => {
  await command?.remove();
  await system?.stop();
});

/** The one line that begins so, typed in a terminal by somebody who says yes. */
const typed = async (who: string, beginning: string): Promise<string> => {
  const [line = 'false', ...others] = lines.filter((each) => each.startsWith(beginning));
  expect(others).toEqual([]);
  const { code, stdout } = await command.shell(
    who,
    `cd ${command.folder} && script -qec '${line.replaceAll("'", `'"'"'`)}' /dev/null`,
    { stdin: 'y\n', env: { EDITOR: join(command.folder, 'editor') } },
  );
  expect([line, code, code === 0 ? '' : stdout]).toEqual([line, 0, '']);
  done.add(line);
  return stdout;
};
const done = new Set<string>();

const may = (who: string, ...what: readonly string[]): Promise<boolean> =>
  eventually(
    `${who} may ${what.join(' ')}`,
    async () => (await system.controlPlane.kubectl(who, ['auth', 'can-i', ...what])).code === 0,
    (yes) => yes,
  );

test('they lead from the installation to a release', async () => {
  await typed('admin', 'kubectl label namespace payments-staging');
  await typed('admin', 'kubectl create rolebinding developers');
  await typed('admin', 'kubectl create rolebinding approvers  --clusterrole=countersign-approver');
  await typed('admin', 'kubectl create rolebinding approvers  --clusterrole=countersign-auditor');
  await typed('admin', 'kubectl explain');
  await typed('admin', 'kubectl create -n payments-prod');
  await typed('admin', 'kubectl label namespace payments-prod');

  await may('dev', 'create', 'releasecandidates.countersign.dev', '-n', 'payments-staging');
  await may('owner', 'create', 'approvals.countersign.dev', '-n', 'payments-prod');
  const labels = { 'app.kubernetes.io/part-of': 'payments' };
  // The policies that stamp writers follow the namespace by a watch of their own.
  await eventually(
    'developers deploy',
    () =>
      system.as('dev').create({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'api', namespace: 'payments-staging', labels },
        spec: {
          selector: { matchLabels: { app: 'api' } },
          template: {
            metadata: { labels: { app: 'api' } },
            spec: { containers: [{ name: 'api', image: image('a') }] },
          },
        },
      }),
    ({ ok }) => ok,
  );
  await eventually(
    'the locks act',
    () => command.as('admin', ['doctor', '-n', 'payments-prod']),
    ({ code }) => code === 0,
  );
  await typed('admin', 'kubectl countersign doctor -n');
  expect(await typed('dev', 'kubectl countersign stage')).toContain('payments-1.0.0 created');
  expect(await typed('owner', 'kubectl countersign pending')).toContain('approve payments-1.0.0');
  expect(await typed('owner', 'kubectl countersign approve')).toContain('signed as approver');
  expect(await typed('dev', 'kubectl countersign wait')).toContain('payments-1.0.0 Promoted');
  const whole = lines.filter((line) => line === 'kubectl countersign doctor');
  expect(whole).toHaveLength(1);
  expect((await command.as('admin', ['doctor'])).code).toBe(0);
  expect(lines.filter((line) => !done.has(line))).toEqual(whole);
});
