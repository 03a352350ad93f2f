/** AdmissionReview (admission.k8s.io/v1), as the API server sends it and as it wants it answered. */
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../../api/meta.ts';
import { parser, type Parsed } from '../../api/parse.ts';
import type { AdmissionRequest } from '../../decide/admission/request.ts';

/** What is answered. `message` names the rule, the caller and the next command; a warning is shown by kubectl and cut at 256 characters. */
export type AdmissionAnswer =
  | { readonly allowed: true; readonly warnings?: readonly string[] }
  | { readonly allowed: false; readonly reason: 'Forbidden' | 'Invalid' | 'Unavailable'; readonly message: string };

/** Decides. `signal` aborts when nobody waits for the answer any more. A rejection counts as a refusal. */
export type Judge = (request: AdmissionRequest, signal: AbortSignal) => Promise<AdmissionAnswer>;

/** The API server sends null where there is nothing. */
const raw = z
  .custom<JsonObject | null>((value) => value === null || isJsonObject(value), 'not a JSON object')
  .optional()
  .transform((value) => value ?? undefined);

const text = z.string().default('');

const admissionReview = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    resource: z.object({ group: z.string(), version: z.string(), resource: z.string() }),
    kind: z.object({ group: z.string(), version: z.string(), kind: z.string() }),
    subResource: text,
    namespace: text,
    name: text,
    dryRun: z.boolean().default(false),
    userInfo: z.object({ username: text, uid: text, groups: z.array(z.string()).default([]) }),
    object: raw,
    oldObject: raw,
  }),
});

const parseReview = parser(admissionReview);

/** Reads what the API server sent; every reason why it is no review otherwise. */
export const readReview = (body: unknown): Parsed<AdmissionRequest> => {
  const parsed = parseReview(body);
  if (!parsed.ok) return parsed;
  const { subResource, userInfo, object, oldObject, ...rest } = parsed.value.request;
  return { ok: true, value: { ...rest, subresource: subResource, user: userInfo, object, oldObject } };
};

/** How the API server passes a refusal on to the caller: `kubectl` shows the reason and the message. */
const statuses = {
  Forbidden: { code: 403, reason: 'Forbidden' },
  Invalid: { code: 422, reason: 'Invalid' },
  Unavailable: { code: 503, reason: 'ServiceUnavailable' },
} as const;

/** The answer in the API server's words. */
export const writeReview = (uid: string, answer: AdmissionAnswer): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: {
    uid,
    allowed: answer.allowed,
    ...(answer.allowed
      ? answer.warnings !== undefined && { warnings: answer.warnings }
      : { status: { ...statuses[answer.reason], message: answer.message } }),
  },
});
