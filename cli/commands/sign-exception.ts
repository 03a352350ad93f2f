/** `kubectl countersign sign exception`: lets releases pass gates for a time, or ends that. */
import { visible } from '../../operator/decide/safe-text.ts';
import { exceptionRequest, findException } from '../candidate/exceptions.ts';
import { askedHere, signRequest } from '../candidate/sign-request.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { bold, dim } from '../output/parts.ts';
import type { Session } from '../session.ts';
import { roleOption } from './approve.ts';

const run = async (session: Session): Promise<void> => {
  const asked = await askedHere(session);
  const exception = await findException(asked.cluster, asked.policy.metadata.namespace, session.name());
  const { metadata, spec } = exception;
  const request = exceptionRequest(asked, exception);
  const { out } = session;
  const show = (): void => {
    out.line(bold(metadata.name), `  ${spec.package}: ${spec.gates.join(', ')} until ${spec.until}`);
    out.line(dim('candidate  '), spec.candidate === undefined ? 'every one of the package' : spec.candidate.name);
    out.line(dim('asked by   '), visible(spec.requester.username));
    out.line(dim('because    '), visible(spec.reason));
    out.line(dim('risk       '), visible(spec.risk));
    out.line(dim('digest     '), request.digest);
  };
  await signRequest(session, asked, request, { show, that: 'releases may pass these gates' });
};

export const signException: CommandDefinition = {
  name: 'sign exception',
  summary: 'Signs that releases may pass gates for a time.',
  description:
    'Shows what is asked for, by whom, why and at what risk, asks once, and creates your Approval for exactly that. It signs nothing that could not count: not for the person who asked, and not without the right by name. With --refuse it ends the exception, signed for or not.',
  args: [
    {
      name: 'exception',
      description: 'The PolicyException, as `pending` names it.',
      required: true,
      completes: 'exception',
    },
  ],
  options: [
    roleOption,
    { flags: '--refuse', description: 'Ends it at once and for good. Needs --comment.' },
    { flags: '--comment <text>', description: 'What you have to say.' },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    { says: 'Releases may pass', line: 'sign exception payments-night -n payments-prod --yes' },
    {
      says: 'They may not, or no longer',
      line: "sign exception payments-night -n payments-prod --refuse --comment 'the scan is there' --yes",
    },
  ],
  run,
};
