import {
  createTransport,
  noStream,
  type ApiRequest,
  type ApiResponse,
  type Transport,
} from '../../../operator/kube/transport.ts';

/** An API server whose every answer is given by hand; for faults that a real one shows too seldom. */
export interface ScriptedApi {
  readonly transport: Transport;
  /** Requests that were never looked at. */
  readonly unanswered: readonly PendingCall[];
  /** The next request, as soon as it comes. */
  next(): Promise<PendingCall>;
}

export interface PendingCall {
  readonly request: ApiRequest;
  answer(body: unknown): void;
  refuse(status: number, body?: unknown, headers?: Readonly<Record<string, string>>): void;
  fail(error: Error): void;
  /** Opens a stream. */
  stream(): ScriptedStream;
}

export interface ScriptedStream {
  send(...values: unknown[]): void;
  end(): void;
  fail(error: Error): void;
}

export function scriptedApi(): ScriptedApi {
  const unanswered: PendingCall[] = [];
  const awaited: ((call: PendingCall) => void)[] = [];
  const transport = createTransport({
    connection: {
      server: 'https://scripted',
      close: () => Promise.resolve(),
      exchange(request) {
        const { promise, resolve, reject } = Promise.withResolvers<ApiResponse>();
        const call = pendingCall(request, resolve, reject);
        request.signal?.addEventListener('abort', () => reject(abortError()), { once: true });
        const taker = awaited.shift();
        if (taker) taker(call);
        else unanswered.push(call);
        return promise;
      },
    },
  });
  return {
    transport,
    unanswered,
    next() {
      const call = unanswered.shift();
      return call ? Promise.resolve(call) : new Promise((resolve) => awaited.push(resolve));
    },
  };
}

function pendingCall(
  request: ApiRequest,
  resolve: (response: ApiResponse) => void,
  reject: (error: Error) => void,
): PendingCall {
  return {
    request,
    fail: reject,
    answer: (body) => resolve({ status: 200, headers: {}, body, stream: noStream }),
    refuse: (status, body, headers = {}) => resolve({ status, headers, body, stream: noStream }),
    stream() {
      const stream = scriptedStream(request.signal);
      resolve({ status: 200, headers: {}, body: undefined, stream: stream.values });
      return stream;
    },
  };
}

function scriptedStream(signal: AbortSignal | undefined): ScriptedStream & { readonly values: AsyncIterable<unknown> } {
  const waiting: (() => Promise<IteratorResult<unknown>>)[] = [];
  let wake: (() => void) | undefined;
  const push = (result: () => Promise<IteratorResult<unknown>>) => {
    waiting.push(result);
    wake?.();
  };
  signal?.addEventListener('abort', () => push(() => Promise.reject(abortError())), { once: true });
  return {
    send: (...values) => values.forEach((value) => push(() => Promise.resolve({ done: false, value }))),
    end: () => push(() => Promise.resolve({ done: true, value: undefined })),
    fail: (reason) => push(() => Promise.reject(reason)),
    values: {
      [Symbol.asyncIterator]: () => ({
        async next() {
          while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
          return await (waiting.shift() ?? (() => Promise.reject(new Error('unreachable'))))();
        },
      }),
    },
  };
}

function abortError(): Error {
  return new DOMException('This operation was aborted', 'AbortError');
}
