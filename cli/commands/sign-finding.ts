/** `kubectl countersign sign finding`: says that production may stay as it was found. */
import { visible } from '../../operator/decide/safe-text.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { productionOf } from '../candidate/find.ts';
import { findFinding, sameFinding } from '../candidate/review.ts';
import { createHandedOut, manifestFor, roleAmong } from '../candidate/sign-manifest.ts';
import { bold, dim } from '../output/parts.ts';
import type { Session } from '../session.ts';
import { roleOption } from './approve.ts';

const run = async (session: Session): Promise<void> => {
  const cluster = await session.cluster();
  const namespace = await productionOf(session);
  const name = session.name();
  const finding = await findFinding(cluster, namespace, name);
  const role = await roleAmong(session, cluster, namespace, finding.approvalManifests);
  const { out } = session;
  out.line(bold(finding.name), `  ${visible(finding.object)} ${finding.change} since ${finding.since}`);
  out.line(finding.message);
  out.line(dim('digest  '), finding.digest);
  await session.agreed(`Sign as ${role} that production may stay as it was found?`);
  sameFinding(namespace, await findFinding(cluster, namespace, name), finding.digest);
  const approval = await createHandedOut(
    cluster,
    manifestFor(finding.approvalManifests, role),
    session.text('comment'),
  );
  out.line(`approval ${approval} created: signed as ${role}`);
  out.line('  → ', `kubectl countersign findings -n ${namespace}`);
};

export const signFinding: CommandDefinition = {
  name: 'sign finding',
  summary: 'Signs that production may stay as it was found.',
  description:
    'Shows the finding and its digest, asks once, and creates your Approval for it. The person who changed production cannot sign for that.',
  args: [
    { name: 'finding', description: 'The finding, as `findings` names it.', required: true, completes: 'finding' },
  ],
  options: [
    roleOption,
    { flags: '--comment <text>', description: 'What you have to say.' },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    { says: 'It may stay', line: "sign finding 000000000042 -n payments-prod --comment 'restored by hand' --yes" },
  ],
  run,
};
