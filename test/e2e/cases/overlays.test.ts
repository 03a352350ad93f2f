/** What production keeps different from staging: merged as kubectl patches, refused by name where it would do nothing, and never a way past the tests. */
import { expect } from '@jest/globals';
import type { JsonObject } from '../../../operator/api/meta.ts';
import { refused, type KubeObject, type Manifest } from '../../support/cluster/cluster.ts';
import { image, type World } from '../../support/cluster/system.ts';
import {
  amendPolicy,
  bundleOf,
  conditionSays,
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
import { manifestOf } from '../../support/scenario/production.ts';

const { scenario } = scenarios('overlay');

const quick = { health: { progressTimeout: '90s', observeFor: '0s', settle: '0s' } };
const web = ['Deployment/web'];
const webNext = (world: World, letter: string): Manifest =>
  patched(world.deployment('web', letter), {
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'main',
              image: image(letter),
              env: [
                { name: 'REGION', value: 'test' },
                { name: 'MODE', value: 'calm' },
              ],
            },
          ],
        },
      },
    },
  });

const ofContainers = (...containers: readonly JsonObject[]) => ({
  kind: 'Deployment',
  name: 'web',
  patch: { spec: { template: { spec: { containers } } } },
});

interface Pods extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly strategy: unknown;
    readonly template: { readonly spec: { readonly containers: readonly { image: string; env: unknown }[] } };
  };
}

const containerOf = async (world: World) =>
  (await world.live<Pods>('Deployment', 'web'))?.spec.template.spec.containers;

scenario(
  'one environment variable differs in production, and the image that staging runs now is what ships',
  async (world) => {
    const overlay = [ofContainers({ name: 'main', env: [{ name: 'REGION', value: 'eu' }] })];
    await world.stage(webNext(world, 'a'));
    expect(await release(world, world.candidate('first', web, { overlay }))).toBe('Promoted');
    await world.stage(webNext(world, 'b'));
    expect(await release(world, world.candidate('second', web, { overlay }))).toBe('Promoted');

    expect(await containerOf(world)).toMatchObject([
      {
        image: image('b'),
        env: [
          { name: 'REGION', value: 'eu' },
          { name: 'MODE', value: 'calm' },
        ],
      },
    ]);
  },
  quick,
);

scenario(
  'a field of an overlay that does not exist is refused by its name, with the name that was meant',
  async (world) => {
    await world.stage(world.deployment('web', 'a'));
    const patch = {
      spec: { replica: 3, template: { spec: { nodeSelectors: { pool: 'p' }, terminationGracePeriod: 120 } } },
    };
    await world.propose(world.candidate('typo', web, { overlay: [{ kind: 'Deployment', name: 'web', patch }] }));

    const { message } = await conditionSays(world, 'typo', 'Stalled', 'NormalFormRefused');
    expect(message).toContain('unknown field "spec.replica" (did you mean replicas?)');
    expect(message).toContain('unknown field "spec.template.spec.nodeSelectors" (did you mean nodeSelector?)');
    expect(message).toContain(
      'unknown field "spec.template.spec.terminationGracePeriod" (did you mean terminationGracePeriodSeconds?)',
    );
    expect(message).toContain('kubectl explain deployment.spec');
    expect(message).toContain('then create a new candidate');
  },
);

