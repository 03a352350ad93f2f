/** Staging: what is frozen, what is shown to those who sign, and what staging owes the content until then. */
import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { JsonObject } from '../../operator/api/meta.ts';
import { accepted, waitFor, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { gate, image, type Entry, type World } from '../support/cluster/system.ts';
import {
  amendPolicy,
  approverA,
  approverB,
  bundleOf,
  contentIn,
  end,
  everybody,
  gateSays,
  patched,
  patienceMs,
  release,
  scenarios,
  sign,
  staged,
  tester,
  unguarded,
} from '../support/scenario/kit.ts';

const { scenario, system } = scenarios('stage');

const password = 'correct-horse-battery';
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYXJnbyJ9.c2lnbmVkLWJ5LW5vYm9keQ';

interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: { readonly containers: readonly { image: string; resources?: unknown }[] };
    };
  };
}

interface Data extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

const apiWithPassword = (world: World, from: JsonObject): Manifest =>
  patched(world.deployment('api', 'a'), {
    spec: {
      template: {
        spec: { containers: [{ name: 'main', image: image('a'), env: [{ name: 'DB_PASSWORD', ...from }] }] },
      },
    },
  });

scenario('those who sign read everything that changes in production, and no secret', async (world) => {
  await world.stage(
    world.configMap('settings', { level: 'info', 'session-token': token, debug: 'yes' }),
    apiWithPassword(world, { value: password }),
  );
  const overlay = [
    { kind: 'Deployment', name: 'api', patch: { spec: { replicas: 3 } } },
    { kind: 'ConfigMap', name: 'settings', patch: { data: { debug: null } } },
  ];
  await world.propose(world.candidate('first', ['ConfigMap/settings', 'Deployment/api'], { overlay }));

  const candidate = await staged(world, 'first');
  const bundle = await bundleOf(world, candidate);
  const read = await system().controlPlane.kubectl('approver-a', [
    'get',
    'relbundle',
    bundle.metadata.name ?? '',
    '-n',
    world.production,
    '-o',
    'jsonpath={.spec.deltaText}',
  ]);

  expect(bundle.spec).toMatchObject({ authors: ['developer-a'], base: 'none', digest: candidate.status?.digest });
  expect(read).toMatchObject({ code: 0, stdout: bundle.spec.deltaText });
  expect(read.stdout).toContain('against    nothing: production runs nothing of this package');
  expect(read.stdout).toContain(image('a'));
  expect(read.stdout).toContain('spec.replicas: (none) → 3');
  expect(contentIn(bundle, 'ConfigMap', 'settings')['data']).toEqual({ level: 'info', 'session-token': token });

  await sign(world, 'first', ...everybody);
  expect(await end(world, 'first')).toBe('Promoted');
  expect(await world.live<Workload>('Deployment', 'api')).toMatchObject({ spec: { replicas: 3 } });
  const events = accepted(await world.as('installer').list({ apiVersion: 'events.k8s.io/v1', kind: 'Event' }));
  const ledger = await world.ledger();
  const told = {
    delta: JSON.stringify([bundle.spec.delta, bundle.spec.deltaText]),
    status: JSON.stringify(candidate.status),
    events: JSON.stringify(events),
    ledger: JSON.stringify(ledger),
    log: readFileSync(system().operator.logFile, 'utf8'),
  };
  for (const text of Object.values(told)) {
    expect(text).not.toContain(password);
    expect(text).not.toContain(token);
  }
});

