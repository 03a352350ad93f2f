/** What a command is: all there is to know of one is in its file under `commands/`, and `commands.ts` lists it. */
import type { ExitCode } from './exit.ts';
import type { Session } from './session.ts';

/** What the shell completes an argument or the value of an option with. */
export type Completes =
  | 'candidate'
  | 'namespace'
  | 'context'
  | 'role'
  | 'package'
  | 'bundle'
  | 'emergency'
  | 'finding'
  | 'exception'
  | 'change'
  | 'file';

export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  /** Takes all that follow. */
  readonly many?: boolean;
  readonly completes?: Completes;
}

export interface Option {
  /** As commander writes it: `-y, --yes`, `--role <role>`. */
  readonly flags: string;
  readonly description: string;
  /** May be given several times. */
  readonly many?: boolean;
  /** The values that it takes, for completion. */
  readonly values?: readonly string[];
  readonly completes?: Completes;
}

export interface Example {
  readonly says: string;
  /** What is typed after `kubectl countersign `. */
  readonly line: string;
}

export interface CommandDefinition {
  /** One word, or two for a command of a group: `emergency grant`. */
  readonly name: string;
  readonly summary: string;
  /** What it does, what it needs, and what it never does. */
  readonly description: string;
  readonly args?: readonly Argument[];
  readonly options?: readonly Option[];
  readonly examples: readonly Example[];
  /** Exit code 0 when it resolves without one. */
  readonly run: (session: Session) => Promise<ExitCode | void>;
}

/** Options of every command that asks the API server. */
export const connectionOptions: readonly Option[] = [
  {
    flags: '-n, --namespace <name>',
    description: 'A staging or a production namespace. Absent: that of the context.',
    completes: 'namespace',
  },
  { flags: '--context <name>', description: 'The context of the kubeconfig.', completes: 'context' },
  {
    flags: '--kubeconfig <file>',
    description: 'This kubeconfig instead of KUBECONFIG or ~/.kube/config.',
    completes: 'file',
  },
];

export const outputOption: Option = {
  flags: '-o, --output <format>',
  description: 'For programs.',
  values: ['json', 'yaml', 'name'],
};

export const yesOption: Option = { flags: '-y, --yes', description: 'Does not ask.' };

export const candidateArgument: Argument = {
  name: 'name',
  description: 'The ReleaseCandidate.',
  required: true,
  completes: 'candidate',
};
