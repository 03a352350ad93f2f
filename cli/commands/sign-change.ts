/** `kubectl countersign sign change`: lets the policy become another one, or refuses that. */
import { policyDifference } from '../../operator/decide/policy/difference.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { changeRequest, findChange } from '../candidate/policy-changes.ts';
import { showRequest } from '../candidate/request.ts';
import { askedHere, signRequest } from '../candidate/sign-request.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { bold, dim } from '../output/parts.ts';
import type { Session } from '../session.ts';
import { roleOption } from './approve.ts';

const run = async (session: Session): Promise<void> => {
  const asked = await askedHere(session);
  const { cluster, policy } = asked;
  const { namespace } = policy.metadata;
  const change = await findChange(cluster, namespace, session.name());
  const { metadata, spec } = change;
  const request = changeRequest(asked, change);
  const { out } = session;
  const show = (): void => {
    out.line(bold(metadata.name), `  changes the policy of ${namespace}`);
    const { lines, more } = policyDifference(policy, spec.policy);
    for (const each of lines) out.line('  ', each);
    if (more > 0) out.line(`  and ${more} more fields: ${showRequest(request)}`);
    out.line(dim('asked by   '), visible(spec.author.username));
    out.line(dim('because    '), visible(spec.reason));
    out.line(dim('digest     '), request.digest);
  };
  await signRequest(session, asked, request, { show, that: 'the policy becomes this' });
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
