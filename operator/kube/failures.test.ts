import { describe, expect, test } from '@jest/globals';
import { Failure, failureOfResponse, failureOfStatus, retryPolicy, toFailure } from './failures.ts';

const status = (code: number, reason: string, message: string, details: object = {}) => ({
  kind: 'Status',
  status: 'Failure',
  code,
  reason,
  message,
  details,
});

// Words of kube-apiserver 1.36.3.
test.each([
  { given: status(410, 'Expired', 'too old resource version: 1 (2)'), kind: 'Gone' },
  { given: status(410, 'Gone', 'gone'), kind: 'Gone' },
  { given: status(404, 'NotFound', 'namespaces "nope" not found'), kind: 'NotFound' },
  { given: status(409, 'AlreadyExists', 'configmaps "a" already exists'), kind: 'AlreadyExists' },
  { given: status(409, 'Conflict', 'the object has been modified'), kind: 'Conflict' },
  { given: status(400, 'BadRequest', 'json: cannot unmarshal number into Go struct field'), kind: 'Invalid' },
  { given: status(413, 'RequestEntityTooLarge', 'limit is 3145728'), kind: 'TooLarge' },
  { given: status(500, 'InternalError', 'etcdserver: request is too large'), kind: 'TooLarge' },
  { given: status(422, 'Invalid', 'ConfigMap "A_B" is invalid: metadata.name: Invalid value'), kind: 'Invalid' },
  { given: status(429, 'TooManyRequests', 'too many requests'), kind: 'Throttled' },
  { given: status(500, 'InternalError', 'etcdserver: request timed out'), kind: 'Unavailable' },
  { given: status(503, 'ServiceUnavailable', 'not ready'), kind: 'Unavailable' },
  { given: status(504, 'Timeout', 'Too large resource version: 99, current: 5'), kind: 'Unavailable' },
  { given: status(405, 'MethodNotAllowed', 'not supported'), kind: 'Bug' },
  { given: status(415, 'UnsupportedMediaType', 'not supported'), kind: 'Bug' },
])('$given.code $given.reason is $kind', ({ given, kind }) => {
  expect(failureOfResponse(given.code, given)).toMatchObject({ kind, code: given.code, message: given.message });
  expect(failureOfStatus(given)).toMatchObject({ kind, code: given.code });
});

test.each([
  {
    by: 'Rbac',
    kind: 'Forbidden',
    given: status(
      403,
      'Forbidden',
      'configmaps is forbidden: User "a" cannot create resource "configmaps" in API group ""',
    ),
  },
  {
    by: 'Rbac',
    kind: 'Forbidden',
    given: status(
      403,
      'Forbidden',
      'roles.rbac "x" is forbidden: user "a" (groups=[]) is attempting to grant RBAC permissions not currently held',
    ),
  },
  {
    by: 'Quota',
    kind: 'Forbidden',
    given: status(403, 'Forbidden', 'pods "a" is forbidden: exceeded quota: q, requested: pods=1'),
  },
  {
    by: 'Admission',
    kind: 'Forbidden',
    given: status(403, 'Forbidden', 'pods "a" is forbidden: violates PodSecurity "restricted"'),
  },
  {
    by: 'Admission',
    kind: 'Forbidden',
    given: status(
      422,
      'Invalid',
      `deployments.apps "api" is forbidden: ValidatingAdmissionPolicy 'guard' with binding 'guard' denied request: no`,
    ),
  },
  {
    by: 'Admission',
    kind: 'Forbidden',
    given: status(400, '', 'admission webhook "gate.countersign.dev" denied the request: no'),
  },
  {
    by: 'Admission',
    kind: 'Throttled',
    given: status(429, '', 'admission webhook "gate.countersign.dev" denied the request: later'),
  },
  {
    by: 'WebhookUnreachable',
    kind: 'Unavailable',
    given: status(
      500,
      'InternalError',
      'Internal error occurred: failed calling webhook "gate": failed to call webhook: connection refused',
    ),
  },
  { by: 'Authentication', kind: 'Forbidden', given: status(401, 'Unauthorized', 'Unauthorized') },
])('a refusal by $by is told apart: $given.message', ({ by, kind, given }) => {
  expect(failureOfResponse(given.code, given)).toMatchObject({ kind, refusal: by });
});

