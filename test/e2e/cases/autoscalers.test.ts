/** Replicas that an autoscaler decides, in staging or in production, are no content: neither what is tested nor what is signed for. */
import { expect } from '@jest/globals';
import { accepted, waitForGone, type KubeObject, type Manifest } from '../../support/cluster/cluster.ts';
import { eventually } from '../../support/attack/world.ts';
import { image, type World } from '../../support/cluster/system.ts';
import {
  bundleOf,
  end,
  everybody,
  gateSays,
  inProduction,
  patienceMs,
  release,
  scenarios,
  sign,
  staged,
} from '../../support/scenario/kit.ts';
import { behaving, manifestOf } from '../../support/scenario/production.ts';

const { scenario, system } = scenarios('scaled');

const quick = { health: { progressTimeout: '90s', observeFor: '0s' } };

const autoscaler = (world: World, minReplicas: number): Manifest =>
  manifestOf(world, 'HorizontalPodAutoscaler', 'web', {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas,
      maxReplicas: 9,
    },
  });

const both = ['Deployment/web', 'HorizontalPodAutoscaler/web'];

let scaler: Promise<{ readonly name: string }> | undefined;

type Scaled = KubeObject & { readonly spec: { readonly replicas: number }; readonly status?: Record<string, number> };

/** As the autoscaler does it; there are no metrics by which it would. */
const rescale = async (world: World, namespace: string, replicas: number): Promise<void> => {
  scaler ??= system().controlPlane.identity({ name: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler' });
  const { name } = await scaler;
  await eventually(
    'rescaled',
    () =>
      world.as(name).raw({
        method: 'PUT',
        path: `/apis/apps/v1/namespaces/${namespace}/deployments/web/scale`,
        body: {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { name: 'web', namespace },
          spec: { replicas },
        },
      }),
    ({ code }) => code === 200,
  );
  await eventually(
    'ready',
    () => world.as('installer').get<Scaled>(world.ref('Deployment', 'web', namespace)),
    (answer) =>
      answer.ok && answer.body.spec.replicas === replicas && answer.body.status?.['readyReplicas'] === replicas,
  );
};

const replicasNow = async (world: World): Promise<number | undefined> =>
  (await world.live<Scaled>('Deployment', 'web'))?.spec.replicas;

scenario(
  'staging that its autoscaler scales while it is tested still runs exactly this content, and is promoted',
  async (world) => {
    await world.stage(world.deployment('web', 'a', { replicas: 2 }), autoscaler(world, 2));
    await world.propose(world.candidate('first', both));
    await staged(world, 'first');
    await rescale(world, world.staging, 3);

    await gateSays(world, 'first', 'StagingUnchanged', 'StagingUnchanged');
    await gateSays(world, 'first', 'Soak', 'Soaked');
    await sign(world, 'first', ...everybody);
    expect(await end(world, 'first')).toBe('Promoted');
    expect(await replicasNow(world)).toBe(2);

    // Staged again under another load it is the same content.
    const { spec } = await bundleOf(world, await world.when('first', () => true));
    await rescale(world, world.staging, 5);
    await world.propose(world.candidate('again', both));
    const again = await bundleOf(world, await staged(world, 'again'));
    expect(again.spec.objects.map(({ digest }) => digest)).toEqual(spec.objects.map(({ digest }) => digest));
    expect(again.spec.delta).toEqual([]);
  },
  { ...quick, soak: '5s' },
);

scenario(
  'staging that an autoscaler of no release scales still runs exactly this content, and production starts with what people wrote',
  async (world) => {
    await world.stage(world.deployment('web', 'a', { replicas: 2 }), autoscaler(world, 1));
    await rescale(world, world.staging, 4);
    await world.propose(world.candidate('first', ['Deployment/web']));
    await staged(world, 'first');
    await rescale(world, world.staging, 3);

    await gateSays(world, 'first', 'StagingUnchanged', 'StagingUnchanged');
    await sign(world, 'first', ...everybody);
    expect(await end(world, 'first')).toBe('Promoted');
    expect(await replicasNow(world)).toBe(2);
  },
  quick,
);

scenario(
  'where only production has an autoscaler, its replicas stay, and those of staging are no content',
  async (world) => {
    await world.stage(world.deployment('web', 'a', { replicas: 1 }));
    expect(await release(world, world.candidate('first', ['Deployment/web']))).toBe('Promoted');
    await inProduction<Scaled>(world, 'Deployment', 'web', ({ spec }) => spec.replicas === 3);

    await world.stage(world.deployment('web', 'b', { replicas: 2 }));
    await world.propose(world.candidate('second', ['Deployment/web']));
    await staged(world, 'second');
    await world.stage(world.deployment('web', 'b', { replicas: 1 }));
    await gateSays(world, 'second', 'StagingUnchanged', 'StagingUnchanged');
    await sign(world, 'second', ...everybody);
    expect(await end(world, 'second')).toBe('Promoted');
    expect(await replicasNow(world)).toBe(3);
  },
  quick,
  {
    before: async (world) => {
      const { metadata, ...rest } = autoscaler(world, 3);
      accepted(await world.as('installer').create({ ...rest, metadata: { ...metadata, namespace: world.production } }));
    },
  },
);

scenario(
  'a release that drops the autoscaler says how many replicas are left, sets them, and settles',
  async (world) => {
    await world.stage(world.deployment('web', 'a', { replicas: 2 }), autoscaler(world, 2));
    expect(await release(world, world.candidate('first', both))).toBe('Promoted');
    await rescale(world, world.production, 5);
    accepted(await world.as('developer-a').delete(world.ref('HorizontalPodAutoscaler', 'web', world.staging)));
    await world.stage(world.deployment('web', 'b', { replicas: 3 }));

    await world.propose(world.candidate('second', ['Deployment/web']));
    const { spec } = await bundleOf(world, await sign(world, 'second', ...everybody));
    expect(spec.deltaText).toContain(
      'Deployment web has 3 replicas once HorizontalPodAutoscaler web, which decides them now, is gone (production has 5)',
    );
    expect(await end(world, 'second')).toBe('Promoted');
    expect(await world.live('HorizontalPodAutoscaler', 'web')).toBeUndefined();
    expect(await replicasNow(world)).toBe(3);

    await world.stage(world.deployment('web', 'c', { replicas: 4 }));
    expect(await release(world, world.candidate('third', ['Deployment/web']))).toBe('Promoted');
    expect(await replicasNow(world)).toBe(4);
    expect((await world.ledger()).filter(({ type }) => type === 'FindingOpened')).toEqual([]);
  },
  quick,
);

scenario(
  'a failed release that brought the autoscaler is rolled back to the replicas before it, without the autoscaler',
  async (world) => {
    await world.stage(world.deployment('web', 'a', { replicas: 2 }));
    expect(await release(world, world.candidate('first', ['Deployment/web']))).toBe('Promoted');
    await world.stage(world.deployment('web', 'b', { replicas: 2 }), autoscaler(world, 4));
    const failing = { overlay: [behaving('Deployment', 'web', 'crash-loop')] };

    await world.propose(world.candidate('second', both, failing));
    const { spec } = await bundleOf(world, await sign(world, 'second', ...everybody));
    expect(spec.deltaText).toContain(
      'HorizontalPodAutoscaler web decides from now on how many replicas Deployment web has (production has 2)',
    );
    expect(await end(world, 'second')).toBe('RolledBack');
    await waitForGone(world.as('installer'), world.ref('HorizontalPodAutoscaler', 'web'), patienceMs);
    expect(await world.live('Deployment', 'web')).toMatchObject({
      spec: { replicas: 2, template: { spec: { containers: [{ image: image('a') }] } } },
    });
  },
  quick,
);
