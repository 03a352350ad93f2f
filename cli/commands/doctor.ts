/** `kubectl countersign doctor`: is the installation whole, and who could get around it? */
import { connectionOptions, type CommandDefinition } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { styled, type Style } from '../output/parts.ts';

const marks: Readonly<Record<string, readonly [mark: string, style: Style]>> = {
  ok: ['✓', 'green'],
  info: ['·', 'dim'],
  warning: ['!', 'yellow'],
  error: ['✗', 'red'],
};

export const doctor: CommandDefinition = {
  name: 'doctor',
  summary: 'Looks whether the installation is whole, and who could get around it.',
  description:
    'Kubernetes version and clocks, definitions, admission policies and their bindings, the gate, every guarded namespace and what its policy reports, and who could impersonate, make tokens, approve certificates or do everything. It looks as far as you may read, and says what it did not look at. Exit code 1 when something is an error.',
  options: connectionOptions,
  examples: [
    { says: 'The whole cluster', line: 'doctor' },
    { says: 'One production namespace', line: 'doctor -n payments-prod' },
  ],
  async run(session) {
    const { examine } = await import('../doctor.ts');
    const { out } = session;
    const named = session.text('namespace')?.split(',') ?? [];
    let errors = 0;
    for await (const { severity, what, next } of examine(await session.cluster(), named)) {
      const [mark, style] = marks[severity] ?? ['?', 'yellow'];
      out.line(styled(style, mark), ` ${what}`);
      if (next !== '') out.line('  → ', next);
      if (severity === 'error') errors += 1;
    }
    return errors > 0 ? exitCodes.error : exitCodes.ok;
  },
};
