import { createHash } from 'node:crypto';
import { Pool, buildConnector } from 'undici';
import type { Credentials } from './credentials.ts';
import { Failure, timedOut } from './failures.ts';
import { jsonLines } from './lines.ts';
import { noStream, type ApiRequest, type ApiResponse, type Connection } from './transport.ts';

export interface ConnectionOptions {
  readonly credentials: Credentials;
  /** Sent as `<program>/<version>`; the program is `countersign-operator` when absent. */
  readonly program?: string;
  readonly version: string;
  /** Calls in flight at once; further ones wait. Streams do not count. */
  readonly maxCalls?: number;
}

/** What a connection holds open now; for tests and metrics. */
export interface ConnectionCounts {
  /** TCP connections opened since the start. */
  opened(): number;
}

/** The API server closes idle connections after 90 s: we close first, so that no request meets a closing one. */
const idleMs = 60_000;
const connectTimeoutMs = 10_000;
/** The API server gives up on a call after 60 s, webhooks included. */
const defaultTimeoutMs = 30_000;
const defaultMaxCalls = 32;
const defaultProgram = 'countersign-operator';

const open = new Map<string, { readonly connection: HttpConnection; holders: number }>();

/**
 * Connections to one server under one identity, shared by everybody in the process who asks with equal credentials; closed when the last
 * of them closes. HTTP/1.1: against kube-apiserver 1.36 a call costs less CPU than over HTTP/2 (156 to 192 µs at 64 at once) at the same rate, and
 * no stream waits for another.
 */
export function connect(options: ConnectionOptions): Connection & ConnectionCounts {
  const key = keyOf(options);
  const shared = open.get(key) ?? { connection: new HttpConnection(options), holders: 0 };
  open.set(key, shared);
  shared.holders += 1;
  let held = true;
  return {
    server: shared.connection.server,
    exchange: (request) => shared.connection.exchange(request),
    opened: () => shared.connection.opened(),
    async close() {
      if (!held) return;
      held = false;
      shared.holders -= 1;
      if (shared.holders > 0) return;
      open.delete(key);
      await shared.connection.close();
    },
  };
}

class HttpConnection {
  readonly server: string;
  readonly #credentials: Credentials;
  readonly #userAgent: string;
  readonly #basePath: string;
  readonly #calls: Pool;
  readonly #streams: Pool;
  #opened = 0;

  constructor({ credentials, program = defaultProgram, version, maxCalls = defaultMaxCalls }: ConnectionOptions) {
    const { origin, pathname } = new URL(credentials.server);
    this.server = credentials.server;
    this.#credentials = credentials;
    this.#userAgent = `${program}/${version}`;
    this.#basePath = pathname === '/' ? '' : pathname;
    const connector = buildConnector({
      ...credentials.tls,
      allowH2: false,
      timeout: connectTimeoutMs,
      keepAliveInitialDelay: 30_000,
    });
    const settings: Pool.Options = {
      connect: (target, done) => {
        this.#opened += 1;
        connector(target, done);
      },
      pipelining: 1,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      // Each request has its own deadline, and streams have the reflector's idle timer.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.#calls = new Pool(origin, { ...settings, connections: maxCalls });
    this.#streams = new Pool(origin, settings);
  }

  opened(): number {
    return this.#opened;
  }

  async exchange(request: ApiRequest): Promise<ApiResponse> {
    const response = await this.#attempt(request);
    if (response.status !== 401) return response;
    // A rotated token: refused before anything was done, so asking again with a fresh one is safe for every method.
    this.#credentials.refused();
    return this.#attempt(request);
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#streams.destroy()]);
  }

  async #attempt(request: ApiRequest): Promise<ApiResponse> {
    const streams = request.answer === 'Stream';
    const identity = await this.#credentials.headers();
    const deadline = startDeadline(request.timeoutMs ?? defaultTimeoutMs, request.signal);
    try {
      const { statusCode, headers, body } = await (streams ? this.#streams : this.#calls).request({
        method: request.method,
        path: this.#basePath + pathOf(request),
        headers: {
          ...identity,
          accept: request.accept ?? 'application/json',
          'user-agent': this.#userAgent,
          ...contentTypeOf(request),
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: deadline.signal,
      });
      const answer = { status: statusCode, headers: flatten(headers) };
      if (streams && statusCode < 400) {
        deadline.keepSignalOnly();
        return { ...answer, body: undefined, stream: untilEnd(jsonLines(body, request.skip), deadline.end) };
      }
      const text = await body.text();
      deadline.end();
      return { ...answer, body: parseAnswer(text, answer.headers), stream: noStream };
    } catch (error) {
      deadline.end();
      throw deadline.passed() ? timedOut(request.timeoutMs ?? defaultTimeoutMs) : error;
    }
  }
}

interface Deadline {
  readonly signal: AbortSignal;
  readonly passed: () => boolean;
  /** From here on only the caller's signal counts. */
  readonly keepSignalOnly: () => void;
  /** Lets go of the timer and of the caller's signal. */
  readonly end: () => void;
}

/** One abort signal out of a timeout and the caller's own signal, without leaving listeners behind. */
function startDeadline(timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let passed = false;
  const timer = setTimeout(() => {
    passed = true;
    controller.abort();
  }, timeoutMs);
  const abort = () => controller.abort();
  if (caller?.aborted) abort();
  caller?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    passed: () => passed,
    keepSignalOnly: () => clearTimeout(timer),
    end() {
      clearTimeout(timer);
      caller?.removeEventListener('abort', abort);
    },
  };
}

async function* untilEnd(values: AsyncIterable<unknown>, end: () => void): AsyncGenerator<unknown, void, undefined> {
  try {
    yield* values;
  } finally {
    end();
  }
}

function pathOf({ path, query }: ApiRequest): string {
  if (query === undefined) return path;
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size > 0 ? `${path}?${search.toString()}` : path;
}

function contentTypeOf(request: ApiRequest): Readonly<Record<string, string>> {
  return request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' };
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) flat[name] = String(value);
  return flat;
}

function parseAnswer(text: string, headers: Readonly<Record<string, string>>): unknown {
  if (!headers['content-type']?.includes('json')) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure('Unavailable', 'the answer is cut short: not JSON', { cause });
  }
}

function keyOf({ credentials, program, version, maxCalls = defaultMaxCalls }: ConnectionOptions): string {
  const { ca, cert, key, servername = '', rejectUnauthorized = true } = credentials.tls;
  const material = createHash('sha256');
  for (const part of [ca, cert, key]) material.update(part ?? '').update('\0');
  return [
    credentials.server,
    credentials.identity,
    servername,
    rejectUnauthorized,
    material.digest('hex'),
    program,
    version,
    maxCalls,
  ].join(' ');
}
