/**
 * What a definition says of the lists of its objects: `x-kubernetes-list-type` and `x-kubernetes-list-map-keys`. Only fields that lead to a list
 * which merges are kept: a cluster has hundreds of definitions of thousands of fields. Of any other field nothing is known, so that its maps merge
 * and its lists are replaced, which is what the API server does with them.
 */
import { z } from 'zod';
import { builtInType, fieldOf, templateType, unknownType, type FieldType } from './field-type.ts';

/** What is known of a kind. Equal ids say the same. */
export interface KnownType {
  readonly type: FieldType;
  /** '' = nothing but what every version of this program knows. */
  readonly id: string;
}

const unknown: KnownType = { type: unknownType, id: '' };

/** What is known of a kind of the API server itself. */
export const builtIn = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): KnownType => ({
  type: builtInType(apiVersion, kind),
  id: '',
});

/** The schema of a field, as far as it is read. */
const node = z.object({
  type: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  default: z.unknown().optional(),
  'x-kubernetes-list-type': z.string().optional(),
  'x-kubernetes-list-map-keys': z.array(z.string()).optional(),
  'x-kubernetes-map-type': z.string().optional(),
});

/** What the cluster and its controllers write: no overlay says anything of it. */
const notContent = new Set(['apiVersion', 'kind', 'metadata', 'status']);

/** From `openAPIV3Schema` of a version of a definition. */
export const customType = (schema: unknown): KnownType => {
  const root = node.safeParse(schema);
  const fields = Object.entries(root.data?.properties ?? {}).filter(([name]) => !notContent.has(name));
  return objectOf(fields) ?? unknown;
};

const known = (schema: unknown): KnownType | undefined => {
  const { success, data } = node.safeParse(schema);
  if (!success) return undefined;
  if (data.type === 'array') return listOf(data);
  if (data['x-kubernetes-map-type'] === 'atomic') {
    return { type: { is: 'Object', name: '', fields: new Map(), whole: true }, id: '!' };
  }
  if (data.properties !== undefined) return objectOf(Object.entries(data.properties));
  const of = known(data.additionalProperties);
  return of && { type: { is: 'Map', of: of.type }, id: `{}${of.id}` };
};

const objectOf = (properties: readonly (readonly [string, unknown])[]): KnownType | undefined => {
  const fields = properties.flatMap(([name, schema]) => {
    const found = known(schema);
    return found === undefined ? [] : [[name, found] as const];
  });
  if (fields.length === 0) return undefined;
  const types = new Map(fields.map(([name, { type }]) => [name, type]));
  return {
    type: { is: 'Object', name: '', fields: types, whole: false },
    id: `{${fields.map(([name, { id }]) => `${JSON.stringify(name)}:${id}`).join()}}`,
  };
};

const listOf = (list: z.infer<typeof node>): KnownType | undefined => {
  const merges = list['x-kubernetes-list-type'];
  const keys = list['x-kubernetes-list-map-keys'] ?? [];
  if (merges === 'set') return { type: { is: 'List', of: unknownType, merges: 'Set', keys: [] }, id: '[=]' };
  if (merges !== 'map' || keys.length === 0) return undefined;
  const of = known(list.items) ?? unknown;
  const defaults = defaultsOf(list.items, keys);
  return {
    type: { is: 'List', of: of.type, merges: 'Keys', keys, everyKey: true, defaults },
    id: `[${JSON.stringify([keys, ...defaults])}]${of.id}`,
  };
};

/** What the API server fills in for keys that an item does not say. */
const defaultsOf = (items: unknown, keys: readonly string[]): ReadonlyMap<string, string | number> => {
  const properties = node.safeParse(items).data?.properties ?? {};
  return new Map(
    keys.flatMap((key) => {
      const value = Object.hasOwn(properties, key) ? node.safeParse(properties[key]).data?.default : undefined;
      return typeof value === 'string' || typeof value === 'number' ? [[key, value] as const] : [];
    }),
  );
};

const fieldsOf = (type: FieldType): ReadonlyMap<string, FieldType> =>
  type.is === 'Object' ? type.fields : new Map<string, FieldType>();

/**
 * The same, with the pods that a custom workload describes as Kubernetes itself does, whatever its definition says of them: that of Argo Rollouts
 * gives containers and variables no keys, and an overlay that replaced them would bring its own images.
 */
export const withPodTemplate = ({ type, id }: KnownType): KnownType => {
  const spec = fieldOf(type, 'spec');
  const withTemplate: FieldType = {
    is: 'Object',
    name: '',
    fields: new Map([...fieldsOf(spec), ['template', templateType()]]),
    whole: false,
  };
  return {
    type: { is: 'Object', name: '', fields: new Map([...fieldsOf(type), ['spec', withTemplate]]), whole: false },
    id: `${id} with pods`,
  };
};
