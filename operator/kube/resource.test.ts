import { expect, test } from '@jest/globals';
import { collectionPath, isKubeObject, keyOf, objectPath, refOf, type ResourceRow } from './resource.ts';

const pods: ResourceRow = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
const deployments: ResourceRow = { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespaced: true };
const nodes: ResourceRow = { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false };

test.each([
  { path: collectionPath(pods, 'n'), expected: '/api/v1/namespaces/n/pods' },
  { path: collectionPath(pods), expected: '/api/v1/pods' },
  { path: collectionPath(deployments, 'n'), expected: '/apis/apps/v1/namespaces/n/deployments' },
  { path: collectionPath(nodes, 'ignored'), expected: '/api/v1/nodes' },
  { path: objectPath(nodes, { name: 'a' }), expected: '/api/v1/nodes/a' },
  {
    path: objectPath(deployments, { namespace: 'n', name: 'a' }, 'status'),
    expected: '/apis/apps/v1/namespaces/n/deployments/a/status',
  },
  { path: objectPath(nodes, { name: 'system:x/../y' }), expected: '/api/v1/nodes/system%3Ax%2F..%2Fy' },
])('$expected', ({ path, expected }) => {
  expect(path).toBe(expected);
});

test('keys and references are the same thing', () => {
  expect(keyOf({ namespace: 'n', name: 'a' })).toBe('n/a');
  expect(keyOf({ name: 'a' })).toBe('a');
  expect(refOf('n/a')).toEqual({ namespace: 'n', name: 'a' });
  expect(refOf('a')).toEqual({ name: 'a' });
});

test.each([undefined, null, 'text', [], {}, { metadata: {} }, { metadata: { name: 'a', uid: 'u' } }])(
  '%j is no object of the API server',
  (value) => {
    expect(isKubeObject(value)).toBe(false);
  },
);
