/** What every object of ours has: metadata, conditions, identities. */
import { z } from 'zod';
import { apiVersion, type Kind } from './kinds.ts';
import { asOne, mapBy } from './crd-extensions.ts';
import { free, instant, objectName, objectUid, prose, typedUsername, username, writtenLine } from './schemas.ts';

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Something that came out of JSON.parse, as the object it is. @throws TypeError for anything else */
export const jsonObject = (value: unknown): JsonObject => {
  if (isJsonObject(value)) return value;
  throw new TypeError('no JSON object');
};

/** Only for values that came out of JSON.parse: their members are JSON because the parser makes nothing else. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ownerReference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
  blockOwnerDeletion: z.boolean().optional(),
});

/** The part of metadata that we read. The API server owns and checks it, so nothing is bounded here. */
const objectMeta = z.object({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().optional(),
  finalizers: z.array(z.string()).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  ownerReferences: z.array(ownerReference).optional(),
});

/** The envelope of one of our kinds: `z.object({...envelope('Approval'), spec})`. */
export const envelope = <K extends Kind>(kind: K) => ({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  metadata: objectMeta,
});

/** The envelope of a kind whose objects are in no namespace. */
export const clusterEnvelope = <K extends Kind>(kind: K) => ({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  metadata: objectMeta.omit({ namespace: true }),
});

const identityOf = (name: typeof username, number: ReturnType<typeof prose>) =>
  z.object({
    username: name.describe('The authenticated name. The only part that says who somebody is.'),
    uid: number.describe("The identity provider's number for them; empty when it gives none."),
    groups: z
      .array(free(512))
      .max(1000)
      .default([])
      .meta(asOne)
      .describe(
        'The groups they belonged to at that moment. They are asked about again, with these, when a right is used.',
      ),
  });

/** Somebody as the API server authenticated them. It is stamped by the API server; what a caller types here is overwritten. */
export const identity = identityOf(typedUsername, writtenLine(256).default(''));

/** Somebody in the record, whatever they are called: no name keeps an act from being recorded. */
export const recordedIdentity = identityOf(username, prose(256));
export type Identity = z.infer<typeof identity>;

/** One observation about an object, in the shape that `kubectl wait` and kstatus understand. */
const condition = z.object({
  type: z
    .string()
    .max(316)
    .regex(/^[A-Z][A-Za-z0-9]*$/)
    .describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds. Unknown when it could not be observed.'),
  reason: z
    .string()
    .max(256)
    .regex(/^[A-Z][A-Za-z0-9]*$/)
    .describe('Why, as one word of the catalogue of reasons.'),
  message: free(32768).describe('Why, as one sentence for people.'),
  lastTransitionTime: instant.describe('When the status last changed.'),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .meta({ format: 'int64' })
    .describe('The metadata.generation this was observed for. Older than the object means: not looked at yet.'),
});
export type Condition = z.infer<typeof condition>;

/** The conditions of an object, one of each type. */
export const conditions = z
  .array(condition)
  .max(16)
  .default([])
  .meta(mapBy('type'))
  .describe('What was observed. Each type is listed in the reference of conditions.');

/** The generation that a status was computed for. */
export const observedGeneration = z
  .int()
  .min(0)
  .optional()
  .meta({ format: 'int64' })
  .describe('The metadata.generation this status was computed for. Absent until first looked at.');

/** An object named for good: the uid tells it from a later one of the same name. */
export const namespacedReference = z.object({
  name: objectName.describe('Its name.'),
  uid: objectUid.describe('Its uid.'),
  namespace: z.string().max(63).describe('Its namespace.'),
});
