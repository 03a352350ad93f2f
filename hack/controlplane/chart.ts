/** Installs the chart and waits until it holds: ready means that what must be refused is refused, not that time has passed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

import { stagingLabel, writersAnnotation } from '../../operator/api/kinds.ts';
import { accepted, targetOf, type ApiClient } from './client.ts';
import type { ControlPlane } from './controlplane.ts';
import { define, definitionsIn, published } from './definitions.ts';
import { installer } from './identities.ts';
import type { KubeObject } from './objects.ts';

const root = join(import.meta.dirname, '..', '..');

/** Folder of the chart. */
export const chartDir = join(root, 'charts', 'countersign');

/** The namespace that `installChart` installs into. */
export const systemNamespace = 'countersign-system';

/** The identities that the chart makes for our programs. */
export type OwnServiceAccount = 'countersign-operator' | 'countersign-restorer' | 'countersign-gate';

/** What the chart tells Node by itself: the bounds of the heap, which are the same for operator and gate. */
export const chartNodeOptions = (): readonly string[] => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file, which a schema checks
  const { operator } = parse(readFileSync(join(chartDir, 'values.yaml'), 'utf8')) as {
    readonly operator: { readonly heap: { readonly old: number; readonly semiSpace: number } };
  };
  return [`--max-old-space-size=${operator.heap.old}`, `--max-semi-space-size=${operator.heap.semiSpace}`];
};

const enforcedTimeoutMs = 30_000;
const probeMs = 50;
const tokenLifetimeSeconds = 24 * 3600;

/** Values of the chart, as in values.yaml. */
export type ChartValues = Readonly<Record<string, unknown>>;

/**
 * Installs or upgrades the chart as the installer (what a test edited in it is put back), and waits until every policy of it acts. Operator and gate
 * are not deployed unless `values` says so: there is nothing here that could run their image. Throws with helm's words, or with the canary that was admitted.
 */
export async function installChart(cluster: ControlPlane, values: ChartValues = {}): Promise<void> {
  const result = await cluster.helm(
    installer.name,
    [
      'upgrade',
      '--install',
      'countersign',
      chartDir,
      '-n',
      systemNamespace,
      '--create-namespace',
      '--force-conflicts',
      '-f',
      '-',
    ],
    { stdin: JSON.stringify({ operator: { enabled: false }, gate: { enabled: false }, ...values }) },
  );
  if (result.code !== 0) throw new Error(`helm: ${result.stderr}`);
  await enforced(cluster);
}

/** Creates the sample application's namespaces and bindings (hack/demo). Production is not guarded yet: see `guardSample`. */
export async function createSample(cluster: ControlPlane): Promise<void> {
  await apply(cluster, 'namespaces.yaml');
  await apply(cluster, 'bindings.yaml');
  await boundToAct(cluster);
}

/** Has the API server serve the kind of the sample's route. */
export async function defineSample(client: ApiClient): Promise<void> {
  const file = 'gateway.networking.k8s.io_httproutes.yaml';
  await define(client, await definitionsIn(published.gatewayApi, file));
}

/** Gives the sample's production its policy, then the label, and waits until the guard acts there. */
export async function guardSample(cluster: ControlPlane): Promise<void> {
  await apply(cluster, 'policy.yaml');
  await guard(cluster.client(installer.name), 'payments-prod', 'enforce');
}

async function apply(cluster: ControlPlane, file: string): Promise<void> {
  const path = join(root, 'hack', 'demo', file);
  const result = await cluster.kubectl(installer.name, ['apply', '-f', path]);
  if (result.code !== 0) throw new Error(`kubectl apply -f ${path}: ${result.stderr}`);
}

/**
 * Labels a namespace that has its ReleasePolicy, and waits until the guard does there what the label says. In the other order the
 * namespace's controllers would be refused, too, and try again after a pause that grows.
 */
export async function guard(client: ApiClient, namespace: string, mode: 'enforce' | 'audit'): Promise<void> {
  const labels = { 'countersign.dev/guarded': mode };
  accepted(
    await client.patch({ apiVersion: 'v1', kind: 'Namespace', name: namespace }, 'merge', { metadata: { labels } }),
  );
  const deadline = Date.now() + enforcedTimeoutMs;
  for (const { rule, object } of guardCanaries(namespace)) {
    const seen = (): Promise<string> => (mode === 'enforce' ? verdict(client, object) : warnings(client, object));
    await named(deadline, { rule, kind: object.kind }, seen);
  }
}

