/** Evidence as people and programs report it in a scenario. */
import { accepted, type KubeObject } from '../cluster/cluster.ts';
import { bindRole } from '../cluster/rights.ts';
import { ours, type World } from '../cluster/system.ts';

/** Gives somebody the right to report a type in staging. */
export const mayReport = (world: World, who: string, type: string): Promise<void> =>
  bindRole(world.as('installer'), {
    name: `${who}-${type.toLowerCase()}`,
    namespace: world.staging,
    role: `countersign-report-${type}`,
    subject: { kind: 'User', name: who },
  });

/** Reports, performed now unless `spec` says when. */
export const report = async (world: World, who: string, spec: Readonly<Record<string, unknown>>): Promise<KubeObject> =>
  accepted(
    await world.as(who).create({
      apiVersion: ours,
      kind: 'Evidence',
      metadata: { generateName: 'report-', namespace: world.staging },
      spec: { performedAt: new Date().toISOString(), ...spec },
    }),
  );
