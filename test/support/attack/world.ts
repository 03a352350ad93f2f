/** A cluster with the chart and the sample application: where attacks happen. */
import {
  createSample,
  guardSample,
  installChart,
  serviceAccountToken,
  type ChartValues,
} from '../../../hack/controlplane/chart.ts';
import type { ControlPlane } from '../../../hack/controlplane/controlplane.ts';
import { gateUrl, startGate } from '../../../hack/controlplane/gate.ts';
import { startOperator } from '../../../hack/controlplane/operator.ts';
import { releasePort, reservePort } from '../../../hack/controlplane/ports.ts';
import {
  accepted,
  startCluster,
  targetOf,
  type Answer,
  type ApiClient,
  type Cluster,
  type KubeObject,
} from '../cluster/cluster.ts';
import { createSoon } from '../cluster/system.ts';
import type { Sent } from './objects.ts';

export interface World {
  readonly cluster: Cluster;
  /** A person, or an identity minted for the test. */
  readonly as: (name: string) => ApiClient;
  readonly operator: ApiClient;
  readonly restorer: ApiClient;
  readonly stop: () => Promise<void>;
}

/** What a world may have beside the chart and the sample. */
export interface WorldOptions {
  /** Whether nodes run what is scheduled. Nothing runs pods when absent. */
  readonly pods?: boolean;
  /** Whether operator and gate run. */
  readonly programs?: boolean;
  readonly chart?: ChartValues & {
    readonly guardedKinds?: readonly { readonly group: string; readonly resources: readonly string[] }[];
  };
  /** Brings into production what is there before the guard. */
  readonly before?: (installer: ApiClient) => Promise<void>;
}

/** Starts it. Nothing of ours runs, unless `programs` says so. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { pods = false, programs = false, chart = {}, before } = options;
  const cluster = await startCluster(pods ? {} : { nodes: 0, scheduler: false, kwok: false });
  try {
    const stopPrograms = programs
      ? await startPrograms(cluster.controlPlane, chart)
      : await installChart(cluster.controlPlane, chart);
    await createSample(cluster.controlPlane);
    await before?.(cluster.as('installer'));
    await guardSample(cluster.controlPlane);
    const installer = cluster.as('installer');
    const operator = installer.withToken(await serviceAccountToken(cluster.controlPlane, 'countersign-operator'));
    const restorer = installer.withToken(await serviceAccountToken(cluster.controlPlane, 'countersign-restorer'));
    const stop = async (): Promise<void> => {
      operator.close();
      restorer.close();
      await stopPrograms?.();
      await cluster.stop();
    };
    return { cluster, as: (name) => cluster.as(name), operator, restorer, stop };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** The chart, and a gate and an operator beside it. Returns what ends them. */
async function startPrograms(
  controlPlane: ControlPlane,
  chart: NonNullable<WorldOptions['chart']>,
): Promise<() => Promise<void>> {
  const port = await reservePort();
  await installChart(controlPlane, { ...chart, gate: { enabled: false, url: gateUrl(port) } });
  const guardedKinds = chart.guardedKinds?.flatMap(({ group, resources }) =>
    resources.map((each) => `${each}.${group}`),
  );
  const [gate, operator] = await Promise.all([
    startGate(controlPlane, { port }),
    startOperator(controlPlane, guardedKinds === undefined ? {} : { guardedKinds }),
  ]);
  return async () => {
    await Promise.all([gate.stop(), operator.stop()]);
    releasePort(port);
  };
}

/** Creates it and returns what is stored. Throws when it is refused. */
export const store = async (as: ApiClient, object: Sent): Promise<Sent> => accepted(await as.create<Sent>(object));

/** Gives somebody a ClusterRole, in a namespace or (without one) everywhere; waits until the authorizer knows. */
export async function bind(world: World, given: { user: string; role: string; namespace?: string }): Promise<void> {
  const { user, role, namespace } = given;
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: {
      name: `${role}-${user.replaceAll(/[^a-z0-9-]/g, '-')}`,
      ...(namespace === undefined ? {} : { namespace }),
    },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  };
  await createSoon(world.as('installer'), binding);
}

/** A ClusterRole with one rule on our group, or on what `apiGroups` says. */
export async function role(
  world: World,
  name: string,
  rule: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const rules = [{ apiGroups: ['countersign.dev'], ...rule }];
  const answer = await world.as('installer').create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules,
  });
  if (!answer.ok && answer.code !== 409) accepted(answer);
}

/** A ServiceAccount and a client with its token. */
export async function robot(world: Pick<World, 'as'>, name: string, namespace: string): Promise<ApiClient> {
  const installer = world.as('installer');
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } };
  const created = await installer.create(account);
  if (!created.ok && created.code !== 409) accepted(created);
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
  const answer = await installer.createAt<KubeObject & { status: { token: string } }>(
    { ...targetOf(account), subresource: 'token' },
    request,
  );
  return installer.withToken(accepted(answer).status.token);
}

/** Tries until it is so, for what the API server takes up without saying when: policies, bindings, definitions. */
export async function eventually<T>(what: string, attempt: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const seen = await attempt();
    if (isSo(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: not within two minutes; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What was said, for messages and tables. */
export const said = (answer: Answer<unknown>): string =>
  answer.ok ? `admitted (${answer.code})` : (answer.body.message ?? '');
