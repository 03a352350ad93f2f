/** Attacks on the installation itself: with rights in the release namespace, or over RBAC in the whole cluster, but none to administer it. */
import { serviceAccountToken, systemNamespace } from '../../../hack/controlplane/chart.ts';
import type { RawRequest } from '../../../hack/controlplane/client.ts';
import { stagingLabel } from '../../../operator/api/kinds.ts';
import type { Answer, ApiClient, Manifest, Target } from '../../support/cluster/cluster.ts';
import { admitted, policyLock, type Attack, type Attempt } from '../../support/attack/attack.ts';
import { at, image, one, podSpec } from '../world/guard-objects.ts';
import { fresh } from '../../support/attack/objects.ts';
import type { World } from '../../support/attack/world.ts';

/** Everything in the release namespace by RBAC, and neither `administer` nor anything outside. */
export const insider = 'insider';
/** `edit` and `admin` in the release namespace, as clusters give them. */
export const editor = 'editor';
export const namespaceAdmin = 'namespace-admin';
/** Keeps Secrets in the release namespace, which is what the right is bound to in production. */
export const keeper = 'keeper-a';
/** Everything in RBAC, bind and escalate included, and on namespaces, in the whole cluster. */
export const roamer = 'roamer';
/** Of the group that the chart's values name. */
export const administrator = 'installer-a';
export const administrators = 'platform-installers';

const dryRun = { dryRun: 'All' } as const;
const dryDelete = { dryRun: ['All'] } as const;
const here = (resource: string, name: string): Target => at(resource, name, systemNamespace);
const made = (resource: string, fields: object = {}, name = fresh('planted')): Manifest =>
  one(resource, name, { ...fields, namespace: systemNamespace });

const rbac = 'rbac.authorization.k8s.io/v1';
const roleRef = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name });
const self = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: roamer }];
const pod = (serviceAccountName: string) => ({ spec: podSpec({ serviceAccountName }) });

interface Row {
  readonly name: string;
  readonly by: string;
  readonly does: (as: ApiClient) => Promise<Attempt>;
}

const answered =
  (does: (as: ApiClient) => Promise<Answer<unknown>>) =>
  async (as: ApiClient): Promise<Attempt> =>
    admitted(await does(as));

const token = (name: string) =>
  answered((as) =>
    as.createAt(
      { apiVersion: 'v1', kind: 'ServiceAccount', namespace: systemNamespace, name, subresource: 'token' },
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
      dryRun,
    ),
  );
const creates = (object: () => Manifest) => answered((as) => as.create(object(), dryRun));
const merges = (resource: string, name: string, body: object) =>
  answered((as) => as.patch(here(resource, name), 'merge', body, dryRun));
const deletes = (resource: string, name: string) => answered((as) => as.delete(here(resource, name), dryDelete));
/** No kubelet answers here, so that a session that was let through fails later, and says something else. */
const opens =
  (path: string) =>
  async (as: ApiClient): Promise<Attempt> => {
    const { code, text } = await as.raw({ method: 'POST', path: `/api/v1/namespaces/${systemNamespace}/${path}` });
    return { reached: !text.includes('ValidatingAdmissionPolicy'), said: text, code };
  };

const each = (users: readonly string[], name: string, does: Row['does']): readonly Row[] =>
  users.map((by) => ({ by, name: `${by} ${name}`, does }));

const gateSlice = () =>
  made('endpointslices', { metadata: { labels: { 'kubernetes.io/service-name': 'countersign-gate' } } });
const templateImage = {
  spec: { template: { spec: { containers: [{ name: 'operator', image: image('e') }] } } },
};

