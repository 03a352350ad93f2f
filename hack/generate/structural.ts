/**
 * zod → structural schema, the subset of OpenAPI that a CustomResourceDefinition may hold. What does not fit is
 * refused with the path of the field; nothing is quietly rewritten, so that the CRD says what the type says.
 */
import { z } from 'zod';
import type { Json } from '../../operator/api/meta.ts';
import { patternInRule } from '../../operator/api/crd-extensions.ts';

const ruleShape = z.strictObject({ rule: z.string().min(1), message: z.string().min(1) });

const node = z.strictObject({
  description: z.string().min(1).optional(),
  /** Absent: any JSON. */
  type: z.enum(['object', 'array', 'string', 'integer', 'boolean']).optional(),
  default: z.custom<Json>().optional(),
  enum: z.array(z.string()).optional(),
  format: z.enum(['date', 'date-time', 'int64']).optional(),
  pattern: z.string().optional(),
  minLength: z.int().optional(),
  maxLength: z.int().optional(),
  minimum: z.int().optional(),
  maximum: z.int().optional(),
  minItems: z.int().optional(),
  maxItems: z.int().optional(),
  minProperties: z.int().optional(),
  maxProperties: z.int().optional(),
  required: z.array(z.string()).optional(),
  'x-kubernetes-list-type': z.enum(['map', 'set', 'atomic']).optional(),
  'x-kubernetes-list-map-keys': z.array(z.string()).optional(),
  'x-kubernetes-preserve-unknown-fields': z.literal(true).optional(),
  'x-kubernetes-validations': z.array(ruleShape).optional(),
});

/** A schema as a CRD holds it. */
export interface Structural extends z.infer<typeof node> {
  properties?: Record<string, Structural> | undefined;
  items?: Structural | undefined;
  additionalProperties?: Structural | undefined;
}

const structuralShape: z.ZodType<Structural> = node.extend({
  properties: z
    .record(
      z.string(),
      z.lazy(() => structuralShape),
    )
    .optional(),
  items: z.lazy(() => structuralShape).optional(),
  additionalProperties: z.lazy(() => structuralShape).optional(),
});

/** The schema of a whole object. Throws, naming the field, when Kubernetes could not hold it or a reader could not read it. */
export const structural = (schema: z.ZodType): Structural => {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    // What zod cannot represent comes out without a type, and is refused for that below.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema, path }) => {
      const lost = lostIn(zodSchema);
      if (lost !== undefined) throw new Error(`${fieldOf(path)}: ${lost} is not part of a schema; write a CEL rule`);
      if (patternInRule in jsonSchema) {
        Reflect.deleteProperty(jsonSchema, patternInRule);
        delete jsonSchema.pattern;
      }
      // Kubernetes says "anything goes in here" with its own word.
      if ('x-kubernetes-preserve-unknown-fields' in jsonSchema) delete jsonSchema.additionalProperties;
    },
  });
  const parsed = structuralShape.safeParse({
    ...json,
    properties: { ...json.properties, ...typeMeta },
    required: ['spec'],
  });
  if (!parsed.success) throw new Error(`not structural:\n${z.prettifyError(parsed.error)}`);
  const problems = [...problemsOfProperties(ours(parsed.data), '')];
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return parsed.data;
};

/** What a CRD could not say, so that the API server would take what the operator refuses. */
const lostIn = ({ _zod: { def } }: z.core.$ZodTypes): string | undefined => {
  if (def.type === 'pipe' || def.type === 'transform') return def.type;
  return def.checks?.some(({ _zod }) => _zod.def.check === 'custom') === true ? 'a refinement' : undefined;
};

/** `['properties', 'spec', 'properties', 'soak']` → `spec.soak`. */
const fieldOf = (path: readonly (string | number)[]): string =>
  path.filter((_, index) => index % 2 === 1).join('.') || 'object';

/** What every object has, as the API server describes it: it owns metadata, so a CRD must not say what is in there. */
const typeMeta = {
  apiVersion: {
    type: 'string',
    description:
      'The version of this schema of the object. Servers convert what they know to the version that is stored.',
  },
  kind: { type: 'string', description: 'What the object is, in CamelCase. It cannot be changed.' },
  metadata: { type: 'object' },
};

/** The properties that are described by us. */
const ours = (root: Structural): Record<string, Structural> =>
  Object.fromEntries(Object.entries(root.properties ?? {}).filter(([name]) => !(name in typeMeta)));

function* problemsOf(node: Structural, path: string): Generator<string> {
  if (node.type === undefined && node['x-kubernetes-preserve-unknown-fields'] === undefined) {
    yield `${path}: a field needs a type, or keeps unknown fields`;
  }
  if (node.type === 'string') yield* problemsOfString(node, path);
  if (node.type === 'integer' && (node.minimum === undefined || node.maximum === undefined)) {
    yield `${path}: an integer needs a minimum and a maximum`;
  }
  if (node.type === 'array') yield* problemsOfArray(node, path);
  if (node.type === 'object') yield* problemsOfObject(node, path);
}

function* problemsOfString(node: Structural, path: string): Generator<string> {
  if (node.maxLength === undefined && node.enum === undefined) yield `${path}: a string needs maxLength or enum`;
  if (node.pattern !== undefined && /\(\?|\\[1-9]/.test(node.pattern)) yield `${path}: the pattern is not RE2`;
}

function* problemsOfArray(node: Structural, path: string): Generator<string> {
  if (node.maxItems === undefined) yield `${path}: a list needs maxItems`;
  if (node['x-kubernetes-list-type'] === undefined) yield `${path}: a list needs x-kubernetes-list-type`;
  if (node.items === undefined) yield `${path}: a list needs items`;
  else yield* problemsOf(node.items, `${path}[]`);
}

function* problemsOfObject(node: Structural, path: string): Generator<string> {
  const shapes = [node.properties, node.additionalProperties, node['x-kubernetes-preserve-unknown-fields']];
  if (shapes.filter((shape) => shape !== undefined).length !== 1) {
    yield `${path}: an object either has properties, or is a map, or keeps unknown fields`;
  }
  if (node.additionalProperties !== undefined) {
    if (node.maxProperties === undefined) yield `${path}: a map needs maxProperties`;
    yield* problemsOf(node.additionalProperties, `${path}{}`);
  }
  yield* problemsOfProperties(node.properties ?? {}, `${path}.`);
}

function* problemsOfProperties(properties: Record<string, Structural>, prefix: string): Generator<string> {
  for (const [name, property] of Object.entries(properties)) {
    if (property.description === undefined) yield `${prefix}${name}: a property needs a description`;
    yield* problemsOf(property, `${prefix}${name}`);
  }
}

/** A CEL rule and the path of the field it stands at; empty for the whole object. */
export interface PlacedRule {
  readonly path: string;
  readonly rule: string;
  readonly message: string;
}

/** Every rule of a schema, outermost first. */
export const rulesOf = (node: Structural, path: string): PlacedRule[] => [
  ...(node['x-kubernetes-validations'] ?? []).map((rule) => ({ path, ...rule })),
  ...Object.entries(node.properties ?? {}).flatMap(([name, property]) =>
    rulesOf(property, path === '' ? name : `${path}.${name}`),
  ),
  ...(node.items === undefined ? [] : rulesOf(node.items, `${path}[]`)),
  ...(node.additionalProperties === undefined ? [] : rulesOf(node.additionalProperties, `${path}.*`)),
];
