/** Rights that a package has in staging by bindings which no release holds: production lacks them until a cluster administrator gives them. */
import { expect } from '@jest/globals';
import { accepted, type Manifest } from '../../support/cluster/cluster.ts';
import { gate, type Gate, type Reported, type World } from '../../support/cluster/system.ts';
import {
  end,
  everybody,
  gateSays,
  patienceMs,
  release,
  scenarios,
  sign,
  typeCommands,
} from '../../support/scenario/kit.ts';
import { manifestOf } from '../../support/scenario/production.ts';
import { waitFor } from '../../support/cluster/cluster.ts';

const { scenario, system } = scenarios('cluster-rights');

const rbac = 'rbac.authorization.k8s.io/v1';
const components = ['ServiceAccount/web', 'Deployment/web'];

/** Names of what lies in no namespace, each world's own. */
const clusterRole = (world: World, name: string, verbs: readonly string[]): Manifest => ({
  apiVersion: rbac,
  kind: 'ClusterRole',
  metadata: { name: `${name}-${world.staging}` },
  rules: [{ apiGroups: [''], resources: ['nodes'], verbs }],
});

const bound = (world: World, name: string, namespace = world.staging): Manifest => ({
  apiVersion: rbac,
  kind: 'ClusterRoleBinding',
  metadata: { name: `${name}-${namespace}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `${name}-${world.staging}` },
  subjects: [{ kind: 'ServiceAccount', name: 'web', namespace }],
});

const typed = (verdict: Gate): Promise<void> => typeCommands(system(), verdict, / same: (.*?)\. If /);

const staged = async (world: World): Promise<void> => {
  const web = world.deployment('web', 'a') as Manifest & { spec: { template: { spec: object } } };
  const { template } = web.spec;
  const spec = { ...web.spec, template: { ...template, spec: { ...template.spec, serviceAccountName: 'web' } } };
  await world.stage(manifestOf(world, 'ServiceAccount', 'web', {}), { ...web, spec });
};

scenario(
  'a release whose account is bound to a ClusterRole in staging alone waits for the command that it prints',
  async (world) => {
    const installer = world.as('installer');
    accepted(await installer.create(clusterRole(world, 'nodes', ['get', 'list'])));
    accepted(await installer.create(bound(world, 'nodes')));
    await staged(world);
    await world.propose(world.candidate('first', components));
    await sign(world, 'first', ...everybody);
    const blocked = await gateSays(world, 'first', 'ClusterRights', 'ClusterRightsMissing');
    expect(blocked.message).toContain(
      `ServiceAccount web lacks ClusterRole nodes-${world.staging} (get nodes and list nodes)`,
    );
    await typed(blocked);
    expect(await end(world, 'first')).toBe('Promoted');
    const may = ['auth', 'can-i', 'list', 'nodes', `--as=system:serviceaccount:${world.production}:web`];
    expect((await system().controlPlane.kubectl('admin', may)).stdout).toContain('yes');
  },
);

scenario('a binding that staging does not have any more is asked of production no more', async (world) => {
  const installer = world.as('installer');
  accepted(await installer.create(clusterRole(world, 'debug', ['*'])));
  const debug = bound(world, 'debug');
  accepted(await installer.create(debug));
  await staged(world);
  await world.propose(world.candidate('first', components));
  await sign(world, 'first', ...everybody);
  await gateSays(world, 'first', 'ClusterRights', 'ClusterRightsMissing');
  const target = { apiVersion: rbac, kind: 'ClusterRoleBinding', name: debug.metadata.name ?? '' };
  accepted(await installer.patch(target, 'merge', { subjects: [] }));
  expect(await end(world, 'first')).toBe('Promoted');
});

scenario(
  'a ClusterRole that grows when the release is in production is asked for by the next release alone',
  async (world) => {
    const installer = world.as('installer');
    const nodes = clusterRole(world, 'growing', ['get']);
    accepted(await installer.create(nodes));
    accepted(await installer.create(bound(world, 'growing')));
    const own = clusterRole(world, 'own', ['get']);
    accepted(await installer.create(own));
    accepted(await installer.create(bound(world, 'own', world.production)));
    await staged(world);
    // Another role gives the same.
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');

    accepted(
      await installer.patch({ apiVersion: rbac, kind: 'ClusterRole', name: nodes.metadata.name ?? '' }, 'merge', {
        rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'watch'] }],
      }),
    );
    await world.stage(world.deployment('other', 'a'));
    await world.propose(world.candidate('second', [...components, 'Deployment/other']));
    await sign(world, 'second', ...everybody);
    const blocked = await gateSays(world, 'second', 'ClusterRights', 'ClusterRightsMissing');
    expect(blocked.message).toContain('(watch nodes)');
    await typed(blocked);
    await waitFor<Reported>(
      world.as('developer-a'),
      { apiVersion: 'countersign.dev/v1alpha1', kind: 'ReleaseCandidate', namespace: world.staging, name: 'second' },
      (seen) => gate(seen, 'ClusterRights')?.outcome === 'Passed',
      patienceMs,
    );
    expect(await end(world, 'second')).toBe('Promoted');
  },
);
