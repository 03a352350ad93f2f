import { expect, test } from '@jest/globals';
import type { RoleRule } from '../emergency/role-limits.ts';
import { bindingOf, rightsLacking, subjectsOf } from './bindings.ts';

const role = (...rules: Partial<RoleRule>[]) => ({
  name: 'some',
  aggregated: false,
  rules: rules.map((rule) => ({ apiGroups: [''], resources: ['nodes'], verbs: ['get'], ...rule })),
});
const path = { apiGroups: [], resources: [], nonResourceURLs: ['/metrics/all'] };

test.each([
  ['nothing else', role({}), [role({})], []],
  ['no role at all', role({ verbs: ['get', 'list'] }), [], ['get nodes', 'list nodes']],
  ['one verb', role({ verbs: ['get', 'list'] }), [role({})], ['list nodes']],
  ['a verb of another role', role({ verbs: ['get', 'list'] }), [role({}), role({ verbs: ['list'] })], []],
  ['a wildcard', role({ verbs: ['get', 'list'] }), [role({ verbs: ['*'] })], []],
  ['a wildcard itself', role({ verbs: ['*'] }), [role({ verbs: ['get', 'list'] })], ['* nodes']],
  ['another group', role({ apiGroups: ['apps'] }), [role({})], ['get nodes.apps']],
  ['one name of all', role({}), [role({ resourceNames: ['a'] })], ['get nodes']],
  ['all names for one', role({ resourceNames: ['a'] }), [role({})], []],
  ['another name', role({ resourceNames: ['a'] }), [role({ resourceNames: ['b'] })], ['get nodes/a']],
  ['a subresource of all', role({ resources: ['nodes/proxy'] }), [role({ resources: ['*/proxy'] })], []],
  ['a subresource', role({ resources: ['nodes/proxy'] }), [role({})], ['get nodes/proxy']],
  ['a path', role(path), [role({})], ['get /metrics/all']],
  ['a path below one', role(path), [role({ ...path, nonResourceURLs: ['/metrics/*'] })], []],
])('where the account has all but %s', (_, wanted, held, lacking) => {
  expect(rightsLacking(wanted, held, 'Cluster')).toEqual(lacking);
});

test('in a namespace no paths are given', () => {
  expect(rightsLacking(role(path), [], 'Namespace')).toEqual([]);
});

test('a binding of people alone is none of accounts, and groups of accounts count', () => {
  const of = (subjects: readonly { kind: string; name: string; namespace?: string }[]) =>
    bindingOf({
      metadata: { name: 'b' },
      roleRef: { kind: 'ClusterRole', name: 'r' },
      subjects: subjects.map((each) => ({ ...each })),
    })?.subjects;
  expect(of([{ kind: 'User', name: 'developer-a' }])).toBeUndefined();
  expect(of([{ kind: 'Group', name: 'developers' }])).toBeUndefined();
  const groups = ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'];
  const subjects = [
    { kind: 'ServiceAccount', namespace: 'a', name: 'web' },
    ...groups.map((name) => ({ kind: 'Group', name })),
    { kind: 'User', name: 'system:serviceaccount:a:api' },
  ];
  expect(new Set(of(subjects))).toEqual(new Set([...subjectsOf('a', 'web'), 'system:serviceaccount:a:api']));
});
