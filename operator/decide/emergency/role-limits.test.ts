import { expect, test } from '@jest/globals';
import { forbiddenRights, roleFacts, type RoleRule } from './role-limits.ts';
import { emergencyActs } from '../manifest/emergency-acts.ts';

const rule = (apiGroup: string, resource: string, ...verbs: readonly string[]): RoleRule => ({
  apiGroups: [apiGroup],
  resources: [resource],
  verbs,
});
const rightsOf = (...rules: readonly RoleRule[]) => forbiddenRights({ rules, aggregated: false });

test.each<[string, RoleRule, string]>([
  ['being somebody else', rule('', 'users', 'impersonate'), 'impersonate users'],
  ['being somebody else, constrained', rule('', 'users', 'impersonate:user-info'), 'impersonate:user-info users'],
  ['binding roles', rule('rbac.authorization.k8s.io', 'roles', 'bind'), 'bind roles.rbac.authorization.k8s.io'],
  [
    'raising a role',
    rule('rbac.authorization.k8s.io', 'roles', 'escalate'),
    'escalate roles.rbac.authorization.k8s.io',
  ],
  ['tokens', rule('', 'serviceaccounts/token', 'create'), 'create serviceaccounts/token'],
  [
    'certificates',
    rule('certificates.k8s.io', 'certificatesigningrequests/approval', 'update'),
    'update certificatesigningrequests/approval.certificates.k8s.io',
  ],
  ['signing', rule('certificates.k8s.io', 'signers', 'sign'), 'sign signers.certificates.k8s.io'],
  [
    'giving rights',
    rule('rbac.authorization.k8s.io', 'rolebindings', 'create'),
    'create rolebindings.rbac.authorization.k8s.io',
  ],
  [
    'webhooks and policies',
    rule('admissionregistration.k8s.io', 'validatingadmissionpolicies', 'delete'),
    'delete validatingadmissionpolicies.admissionregistration.k8s.io',
  ],
  [
    'definitions',
    rule('apiextensions.k8s.io', 'customresourcedefinitions', 'patch'),
    'patch customresourcedefinitions.apiextensions.k8s.io',
  ],
  ['our own kinds', rule('countersign.dev', 'approvals', 'create'), 'create approvals.countersign.dev'],
  ['minutes of its own', rule('countersign.dev', 'emergencyminutes', 'use'), 'use emergencyminutes.countersign.dev'],
  ['nodes', rule('', 'nodes/proxy', 'get'), 'get nodes/proxy'],
  ['every verb', rule('', 'configmaps', '*'), '* configmaps'],
  ['every resource', rule('', '*', 'get'), 'get *'],
  ['every subresource', rule('apps', '*/scale', 'update'), 'update */scale.apps'],
  ['every group', rule('*', 'pods', 'get'), 'get pods.*'],
])('a role that holds %s is named by that right', (_, given, right) => {
  expect(rightsOf(rule('', 'pods', 'get'), given)).toEqual([right]);
});

test('a role that others can widen by a label is not bound', () => {
  expect(forbiddenRights({ rules: [], aggregated: true })).toEqual(['aggregationRule']);
});

test.each([
  ['every verb on resources that a package brings', 'metallb.io', 'communities', 'communities/status'],
  ['every verb on resources of a project near Kubernetes', 'cluster.x-k8s.io', 'machines', 'machines/status'],
])('a role may hold %s: no verb there gives rights', (_, apiGroup, ...resources) => {
  expect(rightsOf({ apiGroups: [apiGroup], resources, verbs: ['*'] })).toEqual([]);
});

test.each([
  ['Kubernetes', 'apps', 'deployments'],
  ['Kubernetes in a group with a domain', 'gateway.networking.k8s.io', 'httproutes'],
  ['Countersign', 'countersign.dev', 'approvals'],
])('a role that holds every verb on resources of %s is named by that right', (_, apiGroup, resource) => {
  expect(rightsOf(rule(apiGroup, resource, '*'))).toEqual([`* ${resource}.${apiGroup}`]);
});

test('every right is named once, each of a rule by itself', () => {
  const twice: RoleRule = { apiGroups: [''], resources: ['users', 'groups'], verbs: ['impersonate', 'get'] };
  expect(rightsOf(twice, twice)).toEqual(['impersonate users', 'impersonate groups']);
});

test('what an emergency is for, and reading, is no such right', () => {
  const acts = emergencyActs.map(({ group, resource }) =>
    rule(group, resource, 'get', 'list', 'watch', 'create', 'update', 'patch', 'delete'),
  );
  expect(rightsOf(...acts, rule('countersign.dev', 'ledgerentries', 'get'), rule('', 'pods/log', 'get'))).toEqual([]);
});

test('a role is read as the API server holds it', () => {
  const facts = roleFacts('x', {
    kind: 'ClusterRole',
    rules: [
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      { nonResourceURLs: ['/'], verbs: ['get'] },
    ],
    aggregationRule: { clusterRoleSelectors: [{}] },
  });
  expect(facts).toEqual({
    name: 'x',
    rules: [rule('', 'pods', 'get'), { apiGroups: [], resources: [], verbs: ['get'], nonResourceURLs: ['/'] }],
    aggregated: true,
  });
});
