/** Builds what is not in the cache yet. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

import { binaryPath, builtBinaries, target, type Binaries } from './binaries.ts';
import { withClaim } from './claim.ts';
import { program, programNames, type Program } from './programs.ts';

const heartbeatMs = 30_000;

/** Receives one finished line of progress. */
export type Report = (line: string) => void;

/**
 * Builds every program that the cache lacks, one after another, and returns the paths of all. Several builders at once are
 * harmless. Throws when Go is missing, too old, or fails.
 */
export async function ensureBinaries(report: Report = () => {}): Promise<Binaries> {
  const missing = programNames.filter((name) => !existsSync(binaryPath(name)));
  if (missing.length > 0)
    report(`Building ${missing.length} of ${programNames.length} programs from source (once; about 2 to 10 minutes)`);
  for (const [index, name] of missing.entries()) {
    const label = `[${index + 1}/${missing.length}] ${name}`;
    const path = binaryPath(name);
    await withClaim(`${dirname(path)}.lock`, async () => {
      if (existsSync(path)) report(`${label}: built by another process`);
      else await build(program(name), path, { label, report });
    });
  }
  return builtBinaries();
}

async function build(of: Program, path: string, progress: { label: string; report: Report }): Promise<void> {
  const go = await goVersion(of.moduleDir);
  const started = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  progress.report(`${progress.label} ${of.version}: building with ${go}`);
  const heartbeat = setInterval(() => progress.report(`${progress.label}: still building, ${elapsed()}`), heartbeatMs);

  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  try {
    await goBuild(of, unfinished);
    renameSync(unfinished, path);
  } finally {
    clearInterval(heartbeat);
    rmSync(unfinished, { force: true });
  }
  progress.report(`${progress.label}: done in ${elapsed()}`);
}

/** The Go that will build the module, such as `go1.26.8`. The go command itself compares it with the `go` line of go.mod. */
async function goVersion(moduleDir: string): Promise<string> {
  const ask = (variable: string): Promise<{ stdout: string }> =>
    promisify(execFile)('go', ['env', variable], { cwd: moduleDir });
  try {
    await promisify(execFile)('go', ['list', '-m'], { cwd: moduleDir });
    return (await ask('GOVERSION')).stdout.trim();
  } catch (error) {
    const reason =
      error instanceof Error && 'stderr' in error && error.stderr !== '' ? String(error.stderr).trim() : String(error);
    throw new Error(
      `The control plane is built from source and needs Go 1.26 or newer on the PATH. Install it, then try again. (${reason})`,
      {
        cause: error,
      },
    );
  }
}

async function goBuild(of: Program, output: string): Promise<void> {
  const { os, arch } = target();
  const child = spawn(
    'go',
    ['build', '-trimpath', '-buildvcs=false', '-ldflags', of.ldflags, '-o', output, of.package],
    {
      cwd: of.moduleDir,
      env: { ...process.env, CGO_ENABLED: '0', GOOS: os, GOARCH: arch },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`go build ${of.package} ended with ${code}:\n${complaints.slice(-4000)}`);
}
