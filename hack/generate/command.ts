/** The reference of `kubectl countersign`, from the definitions of its commands. */
import type { CommandDefinition } from '../../cli/command.ts';
import { commands } from '../../cli/commands.ts';
import { exitCodes, exitMeanings } from '../../cli/exit.ts';
import type { GeneratedFile } from './files.ts';

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);

const argumentText = ({ args = [] }: CommandDefinition): string =>
  args
    .map(({ name, required, many }) => (required === true ? `<${name}>` : `[${name}${many === true ? '...' : ''}]`))
    .join(' ');

const sectionOf = (definition: CommandDefinition): readonly string[] => {
  const { name, summary, description, options = [], examples } = definition;
  return [
    `## ${name}`,
    '',
    summary,
    '',
    '```sh',
    `kubectl countersign ${[name, argumentText(definition)].join(' ').trim()}`,
    '```',
    '',
    description,
    '',
    ...(options.length === 0
      ? []
      : [
          '| option | meaning |',
          '| --- | --- |',
          ...options.map(({ flags, description: says }) => `| \`${cell(flags)}\` | ${cell(says)} |`),
          '',
        ]),
    '```sh',
    ...examples.flatMap(({ says, line }) => [`# ${says}`, `kubectl countersign ${line}`]),
    '```',
    '',
  ];
};

/** @param header of the folder's generated pages */
export const commandPage = (header: string): GeneratedFile => ({
  name: 'command.md',
  text: `${[
    header,
    '',
    '# kubectl countersign',
    '',
    'How it is installed and used: [the command](../command.md).',
    '',
    ...commands.flatMap(sectionOf),
    '## Exit codes',
    '',
    '| code | meaning |',
    '| --- | --- |',
    ...Object.entries(exitCodes).map(
      ([name, code]) => `| ${code} | ${cell(exitMeanings[name as keyof typeof exitCodes])} |`, // oxlint-disable-line typescript/no-unsafe-type-assertion -- Object.entries gives its own keys
    ),
  ].join('\n')}\n`,
});
