/** `kubectl countersign`: reads what was typed, runs it, and says how it ended. */
import packageFile from '../package.json' with { type: 'json' };
import { commands } from './commands.ts';
import { Problem, exitCodes } from './exit.ts';
import { styled } from './output/parts.ts';
import { Terminal, type Streams } from './output/terminal.ts';
import { parseCommandLine, type Invocation } from './program.ts';
import { Session } from './session.ts';

const streams: Streams = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env };
const { version } = packageFile;

/** Somebody who reads a part of the output, as `head` does, has seen enough. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});

const tell = (out: Terminal, problem: { readonly message: string; readonly next?: string | undefined }): void => {
  const [first = '', ...others] = problem.message.split('\n');
  out.note(styled('red', 'error: '), first);
  for (const line of others) out.note(`  ${line}`);
  if (problem.next !== undefined) for (const line of problem.next.split('\n')) out.note('  → ', line);
};

const run = async (out: Terminal, { definition, typed }: Invocation): Promise<number> => {
  const interrupted = new AbortController();
  process.once('SIGINT', () => {
    interrupted.abort();
    out.clearProgress();
    process.exit(exitCodes.interrupted);
  });
  const session = new Session(typed, { out, streams, signal: interrupted.signal, version });
  try {
    return (await definition.run(session)) ?? exitCodes.ok;
  } catch (error) {
    if (error instanceof Problem) {
      tell(out, error);
      return error.code;
    }
    const { problemOf } = await import('./api-problem.ts');
    tell(out, problemOf(error, process.env['COUNTERSIGN_DEBUG'] !== undefined));
    return exitCodes.error;
  } finally {
    out.clearProgress();
    await session.close();
  }
};

/** For shells: one completion a line, and what kubectl is to do with them (4: complete no file names). */
const complete = async (words: readonly string[]): Promise<number> => {
  const { completions } = await import('./completion.ts');
  const found = await completions({ definitions: commands, words, env: process.env, version });
  process.stdout.write([...found, ':4', ''].join('\n'));
  // Connections that were opened are not waited for.
  process.exit(exitCodes.ok);
};

const main = async (): Promise<number> => {
  const [first, ...words] = process.argv.slice(2);
  if (first === '__complete') return complete(words);
  const out = new Terminal(streams);
  const parsed = parseCommandLine(process.argv.slice(2), {
    definitions: commands,
    version,
    output: { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) },
  });
  return parsed.is === 'Done' ? parsed.code : run(out, parsed.invocation);
};

const end = async (): Promise<void> => {
  process.exitCode = await main();
};

void end();