test('text from somebody who is not the API server is kept', () => {
  expect(failureOfResponse(502, '<html>bad gateway</html>')).toMatchObject({
    kind: 'Unavailable',
    message: '<html>bad gateway</html>',
  });
  expect(failureOfResponse(404, undefined)).toMatchObject({ kind: 'NotFound', message: 'HTTP status 404' });
});

test('the causes name fields', () => {
  const causes = [
    { field: 'spec.replicas', reason: 'FieldValueInvalid', message: 'must be positive' },
    { message: 'x' },
  ];
  expect(failureOfResponse(422, status(422, 'Invalid', 'no', { causes })).causes).toEqual([
    { field: 'spec.replicas', reason: 'FieldValueInvalid', message: 'must be positive' },
    { field: '', reason: '', message: 'x' },
  ]);
});

test('a patch for another incarnation is a conflict, although the API server calls it invalid', () => {
  const cause = { field: 'metadata.uid', reason: 'FieldValueInvalid', message: 'field is immutable' };
  expect(failureOfResponse(422, status(422, 'Invalid', 'no', { causes: [cause, cause] })).kind).toBe('Conflict');
  const other = { field: 'spec.x', reason: 'FieldValueInvalid', message: 'no' };
  expect(failureOfResponse(422, status(422, 'Invalid', 'no', { causes: [cause, other] })).kind).toBe('Invalid');
});

test.each([
  { given: 'the header', headers: { 'retry-after': '3' }, details: {}, expected: 3_000 },
  { given: 'the details', headers: {}, details: { retryAfterSeconds: 2 }, expected: 2_000 },
  { given: 'nothing', headers: {}, details: {}, expected: undefined },
  { given: 'nonsense', headers: { 'retry-after': 'soon' }, details: {}, expected: undefined },
])('the wish for a pause is read from $given', ({ headers, details, expected }) => {
  expect(failureOfResponse(429, status(429, 'TooManyRequests', 'no', details), headers).retryAfterMs).toBe(expected);
});

const coded = (code: string) => Object.assign(new Error(code), { code });

describe('thrown things', () => {
  test.each([
    { given: coded('ECONNREFUSED'), kind: 'Unavailable' },
    { given: coded('ECONNRESET'), kind: 'Unavailable' },
    { given: coded('ENOTFOUND'), kind: 'Unavailable' },
    { given: coded('UND_ERR_SOCKET'), kind: 'Unavailable' },
    { given: coded('UND_ERR_CONNECT_TIMEOUT'), kind: 'Unavailable' },
    { given: coded('DEPTH_ZERO_SELF_SIGNED_CERT'), kind: 'Unavailable' },
    { given: coded('ERR_TLS_CERT_ALTNAME_INVALID'), kind: 'Unavailable' },
    { given: new Error('fetch failed', { cause: coded('ECONNRESET') }), kind: 'Unavailable' },
    { given: new DOMException('aborted', 'AbortError'), kind: 'Unavailable' },
    { given: new TypeError('x is not a function'), kind: 'Bug' },
    { given: coded('UND_ERR_INVALID_ARG'), kind: 'Bug' },
    { given: coded('ERR_INVALID_ARG_TYPE'), kind: 'Bug' },
    { given: 'a string', kind: 'Bug' },
  ])('$given is $kind', ({ given, kind }) => {
    expect(toFailure(given)).toMatchObject({ kind, code: 0, cause: given });
  });

  test('a failure stays itself', () => {
    const failure = new Failure('Gone', 'gone');
    expect(toFailure(failure)).toBe(failure);
  });
});

test('every kind has a retry policy that grows', () => {
  for (const { firstMs, capMs } of Object.values(retryPolicy)) expect(firstMs).toBeLessThan(capMs);
});

test('an answer that repeats a million characters is told by its beginning and its end', () => {
  const repeated = `spec.type: Unsupported value: "${'a'.repeat(1_000_000)}": supported values: "Recreate"`;
  const causes = [{ field: 'spec.type', reason: 'FieldValueNotSupported', message: repeated }];
  const {
    message,
    causes: [cause],
  } = failureOfResponse(422, status(422, 'Invalid', repeated, { causes }));
  for (const said of [message, cause?.message ?? '']) {
    expect(said.length).toBeLessThan(4_200);
    expect(said).toMatch(
      /^spec\.type: Unsupported value: "a+… \(\d{6} characters left out\) …a+": supported values: "Recreate"$/,
    );
  }
});
