/** The world of the policies that hold Countersign itself: its namespace, its rights, its kinds, staging namespaces and nodes. */
import { serviceAccountToken, systemNamespace } from '../../../hack/controlplane/chart.ts';
import { accepted, type ApiClient } from '../../support/cluster/cluster.ts';
import { prepareContents } from '../guard/check-content.ts';
import { prepareWriters } from '../custody/check-writers.ts';
import { startCustody, type Custody } from './custody-world.ts';
import { prepareStaging } from '../custody/check-staging.ts';
import { createStanding, open, startGuardWorld, type GuardWorld } from './guard-world.ts';
import { at, one } from './guard-objects.ts';
import { administrator, administrators, boundElsewhere } from '../installation/installation-list.ts';
import { bindPeople, createPeople } from '../installation/installation-world.ts';
import { letProxy } from '../installation/nodes-list.ts';
import { letReport } from '../custody/staged-pods-list.ts';
import { bind, eventually } from '../../support/attack/world.ts';

export interface OwnWorld extends GuardWorld {
  readonly gate: ApiClient;
  readonly custody: Custody;
}

/** Starts it: nothing of ours runs, and what would be there if it did stands still. */
export async function startOwnWorld(): Promise<OwnWorld> {
  const world = await startGuardWorld({ chart: { installation: { administrators: [administrators] } } });
  try {
    const token = await serviceAccountToken(world.cluster.controlPlane, 'countersign-gate');
    const gate = world.as('installer').withToken(token);
    await createPeople(world);
    await bindPeople(world);
    for (const user of [administrator, `system:serviceaccount:${systemNamespace}:countersign-gate`])
      await bind(world, { user, role: 'test-everything' });
    await prepareInstallation(world);
    await letProxy(world);
    await letReport(world);
    await prepareStaging(world);
    await prepareWriters(world);
    // Nothing lives here from now on, and nobody collects what the checks need: not even between its making and the first check.
    await world.cluster.controlPlane.stopComponent('kube-controller-manager');
    const custody = await startCustody(world);
    return {
      ...world,
      gate,
      custody,
      stop: async () => {
        gate.close();
        await world.stop();
      },
    };
  } catch (error) {
    await world.stop();
    throw error;
  }
}

/** One thing of each kind in the release namespace, and what the chart, with its programs, would have put there. */
async function prepareInstallation(world: GuardWorld): Promise<void> {
  const installer = world.as('installer');
  await createStanding(installer, systemNamespace);
  await prepareContents(world, { namespace: systemNamespace, of: ['configuration'], by: ({ as }) => as('installer') });
  const ours = ['countersign-operator', 'countersign-gate'] as const;
  const objects = [
    ...ours.map((name) => one('deployments', name, { namespace: systemNamespace })),
    one('leases', 'countersign-operator', { namespace: systemNamespace }),
    one('leases', 'standing', { namespace: systemNamespace }),
    one('services', 'countersign-gate', { namespace: systemNamespace }),
    one('roles', 'countersign-gate', { namespace: systemNamespace }),
    one('pods', 'planted', { namespace: systemNamespace }),
    ...['countersign-gate', 'countersign-digest-key'].map((name) =>
      one('secrets', name, { namespace: systemNamespace }),
    ),
    one('rolebindings', boundElsewhere, {
      namespace: open,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'countersign-gate' },
      subjects: [],
    }),
  ];
  for (const object of objects) {
    const created = await installer.create(object);
    if (!created.ok && created.code !== 409) accepted(created);
  }
  const lies = (resource: string) => installer.get(at(resource, 'standing', systemNamespace));
  await eventually(
    'what stands there is there',
    () => lies('pods'),
    ({ ok }) => ok,
  );
}
