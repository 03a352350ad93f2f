import { expect, test } from '@jest/globals';
import { failureOfResponse } from '../../operator/kube/failures.ts';
import { ifReadable } from './readable.ts';

const failing = (code: number, reason: string) =>
  ifReadable(Promise.reject(failureOfResponse(code, { code, reason, message: 'no' })));

test('what may not be read, or is not served, counts as not there', async () => {
  expect(await failing(403, 'Forbidden')).toBeUndefined();
  expect(await failing(404, 'NotFound')).toBeUndefined();
});

test('an API server that fails, or takes no credential, is no answer: the command says so, and does not print that nothing is there', async () => {
  await expect(failing(503, 'ServiceUnavailable')).rejects.toMatchObject({ kind: 'Unavailable' });
  await expect(failing(401, 'Unauthorized')).rejects.toMatchObject({ refusal: 'Authentication' });
  await expect(failing(429, 'TooManyRequests')).rejects.toMatchObject({ kind: 'Throttled' });
});
