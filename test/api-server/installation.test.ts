/** The life of the installation under its own custody, with real Helm: who installs, upgrades, rolls back and uninstalls, and who may not. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { chartDir, systemNamespace } from '../../hack/controlplane/chart.ts';
import { administrator, namespaceAdmin } from '../admission-policies/installation/installation-list.ts';
import { createPeople, helmRights, installationValues } from '../admission-policies/installation/installation-world.ts';
import { at } from '../admission-policies/world/guard-objects.ts';
import { bind, eventually } from '../support/attack/world.ts';
import { accepted, startCluster, type Cluster, type KubeObject } from '../support/cluster/cluster.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 0, scheduler: false, kwok: false });
  const world = { cluster, as: (name: string) => cluster.as(name) };
  await createPeople(world);
  // All that Helm needs, in the whole cluster; what is missing is the right to administer the installation.
  await bind(
    { ...world, operator: cluster.as('installer'), restorer: cluster.as('installer'), stop: cluster.stop },
    {
      user: namespaceAdmin,
      role: helmRights,
    },
  );
}, 90_000);

afterAll(() => cluster.stop());

const helm = (as: string, args: readonly string[], values: object = {}) =>
  cluster.controlPlane.helm(as, [...args, '-n', systemNamespace, ...(args[0] === 'upgrade' ? ['-f', '-'] : [])], {
    stdin: JSON.stringify({ ...installationValues, ...values }),
  });
const upgrade = (as: string, values?: object) =>
  helm(as, ['upgrade', '--install', 'countersign', chartDir, '--create-namespace'], values);
const done = { code: 0, stderr: expect.not.stringContaining('Error') };

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number };
}
const replicas = async (): Promise<number> =>
  accepted(await cluster.as('installer').get<Deployment>(at('deployments', 'countersign-operator', systemNamespace)))
    .spec.replicas;

/** The policies act: somebody without the right is refused. */
const acts = () =>
  eventually(
    'the custody acts',
    () =>
      cluster
        .as(namespaceAdmin)
        .patch(at('secrets', 'countersign-gate', systemNamespace), 'merge', {}, { dryRun: 'All' }),
    ({ ok }) => !ok,
  );

test('a cluster admin installs, the policies becoming active meanwhile', async () => {
  expect(await upgrade('admin')).toMatchObject(done);
  await acts();
});

test('a member of the group that the values name upgrades, and rolls an upgrade back', async () => {
  expect(await upgrade(administrator, { operator: { enabled: true, replicas: 3 } })).toMatchObject(done);
  expect(await replicas()).toBe(3);
  expect(await helm(administrator, ['rollback', 'countersign'])).toMatchObject(done);
  expect(await replicas()).toBe(2);
});

test('whoever has everything that Helm needs, and not that right, is told who can', async () => {
  for (const attempt of [
    () => upgrade(namespaceAdmin, { operator: { enabled: true, replicas: 1 } }),
    () => helm(namespaceAdmin, ['rollback', 'countersign']),
    () => helm(namespaceAdmin, ['uninstall', 'countersign']),
  ]) {
    const { code, stderr } = await attempt();
    expect(code).not.toBe(0);
    if (stderr.includes('failed to delete release')) continue; // which is all that helm says then
    expect(stderr).toContain('InstallationGuard: namespace-admin may not');
    expect(stderr).toContain('have it done by group platform-installers, or a cluster admin');
  }
  expect(await replicas()).toBe(2);
});

test('an administrator uninstalls and installs again', async () => {
  // The right goes with the installation, and the policies act for a moment after they were deleted.
  await eventually(
    'uninstalled',
    () => helm(administrator, ['uninstall', 'countersign']),
    ({ code }) => code === 0,
  );
  expect(await upgrade(administrator)).toMatchObject(done);
  await acts();
  expect(await upgrade(administrator)).toMatchObject(done);
});
