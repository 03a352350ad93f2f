/** The life of a release of the chart on a real API server: one command installs, the same upgrades, and uninstalling keeps the record. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { chartDir, createSample, installChart, systemNamespace } from '../../hack/controlplane/chart.ts';
import { approval, production } from '../support/attack/objects.ts';
import { eventually } from '../support/attack/world.ts';
import { accepted, startCluster, targetOf, type Cluster, type KubeObject } from '../support/cluster/cluster.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 0, scheduler: false, kwok: false });
}, 60_000);

afterAll(() => cluster.stop());

const helm = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cluster.controlPlane.helm('installer', [...args, '-n', systemNamespace]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
};
const upgrade = (...args: string[]) =>
  helm('upgrade', '--install', 'countersign', chartDir, '--create-namespace', ...args);

const admission = 'admissionregistration.k8s.io/v1';
const installed = [
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  [admission, 'ValidatingAdmissionPolicy'],
  [admission, 'ValidatingAdmissionPolicyBinding'],
  [admission, 'MutatingAdmissionPolicy'],
  [admission, 'MutatingAdmissionPolicyBinding'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  ['apps/v1', 'Deployment'],
] as const;

/** Everything of those kinds that is ours, with its resourceVersion: it changes with any write. */
async function versions(): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const [apiVersion, kind] of installed) {
    const { items } = accepted(await cluster.as('installer').list({ apiVersion, kind }));
    for (const { metadata } of items) {
      if (/^countersign(?!-controlplane)|countersign\.dev$/.test(metadata.name ?? ''))
        seen[`${kind} ${metadata.name}`] = metadata.resourceVersion ?? '';
    }
  }
  // It says which upgrade it is, and who did it.
  delete seen['ClusterRole countersign-installation'];
  return seen;
}

const crdNames = async () =>
  Object.keys(await versions()).filter((name) => name.startsWith('CustomResourceDefinition '));

test('one command installs everything, the Deployment included, and the policies come to act', async () => {
  await installChart(cluster.controlPlane, { operator: { enabled: true } });
  expect(Object.keys(await versions())).toEqual(
    expect.arrayContaining(['Deployment countersign-operator', 'ValidatingAdmissionPolicy countersign-approvals']),
  );
});

test('every policy type-checks', async () => {
  interface Policy extends KubeObject {
    readonly status?: { readonly typeChecking?: { readonly expressionWarnings?: readonly unknown[] } };
  }
  const list = () => cluster.as('installer').list<Policy>({ apiVersion: admission, kind: 'ValidatingAdmissionPolicy' });
  const checked = await eventually(
    'type-checked',
    async () => accepted(await list()).items,
    (items) => items.every(({ status }) => status?.typeChecking !== undefined),
  );
  expect(checked.flatMap(({ status }) => status?.typeChecking?.expressionWarnings ?? [])).toEqual([]);
});

test('upgrading to the same writes nothing', async () => {
  await upgrade();
  const settled = await eventually(
    'the controllers have reported',
    async () => [await versions(), await versions()] as const,
    ([a, b]) => JSON.stringify(a) === JSON.stringify(b),
  );
  await upgrade();
  expect(await versions()).toEqual(settled[1]);
});

test('an upgrade puts back what was deleted', async () => {
  const deleted = await cluster.controlPlane.kubectl('installer', [
    'delete',
    'validatingadmissionpolicybinding',
    'countersign-approvals',
  ]);
  expect(deleted).toMatchObject({ code: 0 });
  await installChart(cluster.controlPlane);
});

test('uninstalling keeps definitions and records, and installing again takes them over', async () => {
  await createSample(cluster.controlPlane);
  const record = accepted(await cluster.as('tester-a').create(approval()));
  const before = await crdNames();
  await helm('uninstall', 'countersign');
  expect(Object.keys(await versions())).toEqual(before);
  expect(await cluster.as('installer').get(targetOf(record))).toMatchObject({ ok: true });
  await installChart(cluster.controlPlane);
  expect(await cluster.as('installer').get(targetOf(record))).toMatchObject({
    ok: true,
    body: { metadata: { uid: record.metadata.uid } },
  });
});

test('an upgrade without definitions keeps them', async () => {
  const before = await crdNames();
  await installChart(cluster.controlPlane, { crds: { install: false } });
  expect(await crdNames()).toEqual(before);
  await installChart(cluster.controlPlane);
});

test('without the chart the record is not guarded: what the policies do is theirs alone', async () => {
  await helm('uninstall', 'countersign');
  const forged = approval({ spec: { approver: { username: 'tester-b', uid: '', groups: [] } } });
  const answer = await eventually(
    'admitted',
    () => cluster.as('admin').create(forged),
    ({ ok }) => ok,
  );
  expect(answer).toMatchObject({ body: { metadata: { namespace: production } } });
});