/** A token of one of these identities, as a process outside the cluster would use. */
export async function serviceAccountToken(cluster: ControlPlane, name: OwnServiceAccount): Promise<string> {
  const target = { apiVersion: 'v1', kind: 'ServiceAccount', namespace: systemNamespace, name, subresource: 'token' };
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: tokenLifetimeSeconds },
  };
  const answer = await cluster.client(installer.name).createAt<KubeObject & TokenStatus>(target, body);
  return accepted(answer).status.token;
}

interface TokenStatus {
  readonly status: { readonly token: string };
}

/** Something that the chart refuses, and the rule that says so. */
interface Canary {
  readonly rule: string;
  readonly as: ApiClient;
  readonly object: KubeObject;
}

/** The API server takes up a new policy some time after it was stored, and tells nobody when: so this asks until it is so. */
async function enforced(cluster: ControlPlane): Promise<void> {
  const operator = cluster.client(installer.name).withToken(await serviceAccountToken(cluster, 'countersign-operator'));
  const deadline = Date.now() + enforcedTimeoutMs;
  try {
    for (const canary of canaries(cluster.client(installer.name), operator)) await refusedBefore(deadline, canary);
    await recorded(deadline, cluster.client(installer.name));
  } finally {
    operator.close();
  }
}

/** Stamp and policy on staged objects act in staging namespaces only, so that they are asked in one, which then goes. */
async function recorded(deadline: number, client: ApiClient): Promise<void> {
  const namespace = accepted(
    await client.create<KubeObject>({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { generateName: 'countersign-canary-', labels: { [stagingLabel]: 'true' } },
    }),
  );
  const metadata = { name: 'canary', namespace: namespace.metadata.name ?? '' };
  const labels = { canary: 'canary' };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'canary', image: 'canary' }] } },
    },
  };
  try {
    const scale = { ...targetOf(deployment), subresource: 'scale' };
    await until(deadline, 'a staged object is not stamped', async () => {
      const { ok, body } = await client.create<KubeObject>(deployment, { dryRun: 'All' });
      return ok ? body.metadata.annotations?.[writersAnnotation] !== undefined : (body.message ?? '');
    });
    accepted(await client.create(deployment));
    await until(deadline, 'ScaleIsRecorded does not act on Deployment', async () => {
      const { ok, body } = await client.patch(scale, 'merge', { spec: { replicas: 1 } }, { dryRun: 'All' });
      return ok ? false : (body.message ?? '').includes('ScaleIsRecorded: ') || (body.message ?? '');
    });
  } finally {
    accepted(await client.delete(targetOf(namespace)));
  }
}

/** Asks until it is so. What is answered instead is for the message. */
async function until(deadline: number, problem: string, isSo: () => Promise<boolean | string>): Promise<void> {
  for (;;) {
    const seen = await isSo();
    if (seen === true) return;
    if (Date.now() > deadline) throw new Error(`the chart is installed, but ${problem}: ${String(seen)}`);
    await sleep(probeMs);
  }
}

const refusedBefore = (deadline: number, { rule, as, object }: Canary): Promise<void> =>
  named(deadline, { rule, kind: object.kind }, () => verdict(as, object));

/** Asks until the answer names the rule. */
function named(deadline: number, what: { rule: string; kind: string }, ask: () => Promise<string>): Promise<void> {
  return until(deadline, `${what.rule} does not act on ${what.kind}`, async () => {
    const seen = await ask();
    return seen.includes(`${what.rule}: `) || seen;
  });
}

/** What the API server says to a dry-run create. A kind that is not served yet is no answer either. */
async function verdict(as: ApiClient, object: KubeObject): Promise<string> {
  try {
    const answer = await as.create(object, { dryRun: 'All' });
    return answer.ok ? 'admitted' : (answer.body.message ?? '');
  } catch (error) {
    return String(error);
  }
}

/** The warnings that come with the answer to a dry-run create. */
async function warnings(as: ApiClient, { apiVersion, kind, metadata, ...rest }: KubeObject): Promise<string> {
  const answer = await as.raw({
    method: 'POST',
    path: `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/namespaces/${metadata.namespace ?? ''}/${kind.toLowerCase()}s?dryRun=All`,
    body: { apiVersion, kind, metadata, ...rest },
  });
  return [answer.headers['warning'] ?? answer.text].flat().join(' ');
}

/**
 * What the guard refuses to everybody who may create it, one for each topic in which there is such a thing. The other topics take
 * effect with these: the API server takes up all policies that it has seen at once.
 */
