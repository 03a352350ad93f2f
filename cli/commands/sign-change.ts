/** `kubectl countersign sign change`: lets the policy become another one, or refuses that. */
import { changeDigest } from '../../operator/decide/changes/change.ts';
import { changeApproval } from '../../operator/decide/changes/manifests.ts';
import { policyDifference } from '../../operator/decide/policy/difference.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { policyIn, productionOf } from '../candidate/find.ts';
import { findChange, rolesForChange } from '../candidate/policy-changes.ts';
import { rolesHeld } from '../candidate/roles.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { Problem } from '../exit.ts';
import { bold, dim } from '../output/parts.ts';
import type { Session } from '../session.ts';
import { roleOption } from './approve.ts';

const run = async (session: Session): Promise<void> => {
  const cluster = await session.cluster();
  const namespace = await productionOf(session);
  const [change, policy, held] = await Promise.all([
    findChange(cluster, namespace, session.name()),
    policyIn(cluster, namespace),
    rolesHeld(cluster, namespace),
  ]);
  const { metadata, spec } = change;
  const refuses = session.flag('refuse');
  const comment = session.text('comment');
  if (refuses && comment === undefined) throw new Problem('A refusal says why', "Add --comment '<why not>'");
  const able = refuses ? held : await rolesForChange({ cluster, policy, held, now: session.now() }, change);
  const role = session.text('role') ?? able[0];
  if (role === undefined || !able.includes(role)) {
    throw new Problem(
      `Your signature would not count for ${metadata.name}: it waits for none of a role that you hold here, or you asked for it`,
      `kubectl get polchg ${metadata.name} -n ${namespace} -o yaml`,
    );
  }
  const { out } = session;
  out.line(bold(metadata.name), `  changes the policy of ${namespace}`);
  const { lines, more } = policyDifference(policy, spec.policy);
  for (const each of lines) out.line('  ', each);
  if (more > 0) out.line(`  and ${more} more fields: kubectl get polchg ${metadata.name} -n ${namespace} -o yaml`);
  out.line(dim('asked by   '), visible(spec.author.username));
  out.line(dim('because    '), visible(spec.reason));
  out.line(dim('digest     '), changeDigest(change, policy));
  await session.agreed(
    refuses ? `Refuse it as ${role}, which is final?` : `Sign as ${role} that the policy becomes this?`,
  );
  const manifest = changeApproval(change, policy, role);
  const created = await cluster.client.createResource(ourResource('Approval'), {
    ...manifest,
    spec: {
      ...manifest.spec,
      ...(refuses ? { decision: 'Reject' } : {}),
      ...(comment === undefined ? {} : { comment }),
    },
  });
  out.line(`approval ${created.metadata.name} created: ${refuses ? 'refused' : 'signed'} as ${role}`);
  out.line('  → ', `kubectl get polchg ${metadata.name} -n ${namespace}`);
};

export const signChange: CommandDefinition = {
  name: 'sign change',
  summary: 'Signs that the policy becomes another one.',
  description:
    'Shows what differs from the policy as it is now, who asks and why, asks once, and creates your Approval for exactly that difference. It signs nothing that could not count: not for the person who asked, and not without the right by name. With --refuse it ends the change for good.',
  args: [
    { name: 'change', description: 'The PolicyChange, as `pending` names it.', required: true, completes: 'change' },
  ],
  options: [
    roleOption,
    { flags: '--refuse', description: 'Ends it for good. Needs --comment.' },
    { flags: '--comment <text>', description: 'What you have to say.' },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    { says: 'The policy may become this', line: 'sign change shorter-soak -n payments-prod --yes' },
    {
      says: 'It may not',
      line: "sign change no-soak -n payments-prod --refuse --comment 'an hour has saved us twice' --yes",
    },
  ],
  run,
};
