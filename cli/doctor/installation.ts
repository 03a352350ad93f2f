/** Is the installation whole: what is served, bound and registered, and does an operator work? */
import { group } from '../../operator/api/kinds.ts';
import { listed } from '../../operator/decide/messages.ts';
import { toFailure } from '../../operator/kube/failures.ts';
import { leases, viewOf } from '../../operator/kube/lease-object.ts';
import { isRecord, type KubeObject, type ResourceRow } from '../../operator/kube/resource.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import { rbacRows, subjectsOf } from '../cluster/rbac.ts';
import { found, looking, ok, type Diagnosis } from './diagnosis.ts';

const oldestMinor = 36;
/** A clock that is further off than this makes waits and expiries read wrongly. */
const mostSkewMs = 5_000;

const admission = (kind: string, plural: string): ResourceRow => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  plural,
  namespaced: false,
});
const webhooks = admission('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations');

/** Policies of a sort, and what binds them. */
const sorts = [
  [
    'admission policies',
    admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies'),
    admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'),
  ],
  [
    'stamps',
    admission('MutatingAdmissionPolicy', 'mutatingadmissionpolicies'),
    admission('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings'),
  ],
] as const;

/** Where the chart is installed when nobody says otherwise. */
const usualNamespace = 'countersign-system';

const upgrade = (namespace: string): string =>
  `helm upgrade countersign charts/countersign -n ${namespace} --reuse-values`;

/** The namespace of Countersign itself, as far as it can be told: where the operator's account is. */
export const releaseNamespace = async (cluster: Cluster): Promise<string> => {
  const binding = await ifReadable(cluster.find(rbacRows.ClusterRoleBinding, { name: 'countersign-operator' }));
  const own = binding && subjectsOf(binding).find(({ name }) => name === 'countersign-operator');
  return own?.namespace ?? usualNamespace;
};

export const server = async (cluster: Cluster): Promise<readonly Diagnosis[]> => {
  const { major, minor, gitVersion } = await cluster.client.serverVersion();
  const skew = cluster.transport.serverTime.skewMs() ?? 0;
  return [
    major > 1 || minor >= oldestMinor
      ? ok(`Kubernetes ${gitVersion}`)
      : found('error', `Kubernetes ${gitVersion} is older than 1.${oldestMinor}`, 'Upgrade the cluster'),
    Math.abs(skew) <= mostSkewMs
      ? ok('the clock of this machine agrees with that of the API server')
      : found(
          'warning',
          `the clock of this machine is ${Math.round(Math.abs(skew) / 1_000)} s off`,
          'Set it: timedatectl set-ntp true',
        ),
  ];
};

export const definitionsServed = async (cluster: Cluster): Promise<readonly Diagnosis[]> => {
  try {
    await cluster.transport.request({ method: 'GET', path: `/apis/${group}/v1alpha1` });
    return [ok(`${group} is served`)];
  } catch (error) {
    if (toFailure(error).kind !== 'NotFound') throw error;
    return [
      found(
        'error',
        `${group} is not served: Countersign is not installed`,
        `helm upgrade --install countersign charts/countersign -n ${usualNamespace} --create-namespace`,
      ),
    ];
  }
};

const isOurs = ({ metadata }: KubeObject): boolean => metadata.name.startsWith('countersign-');

const policyOf = ({ spec }: KubeObject & { readonly spec?: unknown }): string =>
  isRecord(spec) ? String(spec['policyName']) : '';

/** A stamp has no actions: it acts wherever it is bound. */
const acts = ({ spec }: KubeObject & { readonly spec?: unknown }): boolean => {
  const actions = isRecord(spec) ? spec['validationActions'] : undefined;
  return !Array.isArray(actions) || actions.includes('Deny');
};

