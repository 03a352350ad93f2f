/** The one entry of the image: `operator` (or nothing) runs the operator, `gate` the webhook that judges writes. */
import { writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

import type { Logger } from './log.ts';

// The heap grows by less before it is collected: what waits to be collected is memory that a node has to have. It costs time on a processor where
// much is parsed. Threads follow, too.
setFlagsFromString('--optimize-for-size');

/** Loaded only when asked for: neither program pays for the other's libraries. */
const programs: Readonly<Record<string, () => Promise<unknown>>> = {
  operator: () => import('./programs/operator.ts'),
  gate: async () => (await import('./programs/gate.ts')).runGate(),
};

/** For what may be said before there are settings, and when nothing may be left to be written later. */
const loggerAtOnce = async (): Promise<Logger> => {
  const [{ createLogger }, { version }] = await Promise.all([import('./log.ts'), import('./programs/program.ts')]);
  return createLogger({
    level: 'warn',
    fields: { program: `countersign-${name}`, version },
    write: (line) => void writeSync(1, line),
  });
};

/** The last line of a program, for whoever runs it: what is wrong, and what to do. */
const fail = async (why: unknown): Promise<never> => {
  const [logger, { remedyFor }] = await Promise.all([loggerAtOnce(), import('./programs/start-failure.ts')]);
  logger.error({ err: why, next: remedyFor(why) }, 'the program ends');
  process.exit(1);
};

/** Deprecations are for whoever builds the program, not for whoever runs it. */
const warn = async (warning: Error): Promise<void> => {
  if (warning.name !== 'DeprecationWarning') (await loggerAtOnce()).warn({ err: warning }, 'Node warns');
};

const [name = 'operator'] = process.argv.slice(2);
process.on('uncaughtException', (error) => void fail(error));
process.on('unhandledRejection', (error) => void fail(error));
// Node prints warnings as text; nothing but JSON is logged.
process.removeAllListeners('warning');
process.on('warning', (warning) => void warn(warning));
const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
if (program === undefined) {
  process.stderr.write(`there is no program ${name}; there are: ${Object.keys(programs).join(', ')}\n`);
  process.exit(2);
}
/** Before anything of a program is loaded: what it knows of kinds is made then. */
const declareKinds = async (): Promise<void> => {
  const [settings, registry] = await Promise.all([
    import('./settings.ts'),
    import('./decide/manifest/kinds/declared/registry.ts'),
  ]);
  registry.declareKinds(settings.readKinds(process.env));
};

await declareKinds().then(program).catch(fail);
