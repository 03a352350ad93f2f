/** Patches of custom resources merge as the API server merges them: a merge patch where lists are replaced, an apply where they have keys. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { z } from 'zod';
import { startControlPlane, type ControlPlane } from '../../hack/controlplane/controlplane.ts';
import { waitForAll } from '../../hack/controlplane/wait.ts';
import { jsonObject, type Json, type JsonObject } from '../../operator/api/meta.ts';
import { canonicalJson } from '../../operator/decide/json/canonical.ts';
import { strategicMerge } from '../../operator/decide/json/strategic-merge.ts';
import { customType, type KnownType } from '../../operator/decide/schema/custom-type.ts';
import { accepted, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { define, definitionsIn, published } from '../../hack/controlplane/definitions.ts';

let controlPlane: ControlPlane;

const namespace = 'default';
const object = (properties: object, required: readonly string[] = []) => ({ type: 'object', properties, required });
const text = { type: 'string' };
const keyed = (items: object, ...keys: readonly string[]) => ({
  type: 'array',
  items,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
});

/** A made-up definition with every sort of list. */
const widgets = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: object({
            spec: object({
              size: { type: 'integer' },
              labels: { type: 'object', additionalProperties: text },
              routes: keyed(
                object(
                  { name: text, host: text, headers: keyed(object({ name: text, value: text }, ['name']), 'name') },
                  ['name'],
                ),
                'name',
              ),
              ports: keyed(
                object({ port: { type: 'integer' }, protocol: { ...text, default: 'TCP' }, note: text }, ['port']),
                'port',
                'protocol',
              ),
              tags: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
              plain: { type: 'array', items: text },
              reference: { ...object({ name: text, kind: text }), 'x-kubernetes-map-type': 'atomic' },
            }),
          }),
        },
      },
    ],
  },
} as const;

const definition = z.object({
  spec: z.object({
    versions: z.array(z.object({ name: z.string(), schema: z.object({ openAPIV3Schema: z.unknown() }) })),
  }),
});
const typeIn = (found: unknown, version: string): KnownType =>
  customType(definition.parse(found).spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema);

let routeType: KnownType;
const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' };
const widget = { apiVersion: 'example.com/v1', kind: 'Widget' };

beforeAll(async () => {
  controlPlane = await startControlPlane({ nodes: 0, kcm: false, scheduler: false, kwok: false, auditLog: false });
  const routes = await definitionsIn(published.gatewayApi, 'gateway.networking.k8s.io_httproutes.yaml');
  routeType = typeIn(routes[0], 'v1');
  await define(controlPlane.client('admin'), [...routes, widgets]);
  await Promise.all(
    [route, widget].map((kind) => waitForAll(controlPlane.client('admin'), { ...kind, namespace }, () => true)),
  );
}, 120_000);

afterAll(() => controlPlane.stop());

const made = async (
  manifest: object,
): Promise<{
  readonly before: JsonObject;
  readonly ref: { apiVersion: string; kind: string; namespace: string; name: string };
}> => {
  const stored = accepted(await controlPlane.client('admin').create(manifest as Manifest));
  const { apiVersion, kind } = stored;
  return {
    before: jsonObject(JSON.parse(JSON.stringify(stored))),
    ref: { apiVersion, kind, namespace, name: stored.metadata.name ?? '' },
  };
};

const specOf = (found: KubeObject): Json => jsonObject(JSON.parse(JSON.stringify(found)))['spec'] ?? null;

/** In one order: the API server orders applied lists in its own way. */
const sorted = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(sorted).toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, sorted(inner)]));
};

