/** Builds what is not in the cache yet. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

import { binaryPath, builtBinaries, pathOf, target, type Binaries } from './binaries.ts';
import { withClaim } from './claim.ts';
import { program, programNames, type Source } from './programs.ts';

const heartbeatMs = 30_000;

/** Receives one finished line of progress. */
export type Report = (line: string) => void;

/** Where progress is said, and of what. */
export interface Progress {
  readonly label: string;
  readonly report: Report;
}

/**
 * Builds every program that the cache lacks, one after another, and returns the paths of all. Several builders at once are
 * harmless. Throws when Go is missing, too old, or fails.
 */
export async function ensureBinaries(report: Report = () => {}): Promise<Binaries> {
  const missing = programNames.filter((name) => !existsSync(binaryPath(name)));
  if (missing.length > 0)
    report(`Building ${missing.length} of ${programNames.length} programs from source (once; about 2 to 10 minutes)`);
  for (const [index, name] of missing.entries()) {
    await ensureBuilt(program(name), { label: `[${index + 1}/${missing.length}] ${name}`, report });
  }
  return builtBinaries();
}

/** Builds one program unless the cache has it, and returns its path. @throws Error when Go is missing, too old, or fails */
export async function ensureBuilt(of: Source, progress: Progress): Promise<string> {
  const path = pathOf(of);
  await withClaim(`${dirname(path)}.lock`, async () => {
    if (existsSync(path)) progress.report(`${progress.label}: built already`);
    else await build(of, path, progress);
  });
  return path;
}

async function build(of: Source, path: string, progress: Progress): Promise<void> {
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

async function goBuild(of: Source, output: string): Promise<void> {
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
