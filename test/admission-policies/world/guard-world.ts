/** A guarded production with everything in it, and everybody who might write there: with every right that RBAC can give, so that the guard alone decides. */
import type { ChartValues } from '../../../hack/controlplane/chart.ts';
import { accepted, waitForAll, type ApiClient, type KubeObject } from '../../support/cluster/cluster.ts';
import { controllers, guard } from './guard-file.ts';
import { kinds, one, podSpec, podTemplate, releasedCustom } from './guard-objects.ts';
import { production } from '../../support/attack/objects.ts';
import { bind, eventually, robot, said, startWorld, type World } from '../../support/attack/world.ts';

export interface GuardWorld extends World {
  /** Programs of the control plane, by their name in files/guard.yaml. */
  readonly controller: (name: string) => ApiClient;
  /** A GitOps tool that the policy names. */
  readonly gitOps: ApiClient;
  /** A program that the policy lets write Secret `db` and Service `outside`, and nothing else. */
  readonly platform: ApiClient;
  /** A ServiceAccount that nobody knows. */
  readonly stranger: ApiClient;
  /** A controller of custom resources that the chart names. */
  readonly custom: ApiClient;
  /** Puts into production what an attack needs there, gate or not: the policy lets it deliver, and the gate takes it for a node. */
  readonly preparer: ApiClient;
}

/** A namespace that is like production and not guarded. */
export const open = 'open';

const groups = [
  '',
  'apps',
  'argoproj.io',
  'autoscaling',
  'batch',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'example.dev',
  'gateway.networking.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'storage.k8s.io',
];

const rbac = 'rbac.authorization.k8s.io/v1';
const everything = 'test-everything';

/** So that there is a label to change and to take away. */
const standing = { metadata: { labels: { standing: 'yes' } } };

const runs = (resource: string, name: string, spec: object) =>
  one(resource, name, { spec: { selector: { matchLabels: { app: name } }, template: podTemplate(name), ...spec } });

/** One thing of each kind that lies still. */
export async function createStanding(installer: ApiClient, namespace = production): Promise<void> {
  for (const resource of Object.keys(kinds))
    if (resource !== 'bindings')
      accepted(await installer.create(one(resource, 'standing', { ...standing, namespace })));
  accepted(
    await installer.create(
      one('secrets', 'token', {
        namespace,
        type: 'kubernetes.io/service-account-token',
        metadata: { annotations: { 'kubernetes.io/service-account.name': 'default' } },
      }),
    ),
  );
}

/** What runs before anybody guards it: the standing things, and an application that lives. */
async function populate(installer: ApiClient): Promise<void> {
  accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: open } }));
  for (const namespace of [production, open]) {
    await eventually(
      `${namespace} has its account`,
      () => installer.get({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: 'default' }),
      ({ ok }) => ok,
    );
  }
  await createStanding(installer);
  for (const resource of releasedCustom) {
    await defineOne(installer, resource);
    accepted(await installer.create(one(resource, 'standing', standing)));
  }
  for (const object of [
    runs('deployments', 'api', { replicas: 2 }),
    runs('statefulsets', 'state', { replicas: 1, serviceName: 'state' }),
    runs('daemonsets', 'agent', {}),
    one('cronjobs', 'nightly', {
      spec: {
        schedule: '0 3 1 1 *',
        jobTemplate: { spec: { template: podTemplate('nightly', { restartPolicy: 'Never' }) } },
      },
    }),
    one('configmaps', 'settings'),
    one('secrets', 'db'),
    one('services', 'api', { spec: { selector: { app: 'api' }, ports: [{ port: 80 }] } }),
    one('services', 'outside'),
    one('ingresses', 'api'),
    one('horizontalpodautoscalers', 'api'),
    one('pods', 'runs', { namespace: open, spec: podSpec() }),
    one('pods', 'gated', { namespace: open }),
  ])
    accepted(await installer.create(object));
  await waitForAll<KubeObject & { status?: { phase?: string } }>(
    installer,
    { apiVersion: 'v1', kind: 'Pod', namespace: production },
    (pods) => pods.filter(({ status }) => status?.phase === 'Running').length >= 4,
  );
}

