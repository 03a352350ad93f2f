/** `kubectl countersign policy lint`: checks files without a cluster. */
import type { CommandDefinition } from '../command.ts';
import { exitCodes, Problem, type ExitCode } from '../exit.ts';
import { readText } from '../policy/files.ts';
import { styled } from '../output/parts.ts';
import type { Session } from '../session.ts';

const run = async (session: Session): Promise<ExitCode> => {
  const [{ lintDocument }, { LineCounter, parseAllDocuments }, { definitions }] = await Promise.all([
    import('../lint.ts'),
    import('yaml'),
    import('../../operator/api/definitions.ts'),
  ]);
  const { out } = session;
  let [looked, errors] = [0, 0];
  for (const file of session.arguments(0)) {
    const lineCounter = new LineCounter();
    for (const document of parseAllDocuments(await readText(file), { lineCounter })) {
      if (!('contents' in document)) continue;
      const faults = lintDocument(document, lineCounter, { definitions, now: session.now() });
      if (faults === undefined) continue;
      looked += 1;
      for (const { line, severity, path, message } of faults) {
        if (severity === 'error') errors += 1;
        const style = severity === 'error' ? 'red' : 'yellow';
        out.line(`${file}:${line}: `, styled(style, severity), `  ${path === '' ? '' : `${path}: `}${message}`);
      }
    }
  }
  if (looked === 0) throw new Problem('There is no object of Countersign in it', 'kubectl explain relpol');
  if (errors > 0) return exitCodes.error;
  out.line(styled('green', `${looked} checked`), ', no errors');
  out.line('  → ', 'Rules that need the cluster: kubectl create --dry-run=server -f <file>');
  return exitCodes.ok;
};

export const policyLint: CommandDefinition = {
  name: 'policy lint',
  summary: 'Checks policy and candidate files without a cluster.',
  description:
    'Types, bounds, unknown fields, time zones and schedules of every object of Countersign in YAML files, with line numbers, for editors and pipelines. Exit code 1 when there is an error. What needs the cluster, and rules between fields, the API server judges: kubectl create --dry-run=server.',
  args: [
    { name: 'file', description: 'YAML files; - for standard input.', required: true, many: true, completes: 'file' },
  ],
  examples: [{ says: 'Before it is committed', line: 'policy lint policy.yaml' }],
  run,
};
