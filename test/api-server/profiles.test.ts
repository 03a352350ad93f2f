/** What the built-in profiles of custom resources say, against the definitions that their projects publish: a field that a profile names exists. */
import { beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { jsonObject, type JsonObject } from '../../operator/api/meta.ts';
import { promotableKinds } from '../../operator/decide/manifest/kinds/index.ts';
import { byConditions } from '../../operator/decide/manifest/kinds/shared/health.ts';
import { groupOf, resourceName, type PromotableKind } from '../../operator/decide/manifest/kinds/shared/kind.ts';
import { kindIdOf, type LiveObject } from '../../operator/decide/objects.ts';
import { allDefinitions, published } from '../../hack/controlplane/definitions.ts';

interface Schema {
  readonly type?: string | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly items?: Schema | undefined;
  readonly additionalProperties?: Schema | boolean | undefined;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean | undefined;
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined;
}

const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    properties: z.record(z.string(), schema).optional(),
    items: schema.optional(),
    additionalProperties: z.union([z.boolean(), schema]).optional(),
    'x-kubernetes-preserve-unknown-fields': z.boolean().optional(),
    'x-kubernetes-int-or-string': z.boolean().optional(),
  }),
);

const definition = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    scope: z.string(),
    names: z.object({ kind: z.string(), plural: z.string() }),
    versions: z.array(
      z.object({
        name: z.string(),
        served: z.boolean(),
        schema: z.object({ openAPIV3Schema: schema }),
        subresources: z.object({ scale: z.object({ specReplicasPath: z.string() }).optional() }).optional(),
      }),
    ),
  }),
});
type Found = z.infer<typeof definition>;

const rows = promotableKinds.filter(({ custom }) => custom !== undefined);
let definitions: ReadonlyMap<string, Found>;

beforeAll(async () => {
  // Of a definition in two channels, the one with more in it.
  const all = await Promise.all(Object.values(published).map(allDefinitions));
  definitions = new Map(all.flat().map((raw) => [raw.metadata.name ?? '', definition.parse(raw)]));
}, 300_000);

/** The version in which the operator would read the kind. */
const versionOf = ({ apiVersion, custom }: PromotableKind, { spec }: Found) => {
  const names = [apiVersion, ...(custom?.also ?? [])].map((each) => each.slice(each.indexOf('/') + 1));
  const served = spec.versions.filter((each) => each.served);
  return names.map((name) => served.find((each) => each.name === name)).find((each) => each !== undefined);
};

const metadata: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    namespace: { type: 'string' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
    creationTimestamp: { type: 'string' },
  },
};

const below = (found: Schema, name: string): Schema | undefined => {
  if (found.properties !== undefined && Object.hasOwn(found.properties, name)) return found.properties[name];
  if (typeof found.additionalProperties === 'object') return found.additionalProperties;
  // What a pod template says is known by the API of pods, and not by every definition.
  return found['x-kubernetes-preserve-unknown-fields'] === true ? found : undefined;
};

const objectIn = (version: Found['spec']['versions'][number]): Schema => ({
  type: 'object',
  properties: { ...version.schema.openAPIV3Schema.properties, metadata },
});

/** Whether a field exists; `*` is every item of a list, and where `through` says so lists are passed without one. */
const exists = (found: Schema | undefined, [name, ...rest]: readonly string[], through = false): boolean => {
  if (found === undefined) return false;
  if (name === undefined) return true;
  if (name === '*') return exists(found.items, rest, through);
  if (through && found.items !== undefined) return exists(found.items, [name, ...rest], through);
  return exists(below(found, name), rest, through);
};

/** An object that has every field of a schema, and notes whatever is asked for that it has not. */
const everything = (found: Schema, path: string, missing: string[]): unknown => {
  if (found.type === 'array') return found.items === undefined ? [] : [everything(found.items, `${path}.*`, missing)];
  if (found.type === 'integer' || found.type === 'number') return 1;
  if (found.type === 'boolean') return true;
  if (found.type === 'string' || found['x-kubernetes-int-or-string'] === true) return 'x';
  const get = (name: string): unknown => {
    const inner = below(found, name);
    if (inner === undefined) missing.push(`${path}.${name}`);
    return inner === undefined || inner === found ? undefined : everything(inner, `${path}.${name}`, missing);
  };
  return new Proxy(
    {},
    {
      get: (_, name) => (typeof name === 'string' ? get(name) : undefined),
      getOwnPropertyDescriptor: (_, name) =>
        typeof name === 'string' ? { configurable: true, enumerable: true, value: get(name) } : undefined,
      ownKeys: () => Object.keys(found.properties ?? {}),
    },
  );
};

/** Fields that the rules of a profile ask an object for. */
const asked = (row: PromotableKind, found: Schema): readonly string[] => {
  const missing: string[] = [];
  const of = (name: string): JsonObject => everything(below(found, name) ?? {}, name, missing) as JsonObject; // oxlint-disable-line typescript/no-unsafe-type-assertion -- made of its schema
  const manifest: JsonObject = { ...jsonObject({}), spec: of('spec') };
  row.references?.(manifest);
  row.scales?.(manifest);
  row.immutable?.changed(manifest, { spec: of('spec') });
  row.isIdle?.(manifest);
  const live: LiveObject = {
    ref: { apiVersion: row.apiVersion, kind: row.kind, name: 'x' },
    namespace: 'x',
    uid: 'x',
    resourceVersion: '1',
    generation: 1,
    createdAt: 0,
    deleting: false,
    bytes: 0,
    manifest,
    status: of('status'),
    writers: [],
  };
  // What reports no conditions is there, and no more is known.
  if (row.health !== byConditions) row.health?.(live, 0);
  row.currentRevision?.(live, []);
  return missing;
};

test('there are definitions of every kind that has a profile', () => {
  expect(rows.map(resourceName).filter((name) => !definitions.has(name))).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(30);
});

test.each(rows.map((row) => [kindIdOf(row), row] as const))('%s is as its profile says', (_, row) => {
  const found = definitions.get(resourceName(row));
  expect(found?.spec).toMatchObject({ scope: 'Namespaced', names: { kind: row.kind, plural: row.plural } });
  if (found === undefined) return;
  const version = versionOf(row, found);
  expect([groupOf(row), version?.name]).toEqual([groupOf(row), expect.any(String)]);
  if (version === undefined) return;
  const whole = objectIn(version);
  const named = [...(row.namespaceFields ?? []), ...(row.serverOwned ?? []).map(({ path }) => path)];
  expect(named.filter((path) => !exists(whole, path)).map((path) => path.join('.'))).toEqual([]);
  expect(Object.keys(row.risk ?? {}).filter((path) => !exists(whole, path.split('.'), true))).toEqual([]);
  expect(version.subresources?.scale?.specReplicasPath).toBe(
    row.scaled === true ? '.spec.replicas' : version.subresources?.scale?.specReplicasPath,
  );
  expect(asked(row, whole)).toEqual([]);
});
