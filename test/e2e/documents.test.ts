/**
 * The pages that take somebody through a release, typed from top to bottom as they are printed, on a checkout of its own: a step that ends in
 * something else than what the page says is a fault of the page, or of us.
 */
import { cp, mkdtemp, readFile, rm, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { run, type RunResult } from '../../hack/controlplane/tools.ts';

jest.setTimeout(600_000);

const root = join(import.meta.dirname, '..', '..');

/** A step of a page. */
interface Step {
  readonly heading: string;
  readonly line: string;
}

/** Every command of a page's `sh` blocks, in order; a line that ends in a backslash goes on. */
const stepsOf = (page: string): readonly Step[] => {
  const steps: Step[] = [];
  let heading = '';
  let isInside = false;
  let begun = '';
  for (const line of page.split('\n')) {
    if (line.startsWith('```')) isInside = line === '```sh';
    else if (!isInside) heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    else if (line.endsWith('\\')) begun += line.slice(0, -1);
    else if (`${begun}${line}`.trim() !== '') {
      steps.push({ heading, line: `${begun}${line}` });
      begun = '';
    }
  }
  return steps;
};

const page = async (name: string): Promise<readonly Step[]> => stepsOf(await readFile(join(root, name), 'utf8'));

let checkout: string;

const type = (line: string): Promise<RunResult> => run('/bin/sh', ['-c', line], { cwd: checkout });

/** Types steps in order. `refused`: under which headings each is refused, with what to do instead. */
const typeAll = async (steps: readonly Step[], refused: readonly string[] = []): Promise<void> => {
  for (const { heading, line } of steps) {
    const { code, stdout, stderr } = await type(line);
    if (refused.includes(heading))
      expect([line, code === 0, stderr]).toEqual([line, false, expect.stringMatching(/Next: /)]);
    else expect([line, code, code === 0 ? '' : `${stdout}${stderr}`]).toEqual([line, 0, '']);
  }
};

/** A checkout: what `git` has of this one, with the same packages. */
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-checkout-'));
  checkout = join(folder, 'countersign');
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root });
  await Promise.all(
    stdout
      .split('\0')
      .filter((file) => file !== '')
      .map((file) => cp(join(root, file), join(checkout, file), { preserveTimestamps: true })),
  );
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'));
  // Older than any packages: `make` has none to install, which would empty the folder that all of us share.
  for (const file of ['package.json', 'package-lock.json']) await utimes(join(checkout, file), 0, 0);
});

afterAll(async () => {
  await type('make down');
  await rm(dirname(checkout), { recursive: true, force: true });
});

/** What a page shows people typing, each behind their name: `approver-a$ kubectl …`. */
const conversationOf = (text: string): readonly Step[] =>
  text.split('\n').flatMap((each) => {
    const [, who, line] = /^([a-z]+-[ab])\$ (.*)$/.exec(each) ?? [];
    return who === undefined || line === undefined ? [] : [{ heading: '', line: `.countersign/as ${who} ${line}` }];
  });

const up: Step = { heading: '', line: 'make up' };
const down: Step = { heading: '', line: 'make down' };

/** What somebody sees. */
const seen = async (line: string): Promise<string> => (await type(`.countersign/as ${line}`)).stdout;

/** A fresh `make up` for each, and `make down` whatever happened. */
const onNewControlPlane = async (typed: () => Promise<void>): Promise<void> => {
  try {
    await typeAll([up]);
    await typed();
  } finally {
    await typeAll([down]);
  }
};

test('the README, and an emergency in the night after it', () =>
  onNewControlPlane(async () => {
    const conversation = conversationOf(await readFile(join(root, 'README.md'), 'utf8'));
    expect(conversation.length).toBeGreaterThan(4);
    await typeAll(conversation);
    expect(await seen('developer-a kubectl get cand payments-2.4.0 -n payments-staging')).toMatch(/Promoted/);
    const night = await page('docs/emergency-access.md');
    await typeAll(night.filter(({ line }) => line.startsWith('.countersign/as ')));
    expect(await seen('auditor-a kubectl get ea -n payments-prod')).toMatch(/Closed/);
  }));

test('a release with plain kubectl, after `make up` was typed once more', () =>
  onNewControlPlane(async () => {
    await typeAll([up]);
    await typeAll(await page('docs/kubectl.md'));
    expect(await seen('developer-a kubectl get cand payments-2.4.0 -n payments-staging')).toMatch(/Promoted/);
  }));

test('the quickstart', () =>
  onNewControlPlane(async () => {
    // It shows the beginning and the end together.
    const [first, second, ...rest] = await page('docs/quickstart.md');
    expect(first?.line).toMatch(/^make up /);
    expect(second?.line).toMatch(/^make down /);
    await typeAll(rest, ['Try to get around it']);
    expect(await seen('auditor-a kubectl get cand -n payments-staging')).toMatch(/payments-2\.6\.1 .*Promoted/);
  }));