const inNamespace: readonly Row[] = [
  ...['countersign-operator', 'countersign-restorer', 'countersign-gate'].flatMap((name) =>
    each([editor, namespaceAdmin], `makes a token of ${name}`, token(name)),
  ),
  ...each(
    [editor, namespaceAdmin],
    'runs a pod under the ServiceAccount of the operator',
    creates(() => made('pods', pod('countersign-operator'))),
  ),
  ...each(
    [editor],
    'runs a pod of the default ServiceAccount that mounts the Secret of the gate',
    creates(() =>
      made('pods', {
        spec: podSpec({ volumes: [{ name: 'keys', secret: { secretName: 'countersign-gate' } }] }),
      }),
    ),
  ),
  ...each(
    [editor],
    'puts another image into the Deployment of the operator',
    answered((as) => as.patch(here('deployments', 'countersign-operator'), 'strategic', templateImage, dryRun)),
  ),
  ...each(
    [editor],
    'scales the operator away',
    merges('deployments/scale', 'countersign-operator', { spec: { replicas: 0 } }),
  ),
  ...each([editor], 'deletes the Deployment of the gate', deletes('deployments', 'countersign-gate')),
  ...(
    ['deployments', 'statefulsets', 'daemonsets', 'jobs', 'cronjobs', 'replicasets', 'replicationcontrollers'] as const
  ).flatMap((resource) =>
    each(
      [editor],
      `plants one of ${resource}`,
      creates(() => made(resource)),
    ),
  ),
  ...each(
    [editor, namespaceAdmin, keeper],
    'empties the Secret of the gate',
    merges('secrets', 'countersign-gate', { data: null }),
  ),
  ...each(
    [editor, keeper],
    'changes the key of digests',
    merges('secrets', 'countersign-digest-key', { data: { key: 'eA==' } }),
  ),
  ...each(
    [editor],
    'asks for a lasting token of the operator by a Secret',
    creates(() =>
      made('secrets', {
        metadata: { annotations: { 'kubernetes.io/service-account.name': 'countersign-operator' } },
        type: 'kubernetes.io/service-account-token',
      }),
    ),
  ),
  ...each([editor], 'deletes what Helm remembers', deletes('secrets', 'sh.helm.release.v1.countersign.v1')),
  ...each(
    [insider],
    'lengthens the Lease to 68 years',
    merges('leases', 'countersign-operator', {
      spec: { leaseDurationSeconds: 2_147_483_647 },
    }),
  ),
  ...each([insider], 'takes the Lease away', deletes('leases', 'countersign-operator')),
  ...each([insider], 'points the Service of the gate elsewhere by an EndpointSlice', creates(gateSlice)),
  ...each(
    [insider],
    'points it elsewhere by Endpoints',
    creates(() => made('endpoints', {}, 'countersign-gate-2')),
  ),
  ...each(
    [editor],
    'has the Service of the gate select other pods',
    merges('services', 'countersign-gate', {
      spec: { selector: { app: 'evil' } },
    }),
  ),
  ...each(
    [editor],
    'cuts the gate off by a NetworkPolicy',
    creates(() => made('networkpolicies')),
  ),
  ...each(
    [editor],
    'lets no pod of the gate be drained',
    creates(() => made('poddisruptionbudgets')),
  ),
  ...each(
    [insider],
    'leaves no room for pods by a quota',
    creates(() => made('resourcequotas')),
  ),
  ...each(
    [namespaceAdmin],
    'gives rights by a Role',
    creates(() => made('roles')),
  ),
  ...each(
    [namespaceAdmin],
    'gives rights by a RoleBinding',
    creates(() => made('rolebindings', { roleRef: roleRef('view') })),
  ),
  ...each([namespaceAdmin], 'takes the Role of the gate away', deletes('roles', 'countersign-gate')),
  ...each([editor], 'deletes the ServiceAccount of the restorer', deletes('serviceaccounts', 'countersign-restorer')),
  ...each([editor], 'goes into a pod by exec', opens('pods/planted/exec?command=sh&stdin=true')),
  ...each([editor], 'goes into a pod by attach', opens('pods/planted/attach?stdin=true')),
  ...each([editor], 'goes into a pod by port-forward', opens('pods/planted/portforward')),
  ...each(
    [insider],
    'goes into a pod by a debugging container',
    answered((as) =>
      as.patch(
        here('pods/ephemeralcontainers', 'planted'),
        'strategic',
        { spec: { ephemeralContainers: [{ name: 'debug', image: image('e') }] } },
        dryRun,
      ),
    ),
  ),
  ...each(
    [insider],
    'puts another image into a pod that runs',
    answered((as) =>
      as.patch(
        here('pods', 'planted'),
        'strategic',
        { spec: { containers: [{ name: 'main', image: image('e') }] } },
        dryRun,
      ),
    ),
  ),
  ...each([insider], 'says of a pod that it is ready', merges('pods/status', 'planted', { status: { message: 'x' } })),
  ...each(
    [roamer],
    'deletes the namespace',
    answered((as) => as.delete({ apiVersion: 'v1', kind: 'Namespace', name: systemNamespace }, dryDelete)),
  ),
];

const clusterRights: readonly Row[] = [
  ...each(
    [roamer],
    'binds the ClusterRole of the operator to itself in a namespace',
    answered((as) =>
      as.create(
        one('rolebindings', fresh('planted'), {
          namespace: 'default',
          roleRef: roleRef('countersign-operator'),
          subjects: self,
        }),
        dryRun,
      ),
    ),
  ),
  ...each(
    [roamer],
    'binds the ClusterRole of the restorer to itself in the whole cluster',
    answered((as) =>
      as.create(
        {
          apiVersion: rbac,
          kind: 'ClusterRoleBinding',
          metadata: { name: fresh('planted') },
          roleRef: roleRef('countersign-restorer'),
          subjects: self,
        },
        dryRun,
      ),
    ),
  ),
  ...each(
    [roamer],
    'becomes a subject of the binding of the gate',
    answered((as) =>
      as.patch(
        { apiVersion: rbac, kind: 'ClusterRoleBinding', name: 'countersign-gate' },
        'merge',
        { subjects: self },
        dryRun,
      ),
    ),
  ),
  ...each(
    [roamer],
    'takes the binding of the restorer away',
    answered((as) =>
      as.delete({ apiVersion: rbac, kind: 'ClusterRoleBinding', name: 'countersign-restorer' }, dryDelete),
    ),
  ),
  ...(['countersign-operator', 'countersign-tester', 'countersign-emergency'] as const).flatMap((name) =>
    each(
      [roamer],
      `rewrites the ClusterRole ${name}`,
      answered((as) => as.patch({ apiVersion: rbac, kind: 'ClusterRole', name }, 'merge', { rules: [] }, dryRun)),
    ),
  ),
  ...each(
    [roamer],
    'deletes the ClusterRole of the gate',
    answered((as) => as.delete({ apiVersion: rbac, kind: 'ClusterRole', name: 'countersign-gate' }, dryDelete)),
  ),
];

