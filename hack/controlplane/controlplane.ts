/** A real Kubernetes control plane as plain processes: start one, or connect to one, and use it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { readAuditLog, type AuditEvent } from './audit.ts';
import { builtBinaries, type Binaries } from './binaries.ts';
import { bootstrap, defaultServiceAccount, nodesReady } from './bootstrap.ts';
import { ensureBinaries, type Report } from './build.ts';
import { clientFromKubeconfig, type ApiClient } from './client.ts';
import { componentNames, followerNames, programKubeconfig, type ComponentName } from './components.ts';
import { createCredentials, serverUrl, writeKubeconfig } from './credentials.ts';
import { admin, installer, people, programIdentities, type IdentitySpec } from './identities.ts';
import { Instance } from './instance.ts';
import { kubeconfigFile, layout, type Layout, type Ports } from './layout.ts';
import { releasePort, reservePort } from './ports.ts';
import { endProcess, removeDirWithOwner, type Lifetime, type ProcessMark } from './process.ts';
import { readState, writeState } from './state.ts';
import { tools, type RunOptions, type RunResult } from './tools.ts';

export interface ControlPlaneOptions {
  /** Folder of the instance; its state is kept there. A temporary one, removed at the end, when absent. */
  readonly dir?: string;
  /** Fake nodes. 1 when absent. */
  readonly nodes?: number;
  /** Whether to run kube-controller-manager. True when absent; without it there are no ServiceAccounts, so no pods. */
  readonly kcm?: boolean;
  /** Whether to run kube-scheduler. True when absent. */
  readonly scheduler?: boolean;
  /** Whether to run kwok, which plays the kubelets. True when absent; without it no node becomes ready. */
  readonly kwok?: boolean;
  /** Whether the API server writes an audit log (Metadata level). True when absent. */
  readonly auditLog?: boolean;
  /** Whether etcd flushes to disk as in production. False when absent; benchmarks say true. */
  readonly fsync?: boolean;
  /** Further arguments of kube-apiserver, such as `--runtime-config=…`. */
  readonly apiServerArgs?: readonly string[];
  /** `Owned` (the default) ends with this process, however it ends; `Detached` stays until `stop()`. */
  readonly lifetime?: Lifetime;
  /** Receives lines of progress while programs are built. */
  readonly report?: Report;
}

/** Somebody who can reach the API server with a client certificate. */
export interface Identity extends IdentitySpec {
  /** Path of the kubeconfig; its credentials are embedded. */
  readonly kubeconfig: string;
}

/** An identity, the name of one that this control plane issued, or the absolute path of a kubeconfig. */
export type As = Identity | string;

/**
 * Starts a control plane and waits until the API server is ready, the nodes take pods and `default` has its ServiceAccount (as
 * far as the programs that see to it were asked for). Builds programs that are not cached. On failure nothing is left running.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = await ensureBinaries(options.report);
  const lifetime = options.lifetime ?? 'Owned';
  const nodes = options.nodes ?? 1;
  const dir = resolve(options.dir ?? mkdtempSync(join(tmpdir(), 'countersign-')));
  const at = layout(dir);
  mkdirSync(dir, { recursive: true });
  const janitor = options.dir === undefined && lifetime === 'Owned' ? removeDirWithOwner(dir) : undefined;
  const [apiServer, etcdClient, etcdPeer] = await Promise.all([reservePort(), reservePort(), reservePort()]);
  const ports = { apiServer, etcdClient, etcdPeer };
  writeState(dir, {
    lifetime,
    processes: {},
    settings: {
      ports,
      fsync: options.fsync === true ? 'On' : 'Off',
      audit: options.auditLog === false ? 'Off' : 'On',
      apiServerArgs: options.apiServerArgs ?? [],
    },
  });
  const controlPlane = new ControlPlane(new Instance(at, binaries), binaries, janitor);
  const kcm = options.kcm !== false;
  const kwok = options.kwok !== false;
  const wanted = { 'kube-controller-manager': kcm, 'kube-scheduler': options.scheduler !== false, kwok };
  const followers = followerNames.filter((name) => wanted[name]);
  try {
    await Promise.all([controlPlane.startComponent('etcd'), credentialsToStart(at, ports)]);
    await Promise.all([controlPlane.startComponent('kube-apiserver'), credentialsToUse(at, ports)]);
    const client = controlPlane.client(installer.name);
    await bootstrap(client, nodes); // before kwok: it tries again only after a second when it lacks its rights
    await Promise.all(followers.map((name) => controlPlane.startComponent(name)));
    await Promise.all([
      ...(kcm ? [defaultServiceAccount(client)] : []),
      ...(kcm && kwok ? [nodesReady(client, nodes)] : []),
    ]);
    return controlPlane;
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}

/** The control plane that lives in the folder, whoever started it. Throws when there is none. */
export function connectControlPlane(dir: string): ControlPlane {
  const at = layout(resolve(dir));
  if (readState(at.dir) === undefined) throw new Error(`no control plane in ${at.dir}`);
  const binaries = builtBinaries();
  return new ControlPlane(new Instance(at, binaries), binaries, undefined);
}

