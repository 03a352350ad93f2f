/** Completion: what could come next on a command line, names of objects included. Kubectl asks by `kubectl_complete-countersign`, shells by a script. */
import { stagingLabel, guardedLabel } from '../operator/api/kinds.ts';
import type { CommandDefinition, Completes, Option } from './command.ts';
import type { Cluster } from './cluster/cluster.ts';

interface Asked {
  readonly definitions: readonly CommandDefinition[];
  /** Words after `kubectl countersign`; the last is being typed, and may be empty. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

const flagsOf = ({ flags }: Option): readonly string[] => flags.split(/[ ,]+/).filter((word) => word.startsWith('-'));

const takesValue = ({ flags }: Option): boolean => flags.includes('<');

/** The command that the words begin with, and the words after its name. */
const commandIn = (definitions: readonly CommandDefinition[], words: readonly string[]) => {
  const [first = '', second = ''] = words;
  for (const [name, length] of [
    [`${first} ${second}`, 2],
    [first, 1],
  ] as const) {
    const definition = definitions.find((each) => each.name === name);
    if (definition !== undefined && words.length > length) return { definition, rest: words.slice(length) };
  }
  return undefined;
};

/** Names of commands at this place: of groups, or in one. */
const commandNames = (definitions: readonly CommandDefinition[], words: readonly string[]): readonly string[] => {
  const before = words.slice(0, -1);
  return [
    ...new Set(
      definitions
        .map(({ name }) => name.split(' '))
        .filter((name) => before.every((word, at) => name[at] === word))
        .flatMap((name) => name[before.length] ?? []),
    ),
  ];
};

/** The value of an option that was typed before. */
const typed = (words: readonly string[], ...flags: readonly string[]): string | undefined => {
  const at = words.findIndex((word) => flags.includes(word));
  return at < 0 ? undefined : words[at + 1];
};

const optionBefore = ({ options = [] }: CommandDefinition, word: string): Option | undefined =>
  options.find((option) => takesValue(option) && flagsOf(option).includes(word));

/** How many arguments stand before the word that is being typed. */
const place = (definition: CommandDefinition, words: readonly string[]): number =>
  words
    .slice(0, -1)
    .filter((word, at, all) => !word.startsWith('-') && optionBefore(definition, all[at - 1] ?? '') === undefined)
    .length;

const names = async (cluster: Cluster, what: Completes, namespace: string): Promise<readonly string[]> => {
  const { findPolicy, candidatesIn } = await import('./candidate/find.ts');
  const of = async (kind: 'ReleaseBundle' | 'EmergencyAccess' | 'PolicyException' | 'PolicyChange') =>
    (await cluster.listOur(kind, { namespace })).map(({ metadata }) => metadata.name);
  switch (what) {
    case 'candidate':
      return (await candidatesIn(cluster, namespace)).map(({ metadata }) => metadata.name);
    case 'bundle':
      return ['staging', 'production', ...(await of('ReleaseBundle'))];
    case 'emergency':
      return of('EmergencyAccess');
    case 'exception':
      return of('PolicyException');
    case 'change':
      return of('PolicyChange');
    case 'finding':
      return ((await findPolicy(cluster, namespace))?.status?.findings ?? []).map(({ name }) => name);
    case 'package':
      return ((await findPolicy(cluster, namespace))?.status?.packages ?? []).map((each) => each.package);
    case 'role': {
      const policy = await findPolicy(cluster, namespace);
      return policy?.spec.approvals.map(({ role }) => role) ?? ['tester', 'approver', 'releaser', 'security', 'sre'];
    }
    case 'namespace': {
      const { namespaceRow } = await import('./cluster/rows.ts');
      const found = await Promise.all(
        [guardedLabel, stagingLabel].map((labelSelector) => cluster.list(namespaceRow, { labelSelector })),
      );
      return found.flat().map(({ metadata }) => metadata.name);
    }
    case 'context':
    case 'file':
      return [];
  }
};

const dynamic = async (what: Completes | undefined, { words, env, version }: Asked): Promise<readonly string[]> => {
  if (what === undefined || what === 'file') return [];
  const wanted = { file: typed(words, '--kubeconfig'), context: typed(words, '--context'), env };
  if (what === 'context') {
    const { contextNames } = await import('./cluster/kubeconfig.ts');
    return contextNames(wanted);
  }
  const { openCluster } = await import('./cluster/cluster.ts');
  const cluster = await openCluster(wanted, version, false);
  const namespace = typed(words, '-n', '--namespace') ?? cluster.access.namespace ?? 'default';
  return names(cluster, what, namespace);
};

/** Everything that could stand where the last word is, which it begins with. What cannot be asked for is not completed. */
export const completions = async (asked: Asked): Promise<readonly string[]> => {
  const { definitions, words } = asked;
  const last = words.at(-1) ?? '';
  const found = commandIn(definitions, words);
  const all = async (): Promise<readonly string[]> => {
    if (found === undefined) return commandNames(definitions, words);
    const { definition, rest } = found;
    const option = optionBefore(definition, rest.at(-2) ?? '');
    if (option !== undefined) return option.values ?? dynamic(option.completes, asked);
    if (last.startsWith('-')) return [...(definition.options ?? []).flatMap(flagsOf), '--help'];
    const { args = [] } = definition;
    const argument = args[place(definition, rest)] ?? (args.at(-1)?.many === true ? args.at(-1) : undefined);
    return dynamic(argument?.completes, asked);
  };
  return (await all().catch(() => [])).filter((each) => each.startsWith(last));
};

const scripts = {
  bash: `_kubectl_countersign() {
  mapfile -t COMPREPLY < <(kubectl-countersign __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | grep -v '^:')
}
complete -o default -F _kubectl_countersign kubectl-countersign`,
  zsh: `#compdef kubectl-countersign
_kubectl_countersign() {
  local -a found
  found=(\${(f)"$(kubectl-countersign __complete "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null | grep -v '^:')"})
  compadd -a found
}
compdef _kubectl_countersign kubectl-countersign`,
  fish: `complete -c kubectl-countersign -f -a '(kubectl-countersign __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null | string match -v ":*")'`,
} as const;
export type Shell = keyof typeof scripts;
export const shells = ['bash', 'zsh', 'fish'] as const satisfies readonly Shell[];

/** What a shell sources. */
export const completionScript = (shell: Shell): string => scripts[shell];