/** Kinds that no line names: a controller turns a custom resource into a Secret or pods with rights of its own. */
const unlisted: readonly Row[] = [
  ...each(
    [editor, insider],
    'makes a custom resource that nobody listed',
    creates(() => made('gadgets')),
  ),
];

interface Impersonation {
  readonly name: string;
  readonly program: 'countersign-operator' | 'countersign-gate';
  readonly request: RawRequest;
}

const impersonations: readonly Impersonation[] = [
  {
    name: 'as the operator, asks for a token of the restorer',
    program: 'countersign-operator',
    request: {
      method: 'POST',
      path: `/api/v1/namespaces/${systemNamespace}/serviceaccounts/countersign-restorer/token?dryRun=All`,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    },
  },
  {
    name: 'as the operator, takes the Lease',
    program: 'countersign-operator',
    request: {
      method: 'PATCH',
      path: `/apis/coordination.k8s.io/v1/namespaces/${systemNamespace}/leases/countersign-operator?dryRun=All`,
      contentType: 'application/merge-patch+json',
      body: { spec: { holderIdentity: 'planted' } },
    },
  },
  {
    name: 'as the gate, writes its Secret',
    program: 'countersign-gate',
    request: {
      method: 'PUT',
      path: `/api/v1/namespaces/${systemNamespace}/secrets/countersign-gate?dryRun=All`,
      body: made('secrets', {}, 'countersign-gate'),
    },
  },
];

const sent = async (as: ApiClient, request: RawRequest): Promise<Attempt> => {
  const { code, text } = await as.raw(request);
  return { reached: code < 300, said: text, code };
};

/** By who may impersonate every ServiceAccount there, which `edit` and `admin` of Kubernetes let their holders; the twin has its token. */
const impersonation =
  (by: string) =>
  ({ name, program, request }: Impersonation): Attack<World> => {
    const username = `system:serviceaccount:${systemNamespace}:${program}`;
    return {
      id: '§5',
      name: `${by}, ${name}`,
      act: ({ as }) => sent(as(by), { ...request, headers: { 'impersonate-user': username } }),
      denied: `ProgramByToken: ${username} comes without the uid `,
      twin: async ({ as, cluster }) => {
        const holder = as('installer').withToken(await serviceAccountToken(cluster.controlPlane, program));
        try {
          return await sent(holder, request);
        } finally {
          holder.close();
        }
      },
      locks: [policyLock('countersign-impersonation')],
    };
  };

const staged = { metadata: { labels: { [stagingLabel]: 'true' } } };
const ours: Target = { apiVersion: 'v1', kind: 'Namespace', name: systemNamespace };

/** The release namespace is to hold what is tried out: the stamps and the rules of staging would act on our own objects. */
const staging: Attack<World> = {
  id: '§5',
  name: 'makes the release namespace a staging namespace',
  act: async ({ as }) => admitted(await as(roamer).patch(ours, 'merge', staged, dryRun)),
  denied: `StagingPlace: ${roamer} cannot make ${systemNamespace} a staging namespace`,
  twin: async ({ as }) =>
    admitted(
      await as(roamer).create(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: fresh('staging'), ...staged.metadata } },
        dryRun,
      ),
    ),
  locks: [policyLock('countersign-staging')],
};

const attackOf =
  (rule: string, policy: string) =>
  ({ name, by, does }: Row): Attack<World> => ({
    id: '§5',
    name,
    act: ({ as }) => does(as(by)),
    denied: `${rule}: ${by} may not `,
    twin: ({ as }) => does(as(administrator)),
    locks: [policyLock(policy)],
  });

export const installationAttacks: readonly Attack<World>[] = [
  ...inNamespace.map(attackOf('InstallationGuard', 'countersign-installation')),
  ...clusterRights.map(attackOf('InstallationRights', 'countersign-installation-rights')),
  ...unlisted.map(attackOf('InstallationUnlisted', 'countersign-installation-unlisted')),
  staging,
  ...[editor, namespaceAdmin].flatMap((by) => impersonations.map(impersonation(by))),
];

/** A binding of ours in another namespace, which is there for the checks. */
export const boundElsewhere = 'bound-elsewhere';