/** A control plane in use. */
export class ControlPlane {
  /** Folder of the instance. */
  readonly dir: string;
  /** `https://host:port` of the API server. */
  readonly server: string;
  readonly binaries: Binaries;
  readonly #instance: Instance;
  readonly #janitor: ProcessMark | undefined;
  readonly #tools: ReturnType<typeof tools>;
  readonly #clients = new Map<string, ApiClient>();

  constructor(instance: Instance, binaries: Binaries, janitor: ProcessMark | undefined) {
    this.#instance = instance;
    this.#janitor = janitor;
    this.dir = instance.at.dir;
    this.server = serverUrl(instance.state().settings.ports);
    this.binaries = binaries;
    this.#tools = tools(binaries, this.dir);
  }

  /** Path of the identity's kubeconfig. */
  kubeconfig(as: As): string {
    if (typeof as !== 'string') return as.kubeconfig;
    return isAbsolute(as) ? as : kubeconfigFile(this.dir, as);
  }

  /** Issues a client certificate for any name and groups; one that was issued under the name before is replaced. */
  async identity(spec: IdentitySpec): Promise<Identity> {
    const path = kubeconfigFile(this.dir, spec.name);
    await writeKubeconfig(this.#instance.at, this.#instance.state().settings.ports, spec, path);
    this.#clients.get(path)?.close();
    this.#clients.delete(path);
    return { ...spec, kubeconfig: path };
  }

  /** A client as this identity; the same one each time. */
  client(as: As): ApiClient {
    const path = this.kubeconfig(as);
    const client = this.#clients.get(path) ?? clientFromKubeconfig(path);
    this.#clients.set(path, client);
    return client;
  }

  /** Runs the real kubectl as this identity. */
  kubectl(as: As, args: readonly string[], options?: RunOptions): Promise<RunResult> {
    return this.#tools.kubectl(this.kubeconfig(as), args, options);
  }

  /** Runs the real helm as this identity. */
  helm(as: As, args: readonly string[], options?: RunOptions): Promise<RunResult> {
    return this.#tools.helm(this.kubeconfig(as), args, options);
  }

  /** The audit log so far, oldest first; the newest events may follow a moment after their answers. */
  auditEvents(): Promise<readonly AuditEvent[]> {
    return readAuditLog(this.#instance.at.auditLog);
  }

  /** Starts a program, unless it runs; etcd and kube-apiserver are waited for until they serve. */
  startComponent(name: ComponentName): Promise<void> {
    return this.#instance.start(name);
  }

  /** Ends a program (politely by default: SIGKILL after 10 s) and waits until it is gone. */
  stopComponent(name: ComponentName, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    return this.#instance.stop(name, signal);
  }

  /** Ends the API server and starts it again on the same port; resolves when it is ready. */
  async restartApiServer(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.stopComponent('kube-apiserver', signal);
    await this.startComponent('kube-apiserver');
  }

  /** Pid of each program that runs. */
  pids(): Readonly<Partial<Record<ComponentName, number>>> {
    const pids: Partial<Record<ComponentName, number>> = {};
    for (const name of componentNames) {
      const mark = this.#instance.running(name);
      if (mark !== undefined) pids[name] = mark.pid;
    }
    return pids;
  }

  /**
   * Ends every program at once. The folder goes when it is a temporary one, and stays otherwise; `dir` says it explicitly.
   * To call it twice is harmless.
   */
  async stop(options: { readonly dir?: 'Remove' | 'Keep' } = {}): Promise<void> {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
    const state = readState(this.dir);
    if (state === undefined) return;
    await this.#instance.killAll();
    const { apiServer, etcdClient, etcdPeer } = state.settings.ports;
    for (const port of [apiServer, etcdClient, etcdPeer]) releasePort(port);
    if (this.#janitor !== undefined) await endProcess(this.#janitor);
    if ((options.dir ?? (this.#janitor === undefined ? 'Keep' : 'Remove')) === 'Remove') {
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    }
  }
}

/** What the API server needs, and what it takes to ask whether it is ready. */
async function credentialsToStart(at: Layout, ports: Ports): Promise<void> {
  await createCredentials(at);
  await writeKubeconfig(at, ports, installer, kubeconfigFile(at.dir, installer.name));
}

/** The kubeconfigs of admin, the nodes, all people, and the control plane's own programs. */
async function credentialsToUse(at: Layout, ports: Ports): Promise<void> {
  const persons = [admin, programIdentities.kwok, ...people].map(
    (identity) => [identity, kubeconfigFile(at.dir, identity.name)] as const,
  );
  const programs = followerNames.map((name) => [programIdentities[name], programKubeconfig(at, name)] as const);
  await Promise.all([...persons, ...programs].map(([identity, path]) => writeKubeconfig(at, ports, identity, path)));
}