scenario(
  'an overlay that changes an image is blocked until the policy allows it, and testers read it at the top',
  async (world) => {
    await world.stage(webNext(world, 'a'));
    const old = { name: 'main', image: image('a'), env: [{ name: 'REGION', value: 'eu' }] };
    // It repeats what staging runs: nothing but the variable changes.
    expect(await release(world, world.candidate('first', web, { overlay: [ofContainers(old)] }))).toBe('Promoted');
    await world.stage(webNext(world, 'b'));
    await world.propose(world.candidate('second', web, { overlay: [ofContainers(old)] }));

    const { outcome, message, remedy } = await gateSays(world, 'second', 'Overlay', 'OverlayChangesWhatRuns');
    expect(outcome).toBe('Blocked');
    expect(message).toContain('spec.template.spec.containers[name=main].image of Deployment web');
    expect(message).toContain(`staging has "${image('b')}", the overlay writes "${image('a')}"`);
    expect(remedy).toContain(
      `kubectl patch relpol production -n ${world.production} --type merge -p '{"spec":{"overlayMay":["Image"]}}'`,
    );
    const { spec } = await bundleOf(world, await sign(world, 'second', ...everybody));
    expect(spec.deltaText).toContain(`NOT WHAT STAGING RUNS: spec.template.spec.containers[name=main].image`);
    await world.when('second', ({ status }) => status?.approvals === '3/3', patienceMs);
    expect(await containerOf(world)).toMatchObject([{ image: image('a') }]);

    await amendPolicy(world, { overlayMay: ['Image'] });
    expect(await end(world, 'second')).toBe('Promoted');
  },
  quick,
);

const own = (replicas: number) => ({
  overlay: [
    { package: 'payments', kind: 'Deployment', name: 'web', patch: { spec: { replicas } } },
    { package: 'payments', kind: 'Deployment', name: 'gone', patch: { spec: { replicas } } },
  ],
});

scenario(
  "production's own overlay lies below that of a candidate, and when it changes a waiting candidate needs new signatures",
  async (world) => {
    await world.stage(webNext(world, 'a'));
    const overlay = [ofContainers({ name: 'main', env: [{ name: 'REGION', value: 'eu' }] })];
    await world.propose(world.candidate('first', web, { overlay }));
    const [tester, ...others] = everybody;
    const before = await sign(world, 'first', tester);
    const { spec } = await bundleOf(world, before);
    expect(spec.deltaText).toContain("Production's own overlay, from the ReleasePolicy, is laid over Deployment web");
    expect(spec.deltaText).toContain('also names what this release does not contain: Deployment gone');
    expect(spec.deltaText).toContain(
      "Differs from staging by production's own overlay (spec.overlay of the ReleasePolicy): Deployment web: spec.replicas 1 → 2",
    );
    expect(spec.deltaText).toContain(
      'Differs from staging by spec.overlay of the candidate: Deployment web: spec.template.spec.containers[name=main].env[name=REGION].value test → eu',
    );
    await world.when('first', ({ status }) => status?.approvals === '1/3', patienceMs);

    await amendPolicy(world, own(3));
    const { digest } = before.status ?? {};
    const after = await world.when(
      'first',
      ({ status }) => status?.digest !== digest && status?.approvals === '0/3',
      patienceMs,
    );
    for (const [who, role] of [tester, ...others]) await world.sign(after, who, role);
    expect(await end(world, 'first')).toBe('Promoted');

    expect(await world.live<Pods>('Deployment', 'web')).toMatchObject({
      spec: { replicas: 3, template: { spec: { containers: [{ env: [{ value: 'eu' }, { value: 'calm' }] }] } } },
    });
    // Staging happens to have what production always has: that blocks nothing.
    await amendPolicy(world, own(1));
    expect(await release(world, world.candidate('second', web))).toBe('Promoted');
  },
  { ...quick, ...own(2) },
);

