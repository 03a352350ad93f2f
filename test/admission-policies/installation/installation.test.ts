/** The installation guards itself: what somebody with rights in its namespace, or over RBAC, may not do, and that its own daily work goes on. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import { accepted, waitFor, type KubeObject, type Target } from '../../support/cluster/cluster.ts';
import { at } from '../world/guard-objects.ts';
import { attacks } from '../../support/attack/harness.ts';
import { administrator, editor, installationAttacks } from './installation-list.ts';
import { startInstallationWorld } from './installation-world.ts';
import { eventually, said, type World } from '../../support/attack/world.ts';

let world: World;
beforeAll(async () => {
  world = await startInstallationWorld();
}, 180_000);
afterAll(() => world?.stop());

interface Running extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status?: Record<string, unknown>;
}

const here = (resource: string, name: string): Target => at(resource, name, systemNamespace);
const isComplete = ({ metadata, spec, status }: Running): boolean =>
  status?.['observedGeneration'] === metadata.generation &&
  status?.['updatedReplicas'] === spec.replicas &&
  status?.['availableReplicas'] === spec.replicas &&
  status?.['replicas'] === spec.replicas;
const pods = async (): Promise<readonly KubeObject[]> =>
  accepted(
    await world.as('installer').list(
      { apiVersion: 'v1', kind: 'Pod', namespace: systemNamespace },
      {
        labelSelector: 'app.kubernetes.io/component=operator',
      },
    ),
  ).items;

describe('goes on', () => {
  test('our pods start', async () => {
    for (const name of ['countersign-operator', 'countersign-gate'])
      expect(
        await waitFor<Running>(world.as('installer'), here('deployments', name), isComplete, 60_000),
      ).toMatchObject({ status: { replicas: 2 } });
  });

  test('an administrator restarts a program, and its pods roll', async () => {
    const before = new Set((await pods()).map(({ metadata }) => metadata.uid));
    const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
    const body = { spec: { template: { metadata: { annotations } } } };
    accepted(await world.as(administrator).patch(here('deployments', 'countersign-operator'), 'merge', body));
    await waitFor<Running>(world.as('installer'), here('deployments', 'countersign-operator'), isComplete, 60_000);
    const after = await eventually('the pods before are gone', pods, (now) =>
      now.every(({ metadata }) => !before.has(metadata.uid)),
    );
    expect(after.length).toBeGreaterThan(0);
  });

  test('a drain evicts our pods, and they come back elsewhere', async () => {
    const [pod] = await pods();
    const { name = '', uid } = pod?.metadata ?? {};
    const { code, text } = await world.as(editor).raw({
      method: 'POST',
      path: `/api/v1/namespaces/${systemNamespace}/pods/${name}/eviction`,
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: systemNamespace } },
    });
    expect([code, text]).toEqual([201, expect.anything()]);
    await eventually('it is gone', pods, (now) => now.every(({ metadata }) => metadata.uid !== uid));
    await waitFor<Running>(world.as('installer'), here('deployments', 'countersign-operator'), isComplete, 60_000);
  });

  test('a kubelet gets tokens for pods that it runs, and none that outlast them', async () => {
    const node = await world.cluster.controlPlane.identity({ name: 'system:node:node-0', groups: ['system:nodes'] });
    const target = { ...here('serviceaccounts', 'countersign-operator'), subresource: 'token' };
    const [pod] = await pods();
    const asks = (spec: object) =>
      world
        .as(node.kubeconfig)
        .createAt(target, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: pod?.metadata.name, uid: pod?.metadata.uid };
    const unbound = await asks({});
    expect({ ok: unbound.ok, said: said(unbound) }).toEqual({
      ok: false,
      said: expect.stringMatching(/InstallationGuard: |forbidden/),
    });
    expect(said(await asks({ boundObjectRef }))).not.toContain('InstallationGuard');
  });

  test('the operator renews its Lease and gets the token of the restorer, and no other', async () => {
    const token = (name: string) =>
      world.operator.createAt(
        { ...here('serviceaccounts', name), subresource: 'token' },
        { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
      );
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: systemNamespace,
      name: 'countersign-operator',
    };
    accepted(await world.operator.patch(lease, 'merge', { spec: { holderIdentity: 'x' } }));
    accepted(await token('countersign-restorer'));
    expect(await token('countersign-gate')).toMatchObject({ ok: false, code: 403 });
  });
});

attacks(() => world, installationAttacks);