/** Kinds of somebody else's definition. */
export async function define(installer: ApiClient): Promise<void> {
  for (const resource of ['widgets', 'gadgets']) await defineOne(installer, resource);
}

/** Defines a kind of which `guard-objects.ts` knows an object, and waits until it is served. */
async function defineOne(installer: ApiClient, plural: string): Promise<void> {
  const { apiVersion, kind } = one(plural, 'any');
  const [group = '', version = ''] = apiVersion.split('/');
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  accepted(
    await installer.create({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: `${plural}.${group}`,
        // Of groups that Kubernetes owns.
        annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/891' },
      },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind, plural, singular: kind.toLowerCase() },
        versions: [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }],
      },
    }),
  );
  await eventually(
    `${plural} are served`,
    () => installer.raw({ method: 'GET', path: `/apis/${apiVersion}/namespaces/${production}/${plural}` }),
    ({ code }) => code === 200,
  );
}

/** Every right on everything but our own kinds. */
async function empower(world: World, users: readonly string[]): Promise<void> {
  const installer = world.as('installer');
  const subjects = users.map((name) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }));
  for (const object of [
    {
      apiVersion: rbac,
      kind: 'ClusterRole',
      metadata: { name: everything },
      rules: [{ apiGroups: groups, resources: ['*'], verbs: ['*'] }],
    },
    {
      apiVersion: rbac,
      kind: 'ClusterRoleBinding',
      metadata: { name: everything },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: everything },
      subjects,
    },
  ])
    accepted(await installer.create(object));
}

const account = (name: string, namespace: string): string => `system:serviceaccount:${namespace}:${name}`;

/** Programs that no cluster of ours runs; the chart's values name them. */
const outsiders = {
  ingressControllers: account('ingress-controllers', 'kube-system'),
  storageControllers: account('storage-controllers', 'kube-system'),
  deviceDrivers: account('device-drivers', 'kube-system'),
  storageMigrators: account('storage-migrators', 'kube-system'),
  customControllers: account('custom', 'argocd'),
  rolloutControllers: account('rollout-controllers', 'kube-system'),
};

/** Those that authenticate with a certificate. */
const certified: Readonly<Record<string, { readonly name: string; readonly groups?: readonly string[] }>> = {
  'kube-scheduler': { name: 'system:kube-scheduler' },
  apiserver: { name: 'system:apiserver' },
  'tokens-controller': { name: 'system:kube-controller-manager' },
  'load-balancers': { name: 'system:cloud-controller-manager' },
  kubelets: { name: 'system:node:kwok', groups: ['system:nodes'] },
};

/** Of files/guard.yaml, and those of values.yaml that no line of it names. */
const machines = [...controllers, 'storage-migrators', 'namespace-controller', 'storage-version-migrator-controller'];

const usernameOf = (name: string): string => certified[name]?.name ?? account(name, 'kube-system');

/** Brings what attacks need past the gate, which does not come between nodes and the API server. */
export const preparer = 'system:node:preparer';

/** A controller of custom resources that the chart names, and that is no ServiceAccount. */
export const certifiedController = 'system:custom-controller';

/** Hold the right to keep Secrets, and by a wildcard more than that: on verbs, and on resources. */
const wildKeepers = {
  'keeper-any-verb': { resources: ['releasepolicies'], verbs: ['*'] },
  'keeper-any-resource': { resources: ['*'], verbs: ['keepsecrets'] },
} as const;
/** Holders of the right to keep Secrets: `keeper-a` by its name alone. */
const keepers = ['keeper-a', ...Object.keys(wildKeepers)];

/** People, and names that look like something else. */
export const people = ['attacker', 'kubelets', 'system:node:pretended'] as const;

