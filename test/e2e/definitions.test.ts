/** Definitions that go, come back and change their versions while releases of their objects are in production. */
import { beforeAll, expect } from '@jest/globals';
import { accepted, targetOf, waitForGone, type ApiClient } from '../support/cluster/cluster.ts';
import { define } from '../../hack/controlplane/definitions.ts';
import { put, widget, widgetDefinition, type DefinedKind, type WidgetSeen } from '../support/cluster/widgets.ts';
import { condition, type World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { found } from '../support/scenario/findings.ts';
import { conditionSays, end, everybody, gateSays, release, scenarios, sign, staged } from '../support/scenario/kit.ts';
import { behaving } from '../support/scenario/production.ts';

const row = (kind: string) => ({
  group: 'kinds.example',
  kind,
  resource: `${kind.toLowerCase()}s`,
  versions: ['v1', 'v2'],
});

const { scenario, system } = scenarios('defined', { chart: { kinds: [row('Widget'), row('Gadget'), row('Gizmo')] } });

beforeAll(
  () =>
    define(system().as('installer'), [
      widgetDefinition('Widget'),
      widgetDefinition('Gadget'),
      widgetDefinition('Gizmo'),
    ]),
  60_000,
);

const stage = async (world: World, kind: DefinedKind, size: number): Promise<void> => {
  await eventually(
    `${kind} is staged`,
    () => put(world.as('admin'), widget(kind, world.staging, { size })),
    ({ ok }) => ok,
  );
};

/** With everything of the kind, which the API server deletes along with it. */
const undefine = async (installer: ApiClient, kind: DefinedKind): Promise<void> => {
  const target = targetOf(widgetDefinition(kind));
  accepted(await installer.delete(target));
  await waitForGone(installer, target);
};

const sizeOf = async (world: World, kind: DefinedKind, version = 'v1'): Promise<unknown> =>
  accepted(
    await world.as('installer').get<WidgetSeen>({
      apiVersion: `kinds.example/${version}`,
      kind,
      namespace: world.production,
      name: 'web',
    }),
  ).spec['size'];

const both = (kind: DefinedKind) => ['Deployment/web', `${kind}/web`];

scenario(
  'a definition that is deleted with objects of a release is found, said to the next release, and no reason to stop the others; it may come back',
  async (world) => {
    const installer = world.as('installer');
    await world.stage(world.deployment('web', 'a'));
    await stage(world, 'Widget', 1);
    expect(await release(world, world.candidate('first', both('Widget')))).toBe('Promoted');

    await undefine(installer, 'Widget');
    await found(world, 'Widget.kinds.example/web');

    await world.stage(world.deployment('web', 'b'));
    await world.propose(world.candidate('second', both('Widget')));
    const { message } = await conditionSays(world, 'second', 'Staged', 'ComponentMissing');
    expect(message).toContain('kubectl get crd widgets.kinds.example');

    expect(await release(world, world.candidate('third', ['Deployment/web']))).toBe('Promoted');

    await define(installer, [widgetDefinition('Widget')]);
    await stage(world, 'Widget', 2);
    expect(await release(world, world.candidate('fourth', both('Widget')))).toBe('Promoted');
    expect(await sizeOf(world, 'Widget')).toBe(2);
  },
);

scenario(
  'a definition that stores and serves another version is followed, released and rolled back in it',
  async (world) => {
    const installer = world.as('installer');
    await world.stage(world.deployment('web', 'a'));
    await stage(world, 'Gadget', 1);
    expect(await release(world, world.candidate('first', both('Gadget')))).toBe('Promoted');

    // What was signed in a version that is no longer served cannot be written, and says so.
    await stage(world, 'Gadget', 2);
    await world.propose(world.candidate('signed', both('Gadget')));
    await staged(world, 'signed');
    const { metadata, spec } = widgetDefinition('Gadget', [['v2'], ['v1', false]]) as ReturnType<
      typeof widgetDefinition
    > & {
      readonly spec: unknown;
    };
    accepted(await installer.patch(targetOf(widgetDefinition('Gadget')), 'merge', { spec }));
    expect(metadata.name).toBe('gadgets.kinds.example');
    const verdict = await gateSays(world, 'signed', 'StagingUnchanged', 'StagingChanged');
    expect(verdict.remedy).toContain('creates a new candidate');

    // The same content in the version that is served is a release like any other. The one before it cannot be written any more, and that is said.
    await world.stage(world.deployment('web', 'b'));
    const failing = { overlay: [behaving('Deployment', 'web', 'crash-loop')], replaces: 'signed' };
    await world.propose(world.candidate('second', both('Gadget'), failing));
    await sign(world, 'second', ...everybody);
    expect(await end(world, 'second')).toBe('Failed');
    const { message = '' } = condition(await world.when('second', () => true), 'Finished') ?? {};
    expect(message).toContain('Gadget.kinds.example/web');
    // What to do: the version that was signed is not served, and which one is.
    expect(message).toMatch(/kinds\.example\/v1 Gadget is not served.*Next: .*kubectl get crd gadgets\.kinds\.example/);
  },
);

scenario(
  'a rollback of which a definition is gone ends, and says what is left',
  async (world) => {
    await world.stage(world.deployment('web', 'a'));
    await stage(world, 'Gizmo', 1);
    expect(await release(world, world.candidate('first', both('Gizmo')))).toBe('Promoted');

    await stage(world, 'Gizmo', 2);
    await world.stage(world.deployment('web', 'b'));
    const failing = { overlay: [behaving('Deployment', 'web', 'never-ready')] };
    await world.propose(world.candidate('second', both('Gizmo'), failing));
    await sign(world, 'second', ...everybody);
    await eventually(
      'the release is under way',
      () => sizeOf(world, 'Gizmo'),
      (size) => size === 2,
    );
    await undefine(world.as('installer'), 'Gizmo');
    expect(await end(world, 'second')).toBe('Failed');
    const { message = '' } = condition(await world.when('second', () => true), 'Finished') ?? {};
    expect(message).toContain('Gizmo.kinds.example/web');
    expect(message).toMatch(/Next: .*kubectl get crd gizmos\.kinds\.example/);
  },
  { health: { progressTimeout: '20s', rollbackTimeout: '20s', observeFor: '0s', settle: '0s' } },
);
