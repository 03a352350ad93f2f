/** The whole product for a Jest suite: control plane, chart, operator, and as many separate worlds as there are scenarios. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';

import type { LedgerEntrySpec } from '../../../operator/api/ledger.ts';
import { guard, installChart, type ChartValues } from '../../../hack/controlplane/chart.ts';
import { installer } from '../../../hack/controlplane/identities.ts';
import type { ControlPlaneOptions } from '../../../hack/controlplane/controlplane.ts';
import { gateUrl, startGate, type GateProcess } from '../../../hack/controlplane/gate.ts';
import { releasePort, reservePort } from '../../../hack/controlplane/ports.ts';
import { startOperator, type OperatorOptions, type OperatorProcess } from '../../../hack/controlplane/operator.ts';
import {
  accepted,
  startCluster,
  waitFor,
  type ApiClient,
  type Cluster,
  type KubeObject,
  type Manifest,
} from './cluster.ts';

const root = join(import.meta.dirname, '..', '..', '..');

export const ours = 'countersign.dev/v1alpha1';

/** What an object of ours looks like to a test that only looks at it. */
export interface Reported extends KubeObject {
  readonly spec: Record<string, never>;
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly digest?: string;
    readonly bundle?: string;
    readonly approvals?: string;
    readonly objects?: string;
    readonly gates?: readonly Gate[];
    readonly approvalManifests?: Readonly<Record<string, string>>;
    readonly conditions?: readonly Condition[];
    readonly from?: string;
    readonly to?: string;
  };
}

