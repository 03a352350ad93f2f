/** `kubectl countersign` for a Jest suite: the built file, run as a process with a person's kubeconfig. */
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
  /** Runs a shell line as one of the people, with the real kubectl and the command on PATH. */
  readonly shell: (who: string, line: string, options?: RunOptions) => Promise<RunResult>;
  readonly remove: () => Promise<void>;
}

/** Builds it into a folder of its own. */
export const buildCommand = async (cluster: ControlPlane): Promise<Command> => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-command-'));
  const built = await run(process.execPath, [join(root, 'hack', 'command.ts'), folder]);
  if (built.code !== 0) throw new Error(built.stderr);
  const file = join(folder, 'kubectl-countersign.mjs');
  const path = [folder, dirname(process.execPath), dirname(cluster.binaries.kubectl), process.env['PATH'] ?? ''];
  const environment = (who: string, options: RunOptions): Record<string, string> => ({
    PATH: path.join(delimiter),
    KUBECONFIG: cluster.kubeconfig(who),
    KUBECACHEDIR: join(cluster.dir, 'tools', 'kube'),
    KUBERC: 'off',
    ...options.env,
  });
  return {
    folder,
    file,
    as: (who, args, options = {}) =>
      run(process.execPath, [file, ...args], { ...options, env: environment(who, options) }),
    shell: (who, line, options = {}) => run('/bin/sh', ['-c', line], { ...options, env: environment(who, options) }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};
