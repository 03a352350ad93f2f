/** Changes of the policy that wait for somebody who holds role approver. */
import { accepted, type Manifest } from '../support/cluster/cluster.ts';
import { ours, type World } from '../support/cluster/system.ts';
import { amendPolicy } from '../support/scenario/kit.ts';

/** Has changes of the policy signed for from now on, and asks for two. */
export const askForSoaks = async (world: World): Promise<void> => {
  await amendPolicy(world, { changes: { approvals: [{ role: 'approver', count: 1 }] } });
  const target = world.ref('ReleasePolicy', 'production');
  const { spec } = accepted(await world.as('admin').get<Manifest & { readonly spec: object }>(target));
  for (const [name, soak] of [
    ['shorter-soak', '1s'],
    ['no-soak', '0s'],
  ] as const) {
    const metadata = { name, namespace: world.production };
    const asked = { policy: { ...spec, soak }, reason: 'releases wait too long' };
    accepted(await world.as('admin').create({ apiVersion: ours, kind: 'PolicyChange', metadata, spec: asked }));
  }
};
