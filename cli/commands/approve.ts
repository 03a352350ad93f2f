/** `kubectl countersign approve`: one signature, for exactly what is shown. */
import { candidateArgument, connectionOptions, yesOption, type CommandDefinition, type Option } from '../command.ts';

export const roleOption: Option = {
  flags: '--role <role>',
  description: 'The approval line to sign in. Absent: the one that you hold and the release asks for.',
  completes: 'role',
};

export const approve: CommandDefinition = {
  name: 'approve',
  summary: 'Signs for a candidate.',
  description:
    'Shows what is signed (the delta and its digest), asks once, and creates your Approval in the production namespace. It signs nothing that could not count: not for authors, not without the right by name, and not when the content changed while you read it.',
  args: [candidateArgument],
  options: [
    roleOption,
    { flags: '--comment <text>', description: 'What you have to say; it stays with the signature.' },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    { says: 'Read the delta, and sign for it', line: 'approve payments-2.4.0 -n payments-staging --role tester' },
    {
      says: 'Without being asked, with a comment',
      line: "approve payments-2.4.0 -n payments-staging --role approver --comment 'read the test report' --yes",
    },
  ],
  run: async (session) => (await import('../candidate/sign.ts')).sign(session, 'Approve'),
};