export interface Gate {
  readonly name: string;
  readonly outcome: string;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** An entry of the record. */
export interface Entry extends KubeObject {
  readonly spec: LedgerEntrySpec;
}

export interface System extends Cluster {
  readonly operator: OperatorProcess;
  readonly gate: GateProcess;
  /** Installs the chart once more, with the same values. */
  readonly upgrade: () => Promise<void>;
  /** A staging and a production namespace of their own, with the people of the sample bound and the policy in force. */
  readonly world: (name: string, policy?: Readonly<Record<string, unknown>>, options?: WorldOptions) => Promise<World>;
}

export interface WorldOptions {
  /** What the guard does to others who write in production: `audit` lets a scenario have an outsider there. `enforce` when absent. */
  readonly guarded?: 'enforce' | 'audit';
  /** Brings into production what is there before the guard. */
  readonly before?: (world: World) => Promise<void>;
}

/** Starts everything. Call `stop` in `afterAll`; `startTimeoutMs` is enough for `beforeAll`. */
export const startSystem = async (
  options: {
    readonly cluster?: Omit<ControlPlaneOptions, 'dir' | 'lifetime'>;
    readonly chart?: ChartValues;
    readonly operator?: OperatorOptions;
  } = {},
): Promise<System> => {
  const cluster = await startCluster(options.cluster);
  try {
    const port = await reservePort();
    const kinds = { kinds: options.chart?.['kinds'] ?? [] };
    const values = { gate: { enabled: false, url: gateUrl(port) }, ...options.chart };
    await installChart(cluster.controlPlane, values);
    const [gate, operator] = await Promise.all([
      startGate(cluster.controlPlane, { port, ...kinds, ...programOf(options.operator) }),
      startOperator(cluster.controlPlane, { ...kinds, ...options.operator }),
    ]);
    return {
      ...cluster,
      operator,
      gate,
      upgrade: () => installChart(cluster.controlPlane, values),
      world: (name, policy, given) => createWorld(cluster, { name, policy, ...given }),
      async stop() {
        await Promise.all([operator.stop(), gate.stop()]);
        releasePort(port);
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
};

/** Both run from the same file, under the same bounds. */
const programOf = ({ program, nodeOptions }: OperatorOptions = {}) => ({
  ...(program === undefined ? {} : { program }),
  ...(nodeOptions === undefined ? {} : { nodeOptions }),
});

/** What a YAML or JSON text holds, as something to create. */
const manifestOf = (parsed: unknown): Manifest => parsed as Manifest; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the API server judges it

/** One image by digest; the letter tells contents apart. */
export const image = (letter: string): string => `registry.example/app@sha256:${letter.repeat(64)}`;

/** Signatures in the order in which people give them. */
export const signers = [
  ['tester-a', 'tester'],
  ['approver-a', 'approver'],
  ['approver-b', 'approver'],
] as const;

/** The policy of a world: three signatures, quick health. */
export const policySpec = (
  staging: string,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> => ({
  sourceNamespace: staging,
  approvals: [
    { role: 'tester', count: 1 },
    { role: 'approver', count: 2, oneFromEach: ['payments-owners', 'change-board'] },
  ],
  reviewBy: '2028-06-30',
  health: { progressTimeout: '30s', observeFor: '0s', settle: '0s' },
  ...more,
});

/** Bindings of staging are recorded like all that is staged there, and a lock that is being opened refuses for a moment. */
export const createSoon = async (as: ApiClient, manifest: Manifest): Promise<void> => {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await as.create(manifest);
    if (answer.ok || answer.code === 409) return;
    if (answer.code !== 403 || Date.now() > deadline) accepted(answer);
    await setTimeout(100);
  }
};

/** Two namespaces of their own, in a cluster that has the chart and an operator. */
export const createWorld = async (
  cluster: Pick<Cluster, 'as'>,
  {
    name,
    policy = {},
    guarded = 'enforce',
    before,
  }: WorldOptions & { readonly name: string; readonly policy?: Readonly<Record<string, unknown>> | undefined },
): Promise<World> => {
  const setup = cluster.as(installer.name);
  for (const file of ['namespaces.yaml', 'bindings.yaml']) {
    const text = (await readFile(join(root, 'hack', 'demo', file), 'utf8'))
      .replaceAll('payments-staging', `${name}-staging`)
      .replaceAll('payments-prod', `${name}-prod`);
    for (const document of parseAllDocuments(text)) await createSoon(setup, manifestOf(document.toJS()));
  }
  const world = new World(cluster, name);
  accepted(await cluster.as('admin').create(world.policyManifest(policy)));
  await before?.(world);
  await guard(setup, world.production, guarded);
  await waitFor<Reported>(cluster.as('admin'), world.ref('ReleasePolicy', 'production'), (object) =>
    isTrue(object, 'Ready'),
  );
  return world;
};

/** Whether a condition is True. */
export const isTrue = (object: Reported, type: string): boolean =>
  object.status?.conditions?.some((each) => each.type === type && each.status === 'True') ?? false;

export const condition = (object: Reported, type: string): Condition | undefined =>
  object.status?.conditions?.find((each) => each.type === type);

export const gate = (object: Reported, name: string): Gate | undefined =>
  object.status?.gates?.find((each) => each.name === name);

/** One staging and one production namespace. */
export class World {
  readonly #cluster: Pick<Cluster, 'as'>;
  readonly staging: string;
  readonly production: string;

  constructor(cluster: Pick<Cluster, 'as'>, name: string) {
    this.#cluster = cluster;
    this.staging = `${name}-staging`;
    this.production = `${name}-prod`;
  }

  as(identity: string): ApiClient {
    return this.#cluster.as(identity);
  }

  /** Where an object is: ours in the namespace it belongs to, others in production unless said otherwise. */
  ref(kind: string, name?: string, namespace?: string) {
    const apiVersions: Readonly<Record<string, string>> = {
      Role: 'rbac.authorization.k8s.io/v1',
      RoleBinding: 'rbac.authorization.k8s.io/v1',
      Deployment: 'apps/v1',
      StatefulSet: 'apps/v1',
      DaemonSet: 'apps/v1',
      Job: 'batch/v1',
      CronJob: 'batch/v1',
      ConfigMap: 'v1',
      Service: 'v1',
      Secret: 'v1',
      Pod: 'v1',
      ServiceAccount: 'v1',
      PersistentVolumeClaim: 'v1',
      ResourceQuota: 'v1',
      Ingress: 'networking.k8s.io/v1',
      NetworkPolicy: 'networking.k8s.io/v1',
      PodDisruptionBudget: 'policy/v1',
      HorizontalPodAutoscaler: 'autoscaling/v2',
    };
    return {
      apiVersion: apiVersions[kind] ?? ours,
      kind,
      namespace: namespace ?? (kind === 'ReleaseCandidate' ? this.staging : this.production),
      ...(name === undefined ? {} : { name }),
    };
  }

  policyManifest(more: Readonly<Record<string, unknown>> = {}): Manifest {
    return {
      apiVersion: ours,
      kind: 'ReleasePolicy',
      metadata: { name: 'production', namespace: this.production },
      spec: policySpec(this.staging, more),
    };
  }

  /** A Deployment for staging; `behaviour` is one of the control plane's (`crash-loop`, `never-ready`, …). */
  deployment(
    name: string,
    letter: string,
    more: { readonly replicas?: number; readonly behaviour?: string } = {},
  ): Manifest {
    const { replicas = 1, behaviour } = more;
    const annotations = behaviour === undefined ? {} : { 'countersign.test/behaviour': behaviour };
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: this.staging },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name }, annotations },
          spec: { containers: [{ name: 'main', image: image(letter) }] },
        },
      },
    };
  }

  configMap(name: string, data: Readonly<Record<string, string>>): Manifest {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: this.staging }, data };
  }

  /** Creates or replaces objects of staging as developer-a, and waits until Deployments among them are complete. */
  async stage(...objects: readonly Manifest[]): Promise<void> {
    const developer = this.as('developer-a');
    for (const object of objects) {
      const created = await developer.create(object);
      if (!created.ok) accepted(await developer.replace(object));
    }
    for (const { kind, metadata } of objects) {
      if (kind !== 'Deployment') continue;
      await waitFor<KubeObject & { status?: Record<string, number>; spec: { replicas: number } }>(
        developer,
        this.ref(kind, metadata.name, this.staging),
        ({ status, spec, metadata }) =>
          status?.['observedGeneration'] === metadata.generation &&
          status?.['updatedReplicas'] === spec.replicas &&
          status?.['availableReplicas'] === spec.replicas &&
          status?.['replicas'] === spec.replicas,
      );
    }
  }

  /** A complete candidate; `spec` is laid over it. */
  candidate(name: string, components: readonly string[], spec: Readonly<Record<string, unknown>> = {}): Manifest {
    return {
      apiVersion: ours,
      kind: 'ReleaseCandidate',
      metadata: { name, namespace: this.staging },
      spec: {
        targetNamespace: this.production,
        package: 'payments',
        version: '1.0.0',
        components: components.map((key) => ({ kind: key.split('/')[0], name: key.split('/')[1] })),
        notes: {
          summary: 'a change',
          changes: ['one'],
          dependencies: ['none'],
          installation: 'none',
          rollbackPlan: 'by itself',
          analysis: 'understood',
        },
        ...spec,
      },
    };
  }

  /** Creates a candidate as developer-a (or as another). */
  async propose(candidate: Manifest, as = 'developer-a'): Promise<Reported> {
    return accepted(await this.as(as).create<Reported>(candidate));
  }

  /** Waits for something to be so of a candidate. */
  async when(name: string, predicate: (candidate: Reported) => boolean, timeoutMs?: number): Promise<Reported> {
    return waitFor<Reported>(this.as('developer-a'), this.ref('ReleaseCandidate', name), predicate, timeoutMs);
  }

  staged(name: string): Promise<Reported> {
    return this.when(
      name,
      (candidate) =>
        isTrue(candidate, 'Staged') &&
        candidate.status?.approvalManifests !== undefined &&
        Object.keys(candidate.status.approvalManifests).length > 0,
    );
  }

  finished(name: string, timeoutMs = 100_000): Promise<Reported> {
    return this.when(name, (candidate) => isTrue(candidate, 'Finished'), timeoutMs);
  }

  /** Signs with the manifest that the candidate's status hands out. */
  async sign(candidate: Reported, who: string, role: string): Promise<void> {
    const manifest = candidate.status?.approvalManifests?.[role];
    if (manifest === undefined) throw new Error(`no manifest for ${role} in ${JSON.stringify(candidate.status)}`);
    accepted(await this.as(who).create(manifestOf(JSON.parse(manifest))));
  }

  /** Proposes, has everybody sign, and waits for the end. */
  async release(candidate: Manifest, timeoutMs?: number): Promise<Reported> {
    const { name = '' } = candidate.metadata;
    await this.propose(candidate);
    const ready = await this.staged(name);
    for (const [who, role] of signers) await this.sign(ready, who, role);
    return this.finished(name, timeoutMs);
  }

  /** The record so far, in order. */
  async ledger(): Promise<readonly Entry['spec'][]> {
    const list = accepted(await this.as('auditor-a').list<Entry>(this.ref('LedgerEntry')));
    return list.items.map(({ spec }) => spec).toSorted((a, b) => a.seq - b.seq);
  }

  /** An object as it is now; undefined = there is none. */
  async live<T extends KubeObject = KubeObject>(
    kind: string,
    name: string,
    namespace?: string,
  ): Promise<T | undefined> {
    const answer = await this.as(installer.name).get<T>(this.ref(kind, name, namespace));
    return answer.ok ? answer.body : undefined;
  }
}
