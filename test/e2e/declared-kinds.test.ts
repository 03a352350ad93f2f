/** Kinds that one row of the chart's value `kinds` declares, by definitions of the test's own: released, judged, guarded and taken back like those that are built in. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { accepted, type ApiClient } from '../support/cluster/cluster.ts';
import { foreignController } from '../support/cluster/rights.ts';
import { define } from '../../hack/controlplane/definitions.ts';
import { put, reporting, widget, widgetDefinition, type WidgetSeen } from '../support/cluster/widgets.ts';
import type { World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { explained, foundUnderGuard, podMaker } from '../support/scenario/findings.ts';
import { bundleOf, end, everybody, gateSays, release, scenarios, sign, unguarded } from '../support/scenario/kit.ts';
import { plant } from '../support/scenario/production.ts';

const controllerName = 'system:serviceaccount:widget-system:controller';
const scaler = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';

const widgets = {
  group: 'kinds.example',
  kind: 'Widget',
  resource: 'widgets',
  versions: ['v1'],
  wave: 'Workloads',
  serverOwned: ['spec.assigned', "metadata.annotations['kinds.example/seen']"],
  immutable: { fields: ['spec.class'], rollback: 'Leave' },
  namespaces: ['spec.peer.namespace'],
  secrets: ['spec.secretName'],
  risk: { spec: 'network' },
  scaled: true,
};
const gadgets = {
  group: 'kinds.example',
  kind: 'Gadget',
  resource: 'gadgets',
  versions: ['v1'],
  health: { current: "status.phase == 'Up'", failed: "status.phase == 'Broken'" },
};

const { scenario, system, fails } = scenarios('declared', {
  chart: { kinds: [widgets, gadgets], controlPlane: { customControllers: [controllerName] } },
});

let controller: ApiClient;
const controllers: { readonly stop: () => Promise<void> }[] = [];

beforeAll(async () => {
  const installer = system().as('installer');
  await define(installer, [widgetDefinition('Widget'), widgetDefinition('Gadget')]);
  controller = await foreignController(system(), { name: 'controller', namespace: 'widget-system' });
  await system().controlPlane.identity({ name: scaler });
  await system().controlPlane.identity({ name: podMaker });
}, 300_000);

afterAll(async () => {
  await Promise.all(controllers.map((each) => each.stop()));
  controller?.close();
});

/** A size of more than nine breaks it. */
const watched = (world: World, kind: 'Widget' | 'Gadget'): void => {
  for (const namespace of [world.staging, world.production]) {
    controllers.push(reporting(controller, { kind, namespace }, ({ size }) => (Number(size) > 9 ? 'Broken' : 'Up')));
  }
};

/** What the API server does not serve yet is tried again. */
const stage = async (world: World, kind: 'Widget' | 'Gadget', spec: object): Promise<void> => {
  await eventually(
    `${kind} is staged`,
    () => put(world.as('admin'), widget(kind, world.staging, spec)),
    ({ ok }) => ok,
  );
};

const seen = async (world: World, kind: 'Widget' | 'Gadget', namespace = world.production): Promise<WidgetSeen> =>
  accepted(
    await world.as('installer').get<WidgetSeen>({ apiVersion: 'kinds.example/v1', kind, namespace, name: 'web' }),
  );

const components = ['Deployment/web', 'Gadget/web', 'Widget/web'];

scenario(
  'a kind that the chart declares is promoted with what names its namespace, its status is no drift, and the release that breaks it is rolled back',
  async (world) => {
    watched(world, 'Widget');
    watched(world, 'Gadget');
    await world.stage(world.deployment('web', 'a'));
    await stage(world, 'Widget', { size: 1, peer: { namespace: world.staging }, ports: [{ name: 'http', port: 80 }] });
    await stage(world, 'Gadget', { size: 1 });
    // Of the books that its controller keeps it is no author.
    const books = {
      metadata: { annotations: { 'kinds.example/seen': 'yes' }, labels: { 'kinds.example/shard': 'a' } },
    };
    const staged = { apiVersion: 'kinds.example/v1', kind: 'Widget', namespace: world.staging, name: 'web' };
    accepted(await controller.patch(staged, 'merge', books));
    await world.propose(world.candidate('first', components));
    const { spec } = await bundleOf(world, await sign(world, 'first', ...everybody));
    expect(spec.deltaText).toContain('Widget.kinds.example/web');
    expect(await end(world, 'first')).toBe('Promoted');
    expect((await seen(world, 'Widget')).spec).toMatchObject({ size: 1, peer: { namespace: world.production } });

    // Its controller reports, and keeps its books in metadata: neither is a finding.
    const target = { apiVersion: 'kinds.example/v1', kind: 'Widget', namespace: world.production, name: 'web' };
    accepted(await controller.patch({ ...target, subresource: 'status' }, 'merge', { status: { selector: 'a=b' } }));
    expect(await foundUnderGuard(world)).toEqual([]);

    // What health.failed of its row says ends the release, and everything goes back.
    await world.stage(world.deployment('web', 'b'));
    const next = world.candidate('second', components, {
      overlay: [{ kind: 'Gadget', name: 'web', patch: { spec: { size: 10 } } }],
    });
    expect(await release(world, next)).toBe('RolledBack');
    expect((await seen(world, 'Gadget')).spec['size']).toBe(1);
  },
);

