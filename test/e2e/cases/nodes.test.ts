/** A node that is rebooted while a release is observed: by itself in its cluster, for it concerns every pod there. */
import { expect } from '@jest/globals';
import { programIdentities } from '../../../hack/controlplane/identities.ts';
import { accepted, waitFor, waitForAll, type KubeObject } from '../../support/cluster/cluster.ts';
import { condition, type World } from '../../support/cluster/system.ts';
import { end, everybody, patienceMs, scenarios, sign } from '../../support/scenario/kit.ts';
import { behave, entriesOf, recorded } from '../../support/scenario/production.ts';

const { scenario } = scenarios('nodes');

interface Node extends KubeObject {
  readonly status: { readonly nodeInfo: { readonly bootID: string } };
}

const node = (name?: string) => ({ apiVersion: 'v1', kind: 'Node', ...(name === undefined ? {} : { name }) });

/** Every node of the cluster is booted anew. */
const reboot = async (world: World): Promise<void> => {
  const kubelets = world.as(programIdentities.kwok.name);
  const nodes = accepted(await kubelets.list<Node>(node())).items;
  for (const { metadata } of nodes) {
    const annotations = { 'countersign.test/boot': 'second-boot' };
    accepted(await kubelets.patch(node(metadata.name), 'merge', { metadata: { annotations } }));
    await waitFor<Node>(
      kubelets,
      node(metadata.name),
      ({ status }) => status.nodeInfo.bootID === 'second-boot',
      patienceMs,
    );
  }
};

scenario(
  'a node that is rebooted while a release is observed takes nothing back, and the release says what it waits for',
  async (world) => {
    await world.stage(world.deployment('api', 'a', { replicas: 2 }));
    await world.propose(world.candidate('first', ['Deployment/api']));
    await sign(world, 'first', ...everybody);
    await recorded(world, 'Promoted', 'first');
    const pods = await waitForAll(
      world.as('installer'),
      { ...world.ref('Pod'), labelSelector: 'app=api' },
      (all) => all.length === 2,
      patienceMs,
    );

    await reboot(world);
    for (const pod of pods) await behave(world, pod, 'reboot');

    const seen = await world.when(
      'first',
      (each) => condition(each, 'Healthy')?.message.includes('it has 60s to be ready again') ?? false,
      patienceMs,
    );
    expect(condition(seen, 'Healthy')?.message).toContain(
      'Deployment/api: container main was ready when the release completed and is not any more; node',
    );
    expect(await end(world, 'first')).toBe('Promoted');
    expect(await entriesOf(world, 'RollbackStarted')).toEqual([]);
  },
  // Pods that were made in the very second of completion might as well replace others: these are older.
  { health: { progressTimeout: '2m', observeFor: '15s', settle: '1s' } },
);
