import { afterEach, expect, test } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { manualClock } from '../../../test/support/builders/clock.ts';
import { systemClock } from '../../time/clock.ts';
import { addressRule } from './address.ts';
import { createDeliver, type DeliverOptions } from './deliver.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

const serving = async (listener: RequestListener): Promise<number> => {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // oxlint-disable-line typescript/no-unsafe-type-assertion -- it listens on a port
};

const deliverWith = (given: Partial<DeliverOptions> = {}) =>
  createDeliver({ allows: addressRule(['127.0.0.0/8']), clock: systemClock, userAgent: 'test', ...given });

const parcel = (url: string) => ({
  url: new URL(url),
  headers: { 'content-type': 'application/json' },
  body: '{"a":1}',
});

test('a sink that answers 2xx has taken it', async () => {
  let got = '';
  const port = await serving((request, response) => {
    void text(request).then((body) => {
      got = `${request.method ?? ''} ${request.url ?? ''} ${request.headers['user-agent'] ?? ''} ${body}`;
      response.writeHead(202).end();
    });
  });
  expect(await deliverWith()(parcel(`http://127.0.0.1:${port}/hook?x=1`))).toBeUndefined();
  expect(got).toBe('POST /hook?x=1 test {"a":1}');
});

test.each([
  { code: 500, how: 'Retry' },
  { code: 404, how: 'Retry' },
  { code: 429, how: 'Retry' },
  { code: 400, how: 'Unfit' },
  { code: 413, how: 'Unfit' },
  { code: 302, how: 'Retry' },
  { code: 307, how: 'Retry' },
])('a sink that answers $code: $how', async ({ code, how }) => {
  let asked = 0;
  const port = await serving((_, response) => {
    asked += 1;
    response.writeHead(code, { location: '/elsewhere', 'retry-after': '7' }).end('secret words');
  });
  const undelivered = await deliverWith()(parcel(`http://127.0.0.1:${port}/credential`));
  expect(undelivered).toMatchObject({ how });
  expect(undelivered?.why).not.toMatch(/credential|secret/);
  expect(asked).toBe(1);
});

test('a sink asks for time, and for no more than is kept', async () => {
  const port = await serving((_, response) => response.writeHead(503, { 'retry-after': '99999' }).end());
  expect(await deliverWith()(parcel(`http://127.0.0.1:${port}/`))).toMatchObject({ retryAfterMs: 300_000 });
});

test('a sink that closes the connection is tried again', async () => {
  const port = await serving((request) => request.socket.destroy());
  expect(await deliverWith()(parcel(`http://127.0.0.1:${port}/`))).toMatchObject({ how: 'Retry' });
});

test('a sink that hangs is given up after ten seconds', async () => {
  const clock = manualClock();
  const asked = Promise.withResolvers<void>();
  const port = await serving(() => asked.resolve());
  const delivering = deliverWith({ clock })(parcel(`http://127.0.0.1:${port}/`));
  await asked.promise;
  await clock.advance(10_000);
  expect(await delivering).toEqual({ how: 'Retry', why: 'no answer within 10 s' });
});

test.each([
  'http://127.0.0.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://10.96.0.1/',
  'http://[fd00::1]/',
])('nothing is sent to %s, however it is spelled', async (url) => {
  const deliver = deliverWith({ allows: addressRule([]) });
  expect(await deliver(parcel(url))).toMatchObject({ how: 'Denied' });
});

test.each([
  { name: 'a private address', found: ['10.96.0.1'] },
  { name: 'the metadata of a cloud', found: ['169.254.169.254'] },
  { name: 'a public and a private address', found: ['8.8.8.8', '127.0.0.1'] },
  { name: 'loopback in other clothes', found: ['::ffff:127.0.0.1'] },
])('nothing is sent to a name of $name', async ({ found }) => {
  const resolve = async () => found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const undelivered = await deliverWith({ allows: addressRule([]), resolve })(parcel('http://hooks.example.com/'));
  expect(undelivered).toMatchObject({ how: 'Denied', why: expect.stringContaining('notify.allowedNetworks') });
});

test('the address that was checked is the one that is connected to, whatever the name says then', async () => {
  const port = await serving((request, response) => response.writeHead(200).end(request.headers.host));
  let asked = 0;
  const resolve = async () => {
    asked += 1;
    return [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.99', family: 4 }];
  };
  expect(await deliverWith({ resolve })(parcel(`http://hooks.invalid:${port}/`))).toBeUndefined();
  expect(asked).toBe(1);
});

test('a name that cannot be resolved is tried again', async () => {
  const resolve = async () => {
    throw new Error('getaddrinfo ENOTFOUND hooks.invalid');
  };
  expect(await deliverWith({ resolve })(parcel('http://hooks.invalid/'))).toMatchObject({ how: 'Retry' });
});
