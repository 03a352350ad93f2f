import { expect, test } from '@jest/globals';
import { parseApproval } from './approval.ts';
import { apiVersion } from './kinds.ts';

const approval = {
  apiVersion,
  kind: 'Approval',
  metadata: {
    name: 'payments-2.4.0-x1',
    namespace: 'payments-prod',
    uid: '1',
    resourceVersion: '9007199254740993',
    generation: 1,
    creationTimestamp: '2026-05-04T09:00:00Z',
  },
  spec: {
    subject: { kind: 'ReleaseCandidate', name: 'payments-2.4.0', uid: '2' },
    digest: `sha256:${'1a'.repeat(32)}`,
    role: 'approver',
    decision: 'Approve',
    approver: { username: 'approver-a' },
  },
};

test('defaults are filled in, and what we do not know is dropped', () => {
  const parsed = parseApproval({ ...approval, spec: { ...approval.spec, later: true } });
  expect(parsed).toEqual({
    ok: true,
    value: {
      ...approval,
      spec: { ...approval.spec, comment: '', approver: { username: 'approver-a', uid: '', groups: [] } },
    },
  });
});

test('every problem begins with the field it is about', () => {
  const parsed = parseApproval({
    ...approval,
    spec: { ...approval.spec, decision: 'Maybe', digest: 'latest', approver: { username: 'a', groups: ['g', 7] } },
  });
  expect(parsed).toEqual({
    ok: false,
    problems: [
      expect.stringMatching(/^spec\.digest: /),
      expect.stringMatching(/^spec\.decision: /),
      expect.stringMatching(/^spec\.approver\.groups\[1\]: /),
    ],
  });
});

test.each([undefined, null, 'approval', [], { kind: 'Rollback' }])('%j is not an Approval', (input) => {
  expect(parseApproval(input)).toMatchObject({ ok: false });
});

test('text is as long as the API server lets it be, whose characters are code points', () => {
  const comment = '🚀'.repeat(4096);
  const parsed = parseApproval({ ...approval, spec: { ...approval.spec, comment } });
  expect(parsed).toMatchObject({ ok: true, value: { spec: { comment } } });
});

test('a field named __proto__ changes nothing', () => {
  const parsed = parseApproval(JSON.parse(`{"__proto__": {"spec": {}}, "kind": "Approval"}`));
  expect(parsed).toMatchObject({ ok: false });
});
