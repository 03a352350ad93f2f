import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { run } from './controlplane/tools.ts';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'countersign-image-'));
afterEach(() => rmSync(folder, { recursive: true }));

const lines = (file: string): readonly string[] => readFileSync(join(root, file), 'utf8').split('\n');

/** What the first stage copies: from here, and into the folder that it works in. */
const copied = (): readonly { readonly source: string; readonly to: string }[] =>
  lines('Dockerfile').flatMap((line) => {
    const [word, ...places] = line.split(/\s+/);
    if (word !== 'COPY' || places[0]?.startsWith('--') === true) return [];
    const to = places.at(-1) ?? '';
    const into = to.endsWith('/');
    return places.slice(0, -1).map((source) => ({ source, to: into ? join(to, source.split('/').at(-1) ?? '') : to }));
  });

test('the image is built from what the Dockerfile copies, and from nothing else', async () => {
  const sent = lines('.dockerignore').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  expect(sent.toSorted()).toStrictEqual([...new Set(copied().map(({ source }) => source))].toSorted());

  for (const { source, to } of copied()) cpSync(join(root, source), join(folder, to), { recursive: true });
  // In place of npm ci.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const result = await run(process.execPath, [join('hack', 'bundle.ts')], { cwd: folder });
  expect(result).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Error') });
  for (const program of ['operator.mjs', 'compare-worker.mjs']) {
    expect(existsSync(join(folder, 'dist', program))).toBe(true);
  }
});
