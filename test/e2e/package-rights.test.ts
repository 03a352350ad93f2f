/** The rights that the programs of a package need are released with it, within limits; what no release grants is refused by every lock. */
import { expect } from '@jest/globals';
import { accepted, waitFor, type Manifest } from '../support/cluster/cluster.ts';
import { type World } from '../support/cluster/system.ts';
import {
  bundleOf,
  end,
  everybody,
  conditionSays,
  gateSays,
  sign,
  patienceMs,
  release,
  scenarios,
} from '../support/scenario/kit.ts';
import { manifestOf } from '../support/scenario/production.ts';

const { scenario, succeeds } = scenarios('package-rights');

const rbac = 'rbac.authorization.k8s.io';

const account = (world: World, name = 'web'): Manifest => manifestOf(world, 'ServiceAccount', name, {});

const role = (world: World, rules: readonly object[], name = 'web'): Manifest => ({
  apiVersion: `${rbac}/v1`,
  kind: 'Role',
  metadata: { name, namespace: world.staging },
  rules,
});

const binding = (world: World, subjects: readonly object[], name = 'web'): Manifest => ({
  apiVersion: `${rbac}/v1`,
  kind: 'RoleBinding',
  metadata: { name, namespace: world.staging },
  roleRef: { apiGroup: rbac, kind: 'Role', name },
  subjects,
});

const own = (world: World, name = 'web') => ({ kind: 'ServiceAccount', name, namespace: world.staging });

const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] };

/** Who stages rights has to hold them, so an administrator of staging does. */
const stageRights = async (world: World, ...objects: readonly Manifest[]): Promise<void> => {
  for (const object of objects) {
    const created = await world.as('admin').create(object);
    if (!created.ok) accepted(await world.as('admin').replace(object));
  }
};

const components = ['ServiceAccount/web', 'Role/web', 'RoleBinding/web', 'Deployment/web'];

scenario(
  'a Role and its binding go to production with the package, bound there to the account of production',
  async (world) => {
    await world.stage(account(world), world.deployment('web', 'a'));
    await stageRights(world, role(world, [leases]), binding(world, [own(world)]));
    await world.propose(world.candidate('first', components));
    const { spec } = await bundleOf(world, await sign(world, 'first', ...everybody));
    expect(spec.deltaText).toMatch(/rights +rules/);
    expect(await end(world, 'first')).toBe('Promoted');
    const bound = await world.as('admin').get<Manifest & { subjects: unknown }>({
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      name: 'web',
      namespace: world.production,
    });
    expect(accepted(bound).subjects).toEqual([{ kind: 'ServiceAccount', name: 'web', namespace: world.production }]);

    // A second release with other rights, then one that drops them: both arrive, the last after observation.
    await stageRights(world, role(world, [{ ...leases, verbs: ['get'] }]));
    expect(await release(world, world.candidate('second', components))).toBe('Promoted');
    const granted = await world.as('admin').get<Manifest & { rules: unknown }>({
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      name: 'web',
      namespace: world.production,
    });
    expect(accepted(granted).rules).toEqual([{ ...leases, verbs: ['get'] }]);
  },
);

scenario('rights that no release grants are refused before anybody signs, each by name', async (world) => {
  await world.stage(account(world), world.deployment('web', 'a'));
  await stageRights(
    world,
    role(world, [
      { apiGroups: ['*'], resources: ['pods'], verbs: ['get'] },
      { apiGroups: [''], resources: ['users'], verbs: ['impersonate'] },
      { apiGroups: ['countersign.dev'], resources: ['approvals'], verbs: ['create'] },
    ]),
    binding(world, [own(world), { apiGroup: rbac, kind: 'User', name: 'developer-a' }]),
  );
  await world.propose(world.candidate('first', components));
  const { message } = await conditionSays(world, 'first', 'Staged', 'RightNotGrantable');
  for (const said of ['get pods.*', 'impersonate users', 'create approvals.countersign.dev'])
    expect(message).toContain(said);
  expect(message).toContain(`kubectl create rolebinding -n ${world.production}`);
  await stageRights(world, role(world, [leases]));
  await world.propose(world.candidate('second', components));
  const binds = await conditionSays(world, 'second', 'Staged', 'RightNotGrantable');
  expect(binds.message).toContain('binds User developer-a');
});

scenario('an account is bound to no Role but one of the same release: another may grant anything', async (world) => {
  const all = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
  const ops = { ...role(world, [all], 'ops'), metadata: { name: 'ops', namespace: world.production } };
  accepted(await world.as('admin').create(ops));
  await world.stage(account(world), world.deployment('web', 'a'));
  await stageRights(world, role(world, [leases], 'ops'), binding(world, [own(world)], 'ops'));
  await world.propose(world.candidate('first', ['ServiceAccount/web', 'RoleBinding/ops', 'Deployment/web']));
  const { message } = await gateSays(world, 'first', 'Rights', 'RightNotGrantable');
  expect(message).toContain('RoleBinding ops binds to Role ops, which is not part of the release');
});

scenario('a release that fails takes the rights back that it brought', async (world) => {
  await world.stage(account(world), world.deployment('web', 'a'));
  expect(await release(world, world.candidate('first', ['ServiceAccount/web', 'Deployment/web']))).toBe('Promoted');
  await world.stage(world.deployment('web', 'b'));
  await stageRights(world, role(world, [leases]), binding(world, [own(world)]));
  const failing = {
    kind: 'Deployment',
    name: 'web',
    patch: { spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': 'crash-loop' } } } } },
  };
  expect(await release(world, world.candidate('second', components, { overlay: [failing] }))).toBe('RolledBack');
  await waitFor(world.as('admin'), world.ref('Deployment', 'web', world.production), () => true, patienceMs);
  expect(await succeeds(world, 'admin', 'get', 'role,rolebinding', '-o', 'name')).not.toContain('/web');
});
