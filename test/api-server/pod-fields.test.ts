/** What the API server knows of pods, and what a signer is told of it: a field without a class of its own would be shown as one of its neighbors. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startControlPlane, type ControlPlane } from '../../hack/controlplane/controlplane.ts';
import { podClasses } from '../../operator/decide/delta/risk.ts';

let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await startControlPlane({ nodes: 0, kcm: false, scheduler: false, kwok: false, auditLog: false });
}, 120_000);

afterAll(() => controlPlane.stop());

const reference = z.object({ $ref: z.string() });
const property = z.object({
  $ref: z.string().optional(),
  allOf: z.array(reference).optional(),
  items: z.object({ $ref: z.string().optional(), allOf: z.array(reference).optional() }).optional(),
});
const published = z.object({
  components: z.object({
    schemas: z.record(z.string(), z.object({ properties: z.record(z.string(), property).optional() })),
  }),
});
type Property = z.infer<typeof property>;

/** The description that a field refers to, itself or for its items; undefined = it is a plain value. */
const referred = ({ $ref, allOf, items }: Property): string | undefined =>
  ($ref ?? allOf?.[0]?.$ref ?? items?.$ref ?? items?.allOf?.[0]?.$ref)?.replace('#/components/schemas/', '');

/** Init and ephemeral containers are containers. */
const rowName = (path: string): string => path.replace(/^(?:init|ephemeral)Containers/, 'containers');

/** Fields below which the parts are of different classes, by the rows: each part needs a row of its own. */
const mixed: ReadonlySet<string> = new Set(
  Object.keys(podClasses).flatMap((path) => {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('.')));
    return parent === '' || podClasses[path] !== podClasses[parent] ? [parent] : [];
  }),
);

test('every field of a pod has a class', async () => {
  const { text } = await controlPlane.client('admin').raw({ method: 'GET', path: '/openapi/v3/api/v1' });
  const { schemas } = published.parse(JSON.parse(text)).components;
  const fields = (schema: string, above: string): string[] =>
    Object.entries(schemas[schema]?.properties ?? {}).flatMap(([name, each]) => {
      const path = rowName(above === '' ? name : `${above}.${name}`);
      const below = referred(each);
      return [path, ...(below !== undefined && deeper(path) ? fields(below, path) : [])];
    });
  const deeper = (path: string): boolean => [...mixed].some((each) => each === path || each.startsWith(`${path}.`));
  const all = new Set(fields('io.k8s.api.core.v1.PodSpec', ''));

  const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('.')));
  const withoutClass = [...all].filter(
    (path) => path !== 'containers' && mixed.has(parentOf(path)) && podClasses[path] === undefined,
  );
  expect(all.size).toBeGreaterThan(100);
  expect(withoutClass).toEqual([]);
  // And no row is about what there is not.
  expect(Object.keys(podClasses).filter((path) => !all.has(path))).toEqual([]);
});
