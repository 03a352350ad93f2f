/** The one entry of the image: `operator` (or nothing) runs the operator, `gate` the webhook that judges writes. */

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
