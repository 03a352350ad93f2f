import { expect, test } from '@jest/globals';
import { settle } from '../../test/support/builders/clock.ts';
import { scriptedApi } from '../../test/support/builders/scripted-api.ts';
import { virtualResources } from '../api/kinds.ts';
import type { Answer, CurrentQuestion, Question, RightQuestion } from '../decide/api-queries.ts';
import { createClient } from '../kube/client.ts';
import { failureOfResponse } from '../kube/failures.ts';
import { createAsk } from './ask.ts';

const clientsOf = ({ transport }: ReturnType<typeof scriptedApi>) => {
  const client = createClient({ transport, fieldManager: 'test' });
  return { operator: client, restorer: client };
};

const question = (number: number): RightQuestion => ({
  ask: 'Right',
  who: { username: `signer-${number}`, uid: '', groups: [] },
  namespace: 'payments-prod',
  resource: virtualResources.approvalRoles,
  verb: 'approve',
  name: `role-${number}`,
});

/** What the API server is asked: whether the caller holds the right by its own name, and not by a wildcard. */
const named = (body: unknown): boolean =>
  JSON.stringify(body).includes('"role-') && !JSON.stringify(body).includes('canary');

test('very many signers with rights of their own are asked about a few at a time, and each gets its answer', async () => {
  const api = scriptedApi();
  const ask = createAsk({
    clients: clientsOf(api),
    serverVersion: () => '',
  });
  const answers = Promise.all(Array.from({ length: 500 }, (_, number) => ask(question(number))));
  let most = 0;
  for (let asked = 0; asked < 3 * 500; asked += 1) {
    await settle();
    most = Math.max(most, api.unanswered.length);
    const call = await api.next();
    call.answer({ status: { allowed: named(call.request.body) } });
  }

  expect(await answers).toEqual(Array.from({ length: 500 }, () => ({ kind: 'Yes' })));
  expect(most).toBeLessThanOrEqual(16);
});

test('questions that the API server does not answer give their places to others', async () => {
  const api = scriptedApi();
  const ask = createAsk({
    clients: clientsOf(api),
    serverVersion: () => '',
  });
  const lost = Array.from({ length: 20 }, (_, number) => ask({ ...question(number), wildcards: 'Count' }));
  for (let asked = 0; asked < lost.length; asked += 1) (await api.next()).fail(new Error('the API server is away'));
  expect((await Promise.all(lost)).map(({ kind }) => kind)).toEqual(lost.map(() => 'Unavailable'));

  const answer = ask({ ...question(0), wildcards: 'Count' });
  (await api.next()).answer({ status: { allowed: true } });
  expect(await answer).toEqual({ kind: 'Yes' });
});

const answerTo = async (asked: Question, code: number): Promise<Answer> => {
  const api = scriptedApi();
  const answer = createAsk({ clients: clientsOf(api), serverVersion: () => '' })(asked);
  (await api.next()).fail(failureOfResponse(code, { message: 'no' }));
  return answer;
};

const current: CurrentQuestion = {
  ask: 'Current',
  namespace: 'payments-prod',
  ref: { apiVersion: 'v1', kind: 'ConfigMap', name: 'settings' },
  bytes: 10,
};

test('what may not be asked is not answered: nobody lacks a right by it, and no object is gone', async () => {
  expect((await answerTo({ ...question(0), wildcards: 'Count' }, 403)).kind).toBe('Unavailable');
  expect((await answerTo(current, 403)).kind).toBe('Unavailable');
  expect(await answerTo(current, 404)).toEqual({ kind: 'No', message: 'no' });
});
