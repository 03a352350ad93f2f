/** What a look at an installation finds: whether it is whole, whether its locks act, and who could get around it. */
import { group, guardedLabel, policyName } from '../operator/api/kinds.ts';
import { toFailure } from '../operator/kube/failures.ts';
import { isRecord, type KubeObject, type ResourceRow } from '../operator/kube/resource.ts';
import type { Cluster } from './cluster/cluster.ts';
import { isForbidden } from './cluster/cluster.ts';
import { conditionOf, policyOf } from './candidate/objects.ts';

export interface Diagnosis {
  readonly severity: 'ok' | 'info' | 'warning' | 'error';
  readonly what: string;
  /** '' where nothing is to be done. */
  readonly next: string;
}

const oldestMinor = 36;
/** A clock that is further off than this makes waits and expiries read wrongly. */
const mostSkewMs = 5_000;

const row = (apiVersion: string, kind: string, plural: string): ResourceRow => ({
  apiVersion,
  kind,
  plural,
  namespaced: false,
});
const rows = {
  namespaces: row('v1', 'Namespace', 'namespaces'),
  policies: row('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies'),
  bindings: row(
    'admissionregistration.k8s.io/v1',
    'ValidatingAdmissionPolicyBinding',
    'validatingadmissionpolicybindings',
  ),
  webhooks: row('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'),
  clusterRoles: row('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles'),
  clusterRoleBindings: row('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings'),
} as const;

const ok = (what: string): Diagnosis => ({ severity: 'ok', what, next: '' });
const found = (severity: Diagnosis['severity'], what: string, next: string): Diagnosis => ({ severity, what, next });

/** Lists what may be listed. What may not is said, and is no fault. */
const looking = async (
  cluster: Cluster,
  resource: ResourceRow,
  judge: (all: readonly KubeObject[]) => readonly Diagnosis[] | Promise<readonly Diagnosis[]>,
  labelSelector?: string,
): Promise<readonly Diagnosis[]> => {
  try {
    return await judge(await cluster.list(resource, labelSelector === undefined ? {} : { labelSelector }));
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return [
      found('info', `not looked at: you may not list ${resource.plural}`, `kubectl auth can-i list ${resource.plural}`),
    ];
  }
};

