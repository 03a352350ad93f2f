import { expect, test } from '@jest/globals';
import { anAdmissionRequest, anAdmissionSnapshot, judgedWith } from '../../../test/support/builders/admission.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { Answer } from '../api-queries.ts';
import type { AdmissionRequest } from './request.ts';

const secret = (more: JsonObject = {}): JsonObject => ({ kind: 'Secret', metadata: { name: 'db' }, ...more });
const write = (given: Partial<AdmissionRequest> = {}, username = 'keeper-a'): AdmissionRequest =>
  anAdmissionRequest(username, 'secrets', {
    as: 'Secret',
    name: 'db',
    object: secret(),
    oldObject: secret(),
    ...given,
  });
const token = secret({ type: 'kubernetes.io/service-account-token' });
const book = secret({ type: 'helm.sh/release.v1' });
const marked = (of: string): JsonObject => ({
  kind: 'Secret',
  metadata: { name: 'db', [of]: { 'countersign.dev/staging': 'true' } },
});
const held = { kind: 'Secret', metadata: { name: 'db', finalizers: ['a.b/c'] } };

const [yes, no]: readonly [Answer, Answer] = [{ kind: 'Yes' }, { kind: 'No', message: 'by a wildcard only' }];

test.each<[sentence: string, request: AdmissionRequest, answer: Answer, isKept: boolean]>([
  ['who holds the right changes a Secret', write(), yes, true],
  ['and creates one', write({ operation: 'CREATE', oldObject: undefined }), yes, true],
  ['who does not hold it by name changes none', write(), no, false],
  ['nobody deletes one by it', write({ operation: 'DELETE', object: undefined }), yes, false],
  ['nor makes a token of an account', write({ operation: 'CREATE', object: token, oldObject: undefined }), yes, false],
  ['nor changes one', write({ object: token, oldObject: token }), yes, false],
  ['nor a record of a delivery tool', write({ operation: 'CREATE', object: book, oldObject: undefined }), yes, false],
  ['nor sets a label of ours', write({ object: marked('labels') }), yes, false],
  ['nor an annotation of ours', write({ object: marked('annotations') }), yes, false],
  ['nor sets a finalizer', write({ object: held }), yes, false],
  ['a program does not', write({}, 'system:serviceaccount:tools:robot'), yes, false],
])('%s', (_, request, answer, isKept) => {
  const verdict = judgedWith(request, anAdmissionSnapshot(), answer);
  expect(verdict.is === 'Allowed' ? verdict.record?.decision : undefined).toBe(isKept ? 'KeepSecrets' : undefined);
});

test('the answer says that pods do not restart automatically, and how they do', () => {
  expect(judgedWith(write(), anAdmissionSnapshot(), yes)).toMatchObject({
    warnings: [expect.stringContaining('kubectl rollout restart deployment/<name> -n payments-prod')],
  });
});

test('nothing is written while the record is broken, because it could not be recorded', () => {
  const s = anAdmissionSnapshot();
  const verdict = judgedWith(write(), { ...s, record: { ...s.record, broken: 'entry 7 does not follow' } }, yes);
  expect(verdict).toMatchObject({ is: 'Denied', message: expect.stringContaining('entry 7 does not follow') });
});
