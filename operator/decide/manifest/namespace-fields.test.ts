import { expect, test } from '@jest/globals';
import { withMovedNamespaces } from './namespace-fields.ts';

const move = { from: 'payments-staging', to: 'payments-prod' };
const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' };

test('a field that names staging names production, wherever in a list it stands', () => {
  const spec = (namespace: string) => ({
    parentRefs: [{ name: 'web' }, { name: 'own', namespace }, { name: 'shared', namespace: 'gateways' }],
    rules: [{ backendRefs: [{ name: 'api', namespace }] }],
  });
  expect(withMovedNamespaces({ ...route, spec: spec('payments-staging') }, route, move)).toEqual({
    ...route,
    spec: spec('payments-prod'),
  });
});

test.each([
  ['what names another namespace', { parentRefs: [{ name: 'web', namespace: 'gateways' }] }],
  ['what merely contains the name', { hostnames: ['api.payments-staging.example.com'] }],
  ['fields of another shape', { parentRefs: 'payments-staging', rules: {} }],
])('%s stays as it is', (_, spec) => {
  const manifest = { ...route, spec };
  expect(withMovedNamespaces(manifest, route, move)).toEqual(manifest);
});
