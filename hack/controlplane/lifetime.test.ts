import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';

import { connectControlPlane, type ControlPlaneOptions } from './controlplane.ts';

interface Started {
  readonly dir: string;
  readonly pids: readonly number[];
}

/** Starts a control plane in a process of its own, and says what it started. */
const owner = (options: ControlPlaneOptions) => `
  import { startControlPlane } from ${JSON.stringify(join(import.meta.dirname, 'controlplane.ts'))};
  const controlPlane = await startControlPlane(${JSON.stringify(options)});
  process.on('message', () => { throw new Error('crashing, as asked'); });
  process.send({ dir: controlPlane.dir, pids: Object.values(controlPlane.pids()) });
`;

describe('a control plane ends with its owner', () => {
  test.each([
    { how: 'SIGKILL', end: (child: ChildProcess) => child.kill('SIGKILL') },
    { how: 'SIGTERM', end: (child: ChildProcess) => child.kill('SIGTERM') },
    { how: 'SIGINT', end: (child: ChildProcess) => child.kill('SIGINT') },
    { how: 'an uncaught exception', end: (child: ChildProcess) => child.send('crash') },
  ])(
    'when it ends by $how',
    async ({ end }) => {
      const { child, dir, pids } = await startedElsewhere({});
      expect(pids.filter(isAlive)).toHaveLength(5);
      end(child);
      await eventually(() => !pids.some(isAlive) && !existsSync(dir));
    },
    60_000,
  );
});

describe('a detached control plane', () => {
  test('outlives its owner, and ends with whoever connects and stops it', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'countersign-detached-'));
    const { child, pids } = await startedElsewhere({ dir, lifetime: 'Detached' });
    child.kill('SIGKILL');
    await once(child, 'exit');

    const connected = connectControlPlane(dir);
    expect(Object.values(connected.pids())).toEqual(pids);
    await connected.restartApiServer();
    const answer = await connected.client('admin').get({ apiVersion: 'v1', kind: 'Namespace', name: 'default' });
    expect(answer.code).toBe(200);

    await connected.stop({ dir: 'Remove' });
    expect(existsSync(dir)).toBe(false);
    await eventually(() => !pids.some(isAlive)); // orphans count as alive until init has reaped them
  }, 60_000);
});

async function startedElsewhere(options: ControlPlaneOptions): Promise<Started & { readonly child: ChildProcess }> {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', owner(options)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const started = await new Promise<Started>((resolve, reject) => {
    child.once('message', (message: Started) => resolve(message));
    child.once('exit', (code) => reject(new Error(`the owner ended with ${code} before its control plane was up`)));
  });
  return { child, ...started };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Processes cannot be watched; five seconds are far more than the kernel needs. */
async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 250 && !holds(); tries++) await sleep(20);
  expect(holds()).toBe(true);
}
