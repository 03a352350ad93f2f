/** An operator whose rights somebody cut: it says which one is missing, and goes on by itself when it is back. */
import { expect } from '@jest/globals';
import { accepted, type KubeObject } from '../support/cluster/cluster.ts';
import type { World } from '../support/cluster/system.ts';
import { explained, installation, policy, signFor } from '../support/scenario/findings.ts';
import { conditionSays, end, everybody, scenarios, sign } from '../support/scenario/kit.ts';

const { scenario, system } = scenarios('rights');

interface Role extends KubeObject {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const target = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'countersign-operator' };

/** Takes a verb on ConfigMaps from the operator; returns how to give it back. */
const without = async (verb: string): Promise<() => Promise<void>> => {
  const admin = system().as('installer');
  const { rules } = accepted(await admin.get<Role>(target));
  const cut = rules.flatMap((rule) =>
    rule.verbs.includes(verb) && rule.resources.includes('configmaps')
      ? [
          { ...rule, resources: rule.resources.filter((resource) => resource !== 'configmaps') },
          { ...rule, resources: ['configmaps'], verbs: rule.verbs.filter((each) => each !== verb) },
        ].filter(({ resources, verbs }) => resources.length > 0 && verbs.length > 0)
      : [rule],
  );
  accepted(await admin.patch(target, 'merge', { rules: cut }));
  return async () => {
    accepted(await admin.patch(target, 'merge', { rules }));
  };
};

/** A right that comes or goes is a change of the installation, which holds promotions until somebody signs for it. */
const signedFor = async (world: World): Promise<void> => {
  await signFor(world, installation, 'approver-a', 'approver');
  await policy(world, ({ status }) => status?.findings?.some(({ object }) => object === installation) !== true);
};

scenario('a right that the operator lacks is named, and the release goes on when it is back', async (world) => {
  // What is there when production is first looked at counts as right.
  await explained(world);
  const giveBack = await without('create');
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.propose(world.candidate('first', ['ConfigMap/settings']));
  expect((await conditionSays(world, 'first', 'Staged', 'NormalFormRefused')).message).toContain(
    'User "system:serviceaccount:countersign-system:countersign-operator" cannot create resource "configmaps"',
  );
  await signedFor(world);
  await giveBack();
  await signedFor(world);
  await sign(world, 'first', ...everybody);
  expect(await end(world, 'first')).toBe('Promoted');

  const giveBackUpdate = await without('update');
  await world.stage(world.configMap('settings', { level: 'debug' }));
  await world.propose(world.candidate('second', ['ConfigMap/settings']));
  const refused = await conditionSays(world, 'second', 'Staged', 'NormalFormRefused');
  expect(refused.message).toContain('cannot update resource "configmaps"');
  await signedFor(world);
  await giveBackUpdate();
  await signedFor(world);
  await sign(world, 'second', ...everybody);
  expect(await end(world, 'second')).toBe('Promoted');
  expect((await world.ledger()).filter(({ type }) => type === 'RollbackStarted')).toHaveLength(0);
});
