/** The server over real TLS connections; the API server's part is played by a client that trusts it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '../../time/clock.ts';
import { silentLogger } from '../../log.ts';
import type { Issued } from '../tls/rotation-plan.ts';
import type { Entry } from '../../api/webhooks.ts';
import { issue } from '../tls/issue-certificate.ts';
import { Paths, pathOf } from '../tls/secret-path.ts';
import type { AdmissionAnswer, Judge } from './admission-review.ts';
import { GateServer, type ServerLimits } from './server.ts';

const seed = 's'.repeat(43);
const index = 1_000;
const pathTo = (entry: Entry): string => pathOf(seed, index, entry);
const path = pathTo('writes');

let issued: Issued;
let server: GateServer;
let agent: Agent;
const sockets: Socket[] = [];
const counted: string[] = [];

beforeAll(async () => {
  issued = await issue({ hosts: ['127.0.0.1'], now: Date.now(), validForMs: 3_600_000 });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  agent?.destroy();
  await server?.stop();
  counted.splice(0);
});

const start = async (judge: Judge, limits: Partial<ServerLimits> = {}): Promise<void> => {
  const paths = new Paths(systemClock, 15_000);
  paths.published(seed, index);
  server = new GateServer({
    judge,
    entryAt: (asked) => paths.entryAt(asked),
    abandoned: () => counted.push('abandoned'),
    namespace: 'countersign-system',
    listen: { port: 0, host: '127.0.0.1' },
    clock: systemClock,
    logger: silentLogger,
    metrics: {
      began: () => {},
      ended: (webhook, code) => counted.push(`${webhook} ${code}`),
      reviewed: (entry, outcome) => counted.push(`${entry} ${outcome}`),
      refused: () => {},
    },
    limits: { lameDuckMs: 0, ...limits },
  });
  await server.serve({ certificate: issued.certificate, key: issued.key });
  agent = new Agent({ keepAlive: true, ca: issued.authority });
};

const review = (name = 'api'): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: `call-${name}`,
    operation: 'UPDATE',
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    resource: { group: 'apps', version: 'v1', resource: 'deployments' },
    name,
    userInfo: { username: 'developer-a' },
  },
});

const responseTo = (outgoing: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });

type Sent = Omit<RequestOptions, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

const send = async (body: string, options: Sent = {}): Promise<{ code: number; text: string }> => {
  const outgoing = request({
    host: '127.0.0.1',
    port: server.port,
    method: 'POST',
    path: `${path}?timeout=5s`,
    agent,
    ...options,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...options.headers },
  });
  outgoing.end(body);
  const response = await responseTo(outgoing);
  return { code: response.statusCode ?? 0, text: await text(response) };
};

const ask = async (name?: string, entry: Entry = 'writes'): Promise<unknown> => {
  const answer = await send(JSON.stringify(review(name)), { path: pathTo(entry) });
  if (answer.code !== 200) return answer;
  const { response } = JSON.parse(answer.text) as { response: unknown };
  return response;
};

const allow: Judge = () => Promise.resolve({ allowed: true });
/** A judge that waits for `let go`. */
const waiting = () => {
  const { promise, resolve } = Promise.withResolvers<AdmissionAnswer>();
  let asked = 0;
  const judge: Judge = () => {
    asked += 1;
    return promise;
  };
  return { judge, letGo: () => resolve({ allowed: true }), asked: () => asked };
};
/** When it is closed, also by a reset: who hangs up while the other side writes may do so. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => {});
    socket.once('close', () => resolve());
  });

const until = async (isSo: () => boolean): Promise<void> => {
  const deadline = Date.now() + 10_000;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error('it did not become so');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe('an answer', () => {
  test('is the judge’s, under the uid of the call', async () => {
    await start(({ name }) =>
      Promise.resolve(
        name === 'no' ? { allowed: false, reason: 'Forbidden', message: 'No: x' } : { allowed: true, warnings: ['w'] },
      ),
    );
    expect(await ask('yes')).toEqual({ uid: 'call-yes', allowed: true, warnings: ['w'] });
    expect(await ask('no')).toEqual({
      uid: 'call-no',
      allowed: false,
      status: { code: 403, reason: 'Forbidden', message: 'No: x' },
    });
    expect(counted).toEqual(['writes Allowed', '/writes 200', 'writes Refused', '/writes 200']);
  });

  test.each<[string, Judge]>([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['hangs', () => new Promise(() => {})],
  ])('of a judge that %s is a refusal that names rule, caller and next command', async (how, judge) => {
    await start(judge, { judgeMs: 50 });
    const answer = await ask();
    expect(answer).toMatchObject({ uid: 'call-api', allowed: false, status: { code: 503 } });
    expect(JSON.stringify(answer)).toMatch(
      how === 'hangs' ? /GateTooSlow: .*developer-a.*Next: / : /GateFailed: .*developer-a.*Next: /,
    );
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(counted).toContain(how === 'hangs' ? 'writes TooSlow' : 'writes Failed');
  });

  test.each(['observed', 'orders', 'guarding'] as const)(
    'of a judge that fails is none for %s: the API server goes by failurePolicy: Ignore',
    async (entry) => {
      await start(() => Promise.reject(new Error('x')));
      expect(await ask('api', entry)).toMatchObject({ code: 503 });
    },
  );

  test.each<[string, Judge]>([
    ['fails', () => Promise.reject(new Error('x'))],
    ['hangs', () => new Promise(() => {})],
  ])('of a judge that %s is a refusal for the restorer: only a dead gate is ignored', async (_, judge) => {
    await start(judge, { judgeMs: 50 });
    expect(await ask('api', 'restorer')).toMatchObject({ allowed: false, status: { code: 503 } });
  });

  test('of a judge that says nothing is no consent', async () => {
    await start(() => Promise.resolve(undefined as unknown as AdmissionAnswer));
    expect(await ask()).toMatchObject({ code: 500 });
  });

  test('tells the judge when its time is up', async () => {
    let aborted = false;
    await start(
      (_, signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => (aborted = true));
        }),
      { judgeMs: 30 },
    );
    await ask();
    await until(() => aborted);
    expect(aborted).toBe(true);
  });
});

/** No detail: who does not know the path learns nothing of it. */
const turnedAway: Readonly<Record<number, string>> = {
  404: 'not found\n',
  405: 'only POST\n',
  415: 'only application/json\n',
};

