/** Overlays of custom resources: lists merge by what their definition says when content is frozen, and what it says later changes nothing of that. */
import { beforeAll, expect } from '@jest/globals';
import { define, definitionsIn, published } from '../../../hack/controlplane/definitions.ts';
import { accepted, type KubeObject } from '../../support/cluster/cluster.ts';
import type { World } from '../../support/cluster/system.ts';
import { eventually } from '../../support/attack/world.ts';
import { service } from '../../support/scenario/production.ts';
import { bundleOf, end, everybody, scenarios, sign } from '../../support/scenario/kit.ts';

const { scenario, system } = scenarios('schema');

const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' };
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name: 'httproutes.gateway.networking.k8s.io',
};

beforeAll(async () => {
  await define(
    system().as('installer'),
    await definitionsIn(published.gatewayApi, 'gateway.networking.k8s.io_httproutes.yaml'),
  );
}, 120_000);

interface Route extends KubeObject {
  readonly spec: { readonly hostnames: readonly string[] };
}

const hostsIn = async (world: World): Promise<readonly string[]> =>
  accepted(await world.as('admin').get<Route>({ ...route, namespace: world.production, name: 'web' })).spec.hostnames;

const overlay = (...hostnames: readonly string[]) => ({
  overlay: [{ kind: 'HTTPRoute', name: 'web', patch: { spec: { hostnames } } }],
});

const components = ['Service/web', 'HTTPRoute/web'];

scenario(
  'host names of a route are replaced as its definition says, and a definition that says otherwise by the time of the promotion changes nothing of it',
  async (world) => {
    await world.stage(service(world, 'web'));
    const spec = {
      parentRefs: [{ name: 'edge', namespace: 'gateways' }],
      hostnames: ['web.staging.example'],
      rules: [{ backendRefs: [{ name: 'web', port: 80 }] }],
    };
    const manifest = { ...route, metadata: { name: 'web', namespace: world.staging }, spec };
    await eventually(
      'the route is staged',
      async () => world.as('admin').create(manifest),
      ({ ok, code }) => ok || code === 409,
    );
    await world.propose(world.candidate('first', components, overlay('web.example')));
    const bundle = await bundleOf(world, await sign(world, 'first', everybody[0]));
    expect(bundle.spec.deltaText).toContain(
      'Differs from staging by spec.overlay of the candidate: HTTPRoute.gateway.networking.k8s.io web: spec.hostnames',
    );

    const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/hostnames/x-kubernetes-list-type';
    accepted(
      await system()
        .as('installer')
        .patch(definition, 'json', [{ op: 'add', path, value: 'set' }]),
    );
    await sign(world, 'first', ...everybody.slice(1));
    expect(await end(world, 'first')).toBe('Promoted');
    expect(await hostsIn(world)).toEqual(['web.example']);

    // What is frozen from now on has the host names of both.
    await world.propose(world.candidate('second', components, overlay('shop.example')));
    await sign(world, 'second', ...everybody);
    expect(await end(world, 'second')).toBe('Promoted');
    expect(await hostsIn(world)).toEqual(['web.staging.example', 'shop.example']);
  },
  { stagingReferences: 'Report' },
);
