/** `kubectl countersign completion`: a script for a shell. */
import type { CommandDefinition } from '../command.ts';
import { completionScript, shells } from '../completion.ts';
import { exitCodes, Problem } from '../exit.ts';

export const completion: CommandDefinition = {
  name: 'completion',
  summary: 'Prints the completion script of a shell.',
  description:
    "As a plugin it needs none of this: kubectl's own completion asks kubectl_complete-countersign, which stands beside the command. The script is for the command under its own name, kubectl-countersign. Names of candidates, bundles, roles and namespaces are completed, too.",
  args: [{ name: 'shell', description: 'bash, zsh or fish.', required: true }],
  examples: [{ says: 'In this shell: source <(kubectl countersign completion bash)', line: 'completion bash' }],
  run(session) {
    const shell = shells.find((each) => each === session.argument(0));
    if (shell === undefined) {
      throw new Problem(
        `There is no completion for ${session.argument(0) ?? ''}`,
        `kubectl countersign completion ${shells.join('|')}`,
        exitCodes.usage,
      );
    }
    session.out.document(completionScript(shell));
    return Promise.resolve();
  },
};
