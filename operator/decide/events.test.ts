import { expect, test } from '@jest/globals';
import type { Condition } from '../api/meta.ts';
import { noticesOf } from './events.ts';

const condition = (type: string, status: Condition['status'], reason: string, message = reason): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const told = (before: readonly Condition[], after: readonly Condition[]): readonly string[] =>
  noticesOf({
    kind: 'Rollback',
    namespace: 'n',
    name: 'c',
    uid: 'u',
    resourceVersion: '1',
    before: { conditions: [...before] },
    status: { conditions: [...after] },
  }).map(({ type, reason }) => `${type} ${reason}`);

test.each([
  {
    that: 'a rollout on its way is no news',
    before: [condition('Healthy', 'Unknown', 'NotPromoted')],
    after: [condition('Healthy', 'False', 'Progressing')],
    expected: [],
  },
  {
    that: 'nor is the health that comes with a release',
    before: [condition('Healthy', 'False', 'Progressing')],
    after: [condition('Healthy', 'True', 'Healthy')],
    expected: [],
  },
  {
    that: 'health that fails during a rollout is',
    before: [condition('Healthy', 'False', 'Progressing')],
    after: [condition('Healthy', 'False', 'WorkloadUnhealthy')],
    expected: ['Warning WorkloadUnhealthy'],
  },
  {
    that: 'failing health is',
    before: [condition('Healthy', 'True', 'Healthy')],
    after: [condition('Healthy', 'False', 'WorkloadUnhealthy')],
    expected: ['Warning WorkloadUnhealthy'],
  },
  {
    that: 'an end is told once, though two conditions say it',
    before: [condition('Promoted', 'False', 'Promoting'), condition('Finished', 'False', 'InProgress')],
    after: [
      condition('Promoted', 'True', 'Promoted', 'production has the content'),
      condition('Finished', 'True', 'Promoted', 'production has the content'),
    ],
    expected: ['Normal Promoted'],
  },
  {
    that: 'a bad end is a warning',
    before: [condition('Finished', 'False', 'InProgress')],
    after: [condition('Finished', 'True', 'RolledBack')],
    expected: ['Warning RolledBack'],
  },
  {
    that: 'what stays as it is is not told again',
    before: [condition('Staged', 'True', 'Staged')],
    after: [condition('Staged', 'True', 'Staged')],
    expected: [],
  },
])('$that', ({ before, after, expected }) => {
  expect(told(before, after)).toEqual(expected);
});
