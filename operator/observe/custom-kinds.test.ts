/** What is kept of a definition, and what is known by it of the fields of an object. */
import { expect, test } from '@jest/globals';
import { aDeployment } from '../../test/support/builders/decide.ts';
import { jsonObject, type JsonObject } from '../api/meta.ts';
import { strategicMerge } from '../decide/json/strategic-merge.ts';
import { definitionOf, type Definition } from './custom-kinds.ts';
import { typeOf } from './lookup.ts';

const object = (properties: object) => ({ type: 'object', properties });
const keyed = {
  type: 'array',
  items: object({ name: { type: 'string' } }),
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
};

const defined = (
  group: string,
  kind: string,
  plural: string,
  schemas: Readonly<Record<string, object | undefined>>,
) => {
  const versions = Object.entries(schemas).map(([name, openAPIV3Schema]) => ({
    name,
    served: true,
    storage: name === 'v1',
    ...(openAPIV3Schema === undefined ? {} : { schema: { openAPIV3Schema } }),
  }));
  const definition = definitionOf({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, uid: 'uid', resourceVersion: '1' },
    spec: { group, scope: 'Namespaced', names: { kind, plural }, versions },
  });
  if (definition === undefined) throw new Error('no definition');
  return definition;
};

/** Facts of a cluster with these definitions. */
const facts = (...definitions: readonly Definition[]): Parameters<typeof typeOf>[0] =>
  ({ definitions: { in: () => new Map(definitions.map((each) => [each.name, each])) } }) as unknown as Parameters<
    typeof typeOf
  >[0]; // what is looked up

const merged = (found: ReturnType<typeof typeOf>, spec: JsonObject, patch: JsonObject) =>
  jsonObject(strategicMerge({ spec }, { spec: patch }, found.type)['spec'] ?? {});

test('each version of a definition says for itself how lists merge, and one that says nothing has no entry', () => {
  const { types, versions } = defined('example.com', 'Widget', 'widgets', {
    v1: object({ spec: object({ parts: keyed }) }),
    v2: object({ spec: object({ parts: { type: 'array' } }) }),
    v3: undefined,
  });
  expect(versions).toEqual(['v1', 'v2', 'v3']);
  expect([...types.keys()]).toEqual(['v1']);
});

test('of a custom resource that is known what its definition says counts, in the version in which it is read', () => {
  const route = { kind: 'HTTPRoute', name: 'web' };
  const found = facts(
    defined('gateway.networking.k8s.io', 'HTTPRoute', 'httproutes', {
      v1: object({ spec: object({ parentRefs: keyed }) }),
    }),
  );
  const both = [{ name: 'a' }, { name: 'b' }];
  const patch = { parentRefs: [{ name: 'a', port: 1 }] };
  const now = typeOf(found, { ...route, apiVersion: 'gateway.networking.k8s.io/v1' });
  expect(merged(now, { parentRefs: both }, patch)).toEqual({ parentRefs: [{ name: 'a', port: 1 }, { name: 'b' }] });
  for (const unknown of [
    typeOf(found, { ...route, apiVersion: 'gateway.networking.k8s.io/v1beta1' }),
    typeOf(facts(), { ...route, apiVersion: 'gateway.networking.k8s.io/v1' }),
  ]) {
    expect(unknown.id).toBe('');
    expect(merged(unknown, { parentRefs: both }, patch)).toEqual(patch);
  }
});

test('the pods of a Rollout merge by name, though its definition gives containers no keys', () => {
  const found = facts(
    defined('argoproj.io', 'Rollout', 'rollouts', {
      v1alpha1: object({ spec: object({ template: { type: 'object' } }) }),
    }),
  );
  const rollout = typeOf(found, { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web' });
  const { spec } = aDeployment('web', { containers: [{ name: 'app', image: 'app:2' }] }).content;
  const patch = { template: { spec: { containers: [{ name: 'app', env: [{ name: 'A', value: '1' }] }] } } };
  expect(merged(rollout, jsonObject(spec ?? {}), patch)).toMatchObject({
    template: { spec: { containers: [{ name: 'app', image: 'app:2', env: [{ name: 'A', value: '1' }] }] } },
  });
});

test('kinds of Kubernetes itself need no definition', () => {
  expect(typeOf(facts(), { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' })).toMatchObject({
    type: { is: 'Object' },
    id: '',
  });
});
