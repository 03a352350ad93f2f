/** What we rely on in @kubernetes/client-node 2.0.1: that KubeConfig finds credentials as kubectl does. And why we rely on nothing else in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig, Watch, loadYaml } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadCredentials } from '../../operator/kube/credentials.ts';

let folder: string;
const environment = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'client-node-'));
});
afterEach(() => {
  process.env = { ...environment };
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A kubeconfig with one cluster and this user. */
function kubeconfig(user: object, cluster: object = {}): string {
  return file(
    'config',
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'here',
      clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443/', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [
        { name: 'here', context: { cluster: 'c', user: 'u', namespace: 'n' } },
        { name: 'there', context: { cluster: 'c', user: 'u' } },
      ],
    }),
  );
}

describe('credentials', () => {
  test('are certificates, given as data or as files beside the kubeconfig', async () => {
    file('key.pem', 'KEY');
    const path = kubeconfig(
      { 'client-certificate-data': Buffer.from('CERT').toString('base64'), 'client-key': 'key.pem' },
      { 'certificate-authority-data': Buffer.from('CA').toString('base64'), 'tls-server-name': 'kubernetes' },
    );
    const { tls, server, namespace, headers } = await loadCredentials({ from: 'File', path });
    expect({ ca: String(tls.ca), cert: String(tls.cert), key: String(tls.key), servername: tls.servername }).toEqual({
      ca: 'CA',
      cert: 'CERT',
      key: 'KEY',
      servername: 'kubernetes',
    });
    expect(server).toBe('https://10.0.0.1:6443');
    expect(namespace).toBe('n');
    expect(await headers()).toEqual({});
  });

  test.each([
    { given: 'a token', user: { token: 't' }, expected: { authorization: 'Bearer t' } },
    {
      given: 'name and password',
      user: { username: 'me', password: 'pw' },
      expected: { authorization: 'Basic bWU6cHc=' },
    },
    {
      given: 'impersonation',
      user: { token: 't', as: 'other' },
      expected: { authorization: 'Bearer t', 'impersonate-user': 'other' },
    },
    {
      given: 'a program',
      user: {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: 'echo',
          args: ['{"status":{"token":"from-program"}}'],
        },
      },
      expected: { authorization: 'Bearer from-program' },
    },
  ])('are headers from $given', async ({ user, expected }) => {
    const { headers } = await loadCredentials({ from: 'File', path: kubeconfig(user) });
    expect(await headers()).toEqual(expected);
  });

  test('take another context when asked', async () => {
    const path = kubeconfig({ token: 't' });
    expect((await loadCredentials({ from: 'File', path, context: 'there' })).namespace).toBeUndefined();
    await expect(loadCredentials({ from: 'File', path, context: 'nowhere' })).rejects.toThrow(
      'names no current cluster',
    );
  });

  test('come from KUBECONFIG by default', async () => {
    process.env['KUBECONFIG'] = kubeconfig({ token: 't' });
    expect((await loadCredentials({ from: 'Default' })).server).toBe('https://10.0.0.1:6443');
  });

  test('of a token file are read again when the server refuses them, without its line break', async () => {
    const tokenFile = file('token', 'one\n');
    const { headers, refused } = await loadCredentials({ from: 'Token', server: 'https://h', caPem: 'CA', tokenFile });
    expect(await headers()).toEqual({ authorization: 'Bearer one' });
    file('token', 'two\n');
    expect(await headers()).toEqual({ authorization: 'Bearer one' });
    refused();
    expect(await headers()).toEqual({ authorization: 'Bearer two' });
  });

  test('in a pod are its ServiceAccount: address from the environment, token from its file', () => {
    process.env['KUBERNETES_SERVICE_HOST'] = 'fd00::1';
    process.env['KUBERNETES_SERVICE_PORT'] = '443';
    const config = new KubeConfig();
    config.loadFromCluster();
    const root = '/var/run/secrets/kubernetes.io/serviceaccount';
    expect(config.getCurrentCluster()).toMatchObject({ server: 'https://[fd00::1]:443', caFile: `${root}/ca.crt` });
    expect(config.getCurrentUser()).toMatchObject({
      authProvider: { name: 'tokenFile', config: { tokenFile: `${root}/token` } },
    });
  });

  test('that are missing are told', async () => {
    await expect(loadCredentials({ from: 'File', path: join(folder, 'nothing') })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('why our transport and reflector are our own', () => {
  test('a watch gives up after 30 quiet seconds', () => {
    expect(new Watch(new KubeConfig())).toMatchObject({ requestTimeoutMs: 30_000 });
  });

  test('every request gets a dispatcher of its own', async () => {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig({ token: 't' }, { 'insecure-skip-tls-verify': true }));
    const dispatchers: unknown[] = [];
    const context = { setHeaderParam() {}, setDispatcher: (dispatcher: unknown) => dispatchers.push(dispatcher) };
    const apply: unknown = Reflect.get(config, 'applySecurityAuthentication');
    if (typeof apply !== 'function') throw new Error('KubeConfig applies no authentication');
    for (let times = 0; times < 2; times += 1) await Reflect.apply(apply, config, [context]);
    expect(dispatchers).toHaveLength(2);
    expect(dispatchers[0]).not.toBe(dispatchers[1]);
  });

  test('reading a definition from YAML loses fields whose names have dashes', () => {
    const schema = '{type: object, x-kubernetes-preserve-unknown-fields: true}';
    const yaml = `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {versions: [{schema: {openAPIV3Schema: ${schema}}}]}`;
    expect(JSON.stringify(loadYaml(yaml))).not.toContain('x-kubernetes-preserve-unknown-fields');
  });
});
