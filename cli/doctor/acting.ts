/** Do the locks act: what must be refused is tried, as a dry run, so that nothing is kept whatever the answer is. */
import { apiVersion, policyName } from '../../operator/api/kinds.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { toFailure, type Failure } from '../../operator/kube/failures.ts';
import type { Manifest, ResourceRow } from '../../operator/kube/resource.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { namespaceRow } from '../cluster/rows.ts';
import { found, ok, type Diagnosis } from './diagnosis.ts';

/** Something that a policy of the chart refuses to everybody, and the rule by which it does. */
interface Canary {
  readonly rule: string;
  /** What it would mean if it were let through. */
  readonly means: string;
  readonly resource: ResourceRow;
  readonly manifest: Manifest;
}

const name = 'countersign-doctor';

const planted = (namespace: string): Canary => ({
  rule: 'RecordedByOperator',
  means: 'people may write the record',
  resource: ourResource('LedgerEntry'),
  manifest: {
    apiVersion,
    kind: 'LedgerEntry',
    metadata: { name: '000000000000', namespace },
    spec: {
      seq: 0,
      id: name,
      time: '2026-01-01T00:00:00.000Z',
      type: 'Staged',
      actor: { username: name },
      subject: { kind: 'Canary', namespace, name, uid: '' },
      previous: `sha256:${'0'.repeat(64)}`,
    },
  },
});

const unsigned = (namespace: string): Canary => ({
  rule: 'ProductionGuardConfiguration',
  means: 'people may change production without a signature',
  resource: { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
  manifest: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: {} },
});

/** @throws what is no answer of the API server at all */
const refusalIn = (error: unknown): Failure => {
  const failure = toFailure(error);
  if (failure.code === 0) throw failure;
  return failure;
};

const tried = async (cluster: Cluster, { resource, manifest }: Canary): Promise<Failure | undefined> => {
  try {
    await cluster.client.dryRunCreate(resource, manifest);
    return undefined;
  } catch (error) {
    return refusalIn(error);
  }
};

/** What the gate says, or what is said of it. */
const isOfGate = (message: string): boolean => message.includes('gate.countersign.dev');

/** An answer that comes behind the policies: they let it through. */
const passedLocks = ({ kind, message }: Failure): boolean => kind === 'AlreadyExists' || isOfGate(message);

const judged = async (cluster: Cluster, canary: Canary, home: string): Promise<Diagnosis> => {
  const { rule, means, resource, manifest } = canary;
  const namespace = manifest.metadata.namespace ?? '';
  const failure = await tried(cluster, canary);
  if (failure?.message.includes(`${rule}: `) === true) return ok(`${namespace}: ${rule} acts`);
  if (failure?.refusal === 'Rbac') {
    return found(
      'info',
      `${namespace}: not tried whether ${rule} acts: you may not create ${resource.plural} there`,
      `Somebody who may types it, too: kubectl auth can-i create ${resource.plural} -n ${namespace}`,
    );
  }
  if (failure !== undefined && !passedLocks(failure)) {
    return found(
      'warning',
      `${namespace}: not known whether ${rule} acts, for something else answers before it: ${visible(failure.message)}`,
      `kubectl describe namespace ${namespace}; kubectl get validatingadmissionpolicies,mutatingwebhookconfigurations`,
    );
  }
  const answer =
    failure === undefined ? 'the API server would take it' : `the API server says: ${visible(failure.message)}`;
  return found(
    'error',
    `${namespace}: ${rule} does not act, so ${means}; ${answer}`,
    `helm upgrade countersign charts/countersign -n ${home} --reuse-values; then what it installed: kubectl get validatingadmissionpolicies -l app.kubernetes.io/name=countersign`,
  );
};

/** A change of a guarded namespace is what people may try, and what the API server asks the gate about. */
const gateAnswers = async (cluster: Cluster, namespace: string, home: string): Promise<Diagnosis> => {
  const reached = ok(`${namespace}: the API server reaches the gate`);
  let failure: Failure;
  try {
    const patch = { metadata: { annotations: { 'countersign.dev/doctor': 'asks' } } };
    await cluster.client.patchResource(namespaceRow, { name: namespace }, patch, { type: 'Merge', dryRun: true });
    return reached;
  } catch (error) {
    failure = refusalIn(error);
  }
  if (failure.refusal === 'WebhookUnreachable' && isOfGate(failure.message)) {
    return found(
      'error',
      `${namespace}: the API server does not reach the gate, so changes are refused and nothing is promoted: ${visible(failure.message)}`,
      `kubectl get pods -n ${home} -l app.kubernetes.io/component=gate`,
    );
  }
  if (isOfGate(failure.message)) return reached;
  return found(
    'info',
    `${namespace}: not tried whether the gate is reached: for that you need the rights to patch the namespace and to administer its policy`,
    `kubectl auth can-i patch namespaces; kubectl auth can-i administer releasepolicies.countersign.dev/${policyName} -n ${namespace}`,
  );
};

/** @param enforces whether the namespace is guarded, and not only observed */
export const lockTrials = async (
  cluster: Cluster,
  namespace: string,
  { home, enforces, hasGate }: { readonly home: string; readonly enforces: boolean; readonly hasGate: boolean },
): Promise<readonly Diagnosis[]> =>
  Promise.all([
    judged(cluster, planted(namespace), home),
    ...(enforces ? [judged(cluster, unsigned(namespace), home)] : []),
    ...(hasGate ? [gateAnswers(cluster, namespace, home)] : []),
  ]);
