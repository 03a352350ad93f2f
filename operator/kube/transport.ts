import { failureOfResponse, toFailure } from './failures.ts';
import { ServerClock, type LocalClock, type ServerTime } from './server-time.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type ContentType =
  | 'application/json'
  | 'application/merge-patch+json'
  | 'application/json-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/apply-patch+yaml';

export interface ApiRequest {
  readonly method: Method;
  /** Path below the server's address, without query: `/api/v1/namespaces/x/pods`. */
  readonly path: string;
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; `application/json` when absent. */
  readonly contentType?: ContentType;
  /** Media type of the answer; `application/json` when absent. */
  readonly accept?: string;
  /** `Stream` for a watch: one JSON value a line, for as long as both sides like. */
  readonly answer?: 'Json' | 'Stream';
  /** Called with each line of a stream, in order, when everything before it has been taken; true = it need not be parsed, and is left out. */
  readonly skip?: (line: Buffer) => boolean;
  /** Milliseconds until the call fails as `Unavailable`: to the whole answer, or to the first byte of a stream. */
  readonly timeoutMs?: number;
  /** Ends the call or the stream. */
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed answer; text where it is not JSON; undefined for a stream. */
  readonly body: unknown;
  /** The values of a stream; empty for other answers. Throws a `Failure` when the connection breaks. */
  readonly stream: AsyncIterable<unknown>;
}

/** One request to one answer, whatever its status. Rejects when there is no answer. */
export type Exchange = (request: ApiRequest) => Promise<ApiResponse>;

/**
 * Stands between every caller and the network: may look, wait, answer by itself, change the answer, or lose it. It sees raw statuses;
 * what it throws is classified like any network error.
 */
export type Interceptor = (request: ApiRequest, next: Exchange) => Promise<ApiResponse>;

/** The one way to the API server. */
export interface Transport {
  /** The server's address, without a path at the end: `https://10.0.0.1:443`. */
  readonly server: string;
  /** Resolves with a status below 400. @throws {Failure} for everything else. */
  request(request: ApiRequest): Promise<ApiResponse>;
  /** The API server's clock, measured anew by every answer that comes this way, refusals included. */
  readonly serverTime: ServerTime;
  /** Ends streams and connections. Calls in flight fail as `Unavailable`. */
  close(): Promise<void>;
}

/** What a finished call tells the metrics; see `rest_client_requests_total`. */
export interface RequestSample {
  readonly method: Method;
  readonly host: string;
  /** HTTP status, or `<error>` when there was no answer, as client-go says it. */
  readonly code: string;
  /** From sending to the whole answer, or to the first byte of a stream. */
  readonly seconds: number;
}

export interface RequestMetrics {
  requested(sample: RequestSample): void;
}

/** Where exchanges happen: the connections to one server under one identity. */
export interface Connection {
  readonly server: string;
  exchange: Exchange;
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly connection: Connection;
  readonly interceptor?: Interceptor | undefined;
  readonly metrics?: RequestMetrics | undefined;
  /** This machine's clock when absent. */
  readonly clock?: LocalClock | undefined;
}

const thisMachine: LocalClock = { now: () => Date.now(), monotonic: () => performance.now() };

/** The way to the API server over a connection, through the interceptor, with every failure classified and every call counted. */
export function createTransport(options: TransportOptions): Transport {
  const { connection, interceptor, metrics, clock = thisMachine } = options;
  const host = new URL(connection.server).host;
  const serverTime = new ServerClock(clock);
  const timed = timeBy(serverTime, clock, connection.exchange);
  const counted: Exchange = metrics ? countInto(metrics, host, timed) : timed;
  const exchange: Exchange = interceptor ? (request) => interceptor(request, counted) : counted;
  return {
    server: connection.server,
    serverTime,
    close: () => connection.close(),
    async request(request) {
      const response = await exchange(request).catch((error: unknown) => {
        throw toFailure(error);
      });
      if (response.status < 400) return response;
      throw failureOfResponse(response.status, response.body, response.headers);
    },
  };
}

function timeBy(serverClock: ServerClock, clock: LocalClock, exchange: Exchange): Exchange {
  return async (request) => {
    const sentAt = clock.monotonic();
    const response = await exchange(request);
    serverClock.answered({ date: response.headers['date'], sentAt, receivedAt: clock.monotonic() });
    return response;
  };
}

function countInto(metrics: RequestMetrics, host: string, exchange: Exchange): Exchange {
  return async (request) => {
    const sentAt = performance.now();
    const sample = (code: string) =>
      metrics.requested({ method: request.method, host, code, seconds: (performance.now() - sentAt) / 1_000 });
    try {
      const response = await exchange(request);
      sample(String(response.status));
      return response;
    } catch (error) {
      sample('<error>');
      throw error;
    }
  };
}

/** No values: the stream of an answer that is not one. */
export const noStream: AsyncIterable<unknown> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};
