/** Where the built programs are kept: outside git, one folder for each exact pin. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { program, programNames, type ProgramName, type Source } from './programs.ts';

/** Absolute path of every program. */
export type Binaries = Readonly<Record<ProgramName, string>>;

const goos: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' };
const goarch: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** GOOS and GOARCH of this machine. Throws where Kubernetes does not build. */
export function target(): { readonly os: string; readonly arch: string } {
  const os = goos[process.platform];
  const arch = goarch[process.arch];
  if (os === undefined || arch === undefined) {
    throw new Error(
      `The control plane runs on Linux and macOS (x64, arm64), not on ${process.platform}/${process.arch}.`,
    );
  }
  return { os, arch };
}

/** The cache: `$COUNTERSIGN_CACHE`, or `~/.cache/countersign`. */
export function cacheDir(): string {
  const chosen = process.env['COUNTERSIGN_CACHE'];
  return chosen !== undefined && chosen !== '' ? chosen : join(homedir(), '.cache', 'countersign');
}

/** Where a program of the control plane belongs, built or not. */
export function binaryPath(name: ProgramName): string {
  return pathOf(program(name));
}

/** Where a program belongs, built or not. The folder's name changes with anything that would change the program. */
export function pathOf({ name, moduleDir, version, ldflags }: Source): string {
  const { os, arch } = target();
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleDir, file)));
  hash.update(`\n${ldflags}\n${os}/${arch}\n`);
  return join(cacheDir(), `${name}-${version}-${hash.digest('hex').slice(0, 12)}`, name);
}

/** Paths of all programs. Throws when one of them has not been built yet. */
export function builtBinaries(): Binaries {
  const missing = programNames.filter((name) => !existsSync(binaryPath(name)));
  if (missing.length > 0) {
    throw new Error(`Not built yet: ${missing.join(', ')}. Run: node hack/controlplane/cli.ts build`);
  }
  return {
    etcd: binaryPath('etcd'),
    'kube-apiserver': binaryPath('kube-apiserver'),
    'kube-controller-manager': binaryPath('kube-controller-manager'),
    'kube-scheduler': binaryPath('kube-scheduler'),
    kwok: binaryPath('kwok'),
    kubectl: binaryPath('kubectl'),
    helm: binaryPath('helm'),
  };
}
