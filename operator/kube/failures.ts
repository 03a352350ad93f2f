import type { Backoff } from '../time/backoff.ts';
import { isRecord } from './resource.ts';

/**
 * What went wrong with an API call, by what can be done about it.
 * - `Gone`: the asked-for history is no longer kept; list again.
 * - `NotFound`, `AlreadyExists`, `Conflict`: the caller believed something that is no longer so.
 * - `Invalid`: the API server will never take this object.
 * - `Forbidden`: somebody says no; `refusal` tells who.
 * - `TooLarge`: it is more than the API server, its store or we take.
 * - `Throttled`: too many requests, or an eviction that a budget does not allow yet.
 * - `Unavailable`: no answer, or none that means anything; the call may or may not have taken effect.
 * - `Bug`: nothing the API server or the network should ever cause.
 */
export type FailureKind =
  | 'Gone'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Invalid'
  | 'TooLarge'
  | 'Forbidden'
  | 'Throttled'
  | 'Unavailable'
  | 'Bug';

/** Who refused, where the answer lets us know. `WebhookUnreachable`: an admission webhook that must be asked did not answer. */
export type Refusal = 'Authentication' | 'Rbac' | 'Admission' | 'Quota' | 'WebhookUnreachable';

/** One field-level reason from `details.causes`. */
export interface FailureCause {
  /** Path such as `spec.replicas`; empty when the cause names no field. */
  readonly field: string;
  readonly reason: string;
  readonly message: string;
}

export interface FailureDetails {
  /** HTTP status; 0 when there was no answer. */
  readonly code?: number;
  readonly refusal?: Refusal | undefined;
  /** The server's own wish, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly causes?: readonly FailureCause[];
  readonly cause?: unknown;
}

/** The one error that API calls throw. `message` holds the API server's words where it spoke. */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly code: number;
  readonly refusal: Refusal | undefined;
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly FailureCause[];

  constructor(kind: FailureKind, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Failure';
    this.kind = kind;
    this.code = details.code ?? 0;
    this.refusal = details.refusal;
    this.retryAfterMs = details.retryAfterMs;
    this.causes = details.causes ?? [];
  }
}

/** What to do after a failure of one kind. */
export interface Retry extends Backoff {
  /** How loudly to say so; races are weather. */
  readonly log: 'debug' | 'warn' | 'error';
}

const race: Retry = { firstMs: 20, capMs: 5_000, log: 'debug' };
const outage: Retry = { firstMs: 200, capMs: 60_000, log: 'warn' };
/** Repeating changes nothing by itself, but rights, rules and defaults may change without an event that we see. */
const refused: Retry = { firstMs: 30_000, capMs: 600_000, log: 'error' };

/** The one retry policy. A longer `retryAfterMs` from the server comes before these delays. */
export const retryPolicy: Readonly<Record<FailureKind, Retry>> = {
  Gone: race,
  NotFound: race,
  AlreadyExists: race,
  Conflict: race,
  Throttled: { ...outage, log: 'debug' },
  Unavailable: outage,
  Invalid: refused,
  TooLarge: { ...refused, log: 'warn' },
  // A restarting API server forbids everything until it has read its roles: the first repetitions come soon.
  Forbidden: { firstMs: 500, capMs: 120_000, log: 'warn' },
  Bug: refused,
};

