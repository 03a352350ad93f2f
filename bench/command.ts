/** `kubectl countersign`: from its start to its first output, and a long list. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { accepted } from '../test/support/cluster/cluster.ts';
import type { System } from '../test/support/cluster/system.ts';
import { percentile, type Figure } from './table.ts';

const root = join(import.meta.dirname, '..');
const file = join(root, 'dist', 'kubectl-countersign.mjs');
const candidates = 1_000;
const tries = 20;
const batch = 20;

/** Milliseconds from the start of the process to its first output, and to its end. */
const timed = async (KUBECONFIG: string, args: readonly string[]): Promise<readonly [first: number, end: number]> => {
  const began = performance.now();
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, KUBECONFIG },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let first = NaN;
  child.stdout.on('data', () => {
    if (Number.isNaN(first)) first = performance.now() - began;
  });
  await once(child, 'close');
  return [first, performance.now() - began];
};

const several = async (KUBECONFIG: string, args: readonly string[]) => {
  const all = [];
  for (let i = 0; i < tries; i += 1) all.push(await timed(KUBECONFIG, args));
  return all;
};

export const command = async (system: System): Promise<readonly Figure[]> => {
  execFileSync(process.execPath, [join(root, 'hack', 'command.ts')], { stdio: 'ignore' });
  const world = await system.world('command');
  await world.stage(world.configMap('settings', { a: 'b' }));
  await world.propose(world.candidate('first', ['ConfigMap/settings']));
  await world.staged('first');
  const kubeconfig = system.controlPlane.kubeconfig('developer-a');
  const short = await several(kubeconfig, ['get', '-n', world.staging]);
  // Nobody judges them: what is measured is the list.
  await system.operator.stop();
  for (let from = 0; from < candidates; from += batch) {
    await Promise.all(
      Array.from({ length: batch }, async (_, at) => {
        const name = `many-${from + at}`;
        accepted(await world.as('developer-a').create(world.candidate(name, ['ConfigMap/settings'])));
      }),
    );
  }
  const long = await several(kubeconfig, ['get', '-n', world.staging]);
  return [
    {
      name: 'get: start to first output, p50',
      value: percentile(
        short.map(([first]) => first),
        50,
      ),
      unit: 'ms',
      target: 300,
    },
    {
      name: '  p95',
      value: percentile(
        short.map(([first]) => first),
        95,
      ),
      unit: 'ms',
    },
    {
      name: `get of ${candidates} candidates, p50`,
      value: percentile(
        long.map(([, end]) => end),
        50,
      ),
      unit: 'ms',
      target: 1_000,
    },
  ];
};
