/** What the server of the page refuses, and what it never tells anybody. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accepted, startTimeoutMs } from '../support/cluster/cluster.ts';
import { startSystem, type System, type World } from '../support/cluster/system.ts';
import { buildCommand, type Command, type Running } from '../support/command/command.ts';

let system: System;
let world: World;
let command: Command;
let running: Running;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  world = await system.world('guarded');
  await world.stage(world.configMap('api-config', { level: 'info' }));
  await world.propose(world.candidate('first', ['ConfigMap/api-config']));
  await world.staged('first');
  running = await command.start('tester-a', ['dashboard', '-n', world.production]);
}, startTimeoutMs * 4);

afterAll(async () => {
  await running?.stop();
  await command?.remove();
  await system?.stop();
});

interface Answer {
  readonly code: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

const ask = (
  path: string,
  given: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const { port } = new URL(running.line);
    const { method = 'GET', headers = {}, body } = given;
    request({ host: '127.0.0.1', port, path, method, headers }, (message) => {
      void text(message).then((body) => resolve({ code: message.statusCode ?? 0, body, headers: message.headers }));
    })
      .on('error', reject)
      .end(body);
  });

const token = (): string => new URL(running.line).pathname;
const origin = (): string => new URL(running.line).origin;

const signature = async (): Promise<string> => {
  const candidate = accepted(await world.as('tester-a').get(world.ref('ReleaseCandidate', 'first', world.staging)));
  const { status } = candidate as unknown as { readonly status: { readonly digest: string } };
  return JSON.stringify({
    namespace: world.staging,
    name: 'first',
    uid: candidate.metadata.uid,
    digest: status.digest,
    role: 'tester',
    decision: 'Approve',
    comment: '',
  });
};

const approvals = async (): Promise<number> =>
  accepted(await world.as('auditor-a').list(world.ref('Approval'))).items.length;

test('the address is on this machine, and nothing else is opened', async () => {
  expect(running.line).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/$/);
  const { port } = new URL(running.line);
  const other = connect({ host: '127.0.0.2', port: Number(port) });
  await expect(
    new Promise((resolve, reject) => other.once('connect', resolve).once('error', reject)),
  ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('another name, another token and another origin are refused, and are told nothing', async () => {
  const refused = [
    await ask(token(), { headers: { host: 'evil.example' } }),
    await ask(token(), { headers: { host: `localhost:${new URL(running.line).port}` } }),
    await ask('/'),
    await ask('/app.js'),
    await ask(`/${'A'.repeat(43)}/`),
    await ask(token(), { headers: { origin: 'http://evil.example' } }),
    await ask(token(), { headers: { 'sec-fetch-site': 'cross-site' } }),
    await ask(`${token()}live?view=home`, { headers: { origin: 'null' } }),
    await ask(token(), { method: 'OPTIONS', headers: { origin: 'http://evil.example' } }),
  ];
  expect(refused.map(({ code }) => code)).toEqual([421, 421, 403, 403, 403, 403, 403, 403, 405]);
  for (const { body, headers } of refused) {
    expect(body).not.toContain('Countersign</title>');
    expect(Object.keys(headers)).not.toContain('access-control-allow-origin');
  }
});

test('a write of another origin signs nothing; the same write of the page does', async () => {
  const body = await signature();
  const json = { 'content-type': 'application/json' };
  const write = (headers: Record<string, string>) => ask(`${token()}sign`, { method: 'POST', headers, body });
  expect((await write(json)).code).toBe(403);
  expect((await write({ ...json, origin: 'http://evil.example' })).code).toBe(403);
  expect((await write({ 'content-type': 'text/plain', origin: origin() })).code).toBe(415);
  expect(
    (await ask(`/${'A'.repeat(43)}/sign`, { method: 'POST', headers: { ...json, origin: origin() }, body })).code,
  ).toBe(403);
  expect(await approvals()).toBe(0);
  const other = body.replace('"role":"tester"', '"role":"approver"');
  const without = await ask(`${token()}sign`, { method: 'POST', headers: { ...json, origin: origin() }, body: other });
  expect(without.code).toBe(422);
  expect(without.body).toContain('tester-a does not hold approve on approvalroles/approver');
  expect(await approvals()).toBe(0);
  const signed = await write({ ...json, origin: origin() });
  expect([signed.code, signed.body]).toEqual([200, expect.stringContaining('signed as tester')]);
  expect(await approvals()).toBe(1);
});

test('what is sent broken, too long or to nowhere is refused, and the page goes on', async () => {
  const headers = { 'content-type': 'application/json', origin: origin() };
  const post = (path: string, body: string) => ask(`${token()}${path}`, { method: 'POST', headers, body });
  expect((await post('sign', '{')).code).toBe(422);
  expect((await post('sign', '[]')).code).toBe(422);
  expect((await post('sign', JSON.stringify('x'.repeat(100_000)))).code).toBe(422);
  expect((await post('nothing', '{}')).code).toBe(404);
  expect((await ask(`${token()}live?view=constructor`)).code).toBe(404);
  expect((await ask(`${token()}../../etc/passwd`)).code).toBe(404);
  expect((await ask(`${token()}delta?namespace=${world.production}&bundle=nothing`)).code).toBe(422);
  expect((await ask(token())).code).toBe(200);
});

test('every answer carries the policy, and the command prints the address once and nothing of what is asked', async () => {
  const { headers } = await ask(token());
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['cache-control']).toBe('no-store');
  expect((await ask('/')).headers['content-security-policy']).toBe(headers['content-security-policy']);
  expect(running.printed().split(token()).length - 1).toBe(1);
  const audited = await system.controlPlane.auditEvents();
  expect(JSON.stringify(audited)).not.toContain(token().slice(1, -1));
});

test('somebody whom the API server does not know is told so, and no page opens', async () => {
  const { code, stderr } = await command.as('tester-a', ['dashboard', '--port', '99999999']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('is no port')]);
  const { port } = new URL(running.line);
  const taken = await command.as('tester-a', ['dashboard', '--port', port]);
  expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining('cannot be used')]);
});
