import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';

import { afterAll, expect, test } from '@jest/globals';

import { run } from './controlplane/tools.ts';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'countersign-image-'));
afterAll(() => rmSync(folder, { recursive: true }));

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

/** What it prints from its start, without a cluster, until it has said that it serves and somebody ends it. */
const printed = async (program: string, args: readonly string[]): Promise<readonly string[]> => {
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('token'), 'a.b.c');
  writeFileSync(at('ca'), '');
  const child = spawn(process.execPath, [join(folder, 'dist', program), ...args], {
    env: {
      COUNTERSIGN_NAMESPACE: 'countersign-system',
      COUNTERSIGN_SERVER: 'https://127.0.0.1:1',
      COUNTERSIGN_CA_FILE: at('ca'),
      COUNTERSIGN_TOKEN_FILE: at('token'),
      COUNTERSIGN_PORT: '0',
      COUNTERSIGN_INSTANCE: 'image-0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new PassThrough();
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  const ended = once(child, 'close').then(() => output.end());
  const lines: string[] = [];
  for await (const line of createInterface({ input: output })) {
    lines.push(line);
    if (line.includes('serving')) child.kill('SIGTERM');
  }
  await ended;
  return lines;
};

test('a program of the image prints nothing but JSON', async () => {
  const lines = await printed('operator.mjs', []);
  expect(lines).not.toStrictEqual([]);
  expect(lines.filter((line) => !line.startsWith('{'))).toStrictEqual([]);
});