scenario(
  'a successor is shown as what it changes, and the scale that an autoscaler chose stays',
  async (world) => {
    const autoscaler: Manifest = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'api', namespace: world.staging },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
        minReplicas: 1,
        maxReplicas: 9,
      },
    };
    const components = ['ConfigMap/settings', 'Deployment/api', 'HorizontalPodAutoscaler/api'];
    await world.stage(
      world.configMap('settings', { level: 'info', tuned: '1' }),
      world.deployment('api', 'a'),
      autoscaler,
    );
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');
    const first = await bundleOf(world, await world.when('first', () => true));
    const admin = world.as('installer');
    accepted(await admin.patch(world.ref('Deployment', 'api'), 'merge', { spec: { replicas: 4 } }));
    accepted(await admin.patch(world.ref('ConfigMap', 'settings'), 'merge', { data: { tuned: '2' } }));

    await world.stage(world.configMap('settings', { level: 'debug', tuned: '1' }), world.deployment('api', 'b'));
    await world.propose(world.candidate('second', components));
    const bundle = await bundleOf(world, await sign(world, 'second', ...everybody));

    expect(await end(world, 'second')).toBe('Promoted');
    expect(bundle.spec.base).toBe(first.spec.digest);
    expect(bundle.spec.unmanaged).toEqual([
      { kind: 'ConfigMap', name: 'settings', group: '', fields: ['data.tuned'] },
      { kind: 'Deployment', name: 'api', group: '', fields: ['spec.replicas'] },
    ]);
    expect(bundle.spec.delta).toEqual([
      { object: 'ConfigMap/settings', path: 'data.level', from: 'info', to: 'debug', class: 'configuration' },
      {
        object: 'Deployment/api',
        path: 'spec.template.spec.containers[name=main].image',
        from: image('a'),
        to: image('b'),
        class: 'image',
      },
    ]);
    const live = await world.live<Workload>('Deployment', 'api');
    expect(live).toMatchObject({ spec: { replicas: 4, template: { spec: { containers: [{ image: image('b') }] } } } });
    expect((await world.live<Data>('ConfigMap', 'settings'))?.data).toEqual({ level: 'debug', tuned: '2' });
  },
  { unmanagedFields: [{ kind: 'ConfigMap', name: 'settings', fields: ['data.tuned'] }] },
  unguarded,
);

scenario('content is what a release decides: with defaults, without what the cluster writes', async (world) => {
  const service: Manifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'api',
      namespace: world.staging,
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', team: 'payments' },
    },
    spec: { type: 'NodePort', selector: { app: 'api' }, ports: [{ port: 80 }] },
  };
  await world.stage(world.deployment('api', 'a'), service);
  await world.propose(world.candidate('first', ['Deployment/api', 'Service/api']));
  const first = await staged(world, 'first');
  const bundle = await bundleOf(world, first);

  expect(contentIn(bundle, 'Service', 'api')).toEqual({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api', annotations: { team: 'payments' } },
    spec: {
      type: 'NodePort',
      selector: { app: 'api' },
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
    },
  });
  const deployment = contentIn(bundle, 'Deployment', 'api');
  expect(deployment['metadata']).toEqual({ name: 'api' });
  expect(deployment).not.toHaveProperty('status');
  expect(deployment).toMatchObject({
    spec: {
      progressDeadlineSeconds: 600,
      template: { spec: { restartPolicy: 'Always', schedulerName: 'default-scheduler' } },
    },
  });

  const developer = world.as('developer-a');
  for (const kind of ['Deployment', 'Service']) accepted(await developer.delete(world.ref(kind, 'api', world.staging)));
  await world.stage(world.deployment('api', 'a'), service);
  await world.propose(world.candidate('again', ['Service/api', 'Deployment/api']));
  expect((await staged(world, 'again')).status?.digest).toBe(first.status?.digest);
});

