import { describe, expect, test } from '@jest/globals';
import { reaches, selects, bound, type Selector } from '../decide/findings/foreign-mutators.ts';
import type { KubeObject } from '../kube/resource.ts';
import { mutatorBinding, policyMutator, serviceMutator, webhookMutator } from './foreign-mutators.ts';

const labels = { 'kubernetes.io/metadata.name': 'payments-prod', 'countersign.dev/guarded': 'enforce' };
const guarded = [
  { group: 'apps', plural: 'deployments' },
  { group: '', plural: 'pods' },
];
const rule = (given: object = {}) => ({
  apiGroups: ['apps'],
  apiVersions: ['*'],
  operations: ['CREATE'],
  resources: ['deployments'],
  ...given,
});

const object = (kind: string, rest: object, meta: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'injector', uid: 'u', resourceVersion: '1', ...meta },
  ...rest,
});
const configuration = (webhook: object, meta: object = {}) =>
  object('MutatingWebhookConfiguration', { webhooks: [{ name: 'a.example', rules: [rule()], ...webhook }] }, meta);
const asked = (webhook: object): boolean => reaches(webhookMutator(configuration(webhook)), labels, guarded);

describe('a mutating webhook', () => {
  test.each<[sentence: string, webhook: object, isAsked: boolean]>([
    ['of every namespace', {}, true],
    ['of pods', { rules: [rule({ apiGroups: [''], resources: ['pods'] })] }, true],
    ['of a subresource', { rules: [rule({ resources: ['deployments/scale'] })] }, true],
    ['of everything', { rules: [rule({ apiGroups: ['*'], resources: ['*/*'], operations: ['*'] })] }, true],
    ['of a kind of its own', { rules: [rule({ apiGroups: ['cert-manager.io'], resources: ['*'] })] }, false],
    ['of another kind of the group', { rules: [rule({ resources: ['widgets'] })] }, false],
    ['of deletions', { rules: [rule({ operations: ['DELETE', 'CONNECT'] })] }, false],
    ['of what lies in no namespace', { rules: [rule({ scope: 'Cluster' })] }, false],
    ['without rules', { rules: null }, false],
    ['of other namespaces', { namespaceSelector: { matchLabels: { 'istio-injection': 'enabled' } } }, false],
    ['of guarded namespaces', { namespaceSelector: { matchLabels: { 'countersign.dev/guarded': 'enforce' } } }, true],
  ])('%s', (_, webhook, isAsked) => {
    expect(asked(webhook)).toBe(isAsked);
  });

  test('is the same under another certificate, version or label, and another under another address or rule', () => {
    const of = (clientConfig: object, more: object = {}, meta: object = {}): string =>
      webhookMutator(configuration({ clientConfig, ...more }, meta)).version;
    const known = of({ url: 'https://a', caBundle: 'x' });
    expect(of({ url: 'https://a', caBundle: 'y' }, {}, { resourceVersion: '2', labels: { a: 'b' } })).toBe(known);
    expect(of({ url: 'https://b', caBundle: 'x' })).not.toBe(known);
    expect(of({ url: 'https://a' }, { rules: [rule({ operations: ['*'] })] })).not.toBe(known);
  });

  test('is named though it carries our label', () => {
    const ours = { labels: { 'app.kubernetes.io/part-of': 'countersign' } };
    expect(reaches(webhookMutator(configuration({}, ours)), labels, guarded)).toBe(true);
  });
});

test.each<[sentence: string, selector: Partial<Selector>, isSelected: boolean]>([
  ['nothing', {}, true],
  ['a label', { matchLabels: { a: 'x' } }, true],
  ['a label of another value', { matchLabels: { a: 'y' } }, false],
  ['one of several', { matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] }, true],
  ['none of several', { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] }, false],
  ['none of several, without the label', { matchExpressions: [{ key: 'b', operator: 'NotIn', values: ['x'] }] }, true],
  ['that it is there', { matchExpressions: [{ key: 'b', operator: 'Exists', values: [] }] }, false],
  ['that it is not', { matchExpressions: [{ key: 'b', operator: 'DoesNotExist', values: [] }] }, true],
  ['by an operator to come', { matchExpressions: [{ key: 'b', operator: 'Like', values: [] }] }, true],
])('a selector asks for %s', (_, selector, isSelected) => {
  expect(selects({ matchLabels: {}, matchExpressions: [], ...selector }, { a: 'x' })).toBe(isSelected);
});

describe('a mutating policy', () => {
  const policy = (constraints: object, meta: object = {}) =>
    policyMutator(
      object(
        'MutatingAdmissionPolicy',
        { spec: { matchConstraints: { resourceRules: [rule()], ...constraints } } },
        meta,
      ),
    );
  const binding = (matchResources: object | undefined, policyName = 'injector') =>
    mutatorBinding(object('MutatingAdmissionPolicyBinding', { spec: { policyName, matchResources } }));
  const guardedOnly = { namespaceSelector: { matchLabels: { 'countersign.dev/guarded': 'enforce' } } };
  const elsewhere = { namespaceSelector: { matchLabels: { 'countersign.dev/guarded': 'audit' } } };

  test.each<[sentence: string, constraints: object, bindings: ReturnType<typeof binding>[], isAsked: boolean]>([
    ['without a binding', {}, [], false],
    ['with a binding of another', {}, [binding(undefined, 'other')], false],
    ['with a binding', {}, [binding(undefined)], true],
    ['that its binding narrows', guardedOnly, [binding(elsewhere)], false],
    ['that one of two bindings does not', guardedOnly, [binding(elsewhere), binding(guardedOnly)], true],
    ['that selects other namespaces itself', elsewhere, [binding(undefined)], false],
  ])('%s', (_, constraints, bindings, isAsked) => {
    const one = policy(constraints);
    expect(one !== undefined && reaches(bound(one, bindings), labels, guarded)).toBe(isAsked);
  });

  test('of ours is none of others', () => {
    expect(policy({}, { labels: { 'app.kubernetes.io/part-of': 'countersign' } })).toBeUndefined();
  });
});

test('an API service answers for its group, if it is somebody’s', () => {
  const of = (spec: object) => serviceMutator(object('APIService', { spec: { version: 'v1', ...spec } }));
  const service = { namespace: 'a', name: 'b' };
  const asks = (one: ReturnType<typeof of>): boolean => one !== undefined && reaches(one, labels, guarded);
  expect(asks(of({ group: 'apps', service }))).toBe(true);
  expect(asks(of({ service }))).toBe(true); // the core group
  expect(asks(of({ group: 'metrics.k8s.io', service }))).toBe(false);
  expect(of({ group: 'apps' })).toBeUndefined();
});