scenario('an overlay that changes nothing, or that leads nowhere, is refused by name', async (world) => {
  await world.stage(webNext(world, 'a'), world.configMap('settings', { level: 'info' }));
  const components = [...web, 'ConfigMap/settings'];
  const propose = (name: string, item: object) => world.propose(world.candidate(name, components, { overlay: [item] }));
  await propose('idle', { kind: 'Deployment', name: 'web', patch: { spec: { replicas: 1 } } });
  await propose('stray', { kind: 'ConfigMap', name: 'setting', patch: { data: { level: 'debug' } } });
  await propose('lost', {
    kind: 'ConfigMap',
    name: 'settings',
    jsonPatch: [
      { op: 'test', path: '/data/level', value: 'info' },
      { op: 'replace', path: '/data/lvl', value: 'debug' },
    ],
  });
  await propose('keyless', ofContainers({ image: 'x' }));
  await propose('negative', { kind: 'Deployment', name: 'web', patch: { spec: { replicas: -1 } } });

  expect((await conditionSays(world, 'idle', 'Stalled', 'OverlayWithoutEffect')).message).toContain(
    'Deployment/web: spec.overlay of the candidate changes nothing of this object: staging has these values already',
  );
  expect((await conditionSays(world, 'stray', 'Stalled', 'ComponentMissing')).message).toContain(
    'spec.overlay names ConfigMap/setting, which the package does not contain (did you mean ConfigMap settings?)',
  );
  expect((await conditionSays(world, 'lost', 'Stalled', 'OverlayRefused')).message).toContain(
    'jsonPatch[1] (replace /data/lvl) leads nowhere: there is no /data/lvl',
  );
  expect((await conditionSays(world, 'keyless', 'Stalled', 'OverlayRefused')).message).toContain(
    'spec.template.spec.containers[0] lacks name, by which the items of this list are told apart',
  );
  const { message } = await conditionSays(world, 'negative', 'Stalled', 'NormalFormRefused');
  expect(message).toContain('spec.replicas: Invalid value: -1');
  expect(message).toContain('spec.overlay of the candidate writes spec.replicas');
});

scenario(
  'a Service and a strategy of another type lose what only the old type had, and one host of an Ingress changes',
  async (world) => {
    const ingress = manifestOf(world, 'Ingress', 'web', {
      spec: {
        rules: ['one.test', 'two.test'].map((host) => ({
          host,
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
          },
        })),
      },
    });
    const balanced = manifestOf(world, 'Service', 'web', {
      spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    await world.stage(webNext(world, 'a'), balanced, ingress);
    const overlay = [
      { kind: 'Deployment', name: 'web', patch: { spec: { strategy: { type: 'Recreate' } } } },
      { kind: 'Service', name: 'web', patch: { spec: { type: 'ClusterIP' } } },
      {
        kind: 'Ingress',
        name: 'web',
        jsonPatch: [{ op: 'replace', path: '/spec/rules/0/host', value: 'one.example' }],
      },
    ];
    const components = [...web, 'Service/web', 'Ingress/web'];
    expect(await release(world, world.candidate('first', components, { overlay }))).toBe('Promoted');

    expect((await world.live<Pods>('Deployment', 'web'))?.spec.strategy).toEqual({ type: 'Recreate' });
    expect(await world.live('Service', 'web')).toMatchObject({ spec: { type: 'ClusterIP' } });
    expect(await world.live('Ingress', 'web')).toMatchObject({
      spec: { rules: [{ host: 'one.example' }, { host: 'two.test' }] },
    });
  },
  quick,
);

scenario('an overlay that says nothing, or everything twice, is refused when it is applied', async (world) => {
  const item = { kind: 'ConfigMap', name: 'settings' };
  const operation = { op: 'replace', path: '/data/level', value: 'debug' };
  const says = async (given: object): Promise<string> => {
    const candidate = world.candidate('bad', ['ConfigMap/settings'], { overlay: [{ ...item, ...given }] });
    return refused(await world.as('developer-a').create(candidate)).message ?? '';
  };
  const once = 'say what is different exactly once: either patch, or jsonPatch';
  expect(await says({})).toContain(once);
  expect(await says({ patch: { data: { level: 'debug' } }, jsonPatch: [operation] })).toContain(once);
  expect(await says({ jsonPatch: [{ ...operation, path: 'data.level' }] })).toContain(
    'spec.overlay[0].jsonPatch[0].path',
  );
  expect(await says({ jsonPatch: [{ op: 'move', path: '/data/level' }] })).toContain('from goes with move and copy');
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.propose(
    world.candidate('good', ['ConfigMap/settings'], { overlay: [{ ...item, jsonPatch: [operation] }] }),
  );
  await staged(world, 'good');
});
