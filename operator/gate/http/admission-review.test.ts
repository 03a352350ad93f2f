import { describe, expect, test } from '@jest/globals';
import { readReview, writeReview } from './admission-review.ts';

const request = {
  uid: 'call-1',
  kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
  resource: { group: 'apps', version: 'v1', resource: 'deployments' },
  requestKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
  name: 'api',
  namespace: 'payments-prod',
  operation: 'UPDATE',
  userInfo: { username: 'developer-a', uid: '7', groups: ['system:authenticated'], extra: { scopes: ['x'] } },
  object: { metadata: { name: 'api' } },
  oldObject: { metadata: { name: 'api' } },
  dryRun: false,
  options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1' },
};
const review = (given: object = {}) => ({
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: { ...request, ...given },
});
const without = (...fields: readonly string[]) => review(Object.fromEntries(fields.map((field) => [field, undefined])));

test('a review is read as what it asks', () => {
  expect(readReview(review({ subResource: 'scale' }))).toEqual({
    ok: true,
    value: {
      uid: 'call-1',
      operation: 'UPDATE',
      kind: request.kind,
      resource: request.resource,
      subresource: 'scale',
      namespace: 'payments-prod',
      name: 'api',
      dryRun: false,
      user: { username: 'developer-a', uid: '7', groups: ['system:authenticated'] },
      object: request.object,
      oldObject: request.oldObject,
    },
  });
});

describe('what the API server leaves out or sends as null', () => {
  test.each([
    ['subResource', 'subresource', ''],
    ['name', 'name', ''],
    ['namespace', 'namespace', ''],
    ['dryRun', 'dryRun', false],
    ['object', 'object', undefined],
    ['oldObject', 'oldObject', undefined],
  ])('%s', (field, read, value) => {
    expect(readReview(without(field))).toMatchObject({ ok: true, value: { [read]: value } });
  });

  test('objects that are null', () => {
    expect(readReview(review({ object: null, oldObject: null }))).toMatchObject({
      ok: true,
      value: { object: undefined, oldObject: undefined },
    });
  });

  test('parts of the caller', () => {
    expect(readReview(review({ userInfo: { username: 'system:anonymous' } }))).toMatchObject({
      ok: true,
      value: { user: { username: 'system:anonymous', uid: '', groups: [] } },
    });
  });
});

test('__proto__ in an object is a key like any other', () => {
  const body: unknown = JSON.parse(JSON.stringify(review()).replace('"name":"api"', '"__proto__":{"name":"x"}'));
  const read = readReview(body);
  expect(read).toMatchObject({ ok: true });
  expect(({} as Record<string, unknown>)['name']).toBeUndefined();
});

describe('no review', () => {
  test.each([
    ['nothing', undefined],
    ['a list', []],
    ['another version', { ...review(), apiVersion: 'admission.k8s.io/v1beta1' }],
    ['another kind', { ...review(), kind: 'TokenReview' }],
    ['an answer without a request', { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: {} }],
    ['no uid', without('uid')],
    ['an empty uid', review({ uid: '' })],
    ['no caller', without('userInfo')],
    ['no resource', without('resource')],
    ['no kind', without('kind')],
    ['an operation that there is not', review({ operation: 'READ' })],
    ['an object that is a list', review({ object: [] })],
    ['an object that is text', review({ oldObject: '{}' })],
  ])('%s', (_, body) => {
    expect(readReview(body)).toMatchObject({ ok: false });
  });
});

describe('an answer', () => {
  test.each([
    ['allows', { allowed: true }, { allowed: true }],
    ['allows with warnings', { allowed: true, warnings: ['w'] }, { allowed: true, warnings: ['w'] }],
    [
      'forbids',
      { allowed: false, reason: 'Forbidden', message: 'm' },
      { allowed: false, status: { code: 403, reason: 'Forbidden', message: 'm' } },
    ],
    [
      'finds invalid',
      { allowed: false, reason: 'Invalid', message: 'm' },
      { allowed: false, status: { code: 422, reason: 'Invalid', message: 'm' } },
    ],
    [
      'cannot judge',
      { allowed: false, reason: 'Unavailable', message: 'm' },
      { allowed: false, status: { code: 503, reason: 'ServiceUnavailable', message: 'm' } },
    ],
  ] as const)('that %s', (_, answer, response) => {
    expect(writeReview('call-1', answer)).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'call-1', ...response },
    });
  });
});
