/** Runs one of our programs as a process of this machine, under the chart's ServiceAccount: its real token and RBAC, nothing more. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { serviceAccountToken, systemNamespace, type OwnServiceAccount } from './chart.ts';
import type { ControlPlane } from './controlplane.ts';
import { endProcess, isRunning, startProcess, type Lifetime, type ProcessMark } from './process.ts';
import { reservePort, releasePort } from './ports.ts';

const root = join(import.meta.dirname, '..', '..');
const sources = join(root, 'operator', 'main.ts');
const startTimeoutMs = 30_000;
const probeMs = 25;

export interface ProgramOptions {
  /** Unlike that of every other replica. */
  readonly instance?: string;
  readonly lifetime?: Lifetime;
  readonly logLevel?: 'debug' | 'info' | 'warn';
  /** The program as Node runs it; the sources when absent. */
  readonly program?: string;
  /** The chart's value `kinds`. */
  readonly kinds?: unknown;
  /** For Node itself, such as the bound on its heap that the chart sets. */
  readonly nodeOptions?: readonly string[];
}

/** Which program, and as whom. */
export interface Program {
  readonly instance: string;
  readonly serviceAccount: OwnServiceAccount;
  /** Arguments after the file. */
  readonly args: readonly string[];
  /** Besides what every program is told. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One replica of a program. */
export interface ProgramProcess {
  readonly instance: string;
  /** Base address of /metrics, /healthz and /readyz. */
  readonly address: string;
  readonly logFile: string;
  readonly mark: ProcessMark;
  /** Ends it: politely by default. Harmless when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  isRunning(): boolean;
}

/** Starts one replica and waits until it says that it is ready. @throws with the end of its log when it is not in time */
export async function startProgram(
  cluster: ControlPlane,
  what: Program,
  options: ProgramOptions,
): Promise<ProgramProcess> {
  const { instance, serviceAccount } = what;
  const { lifetime = 'Owned', logLevel = 'info', program = sources, nodeOptions = [], kinds = [] } = options;
  const at = (name: string): string => join(cluster.dir, `${instance}.${name}`);
  const port = await reservePort();
  const { caCertificate } = cluster.client('installer').endpoint;
  await Promise.all([
    writeFile(at('token'), await serviceAccountToken(cluster, serviceAccount), { mode: 0o600 }),
    writeFile(at('ca'), caCertificate),
  ]);
  const environment = {
    // As the chart sets them.
    MALLOC_ARENA_MAX: '2',
    MALLOC_TRIM_THRESHOLD_: '131072',
    COUNTERSIGN_NAMESPACE: systemNamespace,
    COUNTERSIGN_SERVER: cluster.server,
    COUNTERSIGN_CA_FILE: at('ca'),
    COUNTERSIGN_TOKEN_FILE: at('token'),
    COUNTERSIGN_PORT: String(port),
    COUNTERSIGN_INSTANCE: instance,
    COUNTERSIGN_LOG_LEVEL: logLevel,
    COUNTERSIGN_KINDS: JSON.stringify(kinds),
    ...what.environment,
  };
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const logFile = at('log');
  const mark = startProcess(
    {
      program: '/usr/bin/env',
      args: [...assignments, process.execPath, ...nodeOptions, program, ...what.args],
      logFile,
    },
    lifetime,
  );
  const running: ProgramProcess = {
    instance,
    address: `http://127.0.0.1:${port}`,
    logFile,
    mark,
    async stop(signal = 'SIGTERM') {
      await endProcess(mark, signal);
      releasePort(port);
    },
    isRunning: () => isRunning(mark),
  };
  await ready(running);
  return running;
}

/** There is nothing to watch on a process that is starting, so this asks until it answers. */
async function ready(program: ProgramProcess): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const answer = await fetch(`${program.address}/readyz`).catch(() => undefined);
    if (answer?.ok === true) return;
    if (!program.isRunning() || Date.now() > deadline) {
      const log = await readFile(program.logFile, 'utf8').catch(() => '');
      await program.stop('SIGKILL');
      throw new Error(`${program.instance} did not become ready:\n${log.slice(-4_000)}`);
    }
    await sleep(probeMs);
  }
}