const server = async (cluster: Cluster): Promise<readonly Diagnosis[]> => {
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

const definitionsServed = async (cluster: Cluster): Promise<readonly Diagnosis[]> => {
  try {
    await cluster.transport.request({ method: 'GET', path: `/apis/${group}/v1alpha1` });
    return [ok(`${group} is served`)];
  } catch (error) {
    if (toFailure(error).kind !== 'NotFound') throw error;
    return [
      found(
        'error',
        `${group} is not served`,
        'helm upgrade --install countersign charts/countersign -n countersign-system',
      ),
    ];
  }
};

const isOurs = ({ metadata }: KubeObject): boolean => metadata.name.startsWith('countersign-');

/** Each policy needs a binding that denies. */
const locks = (cluster: Cluster): Promise<readonly Diagnosis[]> =>
  looking(cluster, rows.policies, (policies) =>
    looking(cluster, rows.bindings, (bindings) => {
      const ours = policies.filter(isOurs);
      const bound = new Set(
        bindings.map((binding) => (isRecord(binding['spec']) ? binding['spec']['policyName'] : '')),
      );
      const loose = ours.filter(({ metadata }) => !bound.has(metadata.name));
      if (ours.length === 0)
        return [
          found(
            'error',
            'there are no admission policies of Countersign',
            'helm upgrade countersign charts/countersign -n countersign-system --reuse-values',
          ),
        ];
      return loose.length === 0
        ? [ok(`${ours.length} admission policies, each with a binding`)]
        : loose.map(({ metadata }) =>
            found(
              'error',
              `admission policy ${metadata.name} has no binding, so it refuses nothing`,
              'helm upgrade countersign charts/countersign -n countersign-system --reuse-values',
            ),
          );
    }),
  );

const gate = (cluster: Cluster): Promise<readonly Diagnosis[]> =>
  looking(cluster, rows.webhooks, (all) =>
    all.some(isOurs)
      ? [ok('the gate is registered')]
      : [
          found(
            'error',
            'the gate is not registered: nothing is promoted',
            'helm upgrade countersign charts/countersign -n countersign-system --reuse-values',
          ),
        ],
  );

/** What the operator says of one production namespace. */
const namespaceFaults = async (cluster: Cluster, namespace: string): Promise<readonly Diagnosis[]> => {
  const policy = await cluster.findOur('ReleasePolicy', { namespace, name: policyName });
  if (policy === undefined) {
    return [
      found(
        'error',
        `${namespace} is guarded and has no ReleasePolicy: nothing can be released to it`,
        `kubectl create -f <policy>.yaml -n ${namespace}`,
      ),
    ];
  }
  const severities = {
    Ready: 'error',
    Explained: 'error',
    EveryKindGuarded: 'warning',
    NoForeignMutators: 'warning',
    Stalled: 'error',
  } as const;
  const faults = Object.entries(severities).flatMap(([type, severity]) => {
    const condition = conditionOf(policyOf(policy), type);
    const isFine =
      condition === undefined ? type !== 'Ready' : condition.status === (type === 'Stalled' ? 'False' : 'True');
    if (isFine) return [];
    const next =
      type === 'Explained'
        ? `kubectl countersign findings -n ${namespace}`
        : `kubectl describe relpol ${policyName} -n ${namespace}`;
    return [
      found(
        severity,
        `${namespace}: ${type} is ${condition?.status ?? 'unknown'}: ${condition?.message ?? 'the operator has not looked at it'}`,
        next,
      ),
    ];
  });
  return faults.length === 0 ? [ok(`${namespace}: policy in force, every change explained`)] : faults;
};

const namespaces = (cluster: Cluster, named: readonly string[]): Promise<readonly Diagnosis[]> =>
  named.length > 0
    ? Promise.all(named.map((name) => namespaceFaults(cluster, name))).then((all) => all.flat())
    : looking(
        cluster,
        rows.namespaces,
        async (all) => (await Promise.all(all.map(({ metadata }) => namespaceFaults(cluster, metadata.name)))).flat(),
        guardedLabel,
      );

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** By what a role lets somebody become somebody else, or make credentials. */
const ways: readonly (readonly [why: string, isSo: (rule: Readonly<Record<string, unknown>>) => boolean])[] = [
  [
    'may impersonate',
    (rule) => texts(rule['verbs']).some((verb) => verb === 'impersonate' || verb.startsWith('impersonate:')),
  ],
  [
    'may make tokens of ServiceAccounts',
    (rule) => texts(rule['resources']).includes('serviceaccounts/token') && texts(rule['verbs']).includes('create'),
  ],
  [
    'may approve certificate requests',
    (rule) => texts(rule['resources']).includes('certificatesigningrequests/approval'),
  ],
  [
    'may do everything',
    (rule) => ['verbs', 'resources', 'apiGroups'].every((field) => texts(rule[field]).includes('*')),
  ],
];

const rulesOf = (role: KubeObject) => (Array.isArray(role['rules']) ? role['rules'] : []).filter(isRecord);

/** Whoever is bound to these in the whole cluster is trusted with production. Bindings of the control plane are left out. */
const powers = (cluster: Cluster): Promise<readonly Diagnosis[]> =>
  looking(cluster, rows.clusterRoles, (roles) =>
    looking(cluster, rows.clusterRoleBindings, (bindings) => {
      const byRole = new Map(
        roles.map((role) => [
          role.metadata.name,
          ways.filter(([, isSo]) => rulesOf(role).some(isSo)).map(([why]) => why),
        ]),
      );
      return bindings.flatMap((binding): Diagnosis[] => {
        const roleRef = isRecord(binding['roleRef']) ? String(binding['roleRef']['name']) : '';
        const why = byRole.get(roleRef) ?? [];
        const subjects = (Array.isArray(binding['subjects']) ? binding['subjects'] : []).filter(isRecord);
        const who = subjects
          .map(({ kind, name }) => `${String(kind)} ${String(name)}`)
          .filter((each) => !each.includes(' system:') || each.endsWith(' system:authenticated'));
        if (why.length === 0 || who.length === 0 || binding.metadata.name.startsWith('system:')) return [];
        return [
          found(
            'warning',
            `${who.join(', ')} ${why.join(', ')} in the whole cluster (ClusterRole ${roleRef}); what they change in production is found afterwards, not refused`,
            `kubectl get clusterrolebinding ${binding.metadata.name} -o yaml`,
          ),
        ];
      });
    }),
  );

/** Everything that this person may look at. */
export async function* examine(cluster: Cluster, named: readonly string[]): AsyncGenerator<Diagnosis> {
  for (const look of [server, definitionsServed, locks, gate, (each: Cluster) => namespaces(each, named), powers]) {
    yield* await look(cluster);
  }
}
