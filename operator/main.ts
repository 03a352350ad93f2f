/** The one entry of the image: `operator` (or nothing) runs the operator, `gate` the webhook that judges writes. */
import { setFlagsFromString } from 'node:v8';

// The heap grows by less before it is collected: what waits to be collected is memory that a node has to have. It costs time on a processor where
// much is parsed. Threads follow, too.
setFlagsFromString('--optimize-for-size');

/** Loaded only when asked for: neither program pays for the other's libraries. */
const programs: Readonly<Record<string, () => Promise<unknown>>> = {
  operator: () => import('./programs/operator.ts'),
  gate: async () => (await import('./programs/gate.ts')).runGate(),
};

const [name = 'operator'] = process.argv.slice(2);
const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
if (program === undefined) {
  process.stderr.write(`there is no program ${name}; there are: ${Object.keys(programs).join(', ')}\n`);
  process.exit(2);
}
await program();