scenario(
  'staging holds the content until it is soaked and tested, and may move on then',
  async (world) => {
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('held', ['ConfigMap/settings']));
    await staged(world, 'held');

    await world.stage(world.configMap('settings', { level: 'debug' }));
    const changed = await gateSays(world, 'held', 'StagingUnchanged', 'StagingChanged');
    expect(changed).toMatchObject({
      outcome: 'Blocked',
      message: 'Staging no longer runs what was staged: ConfigMap settings has changed',
    });
    expect(changed.remedy).toContain(`The developer restores it in ${world.staging}`);

    await world.stage(world.configMap('settings', { level: 'info' }));
    await gateSays(world, 'held', 'StagingUnchanged', 'StagingUnchanged');
    await sign(world, 'held', tester);
    await gateSays(world, 'held', 'Soak', 'Soaked');
    await waitFor<Entry>(
      world.as('auditor-a'),
      world.ref('LedgerEntry'),
      ({ spec }) => spec.type === 'Tested',
      patienceMs,
    );

    await world.stage(world.configMap('settings', { level: 'next' }));
    expect(await gateSays(world, 'held', 'StagingUnchanged', 'HoldOver')).toMatchObject({ outcome: 'Passed' });
    await sign(world, 'held', approverA, approverB);
    expect(await end(world, 'held')).toBe('Promoted');
    expect((await world.live<Data>('ConfigMap', 'settings'))?.data).toEqual({ level: 'info' });
  },
  { soak: '2s' },
);

scenario(
  'under UntilPromoted staging holds the content to the end',
  async (world) => {
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('strict', ['ConfigMap/settings']));
    await sign(world, 'strict', tester, approverA);
    await world.stage(world.configMap('settings', { level: 'debug' }));
    await gateSays(world, 'strict', 'StagingUnchanged', 'StagingChanged');
    await sign(world, 'strict', approverB);
    const stopped = await world.when('strict', (each) => each.status?.approvals === '3/3', patienceMs);
    expect(gate(stopped, 'StagingUnchanged')).toMatchObject({ outcome: 'Blocked' });

    await world.stage(world.configMap('settings', { level: 'info' }));
    expect(await end(world, 'strict')).toBe('Promoted');
  },
  { stagingHold: 'UntilPromoted' },
);

scenario('a package of five hundred parts is picked by label and promoted', async (world) => {
  const labels = { 'part-of': 'vendor' };
  const names = Array.from({ length: 500 }, (_, index) => `part-${String(index).padStart(3, '0')}`);
  const parts = names.map((name) => {
    const map = world.configMap(name, { content: `of ${name}` });
    return { ...map, metadata: { ...map.metadata, labels } };
  });
  for (let from = 0; from < parts.length; from += 50) {
    await Promise.all(
      parts.slice(from, from + 50).map(async (part) => accepted(await world.as('developer-a').create(part))),
    );
  }
  await world.stage(world.configMap('stranger', { content: 'of nobody' }));

  const began = performance.now();
  await world.propose(world.candidate('vendor', [], { components: undefined, selector: { matchLabels: labels } }));
  await staged(world, 'vendor');
  const stagedAfter = performance.now() - began;
  await sign(world, 'vendor', ...everybody);
  expect(await end(world, 'vendor')).toBe('Promoted');
  const promotedAfter = performance.now() - began;

  const live = accepted(await world.as('installer').list(world.ref('ConfigMap'), { labelSelector: 'part-of=vendor' }));
  expect(live.items).toHaveLength(500);
  expect(await world.live('ConfigMap', 'stranger')).toBeUndefined();
  process.stderr.write(
    `500 objects: staged after ${Math.round(stagedAfter)} ms, promoted after ${Math.round(promotedAfter)} ms\n`,
  );
});

scenario('a package of more than five mebibytes is frozen in parts and promoted whole', async (world) => {
  const sizes = Array.from({ length: 8 }, (_, index) => `bulk-${index}`);
  // Of a kind that does not get smaller by compression.
  const bulk = new Map(sizes.map((name) => [name, randomBytes(525_000).toString('base64')]));
  await world.stage(...sizes.map((name) => world.configMap(name, { content: bulk.get(name) ?? '' })));
  await world.propose(
    world.candidate(
      'bulky',
      sizes.map((name) => `ConfigMap/${name}`),
    ),
  );
  const bundle = await bundleOf(world, await sign(world, 'bulky', ...everybody));

  expect(await end(world, 'bulky')).toBe('Promoted');
  expect(bundle.spec.parts).toHaveLength(8);
  for (const name of sizes) expect((await world.live<Data>('ConfigMap', name))?.data['content']).toBe(bulk.get(name));
});

