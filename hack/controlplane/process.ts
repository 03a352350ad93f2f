/** Starts and ends the programs of a control plane, so that none outlives its owner by accident. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { codeOf } from './errno.ts';

/** `Owned` ends with this process, however this process ends; `Detached` lives on until it is ended. */
export type Lifetime = 'Owned' | 'Detached';

/** A process that can be recognized later: a pid alone may be given to another program. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, in the platform's own notation; only compared for equality. */
  readonly started: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Receives standard output and standard error, appended. */
  readonly logFile: string;
}

/**
 * The lifeline: file descriptor 3 is a pipe whose other end only the owner holds, and the kernel closes it when the owner ends,
 * SIGKILL included. A small reader then kills the whole process group; the group's id cannot be reused while the reader is in it.
 */
const untilOwnerEnds = '( read -r _ <&3; kill -KILL -$$ ) & exec "$@" 3<&-';

/** Removes a folder when the owner ends. Programs that are being killed may still write for a moment, so it tries for 10 s. */
const removeWhenOwnerEnds =
  'read -r _ <&3; n=0; until rm -rf -- "$1" 2>/dev/null && [ ! -e "$1" ]; do n=$((n+1)); [ $n -gt 100 ] && exit 1; sleep 0.1; done';

/** Starts a program in a process group of its own. */
export function startProcess(command: Command, lifetime: Lifetime): ProcessMark {
  const log = openSync(command.logFile, 'a');
  try {
    if (lifetime === 'Detached') {
      const child = spawn(command.program, command.args, { detached: true, stdio: ['ignore', log, log] });
      child.on('error', () => {}); // a program that cannot start is seen as one that has ended
      child.unref();
      return markOf(child.pid, command.program);
    }
    return spawnWithLifeline(untilOwnerEnds, [command.program, ...command.args], log);
  } finally {
    closeSync(log);
  }
}

/** Removes the folder when this process ends in whatever way. Ending the returned process calls it off. */
export function removeDirWithOwner(dir: string): ProcessMark {
  return spawnWithLifeline(removeWhenOwnerEnds, [dir], 'ignore');
}

function spawnWithLifeline(script: string, args: readonly string[], output: number | 'ignore'): ProcessMark {
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...args], {
    detached: true,
    stdio: ['ignore', output, output, 'pipe'],
  });
  const lifeline = child.stdio[3];
  if (!(lifeline instanceof Socket)) throw new Error(`${args[0] ?? script}: no lifeline`);
  lifeline.on('error', () => {});
  lifeline.unref();
  child.on('error', () => {});
  child.on('exit', () => lifeline.destroy());
  child.unref();
  return markOf(child.pid, args[0] ?? script);
}

function markOf(pid: number | undefined, program: string): ProcessMark {
  const started = pid === undefined ? undefined : startedAt(pid);
  if (pid === undefined || started === undefined) throw new Error(`${program} did not start`);
  return { pid, started };
}

/** Whether this very process still runs. */
export function isRunning(mark: ProcessMark): boolean {
  return startedAt(mark.pid) === mark.started;
}

/**
 * Sends the signal and waits until the process is gone; after `graceMs` it is killed. Does nothing to a process that has ended,
 * nor to another one that was given its pid.
 */
export async function endProcess(
  mark: ProcessMark,
  signal: NodeJS.Signals = 'SIGKILL',
  graceMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + graceMs;
  let next: NodeJS.Signals | undefined = signal;
  while (isRunning(mark)) {
    if (next !== undefined) sendSignal(mark.pid, next);
    next = Date.now() > deadline ? 'SIGKILL' : undefined;
    await sleep(5);
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/** Start time of a live process; undefined when there is none (a zombie counts as ended). */
function startedAt(pid: number): string | undefined {
  return process.platform === 'linux' ? startedAtLinux(pid) : startedAtElsewhere(pid);
}

function startedAtLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may hold spaces; state is the 3rd field, starttime the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function startedAtElsewhere(pid: number): string | undefined {
  try {
    const [state = '', ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}
