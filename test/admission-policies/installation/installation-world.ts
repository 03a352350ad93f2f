/** A cluster with the installation and who attacks it; nothing of ours runs but pods that kwok plays. */
import {
  installChart,
  serviceAccountToken,
  systemNamespace,
  type ChartValues,
} from '../../../hack/controlplane/chart.ts';
import { accepted, startCluster } from '../../support/cluster/cluster.ts';
import { one } from '../world/guard-objects.ts';
import { define } from '../world/guard-world.ts';
import { administrator, administrators, editor, insider, keeper, namespaceAdmin, roamer } from './installation-list.ts';
import { bind, eventually, type World } from '../../support/attack/world.ts';

/** The chart as a cluster has it, and the group that may change it. */
export const installationValues: ChartValues = {
  operator: { enabled: true },
  gate: { enabled: true },
  installation: { administrators: [administrators] },
};

/** What Helm needs for the chart by RBAC, and whoever has it: everything but our own group, in which `administer` is. */
export const helmRights = 'helm-rights';
/** Custom resources, as their controllers have `edit` take them in. */
const customRights = 'custom-rights';

const groups = [
  '',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apps',
  'autoscaling',
  'batch',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'scheduling.k8s.io',
];

/** Who there is besides the people of every control plane, and what RBAC lets them do. */
export async function createPeople(world: Pick<World, 'cluster' | 'as'>): Promise<void> {
  const { controlPlane } = world.cluster;
  for (const name of [insider, editor, keeper, namespaceAdmin, roamer]) await controlPlane.identity({ name });
  await controlPlane.identity({ name: administrator, groups: [administrators] });
  const clusterRole = async (
    name: string,
    apiGroups: readonly string[],
    resources: readonly string[],
  ): Promise<void> => {
    // Who creates a policy must be able to read its parameters.
    const parameters = { apiGroups: ['countersign.dev'], resources: ['releasepolicies'], verbs: ['get', 'list'] };
    const rules = [{ apiGroups, resources, verbs: ['*'] }, parameters];
    accepted(
      await world.as('installer').create({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name },
        rules,
      }),
    );
  };
  await clusterRole(helmRights, groups, ['*']);
  await clusterRole(customRights, ['example.dev'], ['*']);
  await clusterRole(
    'rbac-and-namespaces',
    ['', 'rbac.authorization.k8s.io'],
    ['namespaces', 'roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
  );
  await bind(world as World, { user: administrator, role: customRights }); // oxlint-disable-line typescript/no-unsafe-type-assertion -- it uses `as` alone
  await bind(world as World, { user: administrator, role: helmRights }); // oxlint-disable-line typescript/no-unsafe-type-assertion -- it uses `as` alone
}

/** In the release namespace, or over RBAC in the cluster; waits until it acts. */
export async function bindPeople(world: World): Promise<void> {
  await bind(world, { user: insider, role: helmRights, namespace: systemNamespace });
  await bind(world, { user: editor, role: 'edit', namespace: systemNamespace });
  for (const user of [editor, insider]) await bind(world, { user, role: customRights, namespace: systemNamespace });
  await bind(world, { user: namespaceAdmin, role: 'admin', namespace: systemNamespace });
  await bind(world, { user: keeper, role: 'countersign-secrets-keeper', namespace: systemNamespace });
  await bind(world, { user: roamer, role: 'rbac-and-namespaces' });
  await eventually(
    'the last binding acts',
    () => world.as(roamer).list({ apiVersion: 'v1', kind: 'Namespace' }),
    ({ ok }) => ok,
  );
}

/** Starts it. */
export async function startInstallationWorld(): Promise<World> {
  const cluster = await startCluster();
  try {
    await installChart(cluster.controlPlane, installationValues);
    const installer = cluster.as('installer');
    const [operator, restorer] = await Promise.all(
      (['countersign-operator', 'countersign-restorer'] as const).map(async (name) =>
        installer.withToken(await serviceAccountToken(cluster.controlPlane, name)),
      ),
    );
    if (operator === undefined || restorer === undefined) throw new Error('no tokens');
    const world: World = {
      cluster,
      as: (name) => cluster.as(name),
      operator,
      restorer,
      stop: async () => {
        operator.close();
        restorer.close();
        await cluster.stop();
      },
    };
    await define(installer);
    await createPeople(world);
    await bindPeople(world);
    accepted(await installer.create(one('pods', 'planted', { namespace: systemNamespace })));
    accepted(
      await installer.create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'countersign-operator', namespace: systemNamespace },
      }),
    );
    return world;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
