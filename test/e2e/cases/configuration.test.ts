/** Configuration that a release changes arrives in the pods that read it, in staging before the soak counts and in production. */
import { expect } from '@jest/globals';
import { accepted, waitForGone, type Manifest } from '../../support/cluster/cluster.ts';
import { image, type World } from '../../support/cluster/system.ts';
import {
  bundleOf,
  end,
  everybody,
  gateSays,
  patched,
  patienceMs,
  release,
  scenarios,
  sign,
  staged,
} from '../../support/scenario/kit.ts';
import { behave, behaving, manifestOf, podOf, podTemplate } from '../../support/scenario/production.ts';

const { scenario, succeeds } = scenarios('config');

const components = ['ConfigMap/settings', 'Deployment/web'];

/** A Deployment that takes its environment from ConfigMap `settings`, or another. */
const reader = (world: World, letter = 'a', settings = 'settings'): Manifest =>
  patched(world.deployment('web', letter), {
    spec: {
      template: {
        spec: {
          containers: [{ name: 'main', image: image(letter), envFrom: [{ configMapRef: { name: settings } }] }],
        },
      },
    },
  });

const podsIn = async (world: World, namespace: string) => {
  const { items } = accepted(await world.as('installer').list({ ...world.ref('Pod', undefined, namespace) }));
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.uid);
};

/** As `kubectl rollout restart` does it. */
const restart = async (world: World, name: string): Promise<void> => {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  accepted(
    await world.as('developer-a').patch(world.ref('Deployment', name, world.staging), 'merge', {
      spec: { template: { metadata: { annotations } } },
    }),
  );
};

scenario(
  'a release that only changes a ConfigMap rolls the pods that read it, and its soak waits for the restarted pods of staging',
  async (world) => {
    await world.stage(world.configMap('settings', { MODE: 'calm' }), reader(world));
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');
    const before = await podsIn(world, world.production);
    await world.stage(world.configMap('settings', { MODE: 'broken' }));
    await world.propose(world.candidate('second', components));

    // Nobody has run the new value yet.
    const { message, remedy } = await gateSays(world, 'second', 'StagingHealthy', 'StagingNotRestarted');
    expect(message).toContain('ConfigMap settings');
    expect(remedy).toContain(`kubectl rollout restart deployment/web -n ${world.staging}`);
    await gateSays(world, 'second', 'Soak', 'NotSoaking');
    const shown = await bundleOf(world, await staged(world, 'second'));
    expect(shown.spec.deltaText).toContain('The pods of Deployment web are replaced');

    await restart(world, 'web');
    await sign(world, 'second', ...everybody);
    expect(await end(world, 'second')).toBe('Promoted');

    const after = await podsIn(world, world.production);
    expect(after).toHaveLength(before.length);
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
  },
  { soak: '1s', health: { progressTimeout: '90s', observeFor: '0s' } },
);

scenario(
  'where the policy says so, a changed ConfigMap restarts nothing and the soak asks for no restart',
  async (world) => {
    await world.stage(world.configMap('settings', { MODE: 'calm' }), reader(world));
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');
    const before = await podsIn(world, world.production);
    await world.stage(world.configMap('settings', { MODE: 'other' }));

    expect(await release(world, world.candidate('second', components))).toBe('Promoted');

    expect(await podsIn(world, world.production)).toEqual(before);
  },
  { restartOnConfigChange: false, health: { progressTimeout: '90s', observeFor: '0s' } },
);

/** A CronJob that nobody runs but by hand, with its environment from a ConfigMap. */
const nightly = (world: World, settings: string): Manifest =>
  manifestOf(world, 'CronJob', 'nightly', {
    spec: {
      schedule: '0 3 * * *',
      suspend: true,
      jobTemplate: {
        spec: {
          template: podTemplate('nightly', 'a', {
            restartPolicy: 'Never',
            containers: [{ name: 'main', image: image('a'), envFrom: [{ configMapRef: { name: settings } }] }],
          }),
        },
      },
    },
  });

scenario(
  'a ConfigMap that a release drops stays for as long as a pod from before still reads it',
  async (world) => {
    await world.stage(world.configMap('old', {}), world.configMap('spare', {}), nightly(world, 'old'));
    const running = { spec: { jobTemplate: behaving('CronJob', 'nightly', 'never-ready').patch } };
    const first = world.candidate('first', ['ConfigMap/old', 'ConfigMap/spare', 'CronJob/nightly'], {
      overlay: [{ kind: 'CronJob', name: 'nightly', patch: running }],
    });
    expect(await release(world, first)).toBe('Promoted');
    await succeeds(world, 'sre-a', 'create', 'job', 'by-hand', '--from=cronjob/nightly');
    const pod = await podOf(world, 'nightly');

    await world.stage(world.configMap('new', {}), nightly(world, 'new'));
    const second = world.candidate('second', ['ConfigMap/new', 'CronJob/nightly']);
    expect(await release(world, second)).toBe('Promoted');
    await waitForGone(world.as('installer'), world.ref('ConfigMap', 'spare'), patienceMs);
    expect(await world.live('ConfigMap', 'old')).toBeDefined();

    await behave(world, pod, undefined);
    await waitForGone(world.as('installer'), world.ref('ConfigMap', 'old'), patienceMs);
  },
  { health: { progressTimeout: '90s', observeFor: '0s' } },
);