export async function startGuardWorld({
  programs = false,
  chart = {},
}: { readonly programs?: boolean; readonly chart?: ChartValues } = {}): Promise<GuardWorld> {
  const world = await startWorld({
    pods: true,
    programs,
    chart: {
      ...chart,
      controlPlane: {
        ...Object.fromEntries(Object.entries(outsiders).map(([key, username]) => [key, [username]])),
        customControllers: [
          outsiders.customControllers,
          certifiedController,
          account('custom-controllers', 'kube-system'),
        ],
      },
      guardedKinds: [{ group: 'example.dev', resources: ['widgets'] }],
    },
    before: populate,
  });
  const { controlPlane } = world.cluster;
  const installer = world.as('installer');
  for (const name of ['argocd', 'external-secrets']) {
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  }
  await define(installer);
  const clients = new Map<string, ApiClient>();
  for (const name of machines) {
    const identity = certified[name];
    clients.set(
      name,
      identity === undefined
        ? await robot(world, name, 'kube-system')
        : world.as((await controlPlane.identity(identity)).kubeconfig),
    );
  }
  for (const name of [...people, certifiedController, ...keepers]) await controlPlane.identity({ name });
  for (const name of ['in-nodes', preparer]) await controlPlane.identity({ name, groups: ['system:nodes'] });
  const gitOps = account('argocd', 'argocd');
  const platform = account('external-secrets', 'external-secrets');
  const stranger = account('rollouts', 'argocd');
  await empower(world, [
    ...people,
    'in-nodes',
    preparer,
    'sre-a',
    ...keepers,
    gitOps,
    platform,
    stranger,
    outsiders.customControllers,
    certifiedController,
    account('countersign-operator', 'countersign-system'),
    account('countersign-restorer', 'countersign-system'),
    ...machines.map(usernameOf),
  ]);
  const tool = await robot(world, 'argocd', 'argocd');
  const writer = await robot(world, 'external-secrets', 'external-secrets');
  const unknown = await robot(world, 'rollouts', 'argocd');
  const custom = await robot(world, 'custom', 'argocd');
  await bind(world, { user: stranger, role: 'countersign-admin', namespace: production });
  await bind(world, { user: stranger, role: 'countersign-sre', namespace: production });
  await bind(world, { user: stranger, role: 'countersign-secrets-keeper', namespace: production });
  await bind(world, { user: 'keeper-a', role: 'countersign-secrets-keeper', namespace: production });
  for (const [user, rule] of Object.entries(wildKeepers)) {
    accepted(
      await installer.create({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: user },
        rules: [{ apiGroups: ['countersign.dev'], ...rule }],
      }),
    );
    await bind(world, { user, role: user, namespace: production });
    await bind(world, { user, role: 'countersign-secrets-keeper', namespace: production });
  }
  accepted(
    await installer.patch(
      { apiVersion: 'countersign.dev/v1alpha1', kind: 'ReleasePolicy', namespace: production, name: 'production' },
      'merge',
      {
        spec: {
          deliveredBy: 'GitOps',
          gitOpsWriters: [gitOps, preparer],
          platformWriters: [
            { identity: platform, kind: 'Secret', names: ['db', 'api-key'] },
            { identity: platform, kind: 'Service', names: ['outside'] },
            { identity: platform, kind: 'HorizontalPodAutoscaler', names: ['outside'] },
          ],
          operate: { scale: [{ kind: 'Deployment', name: 'api', min: 1, max: 4 }] },
        },
      },
    ),
  );
  await eventually(
    'the policy as it is now acts',
    () => world.as(preparer).create(one('configmaps', 'canary'), { dryRun: 'All' }),
    ({ ok }) => ok,
  );
  await eventually(
    'the last binding acts',
    () => unknown.create(one('roles', 'canary'), { dryRun: 'All' }),
    (answer) => said(answer).includes('ProductionGuardAdministerNeedsPerson'),
  );
  accepted(await world.as(preparer).create(one('widgets', 'standing', standing)));
  accepted(await world.as(preparer).create(one('gadgets', 'standing', standing)));
  return {
    ...world,
    controller: (name) => {
      const found = clients.get(name);
      if (found === undefined)
        throw new Error(`${name} is nobody of files/guard.yaml: ${Object.keys(guard.topics).join(', ')}`);
      return found;
    },
    gitOps: tool,
    platform: writer,
    stranger: unknown,
    custom,
    preparer: world.as(preparer),
    stop: async () => {
      for (const client of [...clients.values(), tool, writer, unknown, custom]) client.close();
      await world.stop();
    },
  };
}
