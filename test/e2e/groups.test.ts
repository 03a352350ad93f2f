/** Two kinds of one name: objects of both, of one name, in one candidate. */
import { beforeAll, expect } from '@jest/globals';
import { accepted, refused, waitFor, type KubeObject } from '../support/cluster/cluster.ts';
import { define, definitionsIn, published } from '../../hack/controlplane/definitions.ts';
import { condition, type Reported, type World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import {
  amendPolicy,
  bundleOf,
  conditionSays,
  end,
  everybody,
  patienceMs,
  release,
  scenarios,
  sign,
  unguarded,
} from '../support/scenario/kit.ts';

const { scenario, system } = scenarios('groups');

const gatewayApi = { apiVersion: 'gateway.networking.k8s.io/v1', group: 'gateway.networking.k8s.io' };
const istio = { apiVersion: 'networking.istio.io/v1', group: 'networking.istio.io' };

beforeAll(async () => {
  const installer = system().as('installer');
  await define(installer, await definitionsIn(published.gatewayApi, 'gateway.networking.k8s.io_gateways.yaml'));
  const all = await definitionsIn(published.istio, 'customresourcedefinitions.gen.yaml');
  await define(
    installer,
    all.filter(({ metadata }) => metadata.name === 'gateways.networking.istio.io'),
  );
}, 300_000);

const stage = async (world: World, apiVersion: string, spec: object): Promise<void> => {
  await eventually(
    `a Gateway of ${apiVersion} is staged`,
    () =>
      world
        .as('admin')
        .create({ apiVersion, kind: 'Gateway', metadata: { name: 'web', namespace: world.staging }, spec }),
    ({ ok }) => ok,
  );
};

const server = { port: { number: 80, name: 'http', protocol: 'HTTP' } };

const both = async (world: World): Promise<void> => {
  await stage(world, gatewayApi.apiVersion, {
    gatewayClassName: 'edge',
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
  });
  await stage(world, istio.apiVersion, {
    selector: { istio: 'ingress' },
    servers: [{ ...server, hosts: ['web.example.com'] }],
  });
};

const gateway = ({ group }: { readonly group: string }) => ({ kind: 'Gateway', name: 'web', group });

scenario('two objects of one kind and name, of different groups, are released by one candidate', async (world) => {
  await both(world);
  const candidate = world.candidate('first', [], {
    components: [gateway(gatewayApi), gateway(istio)],
    overlay: [{ ...gateway(istio), patch: { spec: { selector: { istio: 'production' } } } }],
  });
  await world.propose(candidate);
  const { spec } = await bundleOf(world, await sign(world, 'first', ...everybody));
  expect(spec.deltaText).toContain('Gateway.gateway.networking.k8s.io/web');
  expect(spec.deltaText).toContain('Gateway.networking.istio.io/web');
  expect(await end(world, 'first')).toBe('Promoted');
  const live = async (apiVersion: string): Promise<unknown> =>
    accepted(
      await world.as('installer').get<KubeObject & { readonly spec: unknown }>({
        apiVersion,
        kind: 'Gateway',
        namespace: world.production,
        name: 'web',
      }),
    ).spec;
  expect(await live(gatewayApi.apiVersion)).toMatchObject({ gatewayClassName: 'edge' });
  expect(await live(istio.apiVersion)).toMatchObject({ selector: { istio: 'production' } });
});

scenario(
  'a release of a kind that is not of Kubernetes is delivered by a tool: it is staged, with what the tool may add',
  async (world) => {
    await both(world);
    await world.propose(world.candidate('first', [], { components: [gateway(gatewayApi), gateway(istio)] }));
    const { spec } = await bundleOf(world, await sign(world, 'first', ...everybody));
    expect(spec.unmanaged).toMatchObject([gateway(gatewayApi), gateway(istio)]);
  },
  { deliveredBy: 'GitOps', gitOpsWriters: ['system:serviceaccount:delivery:tool'] },
);

scenario(
  'a field that the policy leaves to others is that of the kind whose group it names; one without a group is told',
  async (world) => {
    await both(world);
    const installer = world.as('installer');
    const theirs = { apiVersion: istio.apiVersion, kind: 'Gateway', namespace: world.production, name: 'web' };
    await world.propose(world.candidate('first', [], { components: [gateway(gatewayApi), gateway(istio)] }));
    const { spec } = await bundleOf(world, await sign(world, 'first', ...everybody));
    expect(spec.unmanaged).toEqual([{ ...gateway(istio), fields: ['spec.selector'] }]);
    expect(await end(world, 'first')).toBe('Promoted');

    accepted(await installer.patch(theirs, 'merge', { spec: { selector: { istio: 'elsewhere' } } }));
    const staged = { ...theirs, namespace: world.staging };
    accepted(
      await world.as('admin').patch(staged, 'merge', { spec: { servers: [{ ...server, hosts: ['b.example.com'] }] } }),
    );
    const components = [gateway(gatewayApi), gateway(istio)];
    expect(await release(world, world.candidate('second', [], { components }))).toBe('Promoted');
    const live = accepted(await installer.get<KubeObject & { readonly spec: unknown }>(theirs));
    expect(live.spec).toMatchObject({ selector: { istio: 'elsewhere' }, servers: [{ hosts: ['b.example.com'] }] });

    await amendPolicy(world, { unmanagedFields: [{ kind: 'Gateway', name: 'web', fields: ['spec.selector'] }] });
    const policy = world.ref('ReleasePolicy', 'production');
    const isUnclear = (seen: Reported): boolean => condition(seen, 'Ready')?.reason === 'KindUnclear';
    const seen = await waitFor<Reported>(world.as('admin'), policy, isUnclear, patienceMs);
    expect(condition(seen, 'Ready')?.message).toContain('spec.unmanagedFields names Gateway web without a group');
  },
  { unmanagedFields: [{ ...gateway(istio), fields: ['spec.selector'] }] },
  unguarded,
);

scenario('a candidate that names such a kind without its group is told which groups there are', async (world) => {
  await both(world);
  await world.propose(world.candidate('unclear', ['Gateway/web']));
  const { message } = await conditionSays(world, 'unclear', 'Staged', 'KindNotPromotable');
  expect(message).toContain('group: gateway.networking.k8s.io or networking.istio.io');

  const contradicts = [{ kind: 'Gateway', name: 'web', group: istio.group, apiVersion: gatewayApi.apiVersion }];
  const answer = refused(
    await world.as('developer-a').create(world.candidate('contradicts', [], { components: contradicts })),
  );
  expect(answer.message).toContain('group and apiVersion name different groups: leave one of them out');
});
