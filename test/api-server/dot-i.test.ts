/** What we rely on in @dot-i/k8s-operator 1.3.9, what we replace in it, and that our replacements hold. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Host, ResourceEventType, type ResourceEvent } from '../../operator/kube/host.ts';
import { createReflectors, type Reflectors } from '../../operator/kube/reflectors.ts';
import { isRecord, type ResourceRow } from '../../operator/kube/resource.ts';
import { systemClock } from '../../operator/time/clock.ts';
import { silentLogger } from '../../operator/log.ts';
import { accessAs, configMap, configMaps, type Access } from '../support/builders/kube.ts';
import { startCluster, startTimeoutMs, type Cluster } from '../support/cluster/cluster.ts';

const widgets: ResourceRow = {
  apiVersion: 'test.countersign.dev/v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};
const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.test.countersign.dev}
spec:
  group: test.countersign.dev
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;
const finalizer = 'countersign.dev/test';

let cluster: Cluster;
let admin: Access;
let folder: string;
const ending: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dot-i-'));
  cluster = await startCluster({ nodes: 0, kcm: false, scheduler: false, kwok: false });
  admin = await accessAs(cluster.controlPlane.kubeconfig('admin'));
}, startTimeoutMs);

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

afterAll(async () => {
  await admin.transport.close();
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the life of a process', () => {
  test('the original exits with 1 after 30 quiet seconds', async () => {
    const child = run('Original', 'Quick');
    expect(await child.ended).toBe(1);
  });

  test('the original reports a finalizer that it never set', async () => {
    const child = run('Original');
    await child.says('started');
    await admin.client.createResource(configMaps, configMap('written'));
    await child.says('finalizers');
    await child.kill('SIGKILL');
    const { metadata } = await admin.client.getResource(configMaps, { namespace: 'default', name: 'written' });
    expect(metadata.finalizers).toBeUndefined();
    await admin.client.deleteResource(configMaps, { namespace: 'default', name: 'written' });
  });

  test('the original exits with 1 when it is asked to stop', async () => {
    const child = run('Original');
    await child.says('started');
    await child.kill('SIGTERM');
    expect(await child.ended).toBe(1);
  });

  test('ours lives through 31 quiet seconds, then sees and writes, and exits with 0 on SIGTERM', async () => {
    const child = run('Host', 'Quick');
    await child.says('started');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await admin.client.createResource(configMaps, configMap('written'));
    await child.says('finalizers');
    const { metadata } = await admin.client.getResource(configMaps, { namespace: 'default', name: 'written' });
    expect(metadata.finalizers).toEqual([finalizer]);
    await child.kill('SIGTERM');
    expect(await child.ended).toBe(0);
  });
});

describe('our host', () => {
  test('registers a definition once, and leaves one that is there', async () => {
    const { host } = await startHost();
    const file = join(folder, 'crd.yaml');
    writeFileSync(file, definition);
    for (let times = 0; times < 2; times += 1) {
      const registered = await host.registerCustomResourceDefinition(file);
      expect(registered).toMatchObject({
        group: 'test.countersign.dev',
        plural: 'widgets',
        versions: [{ name: 'v1' }],
      });
    }
    writeFileSync(file, 'apiVersion: v1\nkind: ConfigMap\n');
    await expect(host.registerCustomResourceDefinition(file)).rejects.toMatchObject({ kind: 'Invalid' });
  });

  test('tells events one at a time, in the words of dot-i', async () => {
    const { host } = await startHost();
    const told: string[] = [];
    let busy = 0;
    const onEvent = async ({ type, meta }: ResourceEvent) => {
      if (meta.name !== 'told') return;
      busy += 1;
      expect(busy).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      told.push(`${type} ${meta.id} ${meta.namespace}/${meta.name}`);
      busy -= 1;
      throw new Error('a handler that fails stops nothing');
    };
    await host.watchResource('', 'v1', 'configmaps', onEvent, 'kube-system');
    const { client } = admin;
    await client.createResource(configMaps, configMap('told', {}, 'kube-system'));
    await client.replaceResource(configMaps, configMap('told', { a: '1' }, 'kube-system'));
    await client.deleteResource(configMaps, { namespace: 'kube-system', name: 'told' });
    await until(() => told.length === 3);
    expect(told).toEqual([
      `${ResourceEventType.Added} configmaps.v1 kube-system/told`,
      `${ResourceEventType.Modified} configmaps.v1 kube-system/told`,
      `${ResourceEventType.Deleted} configmaps.v1 kube-system/told`,
    ]);
  });

  test('keeps an object until the delete action has run: the finalizer protocol, over our writes', async () => {
    const { host } = await startHost();
    const cleaned: string[] = [];
    await host.watchResource(
      'test.countersign.dev',
      'v1',
      'widgets',
      async (event) => {
        await host.handleResourceFinalizer(event, finalizer, (deleted) => {
          cleaned.push(deleted.meta.name);
          return Promise.resolve();
        });
      },
      'default',
    );
    await admin.client.createResource(widgets, widget('kept'));
    const read = () => admin.client.getResource(widgets, { namespace: 'default', name: 'kept' });
    await until(async () => (await read()).metadata.finalizers?.includes(finalizer) === true);
    await admin.client.deleteResource(widgets, { namespace: 'default', name: 'kept' });
    await until(() =>
      read().then(
        () => false,
        () => true,
      ),
    );
    expect(cleaned).toEqual(['kept']);
  });

  test('writes status, and throws a conflict for a state that is no longer so', async () => {
    const { host, reflectors } = await startHost();
    const events: ResourceEvent[] = [];
    await host.watchResource(
      'test.countersign.dev',
      'v1',
      'widgets',
      (event) => {
        events.push(event);
        return Promise.resolve();
      },
      'default',
    );
    await admin.client.createResource(widgets, widget('stated'));
    await until(() => events.length > 0);
    const meta = events[0]?.meta;
    if (!meta) throw new Error('no event');

    const put = await host.setResourceStatus(meta, { phase: 'One', note: 'x' });
    const patched = await host.patchResourceStatus(put, { phase: 'Two' });
    const now = await admin.client.getResource(widgets, { namespace: 'default', name: 'stated' });
    expect(now['status']).toEqual({ phase: 'Two', note: 'x' });
    expect(patched.resourceVersion).toBe(now.metadata.resourceVersion);

    const stale = { kind: 'Conflict', code: 409 };
    await expect(host.setResourceStatus(meta, {})).rejects.toMatchObject(stale);
    await expect(host.patchResourceStatus(meta, {})).rejects.toMatchObject(stale);
    await expect(host.setResourceFinalizers(meta, [])).rejects.toMatchObject(stale);
    expect(reflectors.isSynced()).toBe(true);
  });

  test('knows the address of a collection, and refuses what it does not watch', async () => {
    const { host } = await startHost();
    expect(host.getCustomResourceApiUri('g.example', 'v1', 'things', 'n')).toBe(
      `${cluster.controlPlane.server}/apis/g.example/v1/namespaces/n/things`,
    );
    expect(host.getCustomResourceApiUri('', 'v1', 'pods')).toBe(`${cluster.controlPlane.server}/api/v1/pods`);
    const meta = { id: 'pods.v1', name: 'a', apiVersion: 'v1', kind: 'Pod', resourceVersion: '1' };
    await expect(host.setResourceStatus(meta, {})).rejects.toMatchObject({ kind: 'Bug' });
    await expect(host.watchResource('', 'v1', 'nothings', () => Promise.resolve())).rejects.toMatchObject({
      kind: 'NotFound',
    });
  });

  test('start fails as init fails; shutdown is called before the streams close', async () => {
    const reflectors = reflectorsOf(admin);
    const order: string[] = [];
    const host = new Host({
      transport: admin.transport,
      reflectors,
      logger: silentLogger,
      init: () => Promise.reject(new Error('no policy')),
      shutdown() {
        order.push('shutdown');
        return Promise.resolve();
      },
    });
    await expect(host.start()).rejects.toThrow('no policy');
    host.stop();
    host.stop();
    await host.stopped();
    expect(order).toEqual(['shutdown']);
  });
});

function widget(name: string) {
  return { apiVersion: widgets.apiVersion, kind: widgets.kind, metadata: { name, namespace: 'default' } };
}

function reflectorsOf({ transport }: Access): Reflectors {
  const reflectors = createReflectors({ transport, clock: systemClock, random: Math.random, logger: silentLogger });
  ending.push(() => reflectors.stop());
  return reflectors;
}

async function startHost() {
  const reflectors = reflectorsOf(admin);
  const host = new Host({
    transport: admin.transport,
    reflectors,
    logger: silentLogger,
    init: () => Promise.resolve(),
  });
  ending.push(async () => {
    host.stop();
    await host.stopped();
  });
  await host.start();
  return { host, reflectors };
}

/** The program in dot-i/child.ts, and what it says. */
function run(mode: 'Original' | 'Host', time: 'Quick' | 'Real' = 'Real') {
  const script = join(import.meta.dirname, 'dot-i/child.ts');
  const child = spawn(
    process.execPath,
    ['--no-warnings', script, mode, cluster.controlPlane.kubeconfig('admin'), time],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'exit').then(([code]: unknown[]) => code);
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  ending.push(() => kill('SIGKILL'));
  const said: unknown[] = [];
  const wake = new Set<() => void>();
  createInterface(child.stdout).on('line', (line) => {
    said.push(JSON.parse(line));
    for (const each of wake) each();
  });
  const says = (field: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (said.some((each) => isRecord(each) && field in each)) resolve();
      };
      wake.add(look);
      look();
      void ended.then((code) =>
        reject(new Error(`ended with ${String(code)} before it said ${field}: ${JSON.stringify(said)}`)),
      );
    });
  return { ended, kill, says };
}

async function until(isSo: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  for (const end = performance.now() + withinMs; performance.now() < end;) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within ${withinMs} ms`);
}
