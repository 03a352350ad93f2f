/**
 * What people come for, typed with the command and with kubectl alone: how many commands that takes, and how long they run. `UPDATE_DOCS=1` writes the
 * table of docs/command.md; without it the numbers of commands there must be these.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { format } from 'prettier';
import { startTimeoutMs } from '../support/cluster/cluster.ts';
import { startSystem, type System, type World } from '../support/cluster/system.ts';
import { buildCommand, type Command } from '../support/command/command.ts';

let system: System;
let command: Command;
let world: World;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  world = await system.world('journeys', { health: { progressTimeout: '30s', observeFor: '0s', settle: '0s' } });
  const labels = { 'app.kubernetes.io/part-of': 'payments' };
  for (const object of [world.configMap('api-config', { level: 'info' }), world.deployment('api', 'a')])
    await world.stage({ ...object, metadata: { ...object.metadata, labels } });
  await writeFile(join(command.folder, 'notes.yaml'), `${notes.join('\n')}\n`);
}, startTimeoutMs * 2);

afterAll(async () => {
  await command?.remove();
  await system?.stop();
});

const notes = [
  'summary: first',
  'changes: [one]',
  'dependencies: [none]',
  'installation: none',
  'rollbackPlan: automatic',
  'analysis: understood',
];

/** A way to do it: the lines of files that are written for it, and what is typed, by whom. */
interface Way {
  readonly lines?: number;
  readonly typed: readonly (readonly [who: string, line: string])[];
}

interface Journey {
  readonly who: string;
  readonly wants: string;
  readonly command: Way;
  readonly kubectl: Way;
}

const candidate = (name: string): readonly string[] => [
  'apiVersion: countersign.dev/v1alpha1',
  'kind: ReleaseCandidate',
  `metadata: { name: ${name}, namespace: ${world.staging} }`,
  'spec:',
  `  targetNamespace: ${world.production}`,
  '  package: payments',
  '  version: 2.0.0',
  '  selector: { matchLabels: { app.kubernetes.io/part-of: payments } }',
  '  notes:',
  ...notes.map((line) => `    ${line}`),
];
const rollback = (): readonly string[] => [
  'apiVersion: countersign.dev/v1alpha1',
  'kind: Rollback',
  `metadata: { name: back, namespace: ${world.production} }`,
  'spec: { package: payments, reason: wrong }',
];

const jsonPathOf = (name: string, path: string): string =>
  `kubectl get cand ${name} -n ${world.staging} -o jsonpath='${path}'`;
const signedBy = (who: string, role: string, name: string): readonly [string, string] => [
  who,
  `${jsonPathOf(name, `{.status.approvalManifests.${role}}`)} | kubectl create -f -`,
];
const delta = (name: string): string =>
  `kubectl get relbundle -n ${world.production} $(${jsonPathOf(name, '{.status.bundle}')}) -o jsonpath={.spec.deltaText}`;

/** In the order in which they can be done: `one` goes with the command, `two` with kubectl, on the same content. */
const journeys = (): readonly Journey[] => {
  const { staging, production } = world;
  const countersign = (line: string): string => `kubectl countersign ${line} -n ${production}`;
  const manifest = candidate('two');
  const order = rollback();
  return [
    {
      who: 'developer',
      wants: 'what runs in staging is a candidate',
      command: {
        lines: notes.length,
        typed: [
          [
            'developer-a',
            `${countersign('stage -l app.kubernetes.io/part-of=payments --version 1.0.0 --name one')} --notes-file notes.yaml --yes`,
          ],
        ],
      },
      kubectl: {
        lines: manifest.length,
        typed: [
          ['developer-a', 'kubectl create -f two.yaml'],
          ['developer-a', `kubectl wait --for=condition=Staged cand/two -n ${staging}`],
        ],
      },
    },
    {
      who: 'anybody',
      wants: 'why it is not in production yet',
      command: { typed: [['developer-a', countersign('why one')]] },
      kubectl: {
        typed: [
          [
            'developer-a',
            jsonPathOf('two', '{range .status.gates[?(@.outcome!="Passed")]}{.message}{" "}{.remedy}{"\\n"}{end}'),
          ],
        ],
      },
    },
    {
      who: 'approver',
      wants: 'from the notice to a signature, the delta read',
      command: { typed: [['tester-a', `${countersign('approve one')} --yes`]] },
      kubectl: { typed: [['tester-a', delta('two')], signedBy('tester-a', 'tester', 'two')] },
    },
    {
      who: 'two more',
      wants: 'sign, and it is in production',
      command: {
        typed: [
          ['approver-a', `${countersign('approve one')} --yes`],
          ['approver-b', `${countersign('approve one')} --yes`],
          ['developer-a', countersign('wait one')],
        ],
      },
      kubectl: {
        typed: [
          signedBy('approver-a', 'approver', 'two'),
          signedBy('approver-b', 'approver', 'two'),
          ['developer-a', `kubectl wait --for=condition=Finished cand/two -n ${staging} --timeout=2m`],
          ['developer-a', `kubectl get cand two -n ${staging}`],
        ],
      },
    },
    {
      who: 'auditor',
      wants: 'who approved what runs now',
      command: { typed: [['auditor-a', countersign('running')]] },
      kubectl: {
        typed: [
          ['auditor-a', `kubectl get relpol production -n ${production} -o jsonpath='{.status.packages}'`],
          [
            'auditor-a',
            `kubectl get ledger -n ${production} --field-selector spec.type=PromotionStarted,spec.package=payments -o jsonpath='{range .items[*]}{.spec.digest}{" "}{.spec.data}{"\\n"}{end}'`,
          ],
        ],
      },
    },
    {
      who: 'SRE',
      wants: 'back to the release before, and it is done',
      command: { typed: [['sre-a', `${countersign("rollback payments --reason 'it is wrong'")} --wait --yes`]] },
      kubectl: {
        lines: order.length,
        typed: [
          ['sre-a', 'kubectl create -f back.yaml'],
          ['sre-a', `kubectl wait --for=condition=Finished rollb/back -n ${production} --timeout=2m`],
        ],
      },
    },
  ];
};

