/**
 * `node bench/main.ts [approval] [rollback] [idle] [memory] [locks] [restarts] [scale] [flood] [command] [record] [evidence]`: figures of operator, gate and policies, measured at the API server, beside their targets.
 * Of `locks`, `--series <part of a name>` and `--rates 10,50` take some: `node bench/main.ts locks --series 'with entry' --rates 50`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chartNodeOptions } from '../hack/controlplane/chart.ts';
import { startSystem, type System } from '../test/support/cluster/system.ts';
import { approval } from './approval.ts';
import { command } from './command.ts';
import { evidence } from './evidence.ts';
import { flood } from './flood.ts';
import { idle } from './idle.ts';
import { locks } from './locks.ts';
import { memory } from './memory.ts';
import { restarts } from './restarts.ts';
import { scale } from './scale.ts';
import { record } from './record.ts';
import { rollback } from './rollback.ts';
import { table, type Figure } from './table.ts';

const root = join(import.meta.dirname, '..');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { series: { type: 'string', default: '' }, rates: { type: 'string', default: '' } },
});
const chosen = { series: options.series, rates: options.rates.split(',').filter(Boolean).map(Number) };

const benches: Readonly<Record<string, (system: System, program: string) => Promise<readonly Figure[]>>> = {
  approval,
  rollback,
  idle,
  memory,
  locks: (system) => locks(system, chosen),
  restarts,
  scale,
  flood,
  command: (system) => command(system),
  record: (system) => record(system),
  evidence,
};

/** Takes long, and is asked for by name. */
const byNameOnly = new Set(['scale', 'flood', 'record']);

const names = positionals.length > 0 ? positionals : Object.keys(benches).filter((name) => !byNameOnly.has(name));
const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: there is only ${Object.keys(benches).join(', ')}`);

// As the image has it, not as the sources are.
execFileSync(process.execPath, [join(root, 'hack', 'bundle.ts')], { stdio: 'ignore' });
const program = join(root, 'dist', 'operator.mjs');

/** Of operator and gate besides the chart's: `--cpu-prof --cpu-prof-dir=…` writes what they spend their time on. */
const extraNodeOptions = (process.env['COUNTERSIGN_BENCH_NODE_OPTIONS'] ?? '').split(' ').filter(Boolean);

const figures: Figure[] = [];
for (const name of names) {
  process.stderr.write(`${name} …\n`);
  // One each: what a figure leaves behind would weigh on the next.
  const system = await startSystem({
    cluster: { fsync: !byNameOnly.has(name) },
    operator: { program, nodeOptions: [...chartNodeOptions(), ...extraNodeOptions] },
  });
  try {
    figures.push(...((await benches[name]?.(system, program)) ?? []));
  } catch (error) {
    for (const { logFile } of [system.operator, system.gate])
      process.stderr.write(readFileSync(logFile, 'utf8').slice(-4_000));
    throw error;
  } finally {
    await system.stop();
  }
}
process.stdout.write(`${table(figures)}\n`);
