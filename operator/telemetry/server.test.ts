import { afterEach, expect, test } from '@jest/globals';
import { startTelemetryServer, type Check, type TelemetryServer } from './server.ts';

let server: TelemetryServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(
  checks: { liveness?: Record<string, Check>; readiness?: Record<string, Check> } = {},
  text = () => Promise.resolve('x 1\n'),
) {
  server = await startTelemetryServer({
    port: 0,
    host: '127.0.0.1',
    metrics: { text, contentType: 'text/plain; version=0.0.4; charset=utf-8' },
    liveness: {},
    readiness: {},
    ...checks,
  });
  const { port } = server;
  return async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
}

test('metrics come with the content type of their format', async () => {
  const get = await start();
  expect(await get('/metrics')).toEqual({
    status: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
    text: 'x 1\n',
  });
});

test('readiness names every check, and what is wrong with it', async () => {
  let wrong: string | undefined = 'not synced';
  const get = await start({ readiness: { caches: () => wrong, lease: () => undefined } });
  expect(await get('/readyz')).toMatchObject({
    status: 503,
    text: '[-]caches failed: not synced\n[+]lease ok\ncheck failed\n',
  });
  expect(await get('/healthz')).toMatchObject({ status: 200 });
  wrong = undefined;
  expect(await get('/readyz?verbose')).toMatchObject({ status: 200, text: '[+]caches ok\n[+]lease ok\nok\n' });
});

test('metrics that cannot be told are an error of that request alone', async () => {
  const get = await start({}, () => Promise.reject(new Error('broken gauge')));
  expect(await get('/metrics')).toMatchObject({ status: 500, text: 'Error: broken gauge\n' });
  expect(await get('/healthz')).toMatchObject({ status: 200 });
});

test('anything else is not there', async () => {
  const get = await start();
  expect(await get('/')).toMatchObject({ status: 404 });
});

test('a port in use is told, not ignored', async () => {
  await start();
  const port = server?.port ?? 0;
  const metrics = { text: () => Promise.resolve(''), contentType: 'text/plain' };
  await expect(
    startTelemetryServer({ port, host: '127.0.0.1', metrics, liveness: {}, readiness: {} }),
  ).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
