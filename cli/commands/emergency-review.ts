/** `kubectl countersign emergency review`: reads what was done, and signs for having read it. */
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { actsUnder, findEmergency, printEmergency } from '../candidate/emergency.ts';
import { productionOf } from '../candidate/find.ts';
import { reviewable, sameReview } from '../candidate/review.ts';
import { createHandedOut, manifestFor, roleAmong } from '../candidate/sign-manifest.ts';
import type { Session } from '../session.ts';
import { roleOption } from './approve.ts';

const run = async (session: Session): Promise<void> => {
  const cluster = await session.cluster();
  const namespace = await productionOf(session);
  const name = session.name();
  const access = await reviewable(cluster, namespace, name);
  const manifests = access.status?.approvalManifests ?? {};
  const role = await roleAmong(session, cluster, namespace, manifests);
  printEmergency(session.out, access, await actsUnder(cluster, access));
  await session.agreed(`Sign as ${role} that you have read what was done?`);
  sameReview(await findEmergency(cluster, namespace, name), access.status?.digest);
  const approval = await createHandedOut(cluster, manifestFor(manifests, role), session.text('comment'));
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