const maybe = (fields: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> =>
  fc.record(fields, { requiredKeys: [] }).map((value) => jsonObject(JSON.parse(JSON.stringify(value))));

test('a patch of an HTTPRoute is merged as the API server merges a merge patch', async () => {
  const { before, ref } = await made({
    ...route,
    metadata: { name: 'web', namespace, labels: { a: '1' } },
    spec: {
      parentRefs: [{ name: 'edge', namespace: 'gateways' }, { name: 'inner' }],
      hostnames: ['a.example', 'b.example'],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [{ name: 'web', port: 80 }] }],
    },
  });
  const header = { name: 'x-stage', value: 'production' };
  const rule = maybe({
    backendRefs: fc.constantFrom<Json>(
      [{ name: 'web', port: 80 }],
      [
        { name: 'web', port: 80, weight: 9 },
        { name: 'next', port: 80 },
      ],
    ),
    matches: fc.constantFrom<Json>([{ path: { type: 'Exact', value: '/a' } }], [{ headers: [header] }]),
    filters: fc.constantFrom<Json>([{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [header] } }]),
  });
  const patches = fc.record({
    metadata: maybe({ labels: maybe({ a: fc.constantFrom<Json>('2', null), b: fc.constant<Json>('x') }) }),
    spec: maybe({
      hostnames: fc.constantFrom<Json>(['c.example'], ['a.example', 'c.example'], null),
      parentRefs: fc.constantFrom<Json>([{ name: 'edge' }], [{ name: 'edge', port: 443 }]),
      rules: fc.array(rule, { minLength: 1, maxLength: 2 }),
    }),
  });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(patches, async (patch) => {
      const admin = controlPlane.client('admin');
      const theirs = await admin.patch(ref, 'merge', patch, { dryRun: 'All' });
      const merged = strategicMerge(before, jsonObject(patch), routeType.type);
      const ours = await admin.replace(merged as unknown as KubeObject, { dryRun: 'All' });
      expect(ours.ok).toBe(theirs.ok);
      if (!theirs.ok || !ours.ok) return;
      compared += 1;
      expect(specOf(ours.body)).toEqual(specOf(theirs.body));
      expect(ours.body.metadata.labels).toEqual(theirs.body.metadata.labels);
    }),
    { numRuns: 40 },
  );
  expect(compared).toBeGreaterThan(20);
}, 120_000);

test('a patch of a custom resource whose lists have keys is merged as the API server merges what is applied', async () => {
  const { type } = typeIn(widgets, 'v1');
  const { before, ref } = await made({
    ...widget,
    metadata: { name: 'w', namespace },
    spec: {
      size: 1,
      labels: { a: '1' },
      routes: [
        {
          name: 'a',
          host: 'a',
          headers: [
            { name: 'x', value: '1' },
            { name: 'y', value: '2' },
          ],
        },
        { name: 'b' },
      ],
      ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }],
      tags: ['a', 'b'],
      plain: ['a'],
      reference: { name: 'a', kind: 'A' },
    },
  });
  const name = fc.constantFrom<Json>('a', 'b', 'c');
  const byName = (fields: Record<string, fc.Arbitrary<Json>>, key = 'name') =>
    fc.uniqueArray(
      fc.tuple(name, maybe(fields)).map(([value, rest]): JsonObject => ({ ...rest, [key]: value })),
      {
        selector: (item) => item[key],
        maxLength: 3,
      },
    );
  const headers = fc.uniqueArray(
    fc.record({ name: fc.constantFrom<Json>('x', 'z'), value: fc.constantFrom<Json>('1', '9') }),
    { selector: (item) => item['name'], maxLength: 2 },
  );
  const ports = fc.uniqueArray(
    fc
      .tuple(
        fc.constantFrom<Json>(53, 54),
        maybe({ protocol: fc.constantFrom<Json>('TCP', 'UDP'), note: fc.constant<Json>('n') }),
      )
      .map(([port, rest]): JsonObject => ({ port, ...rest })),
    { selector: ({ port, protocol = 'TCP' }) => JSON.stringify([port, protocol]), maxLength: 3 },
  );
  const patches = maybe({
    size: fc.constant<Json>(2),
    labels: maybe({ a: fc.constant<Json>('2'), b: fc.constant<Json>('3') }),
    routes: byName({ host: name, headers }),
    ports,
    tags: fc.uniqueArray(name, { maxLength: 3 }),
    plain: fc.constantFrom<Json>(['b'], ['a', 'b']),
    reference: maybe({ name }),
  });
  await fc.assert(
    fc.asyncProperty(patches, async (spec) => {
      const admin = controlPlane.client('admin');
      const applied = { ...widget, metadata: { name: 'w', namespace }, spec };
      const theirs = accepted(await admin.patch(ref, 'apply', applied, { dryRun: 'All', force: true }));
      const merged = strategicMerge(before, { spec }, type);
      const ours = accepted(await admin.replace(merged as unknown as KubeObject, { dryRun: 'All' }));
      expect(sorted(specOf(ours))).toEqual(sorted(specOf(theirs)));
    }),
    { numRuns: 60 },
  );
}, 120_000);
