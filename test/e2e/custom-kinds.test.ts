/** Custom resources of projects that people use, by their own definitions: defined while the programs run, released with the package, taken back with it. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { accepted, type ApiClient, type KubeObject, targetOf } from '../support/cluster/cluster.ts';
import { foreignController } from '../support/cluster/rights.ts';
import { define, definitionsIn, published } from '../../hack/controlplane/definitions.ts';
import type { World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { bundleOf, end, everybody, release, scenarios, sign } from '../support/scenario/kit.ts';
import { behaving, service } from '../support/scenario/production.ts';

const { scenario, system, succeeds, fails } = scenarios('custom');

/** Of Certificates, in a namespace of its own: no person reports what it reports. */
let controller: ApiClient | undefined;

beforeAll(async () => {
  const { gatewayApi, certManager, keda } = published;
  const files = [
    [gatewayApi, 'gateway.networking.k8s.io_httproutes.yaml'],
    [certManager, 'cert-manager.io_certificates.yaml'],
    [keda, 'keda.sh_scaledobjects.yaml'],
  ] as const;
  const installer = system().as('installer');
  for (const [project, file] of files) await define(installer, await definitionsIn(project, file));
  controller = await foreignController(system(), { name: 'cert-manager', namespace: 'cert-manager' });
}, 300_000);
afterAll(() => controller?.close());

const inStaging = (world: World, apiVersion: string, kind: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name: 'web', namespace: world.staging },
  spec,
});

const route = (world: World, host: string) =>
  inStaging(world, 'gateway.networking.k8s.io/v1', 'HTTPRoute', {
    parentRefs: [{ name: 'edge', namespace: 'gateways' }],
    hostnames: [host],
    rules: [{ backendRefs: [{ name: 'web', port: 80, namespace: world.staging }] }],
  });

const certificate = (world: World) =>
  inStaging(world, 'cert-manager.io/v1', 'Certificate', {
    secretName: 'web-tls',
    dnsNames: ['web.example.com'],
    issuerRef: { name: 'internal', kind: 'ClusterIssuer' },
  });

const scaled = (world: World) =>
  inStaging(world, 'keda.sh/v1alpha1', 'ScaledObject', {
    scaleTargetRef: { name: 'web' },
    minReplicaCount: 1,
    maxReplicaCount: 3,
    triggers: [
      { type: 'cron', metadata: { timezone: 'UTC', start: '0 6 * * *', end: '0 20 * * *', desiredReplicas: '2' } },
    ],
  });

/** As somebody who may write them in staging; what the API server does not serve yet is tried again. */
const stage = async (world: World, ...objects: readonly ReturnType<typeof inStaging>[]): Promise<void> => {
  for (const object of objects) {
    await eventually(
      `${object.kind} is staged`,
      async () => {
        const created = await world.as('admin').create(object);
        return created.code === 409
          ? world.as('admin').patch(targetOf(object), 'merge', { spec: object.spec })
          : created;
      },
      ({ ok }) => ok,
    );
  }
};

/** What its controller would report. */
const ready = async (namespace: string): Promise<void> => {
  const target = { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', namespace, name: 'web' };
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'Ready', message: 'issued', lastTransitionTime: new Date().toISOString() },
  ];
  await eventually(
    'the Certificate is reported on',
    async () => controller?.patch({ ...target, subresource: 'status' }, 'merge', { status: { conditions } }),
    (answer) => answer?.ok === true,
  );
};

const components = ['Deployment/web', 'Service/web', 'HTTPRoute/web', 'Certificate/web', 'ScaledObject/web'];

const hostsIn = async (world: World): Promise<unknown> => {
  const found = await world.as('admin').get<KubeObject & { readonly spec: { readonly hostnames: unknown } }>({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    namespace: world.production,
    name: 'web',
  });
  return accepted(found).spec.hostnames;
};

scenario(
  'a package with a route, a certificate and an autoscaler of KEDA is promoted, changed and taken back as a whole',
  async (world) => {
    await world.stage(world.deployment('web', 'a'), service(world, 'web'));
    await stage(world, route(world, 'one.example.com'), certificate(world), scaled(world));
    await ready(world.staging);
    await world.propose(world.candidate('first', components));
    const { spec } = await bundleOf(world, await sign(world, 'first', ...everybody));
    expect(spec.deltaText).toContain('HTTPRoute.gateway.networking.k8s.io/web');
    expect(spec.deltaText).toContain(world.production);
    await ready(world.production);
    expect(await end(world, 'first')).toBe('Promoted');
    expect(await hostsIn(world)).toEqual(['one.example.com']);
    expect(await succeeds(world, 'admin', 'get', 'httproute', 'web', '-o', 'yaml')).toContain(
      `namespace: ${world.production}`,
    );

    // Nobody changes it past a release.
    expect(
      await fails(
        world,
        'admin',
        'patch',
        'httproute',
        'web',
        '--type=merge',
        '-p',
        '{"spec":{"hostnames":["evil.example"]}}',
      ),
    ).toContain('ProductionGuardCustom');

    await stage(world, route(world, 'two.example.com'));
    await world.stage(world.deployment('web', 'b'));
    const failing = { overlay: [behaving('Deployment', 'web', 'crash-loop')] };
    expect(await release(world, world.candidate('second', components, failing))).toBe('RolledBack');
    expect(await hostsIn(world)).toEqual(['one.example.com']);
  },
);