/** Types all of it; seconds it took. */
const type = async ({ typed }: Way): Promise<number> => {
  const begun = Date.now();
  for (const [who, line] of typed) {
    const { code, stdout, stderr } = await command.shell(who, `cd ${command.folder} && ${line}`);
    expect([line, code, code === 0 ? '' : `${stdout}${stderr}`]).toEqual([line, 0, '']);
  }
  return (Date.now() - begun) / 1_000;
};

const ways = ({ lines = 0, typed }: Way): string =>
  `${typed.length}${lines === 0 ? '' : `, and a file of ${lines} lines`}`;

const page = join(import.meta.dirname, '..', '..', 'docs', 'command.md');
const [begin, finish] = ['<!-- journeys -->', '<!-- /journeys -->'];

/** What stands around the table of the page, and the table. */
const parts = async (): Promise<readonly [before: string, table: string, after: string]> => {
  const [before = '', rest = ''] = (await readFile(page, 'utf8')).split(begin);
  const [table = '', after = ''] = rest.split(finish);
  return [before, table, after];
};

const write = async (table: string): Promise<void> => {
  const [before, , after] = await parts();
  const text = `${before}${begin}\n\n${table}\n\n${finish}${after}`;
  await writeFile(page, await format(text, { parser: 'markdown', printWidth: 100, proseWrap: 'always' }));
};

/** The rows of the page without their seconds. */
const countsPrinted = async (): Promise<readonly (readonly string[])[]> => {
  const [, table] = await parts();
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, who = '', wants = '', withCommand = '', , withKubectl = '']) => [who, wants, withCommand, withKubectl]);
};

test('every journey takes fewer commands with the command than without, and the page says how many', async () => {
  await writeFile(join(command.folder, 'two.yaml'), `${candidate('two').join('\n')}\n`);
  await writeFile(join(command.folder, 'back.yaml'), `${rollback().join('\n')}\n`);
  const all = journeys();
  const rows: string[][] = [];
  for (const way of ['command', 'kubectl'] as const) {
    for (const [at, journey] of all.entries()) {
      const seconds = await type(journey[way]);
      rows[at] = [...(rows[at] ?? [journey.who, journey.wants]), ways(journey[way]), seconds.toFixed(1)];
    }
    // The second way releases something else than the first.
    const labels = { 'app.kubernetes.io/part-of': 'payments' };
    const changed = world.configMap('api-config', { level: 'debug' });
    await world.stage({ ...changed, metadata: { ...changed.metadata, labels } });
  }
  const cells = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  const table = [
    cells(['who', 'wants', 'commands', 'seconds', 'with kubectl', 'seconds']),
    cells(['---', '---', '---', '---', '---', '---']),
    ...rows.map(cells),
  ].join('\n');
  process.stdout.write(`${table}\n`);
  if (process.env['UPDATE_DOCS'] !== undefined) await write(table);
  expect(await countsPrinted()).toEqual(
    rows.map(([who, wants, withCommand, , withKubectl]) => [who, wants, withCommand, withKubectl]),
  );
  // From a control plane that `make up` leaves to the first gated promotion.
  const first = all
    .slice(0, 4)
    .filter(({ who }) => who !== 'anybody')
    .flatMap((each) => each.command.typed);
  expect(first.length).toBeLessThanOrEqual(6);
  for (const each of all) expect(each.command.typed.length).toBeLessThanOrEqual(each.kubectl.typed.length);
});
