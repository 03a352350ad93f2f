/** Claims between processes: a file that names its holder, worth nothing once the holder is dead. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { codeOf } from './errno.ts';

const retryMs = 250;

/**
 * Runs `work` while holding the claim; waits while another live process holds it. Two processes that take over the same dead
 * holder's claim at once may both run: `work` must be safe to repeat.
 */
export async function withClaim<T>(path: string, work: () => Promise<T>): Promise<T> {
  while (!claim(path)) await sleep(retryMs);
  try {
    return await work();
  } finally {
    release(path);
  }
}

/** Makes the file this process's own; false when a live process, this one included, already holds it. */
export function claim(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true });
  if (holderIsDead(path)) release(path);
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

export function release(path: string): void {
  rmSync(path, { force: true });
}

function holderIsDead(path: string): boolean {
  let holder: number;
  try {
    holder = Number(readFileSync(path, 'utf8'));
  } catch {
    return false; // there is none
  }
  if (!Number.isInteger(holder) || holder <= 0) return false; // created, its pid not written yet
  try {
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}
