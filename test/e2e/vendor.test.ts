/**
 * A package as vendors publish them, taken through its life: environments of dozens of variables, claims and load balancers that controllers of
 * the cluster hold by finalizers of their own. It is promoted, taken back, and what it drops is gone in the end.
 */
import { beforeAll, expect } from '@jest/globals';
import { accepted, waitFor, waitForGone, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { image, isTrue, ours, type Reported, type World } from '../support/cluster/system.ts';
import { explained, findings } from '../support/scenario/findings.ts';
import { inProduction, patienceMs, release, scenarios } from '../support/scenario/kit.ts';
import { componentsOf, manifestOf, writesTo } from '../support/scenario/production.ts';

const { scenario, system } = scenarios('vendor');

const balancers = 'system:serviceaccount:kube-system:service-controller';
const cleanup = 'service.kubernetes.io/load-balancer-cleanup';
const protection = 'kubernetes.io/pvc-protection';

beforeAll(async () => {
  await system().controlPlane.identity({ name: balancers });
});

const labels = (name: string) => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/instance': 'shop',
  'app.kubernetes.io/managed-by': 'Helm',
});

/** As charts write them: plain values, fields of the pod, keys of the ConfigMap that may be absent. */
const environment = (version: string) => [
  { name: 'VERSION', value: version },
  { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
  { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
  ...Array.from({ length: 37 }, (_, i) => ({
    name: `SHOP_SETTING_${i}`,
    valueFrom: { configMapKeyRef: { name: 'shop-settings', key: `setting-${i}`, optional: true } },
  })),
];

const workload = (world: World, name: string, version: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name,
    namespace: world.staging,
    labels: labels(name),
    annotations: { 'meta.helm.sh/release-name': 'shop' },
  },
  spec: {
    replicas: 1,
    selector: { matchLabels: { 'app.kubernetes.io/name': name } },
    template: {
      metadata: { labels: labels(name), annotations: { 'checksum/config': version.repeat(64) } },
      spec: {
        serviceAccountName: 'shop',
        securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 },
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                podAffinityTerm: {
                  topologyKey: 'kubernetes.io/hostname',
                  labelSelector: {
                    matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: [name] }],
                  },
                },
              },
            ],
          },
        },
        containers: [
          {
            name,
            image: image(version),
            env: environment(version),
            resources: { limits: { memory: '128Mi' }, requests: { cpu: '10m' } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    },
  },
});

const claim = (world: World, name: string): Manifest =>
  manifestOf(world, 'PersistentVolumeClaim', name, {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });

/** What every version of the package has. */
const core = (world: World, version: string): readonly Manifest[] => [
  manifestOf(world, 'ServiceAccount', 'shop', { automountServiceAccountToken: false }),
  world.configMap('shop-settings', Object.fromEntries(Array.from({ length: 37 }, (_, i) => [`setting-${i}`, version]))),
  workload(world, 'frontend', version),
];

/** What some versions have besides: a worker, a claim that no pod uses at the time, and a load balancer. */
const extras = (world: World, version: string): readonly Manifest[] => [
  claim(world, 'spool'),
  workload(world, 'worker', version),
  manifestOf(world, 'Service', 'frontend', {
    spec: {
      type: 'LoadBalancer',
      selector: { 'app.kubernetes.io/name': 'frontend' },
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    },
  }),
];

const ship = async (
  world: World,
  name: string,
  objects: readonly Manifest[],
  spec: Readonly<Record<string, unknown>> = {},
): Promise<void> => {
  await world.stage(...objects);
  expect(await release(world, world.candidate(name, componentsOf(objects), spec))).toBe('Promoted');
};

type Held = KubeObject & {
  readonly metadata: { readonly finalizers?: readonly string[]; readonly deletionTimestamp?: string };
};

/** As the controller of load balancers sets and takes its finalizer: by the status of the Service. */
const balancer = async (world: World, finalizers: readonly string[]): Promise<void> => {
  const target = { ...world.ref('Service', 'frontend'), subresource: 'status' };
  accepted(await world.as(balancers).patch(target, 'merge', { metadata: { finalizers } }));
};

/** The balancer is there, and both finalizers are on what they hold. */
const served = async (world: World): Promise<void> => {
  await inProduction<Held>(world, 'Service', 'frontend', () => true);
  await balancer(world, [cleanup]);
  await inProduction<Held>(
    world,
    'PersistentVolumeClaim',
    'spool',
    ({ metadata }) => metadata.finalizers?.includes(protection) === true,
  );
};

/** What is dropped is on its way out, its balancer is taken down, and then all of it is gone. */
const goneInTheEnd = async (world: World): Promise<void> => {
  await inProduction<Held>(world, 'Service', 'frontend', ({ metadata }) => metadata.deletionTimestamp !== undefined);
  await balancer(world, []);
  for (const [kind, name] of [
    ['Service', 'frontend'],
    ['PersistentVolumeClaim', 'spool'],
    ['Deployment', 'worker'],
  ] as const) {
    await waitForGone(world.as('installer'), world.ref(kind, name), patienceMs);
  }
};

const goBack = async (world: World): Promise<void> => {
  accepted(
    await world.as('sre-a').create({
      apiVersion: ours,
      kind: 'Rollback',
      metadata: { name: 'back', namespace: world.production },
      spec: { package: 'payments', reason: 'the worker loses orders' },
    }),
  );
};

scenario('a package with a claim and a load balancer is promoted, taken back, and pruned to the end', async (world) => {
  await explained(world);
  await ship(world, 'shop-1', core(world, 'a'));
  await ship(world, 'shop-2', [...core(world, 'b'), ...extras(world, 'b')]);
  await served(world);

  await goBack(world);
  await goneInTheEnd(world);
  const back = (each: Reported): boolean => isTrue(each, 'Finished');
  await waitFor<Reported>(world.as('sre-a'), world.ref('Rollback', 'back'), back, patienceMs);
  type Running = KubeObject & {
    spec: { template: { spec: { containers: { image: string; env: { value?: string }[] }[] } } };
  };
  const { spec } = await inProduction<Running>(world, 'Deployment', 'frontend', () => true);
  expect(spec.template.spec.containers[0]).toMatchObject({ image: image('a'), env: environment('a') });

  await ship(world, 'shop-3', [...core(world, 'c'), ...extras(world, 'c')]);
  await served(world);
  const irreversible = [{ kind: 'PersistentVolumeClaim', name: 'spool', reason: 'nothing is spooled any more' }];
  await ship(world, 'shop-4', core(world, 'd'), { irreversible });
  await goneInTheEnd(world);

  await explained(world);
  expect(await findings(world)).toEqual([]);
  const deleted = (await writesTo(system(), world)).filter(({ verb }) => verb === 'delete').map(({ object }) => object);
  expect(new Set(deleted)).toEqual(
    new Set(['services/frontend', 'persistentvolumeclaims/spool', 'deployments/worker']),
  );
});
