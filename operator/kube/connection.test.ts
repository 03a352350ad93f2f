import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connect } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { createTransport, type ApiRequest, type Interceptor, type RequestSample } from './transport.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** What a server answers; a rejection is a mistake in the test and fails it by timeout. */
type Answer = (...given: Parameters<RequestListener>) => unknown;

async function serve(answer: Answer): Promise<string> {
  const server: Server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

const credentialsFor = (server: string, more: Partial<Credentials> = {}): Credentials => ({
  server,
  identity: 'somebody',
  namespace: undefined,
  tls: {},
  headers: () => Promise.resolve({ authorization: 'Bearer one' }),
  refused: () => {},
  ...more,
});

function open(
  credentials: Credentials,
  options: { readonly maxCalls?: number; readonly interceptor?: Interceptor } = {},
) {
  const { interceptor, ...connecting } = options;
  const connection = connect({ credentials, version: '1.2.3', ...connecting });
  const samples: RequestSample[] = [];
  const transport = createTransport({
    connection,
    interceptor,
    metrics: { requested: (sample) => samples.push(sample) },
  });
  closing.push(() => transport.close());
  return { connection, transport, samples };
}

const json = { 'content-type': 'application/json' };
const get: ApiRequest = { method: 'GET', path: '/api' };

test('calls that take all connections hold up none of those who have their own', async () => {
  const answered = Promise.withResolvers<void>();
  const server = await serve(async (request, response) => {
    if (request.url === '/slow') await answered.promise;
    response.writeHead(200, json).end('{}');
  });
  const credentials = credentialsFor(server);
  const [all, own] = [open(credentials, { maxCalls: 1 }), open(credentials, { maxCalls: 2 })];
  const slow = all.transport.request({ method: 'GET', path: '/slow' });
  await expect(own.transport.request(get)).resolves.toMatchObject({ status: 200 });
  answered.resolve();
  await expect(slow).resolves.toMatchObject({ status: 200 });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

test('a request carries method, query, identity, user agent and JSON; the answer is parsed', async () => {
  const seen: unknown[] = [];
  const server = await serve(async (request, response) => {
    const { authorization, 'user-agent': agent, 'content-type': type } = request.headers;
    seen.push([request.method, request.url, authorization, agent, type, await bodyOf(request)]);
    response.writeHead(201, json).end('{"made":true}');
  });
  const { transport } = open(credentialsFor(`${server}/prefix`));
  const response = await transport.request({
    method: 'PATCH',
    path: '/api/v1/x',
    query: { fieldManager: 'me & you', dryRun: undefined, limit: 5 },
    body: { a: 1 },
    contentType: 'application/merge-patch+json',
  });
  expect(response).toMatchObject({ status: 201, body: { made: true } });
  expect(seen).toEqual([
    [
      'PATCH',
      '/prefix/api/v1/x?fieldManager=me+%26+you&limit=5',
      'Bearer one',
      'countersign-operator/1.2.3',
      'application/merge-patch+json',
      '{"a":1}',
    ],
  ]);
});

test('many calls at once share few connections, and keep them', async () => {
  const server = await serve((_request, response) => response.writeHead(200, json).end('{}'));
  const { connection, transport } = open(credentialsFor(server), { maxCalls: 4 });
  for (let round = 0; round < 3; round += 1)
    await Promise.all(Array.from({ length: 50 }, () => transport.request(get)));
  expect(connection.opened()).toBeLessThanOrEqual(4);
});

test('equal credentials share one pool until the last holder closes; others have their own', async () => {
  const server = await serve((_request, response) => response.writeHead(200, json).end('{}'));
  const first = open(credentialsFor(server));
  const second = open(credentialsFor(server));
  const other = open(credentialsFor(server, { identity: 'somebody else' }));
  await first.transport.request(get);
  await second.transport.request(get);
  await other.transport.request(get);
  expect(second.connection.opened()).toBe(first.connection.opened());
  expect(other.connection.opened()).toBe(1);
  await first.transport.close();
  await first.transport.close();
  await second.transport.request(get);
});

test('open streams do not use up the calls', async () => {
  const server = await serve((request, response) => {
    response.writeHead(200, json);
    if (request.url === '/watch') response.write('{"n":1}\n');
    else response.end('{}');
  });
  const { transport } = open(credentialsFor(server), { maxCalls: 1 });
  const streams = await Promise.all(
    Array.from({ length: 5 }, () => transport.request({ method: 'GET', path: '/watch', answer: 'Stream' })),
  );
  await transport.request(get);
  for (const { stream } of streams) {
    for await (const value of stream) {
      expect(value).toEqual({ n: 1 });
      break;
    }
  }
});

describe('a token', () => {
  test('that is refused is read again, and the call repeated once', async () => {
    const tokens: (string | undefined)[] = [];
    const server = await serve((request, response) => {
      tokens.push(request.headers.authorization);
      response.writeHead(request.headers.authorization === 'Bearer new' ? 200 : 401, json).end('{}');
    });
    let token = 'old';
    const credentials = credentialsFor(server, {
      headers: () => Promise.resolve({ authorization: `Bearer ${token}` }),
      refused: () => (token = 'new'),
    });
    await open(credentials).transport.request(get);
    expect(tokens).toEqual(['Bearer old', 'Bearer new']);
  });

  test('that stays refused is a refusal by authentication', async () => {
    const server = await serve((_request, response) => response.writeHead(401, json).end('{"message":"Unauthorized"}'));
    await expect(open(credentialsFor(server)).transport.request(get)).rejects.toMatchObject({
      kind: 'Forbidden',
      refusal: 'Authentication',
    });
  });
});

describe('what goes wrong is a failure', () => {
  test('of the status that the server gives', async () => {
    const server = await serve((_request, response) =>
      response.writeHead(429, { ...json, 'retry-after': '2' }).end('{"kind":"Status","message":"later"}'),
    );
    await expect(open(credentialsFor(server)).transport.request(get)).rejects.toMatchObject({
      kind: 'Throttled',
      message: 'later',
      retryAfterMs: 2_000,
    });
  });

  test('when nobody listens', async () => {
    const { transport, samples } = open(credentialsFor('http://127.0.0.1:1'));
    await expect(transport.request(get)).rejects.toMatchObject({ kind: 'Unavailable', code: 0 });
    expect(samples).toMatchObject([{ code: '<error>', method: 'GET', host: '127.0.0.1:1' }]);
  });

  test('when there is no answer in time', async () => {
    const server = await serve(() => {});
    await expect(open(credentialsFor(server)).transport.request({ ...get, timeoutMs: 50 })).rejects.toMatchObject({
      kind: 'Unavailable',
      message: 'no answer within 50 ms',
    });
  });

  test('when an answer begins and does not end in time', async () => {
    const server = await serve((_request, response) => response.writeHead(200, json).write('{"a":'));
    await expect(open(credentialsFor(server)).transport.request({ ...get, timeoutMs: 50 })).rejects.toMatchObject({
      kind: 'Unavailable',
    });
  });

  test('when the connection breaks inside an answer', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, json).write('{"a":');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(open(credentialsFor(server)).transport.request(get)).rejects.toMatchObject({ kind: 'Unavailable' });
  });

  test('when the caller gives up, before or meanwhile', async () => {
    const server = await serve(() => {});
    const { transport } = open(credentialsFor(server));
    await expect(transport.request({ ...get, signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'Unavailable',
    });
    await expect(transport.request({ ...get, signal: AbortSignal.timeout(30) })).rejects.toMatchObject({
      kind: 'Unavailable',
    });
  });

  test('when a JSON answer is none', async () => {
    const server = await serve((_request, response) => response.writeHead(200, json).end('<html>'));
    await expect(open(credentialsFor(server)).transport.request(get)).rejects.toMatchObject({ kind: 'Unavailable' });
  });
});

describe('a stream', () => {
  test('outlives the timeout of its beginning, and ends with the caller', async () => {
    // A busy machine takes its time to answer, so that the beginning has two seconds.
    const timeoutMs = 2_000;
    const server = await serve((_request, response) => {
      response.writeHead(200, json).write('{"n":1}\n');
      setTimeout(() => response.write('{"n":2}\n'), timeoutMs + 200);
    });
    const { transport } = open(credentialsFor(server));
    const controller = new AbortController();
    const { stream } = await transport.request({ ...get, answer: 'Stream', timeoutMs, signal: controller.signal });
    const values: unknown[] = [];
    const reading = (async () => {
      for await (const value of stream) {
        values.push(value);
        if (values.length === 2) controller.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(values).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test('that does not begin in time fails', async () => {
    const server = await serve(() => {});
    const { transport } = open(credentialsFor(server));
    await expect(transport.request({ ...get, answer: 'Stream', timeoutMs: 50 })).rejects.toMatchObject({
      message: 'no answer within 50 ms',
    });
  });

  test('that is refused has the status of a call', async () => {
    const server = await serve((_request, response) => response.writeHead(410, json).end('{"reason":"Expired"}'));
    const { transport } = open(credentialsFor(server));
    await expect(transport.request({ ...get, answer: 'Stream' })).rejects.toMatchObject({ kind: 'Gone' });
  });
});

describe('an interceptor', () => {
  test('sees every call, may answer by itself, and what it answers is classified', async () => {
    const server = await serve((_request, response) => response.writeHead(200, json).end('{"from":"server"}'));
    const { transport, samples } = open(credentialsFor(server), {
      interceptor: async (request, next) => {
        const response = await next(request);
        return request.path === '/lost'
          ? { ...response, status: 409, body: { reason: 'Conflict', message: 'raced' } }
          : response;
      },
    });
    expect((await transport.request(get)).body).toEqual({ from: 'server' });
    await expect(transport.request({ ...get, path: '/lost' })).rejects.toMatchObject({
      kind: 'Conflict',
      message: 'raced',
    });
    expect(samples.map(({ code }) => code)).toEqual(['200', '200']);
  });

  test('may lose an answer', async () => {
    const server = await serve((_request, response) => response.writeHead(200, json).end('{}'));
    const { transport } = open(credentialsFor(server), {
      interceptor: async (request, next) => {
        await next(request);
        throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      },
    });
    await expect(transport.request(get)).rejects.toMatchObject({ kind: 'Unavailable' });
  });
});
