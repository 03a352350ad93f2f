/** `kubectl countersign doctor`: is the installation whole, and who could get around it? */
import { connectionOptions, type CommandDefinition } from '../command.ts';
import { exitCodes } from '../exit.ts';
import type { Diagnosis, Severity } from '../doctor/diagnosis.ts';
import { styled, type Style } from '../output/parts.ts';
import type { Session } from '../session.ts';

const marks: Readonly<Record<Severity, readonly [mark: string, style: Style]>> = {
  ok: ['✓', 'green'],
  info: ['·', 'dim'],
  warning: ['!', 'yellow'],
  error: ['✗', 'red'],
};

const printed = ({ out }: Session, { severity, what, next }: Diagnosis): void => {
  const [mark, style] = marks[severity];
  out.line(styled(style, mark), ` ${what}`);
  if (next !== '') out.line('  → ', next);
};

export const doctor: CommandDefinition = {
  name: 'doctor',
  summary: 'Looks whether the installation is whole, and who could get around it.',
  description:
    'Kubernetes version and clocks; definitions, admission policies, stamps and their bindings; whether they act and the API server reaches the gate, by dry runs of what must be refused, of which nothing is kept; whether an operator leads; of every guarded namespace its policy, what that reports, and whether it is recorded who wrote what staging holds; and who could impersonate, make tokens, approve certificates, do everything, or sign by a wildcard or in every namespace. It looks as far as you may read, and says what it did not look at. Exit code 1 when something is an error.',
  options: [
    { flags: '-o, --output <format>', description: 'For programs.', values: ['json', 'yaml'] },
    ...connectionOptions,
  ],
  examples: [
    { says: 'The whole cluster', line: 'doctor' },
    { says: 'One production namespace', line: 'doctor -n payments-prod' },
    { says: 'In a pipeline, which fails where something is an error', line: 'doctor -o json' },
  ],
  async run(session) {
    const { examine } = await import('../doctor/examine.ts');
    const { out, format } = session;
    const all: Diagnosis[] = [];
    out.progress('Looking');
    for await (const each of examine(session)) {
      all.push(each);
      if (format === undefined) printed(session, each);
    }
    if (format === 'json') out.document(JSON.stringify(all, undefined, 2));
    else if (format !== undefined) {
      const { stringify } = await import('yaml');
      out.document(stringify(all, { lineWidth: 0 }));
    }
    return all.some(({ severity }) => severity === 'error') ? exitCodes.error : exitCodes.ok;
  },
};
