/** The running programs of one control plane: started, watched until they serve, ended. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Binaries } from './binaries.ts';
import { clientFromKubeconfig } from './client.ts';
import { componentCommand, componentNames, type ComponentName } from './components.ts';
import { installer } from './identities.ts';
import { kubeconfigFile, type Layout } from './layout.ts';
import { endProcess, isRunning, startProcess, type ProcessMark } from './process.ts';
import { writeStages } from './stages.ts';
import { readState, writeState, type State } from './state.ts';

const readyTimeoutMs = 60_000;
const probeMs = 20;
const logTailCharacters = 3000;

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`;

export class Instance {
  readonly at: Layout;
  readonly #binaries: Binaries;

  constructor(at: Layout, binaries: Binaries) {
    this.at = at;
    this.#binaries = binaries;
  }

  /** Throws when the folder holds no instance (any more). */
  state(): State {
    const state = readState(this.at.dir);
    if (state === undefined) throw new Error(`no control plane in ${this.at.dir}`);
    return state;
  }

  /** The program's process; undefined when it was not started, was stopped or has ended. */
  running(name: ComponentName): ProcessMark | undefined {
    const mark = this.state().processes[name];
    return mark !== undefined && isRunning(mark) ? mark : undefined;
  }

  /** Starts the program, unless it runs, and waits until it serves (etcd, kube-apiserver). Throws with its log's end when it ends instead. */
  async start(name: ComponentName): Promise<void> {
    const state = this.state();
    if (this.running(name) === undefined) {
      mkdirSync(this.at.logs, { recursive: true });
      if (name === 'kube-apiserver') writeFileSync(this.at.auditPolicy, auditPolicy);
      if (name === 'kwok') writeStages(this.at.stages);
      const mark = startProcess(componentCommand(name, this.#binaries, this.at, state.settings), state.lifetime);
      this.#remember(name, mark);
    }
    await this.#serving(name);
  }

  /** Ends the program and waits until it is gone. */
  async stop(name: ComponentName, signal: NodeJS.Signals): Promise<void> {
    const mark = this.state().processes[name];
    if (mark === undefined) return;
    await endProcess(mark, signal);
    this.#remember(name, undefined);
  }

  /** Ends all programs at once, without letting them finish anything. */
  async killAll(): Promise<void> {
    await Promise.all(componentNames.map((name) => this.stop(name, 'SIGKILL')));
  }

  #remember(name: ComponentName, mark: ProcessMark | undefined): void {
    const state = this.state();
    const { [name]: _, ...others } = state.processes;
    writeState(this.at.dir, { ...state, processes: mark === undefined ? others : { ...others, [name]: mark } });
  }

  async #serving(name: ComponentName): Promise<void> {
    const { settings } = this.state();
    if (name === 'etcd') await this.#until(name, () => accepts(settings.ports.etcdClient));
    if (name !== 'kube-apiserver') return;
    const client = clientFromKubeconfig(kubeconfigFile(this.at.dir, installer.name));
    try {
      await this.#until(name, async () => (await client.raw({ method: 'GET', path: '/readyz' })).code === 200);
    } finally {
      client.close();
    }
  }

  /** Nothing can be watched before there is an API server: this is the one place that asks again and again. */
  async #until(name: ComponentName, serves: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + readyTimeoutMs;
    while (!(await serves().catch(() => false))) {
      if (this.running(name) === undefined) throw new Error(`${name} ended while starting:\n${this.#logTail(name)}`);
      if (Date.now() > deadline) {
        throw new Error(`${name} does not serve after ${readyTimeoutMs} ms:\n${this.#logTail(name)}`);
      }
      await sleep(probeMs);
    }
  }

  #logTail(name: ComponentName): string {
    const { logFile } = componentCommand(name, this.#binaries, this.at, this.state().settings);
    return readFileSync(logFile, 'utf8').slice(-logTailCharacters);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .once('connect', () => resolve(true))
      .once('error', () => resolve(false))
      .once('close', () => socket.destroy());
    socket.once('connect', () => socket.end());
  });
}
