/** `kubectl countersign emergency review`: reads what was done, and signs for having read it. */
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { actsUnder, findEmergency, isPartyTo, printEmergency } from '../candidate/emergency.ts';
import { findPolicy, productionOf } from '../candidate/find.ts';
import { isTrue } from '../candidate/objects.ts';
import { createHandedOut, roleAmong } from '../candidate/sign-manifest.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { Problem } from '../exit.ts';
import type { Session } from '../session.ts';
import { roleOption } from './approve.ts';

const run = async (session: Session): Promise<void> => {
  const cluster = await session.cluster();
  const namespace = await productionOf(session);
  const access = await findEmergency(cluster, namespace, session.name());
  const { name } = access.metadata;
  if (!isTrue(access, 'ReviewDue')) {
    throw new Problem(
      `There is nothing to review of ${name}: it is ${access.status?.state ?? 'Pending'}`,
      `kubectl countersign emergency status ${name} -n ${namespace}`,
    );
  }
  const [who, policy] = await Promise.all([cluster.whoAmI(), findPolicy(cluster, namespace)]);
  if (isPartyTo(access, who.username, policy)) {
    throw new Problem(
      `The signature would not count: ${visible(who.username)} is grantee or grantor of ${name}`,
      `Somebody else reviews it: kubectl countersign emergency review ${name} -n ${namespace}`,
    );
  }
  const manifests = access.status?.approvalManifests ?? {};
  const role = await roleAmong(session, cluster, namespace, manifests);
  printEmergency(session.out, access, await actsUnder(cluster, access));
  await session.agreed(`Sign as ${role} that you have read what was done?`);
  const again = await findEmergency(cluster, namespace, name);
  if (again.status?.digest !== access.status?.digest) {
    throw new Problem(
      `${name} changed while you read it; nothing was signed`,
      `kubectl countersign emergency review ${name} -n ${namespace}`,
    );
  }
  const approval = await createHandedOut(cluster, manifests[role] ?? '', session.text('comment'));
  session.out.line(`approval ${approval} created: reviewed as ${role}`);
  session.out.line('  → ', `kubectl countersign emergency status ${name} -n ${namespace}`);
};

export const emergencyReview: CommandDefinition = {
  name: 'emergency review',
  summary: 'Reads what was done under an emergency access, and signs for it.',
  description:
    'Shows every act from the record, what was left changed and the sessions, asks once, and creates your Approval under the digest of exactly that list. Grantee and grantor cannot review.',
  args: [{ name: 'name', description: 'The EmergencyAccess.', required: true, completes: 'emergency' }],
  options: [
    roleOption,
    { flags: '--comment <text>', description: 'What you have to say.' },
    yesOption,
    ...connectionOptions,
  ],
  examples: [{ says: 'The day after', line: 'emergency review inc-4711 -n payments-prod --role approver --yes' }],
  run,
};