function guardCanaries(namespace: string): Pick<Canary, 'rule' | 'object'>[] {
  const metadata = { name: 'canary', namespace };
  const template = { metadata: {}, spec: { containers: [{ name: 'canary', image: 'canary' }] } };
  const of = (rule: string, apiVersion: string, kind: string, rest: object = {}) => ({
    rule: `ProductionGuard${rule}`,
    object: { apiVersion, kind, metadata, ...rest },
  });
  return [
    of('Workload', 'v1', 'PodTemplate', { template }),
    of('Pod', 'v1', 'Binding', { target: { kind: 'Node', name: 'canary' } }),
    of('Configuration', 'v1', 'ConfigMap'),
    of('Network', 'v1', 'Service', { spec: { ports: [{ port: 80 }] } }),
    of('Account', 'v1', 'ServiceAccount'),
    of('Scale', 'policy/v1', 'PodDisruptionBudget', { spec: { minAvailable: 1 } }),
  ];
}

/**
 * One for each policy. Kinds that are stamped name somebody else: while the stamp does not act they are refused under StampIsCaller,
 * which comes first, and so the rule below says that stamp and policy both act.
 */
function canaries(installerClient: ApiClient, operator: ApiClient): Canary[] {
  const apiVersion = 'countersign.dev/v1alpha1';
  const nobody = { username: 'nobody' };
  const digest = `sha256:${'0'.repeat(64)}`;
  const metadata = { name: 'canary', namespace: 'default' };
  const ours = (rule: string, kind: string, spec: unknown, meta = metadata): Canary => ({
    rule,
    as: installerClient,
    object: { apiVersion, kind, metadata: meta, spec } as KubeObject,
  });
  return [
    ours('ApproveOnlyByWildcard', 'Approval', {
      subject: { kind: 'ReleaseCandidate', name: 'canary', uid: 'canary' },
      digest,
      role: 'tester',
      decision: 'Approve',
      approver: nobody,
    }),
    ours('ReportedInStaging', 'Evidence', {
      type: 'TestReport',
      subject: { images: [digest] },
      result: 'Passed',
      performedAt: '2026-01-01T00:00:00Z',
      reporter: nobody,
    }),
    ours('ExceptedInProduction', 'PolicyException', {
      gates: ['Soak'],
      package: 'canary',
      reason: 'canary',
      risk: 'canary',
      until: '2026-01-01T00:00:00Z',
      requester: nobody,
    }),
    ours('ChangedInProduction', 'PolicyChange', {
      policy: { sourceNamespace: 'canary', approvals: [{ role: 'canary', count: 1 }], reviewBy: '2026-01-01' },
      reason: 'canary',
      author: nobody,
    }),
    ours('RollbackOnlyByWildcard', 'Rollback', { package: 'canary', reason: 'canary', requester: nobody }),
    ours('StagedInStaging', 'ReleaseCandidate', {
      targetNamespace: 'canary',
      package: 'canary',
      version: '0',
      components: [{ kind: 'ConfigMap', name: 'canary' }],
      author: nobody,
    }),
    ours(
      'PolicyInProduction',
      'ReleasePolicy',
      { sourceNamespace: 'canary', approvals: [{ role: 'tester', count: 1 }], reviewBy: '2000-01-01' },
      { name: 'production', namespace: 'kube-system' },
    ),
    ours('BundleByOperator', 'ReleaseBundle', { part: { of: 'canary', index: 0 } }),
    ours(
      'RecordedByOperator',
      'LedgerEntry',
      {
        seq: 0,
        id: 'canary',
        time: '2026-01-01T00:00:00.000Z',
        type: 'Staged',
        actor: nobody,
        subject: { kind: 'Canary', namespace: '', name: '', uid: '' },
        previous: digest,
      },
      { name: '000000000000', namespace: 'default' },
    ),
    { rule: 'ConfinedToProduction', as: operator, object: { apiVersion: 'v1', kind: 'ConfigMap', metadata } },
    {
      rule: 'NamespaceGuardPlace',
      as: installerClient,
      object: {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'kube-canary', labels: { 'countersign.dev/guarded': 'enforce' } },
      },
    },
  ];
}

/** Waits until the authorizer has seen a late binding of the sample: it, too, learns of them a moment after they are stored. */
async function boundToAct(cluster: ControlPlane): Promise<void> {
  const review: Review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user: 'archiver-a',
      resourceAttributes: {
        group: 'countersign.dev',
        resource: 'releasepolicies',
        verb: 'archive',
        namespace: 'payments-prod',
        name: 'production',
      },
    },
  };
  const deadline = Date.now() + enforcedTimeoutMs;
  for (;;) {
    const answer = accepted(await cluster.client(installer.name).create(review));
    if (answer.status?.allowed === true) return;
    if (Date.now() > deadline) throw new Error('the bindings of the sample do not act');
    await sleep(probeMs);
  }
}

interface Review extends KubeObject {
  readonly spec: unknown;
  readonly status?: { readonly allowed: boolean };
}
