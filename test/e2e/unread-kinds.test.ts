/** Kinds that the API server cannot read any more, for what converts their objects is gone: what holds some of them ends, and says so. */
import { beforeAll, expect } from '@jest/globals';
import { accepted, targetOf, waitFor } from '../support/cluster/cluster.ts';
import { define } from '../../hack/controlplane/definitions.ts';
import { put, widget, widgetDefinition, type DefinedKind } from '../support/cluster/widgets.ts';
import { condition, image, type Reported, type World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { conditionSays, end, everybody, gateSays, release, scenarios, sign, staged } from '../support/scenario/kit.ts';
import { behaving } from '../support/scenario/production.ts';

const row = (kind: DefinedKind) => ({
  group: 'kinds.example',
  kind,
  resource: `${kind.toLowerCase()}s`,
  versions: ['v2', 'v1'],
});

const { scenario, system } = scenarios('unread', { chart: { kinds: [row('Widget'), row('Gadget')] } });

beforeAll(() => define(system().as('installer'), [widgetDefinition('Widget'), widgetDefinition('Gadget')]), 60_000);

const stage = (world: World, kind: DefinedKind, size: number) =>
  eventually(
    `${kind} is staged`,
    () => put(world.as('admin'), widget(kind, world.staging, { size })),
    ({ ok }) => ok,
  );

/** A webhook that nobody answers converts between the version that is stored and one that is served from now on. */
const convertedByNobody = async (kind: DefinedKind): Promise<void> => {
  const { spec } = widgetDefinition(kind, [['v1'], ['v2']]) as ReturnType<typeof widgetDefinition> & { spec: object };
  const webhook = { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://127.0.0.1:1/convert' } };
  const conversion = { strategy: 'Webhook', webhook };
  accepted(
    await system()
      .as('installer')
      .patch(targetOf(widgetDefinition(kind)), 'merge', { spec: { ...spec, conversion } }),
  );
};

const mended = async (kind: DefinedKind): Promise<void> => {
  const conversion = { strategy: 'None', webhook: null };
  accepted(
    await system()
      .as('installer')
      .patch(targetOf(widgetDefinition(kind)), 'merge', { spec: { conversion } }),
  );
};

const imageIn = async (world: World): Promise<string> =>
  JSON.stringify(accepted(await world.as('installer').get(world.ref('Deployment', 'web', world.production))));

scenario(
  'a release whose kind cannot be read any more ends, takes back everything else, and says what is not known and why',
  async (world) => {
    const both = ['Deployment/web', 'Widget/web'];
    await world.stage(world.deployment('web', 'a'));
    await stage(world, 'Widget', 1);
    expect(await release(world, world.candidate('first', both))).toBe('Promoted');

    await stage(world, 'Widget', 2);
    await world.stage(world.deployment('web', 'b'));
    const failing = { overlay: [behaving('Deployment', 'web', 'never-ready')] };
    await world.propose(world.candidate('second', both, failing));
    await sign(world, 'second', ...everybody);
    await eventually(
      'the release is under way',
      () => imageIn(world),
      (seen) => seen.includes(image('b')),
    );
    await convertedByNobody('Widget');
    expect(await end(world, 'second')).toBe('Failed');
    const { message = '' } = condition(await world.when('second', () => true), 'Finished') ?? {};
    expect(message).toContain(
      'Widget.kinds.example/web (not known): the API server cannot read Widget.kinds.example: ',
    );
    expect(message).toContain(`kubectl get Widget.kinds.example -n ${world.production}`);
    expect(await imageIn(world)).toContain(image('a'));

    // The package is free again.
    await mended('Widget');
    expect(await release(world, world.candidate('third', both))).toBe('Promoted');
  },
  { health: { progressTimeout: '20s', rollbackTimeout: '20s', observeFor: '0s', settle: '0s' } },
);

scenario(
  'a candidate of a kind that cannot be read any more says so and why, goes on when it can, and holds up no other',
  async (world) => {
    await world.stage(world.deployment('web', 'a'));
    await world.stage(world.deployment('api', 'a'));
    await stage(world, 'Gadget', 1);
    await world.propose(world.candidate('first', ['Deployment/web', 'Gadget/web']));
    await staged(world, 'first');
    await convertedByNobody('Gadget');
    const { message } = await conditionSays(world, 'first', 'Staged', 'KindNotRead');
    expect(message).toMatch(
      /^Gadget\.kinds\.example cannot be read: .*conversion webhook .+ Next: .*kubectl get Gadget\.kinds\.example -n /,
    );
    expect(await release(world, world.candidate('other', ['Deployment/api'], { package: 'other' }))).toBe('Promoted');
    // What changes of other kinds is still found, and of this one it is said that nobody sees it.
    const policy = await waitFor<Reported>(
      world.as('admin'),
      world.ref('ReleasePolicy', 'production'),
      (each) => condition(each, 'Explained')?.reason === 'KindNotRead',
      120_000,
    );
    expect(condition(policy, 'Explained')?.message).toContain('Gadget.kinds.example');

    await mended('Gadget');
    // It is read in another version now, so what was frozen is something else.
    await gateSays(world, 'first', 'StagingUnchanged', 'StagingChanged');
    const next = world.candidate('second', ['Deployment/web', 'Gadget/web'], { replaces: 'first' });
    expect(await release(world, next)).toBe('Promoted');
  },
);
