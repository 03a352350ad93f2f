import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Failure } from '../kube/failures.ts';
import { remedyFor } from './start-failure.ts';

const main = join(import.meta.dirname, '..', 'main.ts');

const run = (program: string, env: Readonly<Record<string, string>>) =>
  new Promise<{ readonly code: unknown; readonly out: string; readonly err: string }>((resolve) => {
    execFile(
      process.execPath,
      [main, program],
      { env: { PATH: process.env['PATH'] ?? '', ...env } },
      (error, out, err) => resolve({ code: error?.code, out, err }),
    );
  });

test.each([
  ['operator', { COUNTERSIGN_PORT: 'many' }, 'COUNTERSIGN_PORT', 'set the environment variables'],
  ['gate', { COUNTERSIGN_PORT: 'many' }, 'COUNTERSIGN_PORT', 'set the environment variables'],
  [
    'gate',
    {
      COUNTERSIGN_KINDS:
        '[{"group":"kinds.example","kind":"Widget","resource":"widgets","versions":["v1"],"health":{"current":"stage.x"}}]',
    },
    'kinds[0].health.current: Unknown variable: stage; write an expression of CEL',
    'change the value kinds of the chart: helm upgrade',
  ],
  [
    'operator',
    {
      COUNTERSIGN_SERVER: 'https://127.0.0.1:1',
      COUNTERSIGN_CA_FILE: '/none/ca.crt',
      COUNTERSIGN_TOKEN_FILE: '/none/token',
    },
    '/none/ca.crt',
    'mount what the message names',
  ],
])(
  'what ends the %s at its start is one line of JSON that says what is wrong and what to do',
  async (program, env, wrong, next) => {
    const { code, out, err } = await run(program, env);

    expect(code).toBe(1);
    expect(err).toBe('');
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const line: unknown = JSON.parse(lines[0] ?? '');
    expect(line).toMatchObject({
      level: 'error',
      program: `countersign-${program}`,
      err: { message: expect.stringContaining(wrong) },
      next: expect.stringContaining(next),
    });
  },
);

test.each([
  [new Failure('Forbidden', 'no'), 'helm upgrade'],
  [new Failure('Unavailable', 'no answer'), 'reachable from this pod'],
  [Object.assign(new Error('in use'), { code: 'EADDRINUSE' }), 'another port'],
  [new TypeError('x is not a function'), 'report the message'],
])('%s says what to do', (error, next) => expect(remedyFor(error)).toContain(next));