scenario('a kind that the chart declares is changed by releases alone, and scaled by autoscalers', async (world) => {
  watched(world, 'Widget');
  await stage(world, 'Widget', { size: 1 });
  expect(await release(world, world.candidate('first', ['Widget/web']))).toBe('Promoted');

  const patch = ['--type=merge', '-p', '{"spec":{"size":2}}'];
  const refused = await fails(world, 'admin', 'patch', 'widgets.kinds.example', 'web', ...patch);
  expect(refused).toContain('ProductionGuardCustom');
  expect(refused).toContain('kubectl create a ReleaseCandidate');
  expect(await fails(world, 'admin', 'delete', 'widgets.kinds.example', 'web')).toContain('ProductionGuardCustom');
  expect(await fails(world, 'admin', 'scale', 'widgets.kinds.example', 'web', '--replicas=3')).toContain(
    'ProductionGuardUnlisted',
  );
  expect((await seen(world, 'Widget')).spec['size']).toBe(1);

  // Its controller may write metadata, and no more of the object.
  const target = { apiVersion: 'kinds.example/v1', kind: 'Widget', namespace: world.production, name: 'web' };
  accepted(await controller.patch(target, 'merge', { metadata: { annotations: { 'kinds.example/seen': 'yes' } } }));
  const content = await controller.patch(target, 'merge', { spec: { size: 2 } });
  expect(JSON.stringify(content)).toContain('ProductionGuardCustomContent');

  // The permitted twin: a release.
  await stage(world, 'Widget', { size: 2 });
  expect(await release(world, world.candidate('second', ['Widget/web']))).toBe('Promoted');
  expect((await seen(world, 'Widget')).spec['size']).toBe(2);
});

scenario(
  'with the guard looking on, a person changes an object of a declared kind, and it is found',
  async (world) => {
    watched(world, 'Widget');
    await stage(world, 'Widget', { size: 1 });
    expect(await release(world, world.candidate('first', ['Widget/web']))).toBe('Promoted');
    await explained(world);
    const target = { apiVersion: 'kinds.example/v1', kind: 'Widget', namespace: world.production, name: 'web' };
    accepted(await world.as('admin').patch(target, 'merge', { spec: { size: 2 } }));
    await eventually(
      'found',
      () => world.as('admin').get<WidgetSeen>(world.ref('ReleasePolicy', 'production')),
      (answer) => JSON.stringify(answer).includes('Widget.kinds.example/web'),
    );
  },
  {},
  unguarded,
);

scenario('replicas that an autoscaler decides are no content of a declared kind', async (world) => {
  watched(world, 'Widget');
  const rescale = async (namespace: string, replicas: number): Promise<void> => {
    const path = `/apis/kinds.example/v1/namespaces/${namespace}/widgets/web/scale`;
    const body = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web', namespace },
      spec: { replicas },
    };
    await eventually(
      'scaled',
      () => world.as(scaler).raw({ method: 'PUT', path, body }),
      ({ code }) => code === 200,
    );
  };
  await stage(world, 'Widget', { size: 1, replicas: 2 });
  accepted(
    await world.as('admin').create({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: world.staging },
      spec: {
        scaleTargetRef: { apiVersion: 'kinds.example/v1', kind: 'Widget', name: 'web' },
        minReplicas: 2,
        maxReplicas: 9,
      },
    }),
  );
  await rescale(world.staging, 5);
  const both = ['Widget/web', 'HorizontalPodAutoscaler/web'];
  expect(await release(world, world.candidate('first', both))).toBe('Promoted');
  expect((await seen(world, 'Widget')).spec['replicas']).toBe(2);
  await rescale(world.production, 7);
  expect(await foundUnderGuard(world)).toEqual([]);

  // People of staging scale by the object itself, where they are recorded as its writers.
  const scale = await world.as('admin').raw({
    method: 'PUT',
    path: `/apis/kinds.example/v1/namespaces/${world.staging}/widgets/web/scale`,
    body: {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web', namespace: world.staging },
      spec: { replicas: 3 },
    },
  });
  expect(scale.text).toContain('ScaleIsRecorded');

  await stage(world, 'Widget', { size: 2 });
  expect(await release(world, world.candidate('second', both))).toBe('Promoted');
  expect((await seen(world, 'Widget')).spec).toMatchObject({ size: 2, replicas: 7 });
});

scenario(
  'what a row says of a kind is said before anybody signs: a Secret that is missing, a field that cannot change',
  async (world) => {
    watched(world, 'Widget');
    await stage(world, 'Widget', { size: 1, class: 'a', secretName: 'other' });
    await world.propose(world.candidate('none', ['Widget/web']));
    expect((await gateSays(world, 'none', 'SecretsPresent', 'SecretMissing')).message).toContain('Secret other');
    await stage(world, 'Widget', { secretName: 'login' });
    await world.propose(world.candidate('first', ['Widget/web']));
    await sign(world, 'first', ...everybody);
    expect(await end(world, 'first')).toBe('Promoted');

    const staging = { apiVersion: 'kinds.example/v1', kind: 'Widget', namespace: world.staging, name: 'web' };
    accepted(await world.as('admin').delete(staging));
    await stage(world, 'Widget', { size: 1, class: 'b', secretName: 'login' });
    await world.propose(world.candidate('second', ['Widget/web']));
    const verdict = await gateSays(world, 'second', 'Preflight', 'ImmutableFieldChanged');
    expect(verdict.message).toContain('spec.class');
    expect(verdict.remedy).toContain('leave the field as it is in production');
  },
  {},
  { before: (world) => plant(world, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' } }) },
);
