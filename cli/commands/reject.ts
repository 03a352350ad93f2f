/** `kubectl countersign reject`: a refusal, which is final for the candidate. */
import { candidateArgument, connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { roleOption } from './approve.ts';

export const reject: CommandDefinition = {
  name: 'reject',
  summary: 'Rejects a candidate, which is final for it.',
  description:
    'Shows what is rejected, asks once, and creates your Approval with decision Reject. It needs a comment, so that the author can fix what is wrong, and counts at any time before the promotion.',
  args: [candidateArgument],
  options: [roleOption, { flags: '--comment <text>', description: 'What is wrong.' }, yesOption, ...connectionOptions],
  examples: [
    {
      says: 'Say what is wrong, and reject it',
      line: "reject payments-2.4.0 -n payments-staging --role tester --comment 'the settlement test fails' --yes",
    },
  ],
  run: async (session) => (await import('../candidate/sign.ts')).sign(session, 'Reject'),
};