test('a caller who goes away unanswered may have told others of the path', async () => {
  const { judge, asked } = waiting();
  await start(judge, { judgeMs: 10_000 });
  const outgoing = request({
    host: '127.0.0.1',
    port: server.port,
    method: 'POST',
    path,
    agent,
    headers: { 'content-type': 'application/json' },
  });
  outgoing.on('error', () => {});
  outgoing.end(JSON.stringify(review()));
  await until(() => asked() === 1);
  outgoing.destroy();
  await until(() => counted.includes('abandoned'));
  expect(counted).toEqual(['/writes aborted', 'abandoned']);
});

describe('callers who are wrong here', () => {
  test.each<[string, number, Sent]>([
    ['without a code', 404, { path: '/admit/writes' }],
    ['with another code', 404, { path: pathOf('another seed', index, 'writes') }],
    ['by an old path', 404, { path: pathOf(seed, index - 1, 'writes') }],
    ['with an entry that there is not', 404, { path: path.replace('writes', 'toString') }],
    ['with more of a path', 404, { path: `${path}/x` }],
    ['at the root', 404, { path: '/' }],
    ['without a code, by another method', 404, { path: '/', method: 'GET' }],
    ['by GET', 405, { method: 'GET' }],
    ['by PUT', 405, { method: 'PUT' }],
    ['with YAML', 415, { headers: { 'content-type': 'application/yaml' } }],
    ['with a type that only begins alike', 415, { headers: { 'content-type': 'application/jsonp' } }],
  ])('%s get %i and no review', async (_, code, options) => {
    let judged = 0;
    await start(() => {
      judged += 1;
      return allow({} as never, new AbortController().signal);
    });
    const answer = await send(JSON.stringify(review()), options);
    expect(answer).toEqual({ code, text: turnedAway[code] });
    expect(judged).toBe(0);
    expect(counted).toEqual([`${code === 404 ? 'unknown' : '/writes'} ${code}`]);
  });

  test.each([
    ['no JSON', '{'],
    ['no review', '{}'],
    ['nothing', ''],
  ])('with %s as the body get 400', async (_, body) => {
    await start(allow);
    expect(await send(body)).toMatchObject({ code: 400 });
    expect(counted).toEqual(['writes Malformed', '/writes 400']);
  });

  test('with a type that names a charset are heard', async () => {
    await start(allow);
    const answer = await send(JSON.stringify(review()), {
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    expect(answer.code).toBe(200);
  });

  test('in plain HTTP get nothing, and others are served', async () => {
    await start(allow);
    const plain = connect(server.port, '127.0.0.1');
    sockets.push(plain);
    plain.on('error', () => {});
    let heard = '';
    plain.on('data', (data: Buffer) => (heard += data.toString('latin1')));
    plain.write(`POST ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await closed(plain);
    expect(heard).not.toContain('HTTP/1.1 2');
    expect(await ask()).toMatchObject({ allowed: true });
  });
});

describe('limits', () => {
  test('a body that says it is too large is not read', async () => {
    await start(allow, { bodyBytes: 1_000 });
    expect(await send('x'.repeat(1_001))).toMatchObject({ code: 413 });
  });

  test('a body that turns out too large is not read to its end', async () => {
    await start(allow, { bodyBytes: 1_000 });
    const outgoing = request({
      host: '127.0.0.1',
      port: server.port,
      method: 'POST',
      path,
      agent,
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    });
    outgoing.on('error', () => {});
    outgoing.write('x'.repeat(1_001));
    const response = await responseTo(outgoing);
    expect(response.statusCode).toBe(413);
    outgoing.destroy();
  });

  test('bodies beyond what may be held get 503, and room is given back', async () => {
    const { judge, letGo, asked } = waiting();
    const size = JSON.stringify(review()).length;
    await start(judge, { bodiesBytes: size + 10 });
    const first = ask();
    await until(() => asked() === 1);
    expect(await send(JSON.stringify(review()))).toMatchObject({ code: 503 });
    const back = ask('api', 'restorer');
    await until(() => asked() === 2);
    letGo();
    expect(await first).toMatchObject({ allowed: true });
    expect(await back).toMatchObject({ allowed: true });
    expect(await ask()).toMatchObject({ allowed: true });
  });

  test('one review too many is refused at once, and says so', async () => {
    const { judge, letGo, asked } = waiting();
    await start(judge, { reviews: 2 });
    const judged = [ask('a'), ask('b')];
    await until(() => asked() === 2);
    expect(await ask('c')).toMatchObject({
      uid: 'call-c',
      allowed: false,
      status: { message: expect.stringMatching(/^GateBusy: .*developer-a.*Next: /) },
    });
    // A rollback is judged all the same: whoever makes the gate busy neither holds it up nor gets past.
    const back = ask('d', 'restorer');
    await until(() => asked() === 3);
    letGo();
    expect(await Promise.all([...judged, back])).toMatchObject([
      { allowed: true },
      { allowed: true },
      { allowed: true },
    ]);
    expect(await ask('e')).toMatchObject({ allowed: true });
  });

  test('a body that comes too slowly is ended', async () => {
    await start(allow, { requestMs: 1_000 });
    const slow = connectTls({ port: server.port, host: '127.0.0.1', ca: issued.authority });
    sockets.push(slow);
    let heard = '';
    slow.on('data', (data: Buffer) => (heard += data.toString()));
    slow.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{`);
    const drip = setInterval(() => slow.writable && slow.write(' '), 50);
    slow.once('data', () => clearInterval(drip));
    await closed(slow);
    clearInterval(drip);
    expect(heard).toContain('408');
  });

  test('a connection that the API server opened and has not needed yet is there when it is needed', async () => {
    await start(allow, { requestMs: 200 });
    const kept = connectTls({ port: server.port, host: '127.0.0.1', ca: issued.authority });
    sockets.push(kept);
    let heard = '';
    kept.on('data', (data: Buffer) => (heard += data.toString()));
    // Longer than the silence that ends a handshake or a body: the server looks at its connections twice a second.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    kept.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await until(() => heard.includes('\r\n\r\n') || kept.destroyed);
    expect(heard).toContain('HTTP/1.1 405');
  });

  test('a handshake that does not begin is ended', async () => {
    await start(allow, { requestMs: 200 });
    const silent = connect(server.port, '127.0.0.1');
    sockets.push(silent);
    silent.resume();
    await closed(silent);
    expect(silent.destroyed).toBe(true);
  });

  test('a flood of silent connections pushes out its own, and not the API server’s', async () => {
    await start(allow, { strangers: 10 });
    expect(await ask('before')).toMatchObject({ allowed: true });
    const flood = Array.from({ length: 200 }, () => connect(server.port, '127.0.0.1'));
    sockets.push(...flood);
    let closed = 0;
    for (const socket of flood) {
      socket.on('error', () => {});
      socket.on('close', () => (closed += 1));
      socket.resume();
    }
    // The kept connection, and a new one.
    expect(await ask('during')).toMatchObject({ allowed: true });
    agent.destroy();
    agent = new Agent({ ca: issued.authority });
    expect(await ask('anew')).toMatchObject({ allowed: true });
    await until(() => closed >= 189);
    expect(closed).toBeLessThanOrEqual(200);
  });
});

describe('a new certificate', () => {
  test('is used for new connections, and old ones go on', async () => {
    await start(allow);
    expect(await ask()).toMatchObject({ allowed: true });
    const next = await issue({ hosts: ['127.0.0.1'], now: Date.now(), validForMs: 3_600_000 });
    await server.serve({ certificate: next.certificate, key: next.key });
    expect(await ask()).toMatchObject({ allowed: true });
    await expect(send(JSON.stringify(review()), { agent: new Agent({ ca: issued.authority }) })).rejects.toThrow(
      /certificate|signature|authority/,
    );
    expect(await send(JSON.stringify(review()), { agent: new Agent({ ca: next.authority }) })).toMatchObject({
      code: 200,
    });
  });
});

describe('stopping', () => {
  test('finishes what is in hand, answers what still comes, and then is gone', async () => {
    const { judge, letGo, asked } = waiting();
    await start(({ name }, signal) => (name === 'waits' ? judge({} as never, signal) : allow({} as never, signal)), {
      lameDuckMs: 300,
    });
    const inHand = ask('waits');
    await until(() => asked() === 1);
    const stopped = server.stop();
    expect(server.isServing()).toBe(false);
    expect(await ask('late')).toMatchObject({ allowed: true });
    letGo();
    expect(await inHand).toMatchObject({ allowed: true });
    await stopped;
    await expect(ask('gone')).rejects.toThrow('ECONNREFUSED');
  });

  test('a connection that is idle when no new ones are taken any more is still answered', async () => {
    await start(allow, { lameDuckMs: 1_000 });
    const { port } = server;
    const kept = new Agent({ keepAlive: true, maxSockets: 1, ca: issued.authority });
    const body = JSON.stringify(review());
    expect(await send(body, { agent: kept, port })).toMatchObject({ code: 200 });
    const stopped = server.stop();
    await until(() => server.port === 0);
    await expect(send(body, { agent: new Agent({ ca: issued.authority }), port })).rejects.toThrow('ECONNREFUSED');
    expect(await send(body, { agent: kept, port })).toMatchObject({ code: 200 });
    kept.destroy();
    await stopped;
  });

  test('waits for no connection that has said nothing', async () => {
    await start(allow, { requestMs: 120_000 });
    const silent = connectTls({ port: server.port, host: '127.0.0.1', ca: issued.authority });
    sockets.push(silent);
    silent.resume();
    await once(silent, 'secureConnect');
    await server.stop();
    await until(() => silent.destroyed);
    expect(silent.destroyed).toBe(true);
  });
});

afterAll(() => agent?.destroy());
