/** A namespace that already runs things comes under the guard: nothing restarts, what it ran goes on, and it is what a first rollback goes back to. */
import { beforeAll, expect } from '@jest/globals';
import { guard } from '../../hack/controlplane/chart.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { accepted, refused, waitFor, waitForGone, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { image, ours, type Entry, type World } from '../support/cluster/system.ts';
import { explained, foundUnderGuard, podMaker } from '../support/scenario/findings.ts';
import { inProduction, patienceMs, release, scenarios, type BundleSeen } from '../support/scenario/kit.ts';
import { entriesOf, normalLive, plant, podTemplate } from '../support/scenario/production.ts';

const { scenario, system } = scenarios('adopted');

beforeAll(() => system().controlPlane.identity({ name: podMaker }));

const tagged = 'registry.example/app:1.0';

/** As somebody deployed it long ago: images by tag, and a container that something injected. */
const inherited = (name: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          { name: 'main', image: tagged },
          { name: 'sidecar', image: 'registry.example/proxy:latest' },
        ],
      },
    },
  },
});

const runs = async (world: World, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    await inProduction<KubeObject & { status?: { availableReplicas?: number } }>(
      world,
      'Deployment',
      name,
      ({ status }) => status?.availableReplicas === 2,
    );
  }
};

const before = async (world: World): Promise<void> => {
  await plant(world, inherited('api'));
  await plant(world, inherited('old'));
  await plant(world, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { level: 'old' } });
  await runs(world, ['api', 'old']);
};

type Pod = KubeObject & { readonly metadata: { readonly name: string; readonly uid: string } };

const pods = async (world: World, app: string): Promise<readonly Pod[]> =>
  accepted(await world.as('installer').list<Pod>(world.ref('Pod'), { labelSelector: `app=${app}` }))
    .items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));

const uids = async (world: World): Promise<readonly string[]> =>
  [...(await pods(world, 'api')), ...(await pods(world, 'old'))].map(({ metadata }) => metadata.uid);

/** Sets an image as a developer with the right to edit does, and returns the answer with what came with it. */
const setImage = async (world: World, who: string): Promise<{ readonly code: number; readonly told: string }> => {
  const { code, stderr } = await system().controlPlane.kubectl(who, [
    'set',
    'image',
    'deployment/old',
    `main=${image('e')}`,
    '--dry-run=server',
    '-n',
    world.production,
  ]);
  return { code, told: stderr };
};

scenario(
  'what would be refused is warned of, then refused; no pod restarts, and an evicted one comes back as it was',
  async (world) => {
    const first = await uids(world);
    expect(first).toHaveLength(4);
    await bindRole(world.as('installer'), {
      name: 'developers-as-ever',
      namespace: world.production,
      role: 'edit',
      subject: { kind: 'User', name: 'developer-b' },
    });
    await explained(world);
    const warned = await setImage(world, 'developer-b');
    expect(warned.code).toBe(0);
    expect(warned.told).toMatch(/Warning: .*ProductionGuardWorkload: developer-b may not /);

    await guard(world.as('installer'), world.production, 'enforce');
    const denied = await setImage(world, 'developer-b');
    expect(denied.code).not.toBe(0);
    expect(denied.told).toMatch(/ProductionGuardWorkload: developer-b may not .*Next: /);
    expect(await uids(world)).toEqual(first);

    const [pod] = await pods(world, 'old');
    const name = pod?.metadata.name ?? '';
    accepted(
      await world
        .as('installer')
        .createAt(
          { ...world.ref('Pod', name), subresource: 'eviction' },
          { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: world.production } },
        ),
    );
    await waitForGone(world.as('installer'), world.ref('Pod', name), patienceMs);
    await runs(world, ['old']);
    const images = (await pods(world, 'old')).map((each) =>
      JSON.stringify(each).match(/registry\.example\/\w+:[\w.]+/g),
    );
    for (const each of images) expect(each).toEqual(expect.arrayContaining([tagged, 'registry.example/proxy:latest']));
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  {},
  { guarded: 'audit', before },
);

scenario(
  'the first release records what was there, and a rollback brings back exactly that, tags and all',
  async (world) => {
    const was = await normalLive(world, 'Deployment', 'api');
    const other = await pods(world, 'old');
    // What staging has for the first time is pinned; the sidecar of production is not in it.
    const deployment: Manifest = {
      ...inherited('api'),
      metadata: { name: 'api', namespace: world.staging },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'api' } },
        template: podTemplate('api', 'a'),
      },
    };
    await world.stage(deployment, world.configMap('settings', { level: 'new' }));
    expect(await release(world, world.candidate('first', ['Deployment/api', 'ConfigMap/settings']))).toBe('Promoted');
    const started = (await entriesOf(world, 'PromotionStarted'))[0];
    const baseline = String((JSON.parse(started?.data ?? '{}') as { from?: string }).from); // text, always
    expect(baseline).toMatch(/^payments-baseline-/);
    const seen = accepted(await world.as('auditor-a').get<BundleSeen>(world.ref('ReleaseBundle', baseline)));
    expect(seen.spec.objects.map(({ kind, name }) => `${kind}/${name}`).toSorted()).toEqual([
      'ConfigMap/settings',
      'Deployment/api',
    ]);
    expect(refused(await world.as('developer-b').delete(world.ref('Deployment', 'old'))).code).toBe(403);

    accepted(
      await world.as('sre-a').create({
        apiVersion: ours,
        kind: 'Rollback',
        metadata: { name: 'back', namespace: world.production },
        spec: { package: 'payments', reason: 'it was better before' },
      }),
    );
    await waitFor<Entry>(
      world.as('auditor-a'),
      world.ref('LedgerEntry'),
      ({ spec }) => spec.type === 'RolledBack',
      patienceMs,
    );
    expect(await normalLive(world, 'Deployment', 'api')).toEqual(was);
    expect((await normalLive(world, 'ConfigMap', 'settings'))?.['data']).toEqual({ level: 'old' });
    await runs(world, ['api', 'old']);
    expect((await pods(world, 'old')).map(({ metadata }) => metadata.uid)).toEqual(
      other.map(({ metadata }) => metadata.uid),
    );
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  {},
  { before },
);
