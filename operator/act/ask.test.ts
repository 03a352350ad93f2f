import { expect, test } from '@jest/globals';
import { settle } from '../../test/support/builders/clock.ts';
import { scriptedApi } from '../../test/support/builders/scripted-api.ts';
import { virtualResources } from '../api/kinds.ts';
import { gateIsHere } from '../decide/admission/release-writers.ts';
import type { Answer, CurrentQuestion, NormalFormQuestion, Question, RightQuestion } from '../decide/api-queries.ts';
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

test('a normal form that a preflight disproves is asked for again, for a policy acts a moment after it is stored', async () => {
  const api = scriptedApi();
  const ask = createAsk({ clients: clientsOf(api), serverVersion: () => '' });
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'settings' };
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'payments-prod' } };
  const labelled = { ...manifest, metadata: { ...manifest.metadata, labels: { workload: 'settings' } } };
  const shape: NormalFormQuestion = {
    ask: 'NormalForm',
    namespace: 'payments-prod',
    ref,
    manifest,
    replaces: false,
    stored: (answer) => answer,
    again: (stored) => stored,
    isMutable: false,
    bytes: 10,
    digest: 'sha256:1',
    against: 'the policy is there',
  };
  const early = ask(shape);
  (await api.next()).answer(manifest);
  expect(await early).toMatchObject({ kind: 'Object', manifest });
  await ask(shape);
  expect(api.unanswered).toHaveLength(0);

  const preflight = ask({
    ask: 'Preflight',
    namespace: 'payments-prod',
    ref,
    resourceVersion: undefined,
    manifest,
    digest: 'sha256:1',
    departs: () => ['metadata.labels.workload'],
    isMutable: false,
  });
  (await api.next()).refuse(200, labelled, { warning: `299 - "${gateIsHere}"` });
  expect(await preflight).toEqual({ kind: 'Mutated', fields: ['metadata.labels.workload'] });

  const late = ask(shape);
  await settle();
  expect(api.unanswered).toHaveLength(1);
  (await api.next()).answer(labelled);
  expect(await late).toMatchObject({ kind: 'Object', manifest: labelled });
});
