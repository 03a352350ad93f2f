/** Two kinds of one name: objects of both, of one name, in one candidate. */
import { beforeAll, expect } from '@jest/globals';
import { accepted, refused, type KubeObject } from '../support/cluster/cluster.ts';
import { define, definitionsIn, published } from '../../hack/controlplane/definitions.ts';
import type { World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { bundleOf, conditionSays, end, everybody, scenarios, sign } from '../support/scenario/kit.ts';

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

const both = async (world: World): Promise<void> => {
  await stage(world, gatewayApi.apiVersion, {
    gatewayClassName: 'edge',
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
  });
  await stage(world, istio.apiVersion, {
    selector: { istio: 'ingress' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['web.example.com'] }],
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
