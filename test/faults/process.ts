/** An operator of this process, under its real ServiceAccounts, that sees one world and dies at a write of one's choice. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kinds } from '../../operator/api/kinds.ts';
import { connect } from '../../operator/kube/connection.ts';
import { loadCredentials, type Credentials } from '../../operator/kube/credentials.ts';
import { createTransport, type Interceptor } from '../../operator/kube/transport.ts';
import { systemClock, type Clock } from '../../operator/time/clock.ts';
import { createOperator, type Operator } from '../../operator/run/assemble.ts';
import { silentLogger } from '../../operator/log.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';
import { serviceAccountToken, systemNamespace } from '../../hack/controlplane/chart.ts';
import { accepted } from '../support/cluster/cluster.ts';
import type { System } from '../support/cluster/system.ts';

export interface OperatorCredentials {
  readonly operator: Credentials;
  readonly restorer: Credentials;
}

/** Stops the operator of a system, and prepares for this process to play many: each with a Lease in a namespace of its own. */
export const playOperators = async (system: System): Promise<OperatorCredentials> => {
  await system.operator.stop();
  const { controlPlane } = system;
  const { server, caCertificate } = controlPlane.client('installer').endpoint;
  const load = async (name: 'countersign-operator' | 'countersign-restorer'): Promise<Credentials> => {
    const tokenFile = join(controlPlane.dir, `${name}.crash-token`);
    await writeFile(tokenFile, await serviceAccountToken(controlPlane, name), { mode: 0o600 });
    const loaded = await loadCredentials({ from: 'Token', server, caPem: caCertificate, tokenFile });
    return { ...loaded, identity: name };
  };
  const credentials = { operator: await load('countersign-operator'), restorer: await load('countersign-restorer') };
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'crash-leases' } };
  const setup = system.as('installer');
  const rules = [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['*'] }];
  accepted(await setup.create({ ...rbac, kind: 'ClusterRole', rules }));
  accepted(
    await setup.create({
      ...rbac,
      kind: 'ClusterRoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'crash-leases' },
      subjects: [{ kind: 'ServiceAccount', name: 'countersign-operator', namespace: systemNamespace }],
    }),
  );
  return credentials;
};

/** A namespace for a Lease. */
export const leaseNamespace = async (system: System, name: string): Promise<string> => {
  accepted(await system.as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  return name;
};

export interface ProcessOptions {
  /** Name of the world that it sees. */
  readonly world: string;
  /** Namespace of its Lease. */
  readonly lease: string;
  readonly credentials: OperatorCredentials;
  /** This machine's when absent. */
  readonly clock?: Clock;
  /** An error of its own in place of a request: as if there were a bug in the program just there. undefined = there is none. */
  readonly bug?: (request: Parameters<Interceptor>[0]) => Error | undefined;
}

/** When a process dies: at which of its writes, counted from 1, and whether that write still reaches the API server. */
export interface Death {
  readonly at: number;
  readonly write: 'Unsent' | 'Unanswered';
}

const unimportant = /\/(leases|subjectaccessreviews|events|token)(\/|$)/;

const isWrite = ({ method, path, query }: Parameters<Interceptor>[0]): boolean =>
  method !== 'GET' && query?.['dryRun'] === undefined && !unimportant.test(path);

const lost = (): Error => Object.assign(new Error('the process is dead'), { code: 'ECONNRESET' });

/** One process of the operator. It sees one world only, so that many live beside each other. */
export class Process {
  readonly #operator: Operator;
  readonly #metrics = createMetrics();
  readonly #death = Promise.withResolvers<void>();
  readonly #namespaces: Readonly<Record<string, string>>;
  readonly #bug: NonNullable<ProcessOptions['bug']>;
  #armed: Death | undefined;
  #isDead = false;
  /** Writes since it was armed. */
  readonly writes: string[] = [];

  constructor({ world, lease, credentials, clock = systemClock, bug = () => undefined }: ProcessOptions) {
    this.#bug = bug;
    this.#namespaces = { releasecandidates: `${world}-staging` };
    const transport = (as: 'operator' | 'restorer') =>
      createTransport({
        connection: connect({ credentials: credentials[as], version: 'crash' }),
        clock,
        interceptor: (request, next) => this.#intercept(world, request, next),
      });
    this.#operator = createOperator({
      transports: {
        operator: transport('operator'),
        restorer: transport('restorer'),
        lease: transport('operator'),
        restoring: transport('operator'),
      },
      namespace: lease,
      digestKey: 'the same in every process',
      guarded: [],
      notices: { secret: 'countersign-sinks', egress: { hosts: [], networks: [], plainHttp: false } },
      username: `system:serviceaccount:${systemNamespace}:countersign-operator`,
      instance: lease,
      clock,
      random: Math.random,
      logger: silentLogger,
      metrics: this.#metrics,
      // As the program does: whoever stalled for so long that another may lead does nothing any more.
      onLost: () => {
        this.#isDead = true;
        this.#death.resolve();
      },
    });
  }

  start(): Promise<void> {
    return this.#operator.start();
  }

  /** What would be scraped. */
  metrics(): Promise<string> {
    return this.#metrics.text();
  }

  /** From now on its writes count. */
  arm(death: Death | undefined): void {
    this.#armed = death;
    this.writes.length = 0;
  }

  /** At the write that was chosen, or because it lost its Lease. */
  get died(): Promise<void> {
    return this.#death.promise;
  }

  /** Whatever it still does reaches nobody. */
  async end(): Promise<void> {
    this.#isDead = true;
    await this.#operator.stop();
  }

  async #intercept(world: string, request: Parameters<Interceptor>[0], next: Parameters<Interceptor>[1]) {
    if (this.#isDead) throw lost();
    const bug = this.#bug(request);
    if (bug !== undefined) throw bug;
    if (!isWrite(request)) return next({ ...request, path: this.#confined(world, request.path) });
    this.writes.push(`${request.method} ${request.path}`);
    const death = this.#armed;
    if (death === undefined || this.writes.length < death.at) return next(request);
    this.#isDead = true;
    if (death.write === 'Unanswered') await next(request).catch(() => {});
    this.#death.resolve();
    throw lost();
  }

  #confined(world: string, path: string): string {
    const root = '/apis/countersign.dev/v1alpha1';
    const plural = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : '';
    if (plural === '' || plural.includes('/') || plural === kinds.ClusterReleasePolicy.plural) return path;
    return `${root}/namespaces/${this.#namespaces[plural] ?? `${world}-prod`}/${plural}`;
  }
}
