/** The command line: every definition as a command of commander. */
import { Command, CommanderError, Option as CommanderOption } from 'commander';
import type { Argument, CommandDefinition, Option } from './command.ts';
import type { Typed } from './session.ts';

export const programName = 'kubectl countersign';

const summary = `What waits in Countersign, for whom, and how it goes on: with your own kubeconfig and rights.`;

/** What was typed, and the command that it is for. */
export interface Invocation {
  readonly definition: CommandDefinition;
  readonly typed: Typed;
}

interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const usageOf = ({ name, required, many }: Argument): string => {
  const text = many === true ? `${name}...` : name;
  return required === true ? `<${text}>` : `[${text}]`;
};

const optionFor = ({ flags, description, many, values }: Option): CommanderOption => {
  const option = new CommanderOption(flags, description);
  if (many === true) option.argParser<readonly string[]>((value, before) => [...(before ?? []), value]);
  if (values !== undefined) option.choices([...values]);
  return option;
};

/** The part of the help that shows how a command is typed. */
export const examplesText = ({ examples }: CommandDefinition): string =>
  ['', 'Examples:', ...examples.flatMap(({ says, line }) => [`  # ${says}`, `  ${programName} ${line}`, ''])]
    .join('\n')
    .trimEnd();

const define = (parent: Command, definition: CommandDefinition, chosen: (invocation: Invocation) => void): void => {
  const word = definition.name.split(' ').at(-1) ?? definition.name;
  const command = parent.command(word).summary(definition.summary).description(definition.description);
  for (const argument of definition.args ?? []) command.argument(usageOf(argument), argument.description);
  for (const option of definition.options ?? []) command.addOption(optionFor(option));
  command.addHelpText('after', examplesText(definition));
  const places = definition.args?.length ?? 0;
  command.action((...given: readonly unknown[]) => {
    chosen({
      definition,
      typed: {
        args: given.slice(0, places).map((each) => (Array.isArray(each) ? each.map(String) : typedText(each))),
        options: command.opts(),
      },
    });
  });
};

const typedText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Says what a group of commands is for. */
const groups: Readonly<Record<string, string>> = {
  emergency: 'Emergency access: grant, look at, end and review it.',
  policy: 'Policies: what differs, and what is wrong.',
  sign: 'Sign for what is not a candidate.',
};

const build = (
  definitions: readonly CommandDefinition[],
  version: string,
  { out, err }: Output,
  chosen: (invocation: Invocation) => void,
): Command => {
  const program = new Command()
    .name(programName)
    .description(summary)
    .version(version)
    .configureOutput({ writeOut: out, writeErr: err })
    .showHelpAfterError('(add --help for how it is typed)')
    // A command has a --version of its own.
    .enablePositionalOptions()
    .exitOverride();
  const parents = new Map<string, Command>();
  for (const definition of definitions) {
    const [group = '', second] = definition.name.split(' ');
    if (second === undefined) {
      define(program, definition, chosen);
      continue;
    }
    const parent = parents.get(group) ?? program.command(group).description(groups[group] ?? '');
    parents.set(group, parent);
    define(parent, definition, chosen);
  }
  return program;
};

export type Parsed =
  { readonly is: 'Command'; readonly invocation: Invocation } | { readonly is: 'Done'; readonly code: number };

/** Reads what was typed. Help and errors of the command line are printed at once. */
export const parseCommandLine = (
  argv: readonly string[],
  given: { readonly definitions: readonly CommandDefinition[]; readonly version: string; readonly output: Output },
): Parsed => {
  let found: Invocation | undefined;
  const program = build(given.definitions, given.version, given.output, (invocation) => (found = invocation));
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isFine = error.exitCode === 0 || error.code === 'commander.help';
    return { is: 'Done', code: isFine ? 0 : 2 };
  }
  if (found === undefined) return { is: 'Done', code: 0 };
  return { is: 'Command', invocation: found };
};
