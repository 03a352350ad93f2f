import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { accepted, refused, type Answer } from './client.ts';
import { startControlPlane, type ControlPlane } from './controlplane.ts';
import type { KubeObject } from './objects.ts';
import { waitFor } from './wait.ts';

interface SelfSubjectReview extends KubeObject {
  readonly status: { readonly userInfo: { readonly username: string; readonly groups: readonly string[] } };
}

const bare = { kcm: false, scheduler: false, kwok: false } as const;

let one: ControlPlane;
let other: ControlPlane;
beforeAll(async () => {
  [one, other] = await Promise.all([startControlPlane(bare), startControlPlane(bare)]);
}, 120_000);
afterAll(() => Promise.all([one.stop(), other.stop()]));

const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });

function whoAmI(controlPlane: ControlPlane, name: string): Promise<Answer<SelfSubjectReview>> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  return controlPlane.client(name).createAt<SelfSubjectReview>(review, { ...review, metadata: {} });
}

describe('two control planes side by side', () => {
  test('share nothing', async () => {
    accepted(await one.client('admin').create(configMap('only-here')));
    const answer = await other
      .client('admin')
      .get({ ...configMap('only-here'), namespace: 'default', name: 'only-here' });
    expect(refused(answer).reason).toBe('NotFound');
  });

  test("do not accept each other's certificates", async () => {
    const credentials = readFileSync(one.kubeconfig('admin'), 'utf8');
    const elsewhere = join(one.dir, 'elsewhere');
    writeFileSync(elsewhere, credentials.replace(one.server, other.server));
    await expect(one.client(elsewhere).raw({ method: 'GET', path: '/api' })).rejects.toMatchObject({
      code: expect.stringMatching(/SIGNATURE|ISSUER|SELF_SIGNED|UNABLE/),
    });
  });
});

describe('identities', () => {
  test.each([
    { name: 'developer-a', groups: [] },
    { name: 'approver-a', groups: ['payments-owners'] },
    { name: 'approver-b', groups: ['change-board'] },
    { name: 'admin', groups: [] },
    { name: 'installer', groups: ['system:masters'] },
  ])('$name authenticates as named', async ({ name, groups }) => {
    const { username, groups: seen } = accepted(await whoAmI(one, name)).status.userInfo;
    expect({ username, groups: [...seen].sort() }).toEqual({
      username: name,
      groups: [...groups, 'system:authenticated'].sort(),
    });
  });

  test.each(['mallory, O=system:masters', 'аdmin', 'a/../b', '..', 'x" y+CN=z'])(
    'one named %j is minted on the fly, as it is',
    async (name) => {
      await one.identity({ name, groups: ['some, group', 'other'] });
      const { username, groups } = accepted(await whoAmI(one, name)).status.userInfo;
      expect(username).toBe(name);
      expect(groups).toEqual(expect.arrayContaining(['some, group', 'other']));
      expect(groups).not.toContain('system:masters');
    },
  );

  test('a developer has no rights of his own; admin has them through RBAC', async () => {
    const namespaces = { apiVersion: 'v1', kind: 'Namespace' };
    expect(refused(await one.client('developer-a').list(namespaces)).code).toBe(403);
    expect(accepted(await one.client('admin').list(namespaces)).items.length).toBeGreaterThan(3);
  });
});

describe('the record', () => {
  test('holds a request with who, what and the answer', async () => {
    refused(await one.client('tester-a').create(configMap('audited')));
    const events = await one.auditEvents();
    expect(events.findLast(({ user }) => user.username === 'tester-a')).toMatchObject({
      verb: 'create',
      objectRef: { resource: 'configmaps', namespace: 'default' },
      responseStatus: { code: 403 },
      stage: 'ResponseComplete',
    });
  });
});

describe('admission policies', () => {
  test.each(['MutatingAdmissionPolicy', 'ValidatingAdmissionPolicy'])('%s v1 is served', async (kind) => {
    const policies = await one.client('admin').list({ apiVersion: 'admissionregistration.k8s.io/v1', kind });
    expect(policies.code).toBe(200);
  });
});

describe('the API client', () => {
  test('dry-run stores nothing', async () => {
    const admin = one.client('admin');
    accepted(await admin.create(configMap('dry'), { dryRun: 'All' }));
    expect((await admin.get({ ...configMap('dry'), namespace: 'default', name: 'dry' })).code).toBe(404);
  });

  test('replace names what it believes: a stale one is a conflict', async () => {
    const admin = one.client('admin');
    const first = accepted(await admin.create(configMap('stale')));
    accepted(await admin.replace({ ...first, data: { a: '1' } }));
    expect(refused(await admin.replace({ ...first, data: { a: '2' } })).reason).toBe('Conflict');
  });

  test.each([
    { type: 'merge', body: { data: { key: 'v' } } },
    { type: 'json', body: [{ op: 'add', path: '/data', value: { key: 'v' } }] },
    { type: 'strategic', body: { data: { key: 'v' } } },
    { type: 'apply', body: { ...configMap('patched-apply'), data: { key: 'v' } } },
  ] as const)('patches as $type', async ({ type, body }) => {
    const admin = one.client('admin');
    const object = configMap(`patched-${type}`);
    accepted(await admin.create(object));
    const target = { apiVersion: 'v1', kind: 'ConfigMap', ...object.metadata };
    expect(accepted(await admin.patch(target, type, body))).toMatchObject({ data: { key: 'v' } });
  });

  test('a wait that fails shows what was seen last', async () => {
    const target = { apiVersion: 'v1', kind: 'Namespace', name: 'default' };
    await expect(waitFor(one.client('admin'), target, () => false, 200)).rejects.toThrow(
      /timed out after 200 ms.*default[^]*last seen: [^]*"kubernetes.io\/metadata.name"/,
    );
  });
});

describe('tools', () => {
  test('kubectl runs as the identity and reports its exit code', async () => {
    const yaml = JSON.stringify(configMap('by-kubectl'));
    expect(await one.kubectl('admin', ['create', '-f', '-'], { stdin: yaml })).toMatchObject({
      code: 0,
      stdout: 'configmap/by-kubectl created\n',
    });
    expect(await one.kubectl('sre-b', ['get', 'configmaps'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('User "sre-b" cannot list'),
    });
  });

  test('helm reaches the cluster', async () => {
    expect(await one.helm('admin', ['list', '--all-namespaces', '-o', 'json'])).toMatchObject({
      code: 0,
      stdout: '[]\n',
    });
  });
});

describe('faults', () => {
  test('the API server restarts on its port with what it held, and waits survive it', async () => {
    const admin = one.client('admin');
    accepted(await admin.create(configMap('kept')));
    const later = waitFor(
      admin,
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'later' },
      () => true,
    );
    const before = one.pids()['kube-apiserver'];
    await one.restartApiServer();
    expect(one.pids()['kube-apiserver']).not.toBe(before);
    accepted(await admin.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'kept' }));
    accepted(await admin.create(configMap('later')));
    await later;
  }, 60_000);
});
