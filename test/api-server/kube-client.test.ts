/** Transport, client, failures and events on a real API server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../operator/kube/connection.ts';
import { createClient } from '../../operator/kube/client.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { discoverResource } from '../../operator/kube/discovery.ts';
import { createEventRecorder } from '../../operator/kube/events.ts';
import { isRecord, type ResourceRow } from '../../operator/kube/resource.ts';
import { createTransport } from '../../operator/kube/transport.ts';
import { systemClock } from '../../operator/time/clock.ts';
import { silentLogger } from '../../operator/log.ts';
import { accessAs, configMap, configMaps, type Access } from '../support/builders/kube.ts';
import { startCluster, startTimeoutMs, type Cluster } from '../support/cluster/cluster.ts';

let cluster: Cluster;
let admin: Access;
let developer: Access;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kube-client-'));
  cluster = await startCluster({ nodes: 0, kcm: false, scheduler: false, kwok: false });
  admin = await accessAs(cluster.controlPlane.kubeconfig('admin'));
  developer = await accessAs(cluster.controlPlane.kubeconfig('developer-a'));
}, startTimeoutMs);

afterAll(async () => {
  await Promise.all([admin.transport.close(), developer.transport.close()]);
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

const refOf = (name: string) => ({ namespace: 'default', name });

describe('the client', () => {
  test('creates, reads, replaces, patches and deletes', async () => {
    const { client } = admin;
    const created = await client.createResource(configMaps, configMap('life', { a: '1' }));
    expect(await client.getResource(configMaps, refOf('life'))).toEqual(created);
    const replaced = await client.replaceResource(configMaps, { ...created, data: { a: '2' } });
    expect(replaced).toMatchObject({ data: { a: '2' } });
    const patched = await client.patchResource(configMaps, refOf('life'), { data: { b: '3' } }, { type: 'Merge' });
    expect(patched).toMatchObject({ data: { a: '2', b: '3' }, metadata: { managedFields: [{ manager: 'test' }] } });
    const { uid, resourceVersion } = patched.metadata;
    await client.deleteResource(configMaps, refOf('life'), { uid, resourceVersion });
    await expect(client.getResource(configMaps, refOf('life'))).rejects.toMatchObject({ kind: 'NotFound', code: 404 });
    await expect(client.deleteResource(configMaps, refOf('life'))).rejects.toMatchObject({ kind: 'NotFound' });
  });

  test('applies, and conflicts with the fields of others unless it forces', async () => {
    const { client } = admin;
    await client.createResource(configMaps, configMap('applied', { a: '1' }));
    const mine = configMap('applied', { a: '2' });
    const apply = (force: boolean) =>
      client.patchResource(configMaps, refOf('applied'), mine, { type: 'Apply', fieldManager: 'other', force });
    await expect(apply(false)).rejects.toMatchObject({ kind: 'Conflict', causes: [{ field: '.data.a' }] });
    expect(await apply(true)).toMatchObject({ data: { a: '2' } });
  });

  test('a dry-run create tells what would be made, and makes nothing', async () => {
    const made = await admin.client.dryRunCreate(configMaps, configMap('dry', { a: '1' }));
    expect(made).toMatchObject({ metadata: { name: 'dry', uid: expect.any(String) }, data: { a: '1' } });
    await expect(admin.client.getResource(configMaps, refOf('dry'))).rejects.toMatchObject({ kind: 'NotFound' });
  });

  test('tells only what it really wrote', async () => {
    const told: string[] = [];
    const { transport } = admin;
    const client = createClient({
      transport,
      fieldManager: 'test',
      written: (_resource, { metadata }) => told.push(metadata.name),
    });
    await client.dryRunCreate(configMaps, configMap('told-dry'));
    await client.createResource(configMaps, configMap('told'));
    await client.replaceResource(configMaps, configMap('told', { a: '1' }), { dryRun: true });
    expect(told).toEqual(['told']);
  });

  test('asks the authorizer for others', async () => {
    const attributes = { namespace: 'default', verb: 'create', group: '', resource: 'configmaps' };
    const { client } = admin;
    expect(
      await client.subjectAccessReview({ username: 'developer-a', groups: ['system:authenticated'] }, attributes),
    ).toBe(false);
    expect(await client.subjectAccessReview({ username: 'admin', groups: ['system:authenticated'] }, attributes)).toBe(
      true,
    );
  });

  test('knows the server version', async () => {
    expect(await admin.client.serverVersion()).toEqual({ major: 1, minor: 36, gitVersion: 'v1.36.3' });
  });

  test('finds a resource by its plural', async () => {
    const deployments = { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespaced: true };
    expect(await discoverResource(admin.transport, 'apps/v1', 'deployments')).toEqual(deployments);
    expect(await discoverResource(admin.transport, 'v1', 'namespaces')).toMatchObject({ namespaced: false });
    await expect(discoverResource(admin.transport, 'v1', 'status')).rejects.toMatchObject({ kind: 'NotFound' });
    await expect(discoverResource(admin.transport, 'nobody.example/v1', 'x')).rejects.toMatchObject({
      kind: 'NotFound',
    });
  });
});

describe('what a write believes', () => {
  test('a taken name is AlreadyExists', async () => {
    await admin.client.createResource(configMaps, configMap('taken'));
    await expect(admin.client.createResource(configMaps, configMap('taken'))).rejects.toMatchObject({
      kind: 'AlreadyExists',
      code: 409,
      message: 'configmaps "taken" already exists',
    });
  });

  test('another state, or another incarnation, is a Conflict for every verb', async () => {
    const { client } = admin;
    const old = await client.createResource(configMaps, configMap('beliefs'));
    await client.deleteResource(configMaps, refOf('beliefs'), { uid: old.metadata.uid });
    const now = await client.createResource(configMaps, configMap('beliefs'));
    const { uid, resourceVersion } = old.metadata;
    const asNow = { uid, resourceVersion: now.metadata.resourceVersion };
    const attempts = {
      'replace, both wrong': client.replaceResource(configMaps, old),
      'replace, other uid': client.replaceResource(configMaps, { ...now, metadata: { ...now.metadata, uid } }),
      'patch, both wrong': client.patchResource(
        configMaps,
        refOf('beliefs'),
        { metadata: { uid, resourceVersion } },
        { type: 'Merge' },
      ),
      'patch, other uid': client.patchResource(configMaps, refOf('beliefs'), { metadata: asNow }, { type: 'Merge' }),
      'delete, other uid': client.deleteResource(configMaps, refOf('beliefs'), { uid }),
      'delete, other state': client.deleteResource(configMaps, refOf('beliefs'), { resourceVersion }),
    };
    for (const attempt of Object.values(attempts)) await expect(attempt).rejects.toMatchObject({ kind: 'Conflict' });
    expect(await client.getResource(configMaps, refOf('beliefs'))).toEqual(now);
  });
});

describe('a refusal', () => {
  test('for content that does not decode, or does not validate, is Invalid and names the field', async () => {
    const wrongType = { ...configMap('wrong-type'), data: { a: 1 } };
    await expect(admin.client.createResource(configMaps, wrongType)).rejects.toMatchObject({
      kind: 'Invalid',
      code: 400,
    });
    await expect(admin.client.createResource(configMaps, configMap('UPPER'))).rejects.toMatchObject({
      kind: 'Invalid',
      code: 422,
      causes: [{ field: 'metadata.name' }],
    });
  });

  test('by roles is told as that', async () => {
    await expect(developer.client.createResource(configMaps, configMap('mine'))).rejects.toMatchObject({
      kind: 'Forbidden',
      refusal: 'Rbac',
    });
  });

  test('by quota is told as that', async () => {
    const quotas: ResourceRow = { apiVersion: 'v1', kind: 'ResourceQuota', plural: 'resourcequotas', namespaced: true };
    const namespaces: ResourceRow = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
    const { client } = admin;
    await client.createResource(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'full' } });
    const hard = { 'count/configmaps': '0' };
    const quota = await client.createResource(quotas, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none', namespace: 'full' },
      spec: { hard },
    });
    // What kube-controller-manager would do.
    await client.replaceStatus(quotas, { ...quota, status: { hard, used: { 'count/configmaps': '0' } } });
    const create = () => client.createResource(configMaps, configMap('a', {}, 'full'));
    await expect(eventuallyRefused(create)).resolves.toMatchObject({ kind: 'Forbidden', refusal: 'Quota', code: 403 });
  });

  test('by a policy in the API server is told as that', async () => {
    const { client } = admin;
    const policy = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      plural: 'validatingadmissionpolicies',
      namespaced: false,
    };
    const binding = { ...policy, plural: 'validatingadmissionpolicybindings' };
    const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }];
    await client.createResource(
      { ...policy, kind: 'ValidatingAdmissionPolicy' },
      {
        apiVersion: policy.apiVersion,
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name: 'no-guarded' },
        spec: {
          matchConstraints: { resourceRules: rules },
          validations: [{ expression: "!object.metadata.name.startsWith('guarded')", message: 'not that name' }],
        },
      },
    );
    await client.createResource(
      { ...binding, kind: 'ValidatingAdmissionPolicyBinding' },
      {
        apiVersion: policy.apiVersion,
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: 'no-guarded' },
        spec: { policyName: 'no-guarded', validationActions: ['Deny'] },
      },
    );
    const create = () => client.dryRunCreate(configMaps, configMap('guarded'));
    await expect(eventuallyRefused(create)).resolves.toMatchObject({
      kind: 'Forbidden',
      refusal: 'Admission',
      message: expect.stringContaining('not that name'),
    });
  });

  test('because a webhook cannot be asked is an outage, told as that', async () => {
    const { client } = admin;
    const hooks = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      plural: 'validatingwebhookconfigurations',
      namespaced: false,
    };
    await client.createResource(hooks, {
      apiVersion: hooks.apiVersion,
      kind: hooks.kind,
      metadata: { name: 'dead' },
      webhooks: [
        {
          name: 'dead.countersign.dev',
          clientConfig: { url: 'https://127.0.0.1:1/' },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
          matchConditions: [{ name: 'named', expression: "object.metadata.name == 'webhooked'" }],
          failurePolicy: 'Fail',
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    });
    const create = () => client.dryRunCreate(configMaps, configMap('webhooked'));
    await expect(eventuallyRefused(create)).resolves.toMatchObject({
      kind: 'Unavailable',
      refusal: 'WebhookUnreachable',
    });
  });

  test('for a token is authentication; a token file that rotates is read again at once', async () => {
    const { client } = admin;
    const serviceAccounts: ResourceRow = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      plural: 'serviceaccounts',
      namespaced: true,
    };
    await client.createResource(serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'robot', namespace: 'default' },
    });
    const { body } = await admin.transport.request({
      method: 'POST',
      path: '/api/v1/namespaces/default/serviceaccounts/robot/token',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    });
    const status = isRecord(body) ? body['status'] : undefined;
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'not a token\n');

    const { tls, server } = await loadCredentials({ from: 'File', path: cluster.controlPlane.kubeconfig('admin') });
    const credentials = await loadCredentials({ from: 'Token', server, caPem: String(tls.ca), tokenFile });
    const transport = createTransport({ connection: connect({ credentials, version: '0' }) });
    const whoAmI = () =>
      transport.request({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      });
    await expect(whoAmI()).rejects.toMatchObject({ kind: 'Forbidden', refusal: 'Authentication', code: 401 });
    writeFileSync(tokenFile, `${String(isRecord(status) ? status['token'] : '')}\n`);
    expect((await whoAmI()).body).toMatchObject({
      status: { userInfo: { username: 'system:serviceaccount:default:robot' } },
    });
    await transport.close();
  });
});

test('a thousand calls, a hundred at a time, open no more than the connections of one pool', async () => {
  const { transport, opened } = await accessAs(cluster.controlPlane.kubeconfig('installer'));
  let left = 1_000;
  const call = async () => {
    while (left > 0) {
      left -= 1;
      await transport.request({ method: 'GET', path: '/api/v1/namespaces/default' });
    }
  };
  await Promise.all(Array.from({ length: 100 }, call));
  expect(opened()).toBeLessThanOrEqual(32);
  const before = opened();
  await Promise.all(
    Array.from({ length: 100 }, () => transport.request({ method: 'GET', path: '/api/v1/namespaces/default' })),
  );
  expect(opened()).toBe(before);
  await transport.close();
});

test('an event is shown by kubectl describe and kubectl events', async () => {
  const { metadata } = await admin.client.createResource(configMaps, configMap('noticed'));
  const recorder = createEventRecorder({
    transport: admin.transport,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    controller: 'countersign.dev/operator',
    instance: 'operator-0',
  });
  recorder.record({
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'noticed', uid: metadata.uid },
    type: 'Warning',
    reason: 'StagingChanged',
    action: 'Block',
    note: 'é'.repeat(2_000),
  });
  await recorder.stop(10_000);
  expect(recorder.dropped()).toBe(0);
  const described = await cluster.controlPlane.kubectl('admin', ['describe', 'configmap', 'noticed']);
  expect(described.stdout).toMatch(/Warning\s+StagingChanged\s+\d+s\s+countersign\.dev\/operator\s+é+…/);
  const events = await cluster.controlPlane.kubectl('admin', ['events', '--for', 'configmap/noticed']);
  expect(events.stdout).toContain('StagingChanged');
});

/** New policies, webhooks and quotas take a moment to act: asks until the first refusal. */
async function eventuallyRefused(call: () => Promise<unknown>): Promise<unknown> {
  const end = performance.now() + 15_000;
  while (performance.now() < end) {
    const refusal = await call().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refusal !== undefined) return refusal;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('never refused');
}
