/** Two replicas: one leads; when it is told to end, the other goes on at once. */
import { expect } from '@jest/globals';
import { startOperator } from '../../hack/controlplane/operator.ts';
import { waitFor, type KubeObject } from '../support/cluster/cluster.ts';
import { isTrue } from '../support/cluster/system.ts';
import {
  approverA,
  approverB,
  end,
  everybody,
  patienceMs,
  release,
  scenarios,
  sign,
  tester,
} from '../support/scenario/kit.ts';

const { scenario, system } = scenarios('elect');

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string };
}

const lease = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  namespace: 'countersign-system',
  name: 'countersign-operator',
};

const leads = (instance: string) =>
  waitFor<Lease>(
    system().as('installer'),
    lease,
    ({ spec }) => spec.holderIdentity?.startsWith(`${instance}_`) === true,
    patienceMs,
  );

const metric = async (address: string): Promise<string> =>
  /^leader_election_master_status\{.*\} (\d)/m.exec(await (await fetch(`${address}/metrics`)).text())?.[1] ?? 'none';

scenario('the leader hands over when it ends, and what was under way goes on', async (world) => {
  const { operator, controlPlane } = system();
  await leads('operator-0');
  const second = await startOperator(controlPlane, { instance: 'operator-1' });
  try {
    expect(await metric(operator.address)).toBe('1');
    expect(await metric(second.address)).not.toBe('1');
    await world.stage(world.configMap('settings', { level: 'info' }));
    expect(await release(world, world.candidate('first', ['ConfigMap/settings']))).toBe('Promoted');
    await world.stage(world.configMap('settings', { level: 'debug' }));
    await world.propose(world.candidate('second', ['ConfigMap/settings']));
    await sign(world, 'second', tester, approverA);

    const began = performance.now();
    const ended = operator.stop('SIGTERM');
    await leads('operator-1');
    const handedOverAfter = performance.now() - began;
    await ended;
    // A lease that runs out takes fifteen seconds; one that is given back takes none.
    expect(handedOverAfter).toBeLessThan(14_000);
    expect(await metric(second.address)).toBe('1');

    await sign(world, 'second', approverB);
    expect(await end(world, 'second')).toBe('Promoted');
    expect(isTrue(await world.when('first', () => true), 'Finished')).toBe(true);
    await world.stage(world.configMap('settings', { level: 'warn' }));
    await world.propose(world.candidate('third', ['ConfigMap/settings']));
    await sign(world, 'third', ...everybody);
    expect(await end(world, 'third')).toBe('Promoted');
  } finally {
    await second.stop();
  }
});
