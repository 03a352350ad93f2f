/** `kubectl countersign` for a Jest suite: the built file, run as a process with a person's kubeconfig. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { run, type RunOptions, type RunResult } from '../../../hack/controlplane/tools.ts';
import type { ControlPlane } from '../../../hack/controlplane/controlplane.ts';

const root = join(import.meta.dirname, '..', '..', '..');

export interface Command {
  /** Folder with the built file, and the names under which kubectl finds it. */
  readonly folder: string;
  readonly file: string;
  /** Runs it as one of the people; never throws for an exit code. */
  readonly as: (who: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;
  /** What a process needs to be that person. */
  readonly environment: (who: string) => Readonly<Record<string, string>>;
  /** Runs a shell line as one of the people, with the real kubectl and the command on PATH. */
  readonly shell: (who: string, line: string, options?: RunOptions) => Promise<RunResult>;
  /** Starts what goes on until it is stopped, and waits for the first line that it prints. */
  readonly start: (who: string, args: readonly string[]) => Promise<Running>;
  readonly remove: () => Promise<void>;
}

export interface Running {
  readonly line: string;
  /** All that it has printed, both ways. */
  readonly printed: () => string;
  readonly stop: () => Promise<void>;
}

const started = async (args: readonly string[], env: Record<string, string>): Promise<Running> => {
  const child = spawn(process.execPath, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let printed = '';
  const line = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        printed += chunk;
        const [first, ...others] = printed.split('\n');
        if (first !== undefined && others.length > 0) resolve(first);
      });
    child.once('exit', (code) => reject(new Error(`ended with ${code ?? 'a signal'}: ${printed}`)));
  });
  return {
    line,
    printed: () => printed,
    async stop() {
      child.kill('SIGINT');
      await ended;
    },
  };
};

/** Builds it into a folder of its own. */
export const buildCommand = async (cluster: ControlPlane): Promise<Command> => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-command-'));
  const built = await run(process.execPath, [join(root, 'hack', 'command.ts'), folder]);
  if (built.code !== 0) throw new Error(built.stderr);
  const file = join(folder, 'kubectl-countersign.mjs');
  const path = [folder, dirname(process.execPath), dirname(cluster.binaries.kubectl), process.env['PATH'] ?? ''];
  const environment = (who: string, options: RunOptions = {}): Record<string, string> => ({
    PATH: path.join(delimiter),
    KUBECONFIG: cluster.kubeconfig(who),
    KUBECACHEDIR: join(cluster.dir, 'tools', 'kube'),
    KUBERC: 'off',
    ...options.env,
  });
  return {
    folder,
    file,
    environment,
    as: (who, args, options = {}) =>
      run(process.execPath, [file, ...args], { ...options, env: environment(who, options) }),
    shell: (who, line, options = {}) => run('/bin/sh', ['-c', line], { ...options, env: environment(who, options) }),
    start: (who, args) => started([file, ...args], environment(who, {})),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};
