import { expect, test } from '@jest/globals';
import { Failure } from './kube/failures.ts';
import { createLogger } from './log.ts';

function logged(run: (logger: ReturnType<typeof createLogger>) => void): unknown[] {
  const lines: unknown[] = [];
  run(createLogger({ level: 'info', fields: { program: 'operator' }, write: (line) => lines.push(JSON.parse(line)) }));
  return lines;
}

test('a line is JSON: level as a word, time in ISO 8601, constant message, fields', () => {
  const [line] = logged((logger) => logger.child({ controller: 'candidate' }).info({ key: 'n/a' }, 'promoted'));
  expect(line).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    program: 'operator',
    controller: 'candidate',
    key: 'n/a',
    msg: 'promoted',
  });
});

test('what is below the level is not written', () => {
  expect(logged((logger) => logger.debug({}, 'detail'))).toEqual([]);
});

test('a failure is told with kind, code and refusal, and without a stack; a bug with its stack', () => {
  const [failure, bug] = logged((logger) => {
    logger.warn(
      { err: new Failure('Forbidden', 'no', { code: 403, refusal: 'Rbac', cause: new Error('inner') }) },
      'refused',
    );
    logger.error({ err: new TypeError('x is not a function') }, 'failed');
  });
  expect(failure).toMatchObject({
    err: { name: 'Failure', message: 'no', kind: 'Forbidden', code: 403, refusal: 'Rbac', cause: 'Error: inner' },
  });
  expect(failure).not.toHaveProperty('err.stack');
  expect(bug).toMatchObject({ err: { name: 'TypeError', stack: expect.stringContaining('log.test.ts') } });
});

test('credentials and contents of Secrets never reach a line, however deep an object is logged', () => {
  const secret = { kind: 'Secret', data: { password: 'hunter2' }, stringData: { token: 'hunter2' } };
  const lines = logged((logger) => {
    logger.info(secret, 'one');
    logger.info({ object: secret }, 'two');
    logger.info({ change: { old: secret, new: secret } }, 'three');
    logger.info({ request: { headers: { authorization: 'Bearer hunter2', Authorization: 'Bearer hunter2' } } }, 'four');
  });
  expect(lines).toHaveLength(4);
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});
