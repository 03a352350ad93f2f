/** `kubectl countersign emergency end`: ends an access before its time. */
import { ourResource } from '../../operator/kube/rows.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { findEmergency } from '../candidate/emergency.ts';
import { productionOf } from '../candidate/find.ts';
import { Problem } from '../exit.ts';

export const emergencyEnd: CommandDefinition = {
  name: 'emergency end',
  summary: 'Ends an emergency access before its time.',
  description:
    'Sets revoked on the EmergencyAccess, which cannot be taken back. The grantee ends their own; so does everybody who may grant.',
  args: [{ name: 'name', description: 'The EmergencyAccess.', required: true, completes: 'emergency' }],
  options: [yesOption, ...connectionOptions],
  examples: [{ says: 'The incident is over', line: 'emergency end inc-4711 -n payments-prod --yes' }],
  async run(session) {
    const cluster = await session.cluster();
    const namespace = await productionOf(session);
    const access = await findEmergency(cluster, namespace, session.name());
    const { name, resourceVersion } = access.metadata;
    if (access.spec.revoked) {
      throw new Problem(`${name} is ended already`, `kubectl countersign emergency status ${name} -n ${namespace}`);
    }
    await session.agreed(`End the access of ${access.spec.grantee} now?`);
    await cluster.client.patchResource(
      ourResource('EmergencyAccess'),
      { namespace, name },
      { metadata: { resourceVersion }, spec: { revoked: true } },
      { type: 'Merge' },
    );
    session.out.line(`emergencyaccess ${name} ended`);
    session.out.line('  → ', `kubectl countersign emergency status ${name} -n ${namespace}`);
  },
};