/** The failure that a response with status 400 or above stands for. `body` is a `Status` object, or whatever a proxy answered. */
export function failureOfResponse(
  code: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Failure {
  const status: Readonly<Record<string, unknown>> = isRecord(body) ? body : {};
  const details = isRecord(status['details']) ? status['details'] : {};
  const reason = textOf(status['reason']);
  const message = textOf(status['message']) || (typeof body === 'string' && body.trim()) || `HTTP status ${code}`;
  const refusal = refusalOf(code, message);
  const causes = causesOf(details['causes']);
  const kind = isOtherIncarnation(causes) ? 'Conflict' : kindOf(code, reason, refusal, message);
  return new Failure(kind, shortened(message), {
    code,
    refusal,
    retryAfterMs: retryAfterOf(headers['retry-after'], details['retryAfterSeconds']),
    causes,
  });
}

/** The failure that an `ERROR` event of a watch stands for. */
export function failureOfStatus(status: unknown): Failure {
  const code = isRecord(status) && typeof status['code'] === 'number' ? status['code'] : 500;
  return failureOfResponse(code, status);
}

/** Any thrown thing as a failure: itself, a network error, a timeout, an abort, or else a bug of ours. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = isRecord(error) ? textOf(error['message']) : String(error);
  return new Failure(isNetworkError(error) ? 'Unavailable' : 'Bug', message || 'unknown error', { cause: error });
}

/** The failure of a call that got no answer in time. */
export function timedOut(timeoutMs: number): Failure {
  return new Failure('Unavailable', `no answer within ${timeoutMs} ms`);
}

const kindByReason: Readonly<Record<string, FailureKind>> = {
  AlreadyExists: 'AlreadyExists',
  Expired: 'Gone',
  Gone: 'Gone',
};

const kindByCode: Readonly<Record<number, FailureKind>> = {
  // Content that does not decode, such as text where a number belongs.
  400: 'Invalid',
  401: 'Forbidden',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'Unavailable',
  409: 'Conflict',
  410: 'Gone',
  413: 'TooLarge',
  422: 'Invalid',
  429: 'Throttled',
};

/** What etcd, and the API server's connection to it, say of a request above their limits. */
const tooLarge = /etcdserver: request is too large|message larger than max/;

function kindOf(code: number, reason: string, refusal: Refusal | undefined, message: string): FailureKind {
  // Admission answers 400 (webhooks by default), 403 or 422 (policies by default): one refusal, three codes.
  if (refusal === 'Admission' && (code === 400 || code === 422)) return 'Forbidden';
  if (code >= 500 && tooLarge.test(message)) return 'TooLarge';
  return kindByReason[reason] ?? kindByCode[code] ?? (code >= 500 ? 'Unavailable' : 'Bug');
}

/** A patch that names another uid is refused as a change of an immutable field (422); it is the same wrong belief as a stale version. */
function isOtherIncarnation(causes: readonly FailureCause[]): boolean {
  return causes.length > 0 && causes.every(({ field }) => field === 'metadata.uid');
}

const spokenByAdmission = /^admission webhook "|(Validating|Mutating)AdmissionPolicy '/;
const spokenByRbac = /: User "[^"]*" cannot |attempting to grant RBAC permissions/;

function refusalOf(code: number, message: string): Refusal | undefined {
  if (code === 401) return 'Authentication';
  if (message.includes('failed calling webhook') || message.includes('failed to call webhook'))
    return 'WebhookUnreachable';
  if (spokenByAdmission.test(message)) return 'Admission';
  if (code !== 403) return undefined;
  if (message.includes('exceeded quota')) return 'Quota';
  // What is forbidden and not by the authorizer is forbidden by a built-in admission plugin (LimitRanger, PodSecurity, a closing namespace).
  return spokenByRbac.test(message) ? 'Rbac' : 'Admission';
}

/** `Retry-After` in whole seconds; the API server sends no dates. */
function retryAfterOf(header: string | undefined, seconds: unknown): number | undefined {
  const stated = header === undefined ? seconds : Number(header);
  return typeof stated === 'number' && stated > 0 ? stated * 1_000 : undefined;
}

function causesOf(causes: unknown): readonly FailureCause[] {
  if (!Array.isArray(causes)) return [];
  return causes.filter(isRecord).map((cause) => ({
    field: textOf(cause['field']),
    reason: textOf(cause['reason']),
    message: shortened(textOf(cause['message'])),
  }));
}

/** Characters that are kept of what the API server says: it repeats values of any length, between what is wrong with them and what it takes. */
const kept = { first: 3_072, last: 1_024 } as const;

function shortened(said: string): string {
  const leftOut = said.length - kept.first - kept.last;
  if (leftOut <= 0) return said;
  return `${said.slice(0, kept.first)}… (${leftOut} characters left out) …${said.slice(-kept.last)}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Error names and codes of sockets, TLS, DNS, undici, and aborted or timed-out calls. */
const networkCode = /^(E(AI_)?[A-Z0-9]+|UND_ERR_.+|HPE_.+|CERT_.+|.+_CERT(_.+)?|.+_SIGNATURE|ERR_(SSL|TLS)_.+)$/;
const bugCode = /^UND_ERR_(INVALID_ARG|INVALID_RETURN_VALUE|NOT_SUPPORTED|REQ_CONTENT_LENGTH_MISMATCH)$/;

/** By fields, not by class: errors of the network come from another realm where a test runs in one of its own. */
function isNetworkError(error: unknown): boolean {
  if (!isRecord(error)) return false;
  const { name, code, cause } = error;
  if (name === 'AbortError' || name === 'TimeoutError') return true;
  const word = textOf(code);
  return (networkCode.test(word) && !bugCode.test(word)) || isNetworkError(cause);
}