/** Each policy needs a binding that acts, and each binding its policy. */
export const locks = async (cluster: Cluster, home: string): Promise<readonly Diagnosis[]> => {
  const all = await Promise.all(
    sorts.map(([name, policies, bindings]) =>
      looking(cluster, policies, (made) =>
        looking(cluster, bindings, (bound) => {
          const ours = made.filter(isOurs).map(({ metadata }) => metadata.name);
          const acting = new Set(bound.filter(acts).map(policyOf));
          const loose = ours.filter((policy) => !acting.has(policy));
          const orphans = bound
            .filter(isOurs)
            .map(policyOf)
            .filter((policy) => !ours.includes(policy));
          if (ours.length === 0) return [found('error', `there are no ${name} of Countersign`, upgrade(home))];
          const faults = [
            ...loose.map((policy) =>
              found('error', `${policy} of the ${name} has no binding that acts, so it does nothing`, upgrade(home)),
            ),
            ...[...new Set(orphans)].map((policy) =>
              found('error', `${policy} of the ${name} is bound and not there`, upgrade(home)),
            ),
          ];
          return faults.length > 0 ? faults : [ok(`${ours.length} ${name}, each with a binding that acts`)];
        }),
      ),
    ),
  );
  return all.flat();
};

export const gateRegistered = (cluster: Cluster, home: string): Promise<readonly Diagnosis[]> =>
  looking(cluster, webhooks, (all) => {
    const own = all.find(({ metadata }) => metadata.name === 'countersign-gate');
    if (own === undefined) {
      return [
        found('error', 'the gate is not registered: nothing is promoted', `${upgrade(home)} --set gate.enabled=true`),
      ];
    }
    const entries = (Array.isArray(own['webhooks']) ? own['webhooks'] : []).filter(isRecord);
    const unset = entries.filter(
      ({ clientConfig }) => !isRecord(clientConfig) || clientConfig['caBundle'] === undefined,
    );
    return unset.length === 0
      ? [ok(`the gate is registered, with ${entries.length} entries`)]
      : [
          found(
            'error',
            `the gate has not registered its certificate for ${listed(unset.map(({ name }) => String(name)))}: what they ask about is refused`,
            `kubectl rollout status deployment/countersign-gate -n ${home}`,
          ),
        ];
  });

/** The operator renews its Lease by its own clock; the API server notes by its own when that was. */
export const operatorWorks = async (cluster: Cluster, home: string): Promise<readonly Diagnosis[]> => {
  const next = `kubectl rollout status deployment/countersign-operator -n ${home}`;
  const ref = { namespace: home, name: 'countersign-operator' };
  let isRead = false;
  const lease = await ifReadable(
    cluster.find(leases, ref).then((each) => {
      isRead = true;
      return each;
    }),
  );
  if (!isRead) {
    return [
      found('info', `not looked at: you may not read leases in ${home}`, `kubectl auth can-i get leases -n ${home}`),
    ];
  }
  const { holder, leaseMs } = lease === undefined ? {} : viewOf(lease);
  const renewed = lease === undefined ? NaN : renewalOf(lease);
  if (lease === undefined || holder === undefined || leaseMs === undefined || Number.isNaN(renewed)) {
    return [found('error', 'no operator leads: nothing is promoted, and no rollback begins', next)];
  }
  const now = cluster.transport.serverTime.bounds()?.earliest ?? renewed;
  const written = lastWritten(lease) ?? renewed;
  if (now - written > 2 * leaseMs) {
    const since = new Date(written).toISOString();
    return [found('error', `no operator leads since ${since}: nothing is promoted, and no rollback begins`, next)];
  }
  // managedFields tells whole seconds.
  const skew = Math.max(0, Math.abs(renewed - written) - 1_000);
  return skew <= mostSkewMs
    ? [ok('an operator leads, and its clock agrees with that of the API server')]
    : [
        found(
          'error',
          `the clock of the operator that leads is ${Math.round(skew / 1_000)} s off that of the API server: waits and expiries end at other times than they say`,
          `Set the clock of its node; which one that is: kubectl get pods -n ${home} -o wide`,
        ),
      ];
};

/** By the clock of the operator. */
const renewalOf = ({ spec }: KubeObject & { readonly spec?: unknown }): number =>
  isRecord(spec) ? Date.parse(String(spec['renewTime'])) : NaN;

/** By the clock of the API server. */
const lastWritten = ({ metadata }: KubeObject): number | undefined =>
  (Array.isArray(metadata['managedFields']) ? metadata['managedFields'] : [])
    .filter(isRecord)
    .map(({ time }) => Date.parse(String(time)))
    .filter((each) => !Number.isNaN(each))
    .sort((a, b) => b - a)[0];