scenario('a ConfigMap of as much JSON as there may be is frozen, shown and promoted', async (world) => {
  const panel = JSON.stringify({ type: 'graph', targets: [{ expr: 'rate(http_requests_total{job="web"}[5m])' }] });
  const dashboards = `[${Array.from({ length: Math.floor(1_040_000 / (panel.length + 1)) }, () => panel).join()}]`;
  await world.stage(world.configMap('dashboards', { 'all.json': dashboards }));
  await world.propose(world.candidate('large', ['ConfigMap/dashboards']));
  const bundle = await bundleOf(world, await sign(world, 'large', ...everybody));

  expect(await end(world, 'large')).toBe('Promoted');
  expect((await world.live<Data>('ConfigMap', 'dashboards'))?.data['all.json']).toBe(dashboards);
  const [frozen] = bundle.spec.objects;
  expect(frozen).toMatchObject({ encoding: 'gzip', size: expect.any(Number) });
  const text = gunzipSync(Buffer.from(frozen?.content ?? '', 'base64')).toString();
  expect(JSON.parse(text)).toMatchObject({ kind: 'ConfigMap', data: { 'all.json': dashboards } });
  expect(`sha256:${createHash('sha256').update(text).digest('hex')}`).toBe(frozen?.digest);
});

scenario(
  'a release of the package under it renders a candidate anew, and asks for its signatures again',
  async (world) => {
    await world.stage(world.configMap('settings', { level: 'a' }));
    await world.propose(world.candidate('first', ['ConfigMap/settings']));
    await sign(world, 'first', tester);
    await world.propose(
      world.candidate('second', ['ConfigMap/settings'], {
        overlay: [{ kind: 'ConfigMap', name: 'settings', patch: { data: { level: 'b' } } }],
      }),
    );
    const before = await sign(world, 'second', approverA, approverB);
    await world.when('second', (each) => each.status?.approvals === '2/3', patienceMs);

    const first = await sign(world, 'first', approverA, approverB);
    expect(await end(world, 'first')).toBe('Promoted');
    const anew = await world.when('second', (each) => each.status?.approvals === '0/3', patienceMs);

    expect(anew.status?.digest).not.toBe(before.status?.digest);
    expect((await bundleOf(world, anew)).spec.base).toBe(first.status?.digest);
    const verdict = gate(anew, 'Approvals');
    expect(verdict).toMatchObject({ outcome: 'Waiting', reason: 'ApprovalsMissing' });
    expect(verdict?.message).toContain(
      '0 of 3 approvals recorded; waiting for 1 tester and 2 approver (from payments-owners and change-board); not counted: ',
    );
    expect(verdict?.message).toContain('approver-a as approver (signed for other content)');
    await sign(world, 'second', ...everybody);
    expect(await end(world, 'second')).toBe('Promoted');
    expect((await world.live<Data>('ConfigMap', 'settings'))?.data).toEqual({ level: 'b' });
  },
);

scenario(
  'a Secret that production lacks is named, and waited for until a declared program may bring it',
  async (world) => {
    const valueFrom = { secretKeyRef: { name: 'db', key: 'password' } };
    await world.stage(apiWithPassword(world, { valueFrom }));
    await world.propose(world.candidate('needy', ['Deployment/api']));
    await sign(world, 'needy', ...everybody);

    expect(await gateSays(world, 'needy', 'SecretsPresent', 'SecretMissing')).toMatchObject({
      outcome: 'Blocked',
      message: `${world.production} lacks Secret db for Deployment api`,
      remedy: `A holder of keepsecrets (ClusterRole countersign-secrets-keeper) in ${world.production} creates it: kubectl create secret generic db -n ${world.production} --from-file=password=<file>`,
    });
    await amendPolicy(world, { platformWriters: [{ identity: 'installer', kind: 'Secret', names: ['db'] }] });
    expect(await end(world, 'needy')).toBe('Promoted');
  },
);
