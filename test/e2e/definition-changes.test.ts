/** Definitions and controllers that do what nobody expects of them: another scope under the same name, a status that flips, thousands of fields. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { accepted, targetOf, waitForGone, type ApiClient, type Manifest } from '../support/cluster/cluster.ts';
import { foreignController } from '../support/cluster/rights.ts';
import { define } from '../../hack/controlplane/definitions.ts';
import { put, widget, widgetDefinition, type DefinedKind, type WidgetSeen } from '../support/cluster/widgets.ts';
import { condition, type World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { found } from '../support/scenario/findings.ts';
import { bundleOf, end, everybody, release, scenarios, sign } from '../support/scenario/kit.ts';
import { behaving } from '../support/scenario/production.ts';

const account = { name: 'controller', namespace: 'widget-system' };
const row = (kind: DefinedKind, more: object = {}) => ({
  group: 'kinds.example',
  kind,
  resource: `${kind.toLowerCase()}s`,
  versions: ['v1'],
  ...more,
});
const health = { current: "status.phase == 'Up'", failed: "status.phase == 'Broken'" };

const { scenario, system } = scenarios('changing', {
  chart: {
    kinds: [row('Widget'), row('Gadget', { health }), row('Gizmo')],
    controlPlane: { customControllers: [`system:serviceaccount:${account.namespace}:${account.name}`] },
  },
});

const many = Array.from({ length: 2_000 }, (_, i) => `field${i}`);

/** As it was, but for what its objects may say. */
const wide = (): Manifest => {
  const definition = JSON.stringify(widgetDefinition('Gizmo'));
  const properties = Object.fromEntries(many.map((name) => [name, { type: 'string' }]));
  const size = JSON.stringify({ size: { type: 'integer' } }).slice(1, -1);
  return JSON.parse(definition.replace(size, `${size},${JSON.stringify(properties).slice(1, -1)}`)) as Manifest; // oxlint-disable-line typescript/no-unsafe-type-assertion -- a definition with more fields is one
};

let controller: ApiClient;
const flipping: { readonly stop: () => Promise<void> }[] = [];

beforeAll(async () => {
  const installer = system().as('installer');
  await define(installer, [widgetDefinition('Widget'), widgetDefinition('Gadget'), wide()]);
  controller = await foreignController(system(), account);
}, 300_000);

afterAll(async () => {
  await Promise.all(flipping.map((each) => each.stop()));
  controller?.close();
});

const stage = async (world: World, kind: DefinedKind, spec: object): Promise<void> => {
  await eventually(
    `${kind} is staged`,
    () => put(world.as('admin'), widget(kind, world.staging, spec)),
    ({ ok }) => ok,
  );
};

const specOf = async (world: World, kind: DefinedKind): Promise<WidgetSeen['spec']> => {
  const target = { apiVersion: 'kinds.example/v1', kind, namespace: world.production, name: 'web' };
  return accepted(await world.as('installer').get<WidgetSeen>(target)).spec;
};

const both = (kind: DefinedKind) => ['Deployment/web', `${kind}/web`];

scenario(
  'a definition that comes back with another scope while a release is under way ends the release, and holds up no other',
  async (world) => {
    const installer = world.as('installer');
    await world.stage(world.deployment('web', 'a'));
    await stage(world, 'Widget', { size: 1 });
    expect(await release(world, world.candidate('first', both('Widget')))).toBe('Promoted');

    await stage(world, 'Widget', { size: 2 });
    await world.stage(world.deployment('web', 'b'));
    const failing = { overlay: [behaving('Deployment', 'web', 'never-ready')] };
    await world.propose(world.candidate('second', both('Widget'), failing));
    await sign(world, 'second', ...everybody);
    await eventually(
      'the release is under way',
      async () => (await specOf(world, 'Widget'))['size'],
      (size) => size === 2,
    );
    const definition = widgetDefinition('Widget');
    accepted(await installer.delete(targetOf(definition)));
    await waitForGone(installer, targetOf(definition));
    const { spec } = definition as Manifest & { readonly spec: object };
    await define(installer, [{ ...definition, spec: { ...spec, scope: 'Cluster' } }]);

    expect(await end(world, 'second')).toBe('Failed');
    const { message = '' } = condition(await world.when('second', () => true), 'Finished') ?? {};
    expect(message).toContain('Widget.kinds.example/web');
    expect(message).toContain('kubectl get crd widgets.kinds.example');
    await found(world, 'Widget.kinds.example/web');

    await world.stage(world.deployment('web', 'c'));
    expect(await release(world, world.candidate('third', ['Deployment/web']))).toBe('Promoted');
  },
  { health: { progressTimeout: '20s', rollbackTimeout: '20s', observeFor: '0s', settle: '0s' } },
);

/** It reports the one, then the other, as fast as the API server takes it. */
const flips = (world: World, phases: readonly string[]): void => {
  const ending = new AbortController();
  const over = (async () => {
    for (let i = 0; !ending.signal.aborted; i += 1) {
      for (const namespace of [world.staging, world.production]) {
        const target = { apiVersion: 'kinds.example/v1', kind: 'Gadget', namespace, name: 'web' };
        const status = { phase: phases[i % phases.length], observedGeneration: 99 };
        await controller.patch({ ...target, subresource: 'status' }, 'merge', { status }).catch(() => undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  flipping.push({
    stop: async () => {
      ending.abort();
      await over;
    },
  });
};

scenario(
  'health that comes and goes neither holds a release up for ever nor fills the record; once it has failed, the release goes back',
  async (world) => {
    flips(world, ['Up', 'Coming']);
    await stage(world, 'Gadget', { size: 1 });
    expect(await release(world, world.candidate('first', ['Gadget/web']))).toBe('Promoted');
    const entries = await world.ledger();
    expect(entries.length).toBeLessThan(12);

    await Promise.all(flipping.map((each) => each.stop()));
    flips(world, ['Up', 'Up', 'Up', 'Broken']);
    await stage(world, 'Gadget', { size: 2 });
    expect(['RolledBack', 'Failed']).toContain(await release(world, world.candidate('second', ['Gadget/web'])));
    expect((await world.ledger()).length).toBeLessThan(24);
  },
  { health: { progressTimeout: '60s', rollbackTimeout: '20s', observeFor: '5s', settle: '0s' } },
);

scenario('an object of two thousand fields is released, shown within bounds, and taken back whole', async (world) => {
  const filled = (value: string) => ({ size: 1, ...Object.fromEntries(many.map((name) => [name, value])) });
  await world.stage(world.deployment('web', 'a'));
  await stage(world, 'Gizmo', filled('a'));
  expect(await release(world, world.candidate('first', both('Gizmo')))).toBe('Promoted');
  expect(await specOf(world, 'Gizmo')).toMatchObject(filled('a'));

  await stage(world, 'Gizmo', filled('b'));
  await world.stage(world.deployment('web', 'b'));
  const failing = { overlay: [behaving('Deployment', 'web', 'crash-loop')] };
  await world.propose(world.candidate('second', both('Gizmo'), failing));
  const { spec } = await bundleOf(world, await sign(world, 'second', ...everybody));
  expect(spec.deltaText).toContain('Gizmo.kinds.example/web');
  expect(await end(world, 'second')).toBe('RolledBack');
  expect(await specOf(world, 'Gizmo')).toMatchObject(filled('a'));
});
