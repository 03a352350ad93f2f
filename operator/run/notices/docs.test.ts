/** docs/notices.md says what the code says, and its examples verify what the code signs. */
import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { noticeKinds } from '../../api/notify.ts';
import { readSinks, sinksKey } from '../../decide/notices/sinks.ts';
import { signatureHeaders } from './sign.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'notices.md'), 'utf8');

/** The block of a language. */
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm'))].map(
    ([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );

test('every kind of notice has its row, and no other', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` +\| `(dev\.[\w.-]+)` +\| (.*?) +\|$/gm)].map(([, ...row]) => row);
  expect(rows).toEqual(Object.entries(noticeKinds).map(([kind, { event, when }]) => [kind, event, when]));
});

test('the Secret of the example declares sinks', () => {
  const secret: unknown = parse(blocks('yaml')[1] ?? '');
  const text = (secret as { readonly stringData: Readonly<Record<string, string>> }).stringData[sinksKey] ?? ''; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the page has it
  const egress = { hosts: ['hooks.slack.com', 'events.example.com:8443'], networks: [], plainHttp: false };
  expect(readSinks(parse(text), egress)).toMatchObject({
    sinks: [{ name: 'events' }, { name: 'payments-chat' }],
    wrong: [],
  });
});

const key = 'whsec_01234567890123456789012345678901';
const body = '{"a":"ü"}';
const headers = (keys: readonly string[], now = Date.now()) => signatureHeaders({ id: 'f00', body, keys }, now);

const other = `whsec_${'A'.repeat(44)}`;
const cases = [
  [headers([key]), body, true],
  [headers([other, key]), body, true],
  [headers([other]), body, false],
  [headers([key]), `${body} `, false],
  [headers([key], Date.now() - 600_000), body, false],
] as const;

test.each([
  {
    language: 'js',
    program: process.execPath,
    args: (code: string, given: string) => [
      '--input-type=module',
      '-e',
      `${code}\nfor (const [headers, body] of ${given}) console.log(isGenuine(headers, body, ${JSON.stringify(key)}));`,
    ],
  },
  {
    language: 'python',
    program: 'python3',
    args: (code: string, given: string) => [
      '-c',
      `import json\n${code}\nfor headers, body in json.loads(${JSON.stringify(given)}):\n    print(str(is_genuine(headers, body.encode(), ${JSON.stringify(key)})).lower())`,
    ],
  },
])('the example in $language tells what is genuine', ({ language, program, args }) => {
  const given = JSON.stringify(cases.map(([headers, body]) => [headers, body]));
  const { stdout, stderr } = spawnSync(program, args(blocks(language)[0] ?? '', given), { encoding: 'utf8' });
  expect([stderr, stdout.trim().split('\n')]).toEqual(['', cases.map(([, , genuine]) => String(genuine))]);
});
