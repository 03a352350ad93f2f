/** docs/emergency-credentials.md, step by step on a real API server: a certificate that ends with the access, so that reading ends, too. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { ApiClient } from '../../hack/controlplane/client.ts';
import { layout } from '../../hack/controlplane/layout.ts';
import { createRequest, issueClient, type KeyPair } from '../../hack/controlplane/pki.ts';
import { accepted, startTimeoutMs, waitFor } from '../support/cluster/cluster.ts';
import { isTrue, ours, startSystem, type Reported, type System, type World } from '../support/cluster/system.ts';

const account = 'developer-b-oncall';
const people = [{ name: 'developer-b', identities: ['developer-b', account] }];
/** Between the moment in which the rest is computed and the one in which the signer counts from. The page says 60 s. */
const marginSeconds = 60;

interface Access extends Reported {
  readonly status?: NonNullable<Reported['status']> & { readonly notAfter?: string };
}

let system: System;
let world: World;

beforeAll(async () => {
  system = await startSystem();
  world = await system.world('credentials', { emergency: {}, people });
}, startTimeoutMs * 2);
afterAll(() => system?.stop());

const kubectl = async (who: string, args: readonly string[], stdin = ''): Promise<string> => {
  const { code, stdout, stderr } = await system.controlPlane.kubectl(who, args, { stdin });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};

const access = (name: string, grantee: string) => ({
  apiVersion: ours,
  kind: 'EmergencyAccess',
  metadata: { name, namespace: world.production },
  spec: { grantee, duration: '1h', reason: 'payments stuck', incident: 'INC-4711' },
});

const clientWith = (credentials: KeyPair): ApiClient =>
  new ApiClient({ ...world.as('developer-b').endpoint, ...credentials });

const reads = async (client: ApiClient): Promise<number> => {
  const answer = await client.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: world.production });
  return answer.ok ? 200 : answer.code;
};

test('the access first, then a certificate for what is left of it: it never ends later, and reads as long as it lasts', async () => {
  await kubectl('sre-a', ['create', '-f', '-'], JSON.stringify(access('inc-4711', account)));
  await kubectl('sre-a', ['wait', '--for=condition=Active', 'ea/inc-4711', '-n', world.production, '--timeout=60s']);
  const stated = ['get', 'ea', 'inc-4711', '-n', world.production, '-o', 'jsonpath={.status.notAfter}'];
  const notAfter = await kubectl('admin', stated);
  const made = await waitFor<Access>(world.as('admin'), world.ref('EmergencyAccess', 'inc-4711'), () => true);
  expect(Date.parse(notAfter)).toBe(Date.parse(made.metadata.creationTimestamp ?? '') + 3_600_000);

  const { request, key } = await createRequest({ name: account });
  const left = Math.floor((Date.parse(notAfter) - Date.now()) / 1_000) - marginSeconds;
  const signing = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'inc-4711' },
    spec: {
      signerName: 'kubernetes.io/kube-apiserver-client',
      expirationSeconds: left,
      usages: ['client auth'],
      request: Buffer.from(request).toString('base64'),
    },
  };
  await kubectl('admin', ['create', '-f', '-'], JSON.stringify(signing));
  await kubectl('admin', ['certificate', 'approve', 'inc-4711']);
  await kubectl('admin', ['wait', '--for=jsonpath={.status.certificate}', 'csr/inc-4711', '--timeout=60s']);
  const signed = await kubectl('admin', ['get', 'csr', 'inc-4711', '-o', 'jsonpath={.status.certificate}']);
  const certificate = Buffer.from(signed, 'base64').toString('utf8');

  const ends = Date.parse(new X509Certificate(certificate).validTo);
  expect(ends).toBeLessThanOrEqual(Date.parse(notAfter));
  // The signer counts from its own now, not from a time before it: what is lost is the margin, and no more.
  expect(ends).toBeGreaterThan(Date.parse(notAfter) - 2 * marginSeconds * 1_000);

  const oncall = clientWith({ certificate, key });
  try {
    expect(await reads(oncall)).toBe(200);
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', namespace: world.production, name: 'made-at-night' };
    const { name, namespace, ...type } = settings;
    accepted(await oncall.create({ ...type, metadata: { name, namespace }, data: { a: 'b' } }));
  } finally {
    oncall.close();
  }
});

test('both accounts are one human: the other one is not let in beside it', async () => {
  const answer = await world.as('sre-b').create(access('second', 'developer-b'));
  expect(JSON.stringify(answer)).toMatch(/GranteeHasGrant: .* inc-4711/);
});

test('the signer takes no request for less than ten minutes', async () => {
  const { request } = await createRequest({ name: account });
  const answer = await world.as('admin').create({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'too-short' },
    spec: {
      signerName: 'kubernetes.io/kube-apiserver-client',
      expirationSeconds: 599,
      usages: ['client auth'],
      request: Buffer.from(request).toString('base64'),
    },
  });
  expect(JSON.stringify(answer)).toMatch(/expirationSeconds/);
});

// Ten minutes are not waited for: the cluster's authority signs one of seconds here, without the signer that refuses those.
test('a certificate that is over reads nothing, on a connection that is open already, while everything else of the access still stands', async () => {
  const { pki } = layout(system.controlPlane.dir);
  const authority = { certificate: readFileSync(pki.caCertificate, 'utf8'), key: readFileSync(pki.caKey, 'utf8') };
  const until = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 4_000);
  const short = clientWith(await issueClient(authority, { name: account }, until));
  const long = clientWith(await issueClient(authority, { name: account }));
  try {
    expect(await reads(short)).toBe(200);
    await sleep(until.getTime() + 1_500 - Date.now());
    expect(await reads(short)).toBe(401);
    const seen = await waitFor<Access>(world.as('admin'), world.ref('EmergencyAccess', 'inc-4711'), () => true);
    expect(isTrue(seen, 'Active')).toBe(true);
    expect(await reads(long)).toBe(200);
  } finally {
    short.close();
    long.close();
  }
});
