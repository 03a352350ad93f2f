/** Runs the real kubectl and helm, with nothing of the caller's home in play. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import type { Binaries } from './binaries.ts';

export interface RunOptions {
  /** Standard input. Empty when absent. */
  readonly stdin?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory. This process's own when absent. */
  readonly cwd?: string;
}

export interface RunResult {
  /** Exit code; 128 and more when a signal ended the program. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A tool bound to one control plane: which kubeconfig to use, and the arguments. Never throws for a non-zero exit. */
export type Tool = (kubeconfig: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/** kubectl and helm that keep their caches and settings inside `dir`. */
export function tools(binaries: Binaries, dir: string): { readonly kubectl: Tool; readonly helm: Tool } {
  const home = join(dir, 'tools');
  mkdirSync(home, { recursive: true });
  const env = {
    KUBECACHEDIR: join(home, 'kube'),
    KUBERC: 'off',
    HELM_CACHE_HOME: join(home, 'helm', 'cache'),
    HELM_CONFIG_HOME: join(home, 'helm', 'config'),
    HELM_DATA_HOME: join(home, 'helm', 'data'),
  };
  const tool =
    (program: string): Tool =>
    (kubeconfig, args, options = {}) =>
      run(program, args, { ...options, env: { ...env, KUBECONFIG: kubeconfig, ...options.env } });
  return { kubectl: tool(binaries.kubectl), helm: tool(binaries.helm) };
}

/** Runs any program to its end. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  child.stdin.on('error', () => {}); // the program may end without reading its input
  child.stdin.end(options.stdin ?? '');
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 128));
  });
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
