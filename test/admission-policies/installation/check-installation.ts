/** What goes on in the release namespace, and what does not, beside the table and the attacks: programs, the books, tokens, and rights in the cluster. */
import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import { accepted, type Answer, type ApiClient, type KubeObject } from '../../support/cluster/cluster.ts';
import { ofContents, ofMigration, ofRewrites, type Held } from '../guard/check-content.ts';
import { dryDelete, dryRun, refusedBy, type WorldCheck } from '../world/check.ts';
import { guard, installation } from '../world/guard-file.ts';
import { at, one } from '../world/guard-objects.ts';
import { open, type GuardWorld } from '../world/guard-world.ts';
import { roamer, boundElsewhere } from './installation-list.ts';
import { forgedOwner, fresh } from '../../support/attack/objects.ts';
import type { OwnWorld } from '../world/own-world.ts';

const rule = 'InstallationGuard';
const here: Held = { namespace: systemNamespace, rules: [rule, rule], by: ({ as }) => as('admin') };

/** Our own programs, of which the restorer has no line. */
const programs = {
  'countersign-operator': ({ operator }: OwnWorld) => operator,
  'countersign-restorer': ({ restorer }: OwnWorld) => restorer,
  'countersign-gate': ({ gate }: OwnWorld) => gate,
} as const;
type Program = keyof typeof programs;

const writes = (as: ApiClient, act: string, resource: string, name: string): Promise<Answer<unknown>> => {
  if (resource === 'serviceaccounts/token')
    return as.createAt(
      at(resource, name, systemNamespace),
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
      dryRun,
    );
  if (act === 'create') return as.create(one(resource, name, { namespace: systemNamespace }), dryRun);
  const body = { metadata: { annotations: { more: fresh('more') } } };
  return as.patch(at(resource, name, systemNamespace), 'merge', body, dryRun);
};

const isLetThrough = (answer: Answer<unknown>): boolean => answer.ok || answer.code === 409;

/** Each line of what our programs write: the program does, the others do not, and it writes no other of that kind. */
const ofPrograms: readonly WorldCheck<OwnWorld>[] = Object.entries(installation.programs).flatMap(([owner, lines]) =>
  lines.map(({ act, resource, name }) => ({
    name: `${owner} may ${act} ${resource} ${name}, no other program may, and it no other`,
    passes: async (world: OwnWorld) => {
      for (const [program, client] of Object.entries(programs)) {
        const as = client(world);
        const isTheirs = (installation.programs[program as Program] ?? []).some(
          (line) => line.act === act && line.resource === resource && line.name === name,
        );
        const answer = await writes(as, act, resource, name);
        if (isTheirs ? !isLetThrough(answer) : !refusedBy(answer, rule)) return false;
        const other = act === 'create' && resource !== 'serviceaccounts/token' ? fresh('other') : 'standing';
        if (!refusedBy(await writes(as, act, resource, other), rule)) return false;
      }
      return true;
    },
  })),
);

const token = async (world: GuardWorld, who: ApiClient, kind: 'Pod' | 'Secret') => {
  const name = kind === 'Pod' ? 'standing' : 'token';
  const resource = kind === 'Pod' ? 'pods' : 'secrets';
  const { metadata } = accepted(await world.as('installer').get(at(resource, name, systemNamespace)));
  const boundObjectRef = { apiVersion: 'v1', kind, name, uid: metadata.uid };
  return who.createAt(
    at('serviceaccounts/token', 'default', systemNamespace),
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } },
    dryRun,
  );
};

const ofTokens: readonly WorldCheck<OwnWorld>[] = [
  {
    name: 'a kubelet gets a token for a pod, and none for a Secret',
    passes: async (world) => {
      const kubelet = world.controller('kubelets');
      return (await token(world, kubelet, 'Pod')).ok && refusedBy(await token(world, kubelet, 'Secret'), rule);
    },
  },
  ...['in-nodes', 'system:node:pretended', 'attacker'].map((who) => ({
    name: `${who} gets no token for a pod`,
    passes: async (world: GuardWorld) => refusedBy(await token(world, world.as(who), 'Pod'), rule),
  })),
];

const ofNamespace: readonly WorldCheck<OwnWorld>[] = [
  {
    name: 'an administrator deletes the namespace, the controller of namespaces may, and nobody else',
    passes: async ({ as, controller }) => {
      const target = { apiVersion: 'v1', kind: 'Namespace', name: systemNamespace };
      return (
        (await as('admin').delete(target, dryDelete)).ok &&
        refusedBy(await as('attacker').delete(target, dryDelete), rule) &&
        refusedBy(await controller('generic-garbage-collector').delete(target, dryDelete), rule)
      );
    },
  },
  {
    name: 'other namespaces go on',
    passes: async ({ as }) =>
      (await as('attacker').create(one('configmaps', fresh('new'), { namespace: open }), dryRun)).ok &&
      (await as('attacker').create(one('roles', fresh('new'), { namespace: open }), dryRun)).ok &&
      (await as('attacker').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: fresh('new') } }, dryRun))
        .ok,
  },
  {
    name: 'what no line names goes on: notices, evictions, reviews',
    passes: async ({ as }) => {
      const attacker = as('attacker');
      const eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: 'standing', namespace: systemNamespace },
        deleteOptions: dryDelete,
      };
      const answers = [
        await attacker.createAt(at('pods/eviction', 'standing', systemNamespace), eviction, dryRun),
        await attacker.patch({ apiVersion: 'v1', kind: 'Namespace', name: systemNamespace }, 'merge', {}, dryRun),
      ];
      return answers.every(({ ok }) => ok);
    },
  },
];

const topics = Object.keys(guard.topics);

/** What is shown of the release namespace beside the table and the attacks. */
export const ofInstallation: readonly WorldCheck<OwnWorld>[] = [
  ...ofPrograms,
  ...ofTokens,
  ...ofNamespace,
  ...ofContents('configuration', here),
  ...topics.flatMap((topic) => ofRewrites(topic, here)),
  ...ofMigration('configuration', here),
];

const makesCustom = (as: ApiClient, namespace = systemNamespace): Promise<Answer<unknown>> =>
  as.create(one('gadgets', fresh('new'), { namespace }), dryRun);
const notListed = 'InstallationUnlisted';

export const ofInstallationUnlisted: readonly WorldCheck<OwnWorld>[] = [
  ...[
    'generic-garbage-collector',
    'kube-scheduler',
    'namespace-controller',
    'apiserver',
    'storage-migrators',
    'tokens-controller',
    'load-balancers',
    'kubelets',
  ].map((name) => ({
    name: `${name} writes a kind that nobody listed`,
    passes: async ({ controller }: GuardWorld) => (await makesCustom(controller(name))).ok,
  })),
  {
    name: 'a controller of another namespace writes one',
    passes: async ({ stranger }) => (await makesCustom(stranger)).ok,
  },
  {
    name: 'our own programs, people and who is named like a node write none',
    passes: async ({ as, operator }) => {
      for (const client of [operator, ...['attacker', 'in-nodes', 'system:node:pretended'].map((who) => as(who))])
        if (!refusedBy(await makesCustom(client), notListed)) return false;
      return true;
    },
  },
  {
    name: 'in other namespaces people write them',
    passes: async ({ as }) => (await makesCustom(as('attacker'), open)).ok,
  },
  {
    name: 'what has a line, what is exempt and what is in no namespace are not judged as unlisted',
    passes: async ({ as }) => {
      const admin = await as('admin').create(one('configmaps', fresh('new'), { namespace: systemNamespace }), dryRun);
      const attacker = await as('attacker').create(one('roles', fresh('new'), { namespace: systemNamespace }), dryRun);
      const other = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: fresh('new') } };
      return admin.ok && refusedBy(attacker, rule) && (await as('attacker').create(other, dryRun)).ok;
    },
  },
];

/** As somebody, by who may impersonate anybody, without a uid; of what is created no other policy speaks. */
const impersonated = async (world: GuardWorld, username: string): Promise<boolean> => {
  const { code } = await world.as('installer').raw({
    method: 'POST',
    path: `/api/v1/namespaces/${open}/secrets?dryRun=All`,
    body: one('secrets', fresh('new'), { namespace: open }),
    headers: { 'impersonate-user': username, 'impersonate-group': 'system:masters' },
  });
  return code === 201;
};

export const ofImpersonation: readonly WorldCheck<OwnWorld>[] = [
  ...['attacker', 'system:serviceaccount:kube-system:generic-garbage-collector'].map((name) => ({
    name: `${name} needs no uid`,
    passes: (world: GuardWorld) => impersonated(world, name),
  })),
  ...Object.keys(programs).map((name) => ({
    name: `${name} needs one`,
    passes: async (world: GuardWorld) =>
      !(await impersonated(world, `system:serviceaccount:${systemNamespace}:${name}`)),
  })),
];

const rbac = 'rbac.authorization.k8s.io/v1';
const clusterRole = (name: string) => ({ apiVersion: rbac, kind: 'ClusterRole', name });
const binds = (kind: string, name: string) => ({ roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name } });
const own = 'InstallationRights';

/** Every ClusterRole that carries the label of the chart. */
const ourRoles = async ({ as }: GuardWorld): Promise<readonly string[]> => {
  const labelSelector = 'app.kubernetes.io/part-of=countersign';
  const { items } = accepted(await as('installer').list({ apiVersion: rbac, kind: 'ClusterRole' }, { labelSelector }));
  return items.map(({ metadata }) => metadata.name ?? '');
};

const bindsTo = (kind: string, name: string, namespace?: string): KubeObject & { readonly roleRef: object } => ({
  apiVersion: rbac,
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name: fresh('planted'), ...(namespace === undefined ? {} : { namespace }) },
  ...binds(kind, name),
});

export const ofInstallationRights: readonly WorldCheck<OwnWorld>[] = [
  {
    name: 'each ClusterRole of ours is created, changed and deleted by administrators alone',
    passes: async (world) => {
      const who = world.as(roamer);
      for (const name of await ourRoles(world)) {
        const object = { apiVersion: rbac, kind: 'ClusterRole', metadata: { name }, rules: [] };
        const answers = [
          await who.create(object, dryRun),
          await who.patch(clusterRole(name), 'merge', { rules: [] }, dryRun),
          await who.delete(clusterRole(name), dryDelete),
        ];
        if (!answers.every((answer) => refusedBy(answer, own))) return false;
      }
      return (await world.as('admin').delete(clusterRole('countersign-gate'), dryDelete)).ok;
    },
  },
  ...Object.keys(programs).map((name) => ({
    name: `nobody but administrators binds ${name}, in a namespace or in the cluster`,
    passes: async ({ as }: GuardWorld) => {
      for (const namespace of [undefined, open]) {
        if (!refusedBy(await as(roamer).create(bindsTo('ClusterRole', name, namespace), dryRun), own)) return false;
        if (!(await as('admin').create(bindsTo('ClusterRole', name, namespace), dryRun)).ok) return false;
      }
      const target = { apiVersion: rbac, kind: 'ClusterRoleBinding', name };
      return (
        refusedBy(await as(roamer).patch(target, 'merge', { subjects: [] }, dryRun), own) &&
        refusedBy(await as(roamer).delete(target, dryDelete), own)
      );
    },
  })),
  {
    name: 'a binding of ours elsewhere is changed and deleted by administrators alone',
    passes: async ({ as }) => {
      const target = at('rolebindings', boundElsewhere, open);
      return (
        refusedBy(await as(roamer).patch(target, 'merge', { subjects: [] }, dryRun), own) &&
        refusedBy(await as(roamer).delete(target, dryDelete), own)
      );
    },
  },
  {
    name: 'other rights go on: ClusterRoles, bindings of others, a Role that is only named so, and Roles',
    passes: async ({ as }) => {
      const who = as(roamer);
      const role = { apiVersion: rbac, kind: 'ClusterRole', metadata: { name: fresh('other') }, rules: [] };
      const answers = [
        await who.create(role, dryRun),
        await who.create(bindsTo('ClusterRole', 'view'), dryRun),
        await who.create(bindsTo('ClusterRole', 'view', open), dryRun),
        await who.create(bindsTo('ClusterRole', 'countersign-tester', open), dryRun),
        await who.create(bindsTo('Role', 'countersign-operator', open), dryRun),
        await who.create(one('roles', 'countersign-operator', { namespace: open }), dryRun),
      ];
      return answers.every(({ ok }) => ok);
    },
  },
  ...['generic-garbage-collector', 'storage-migrators'].map((name) => ({
    name: `${name} writes metadata of what is ours, and nothing else of it, and neither makes nor deletes it`,
    passes: async ({ controller }: GuardWorld) => {
      const keeper = controller(name);
      const role = clusterRole('countersign-gate');
      const owned = { metadata: { ownerReferences: [forgedOwner] } };
      if (!(await keeper.patch(role, 'merge', owned, dryRun)).ok) return false;
      const object = { apiVersion: rbac, kind: 'ClusterRole', metadata: { name: role.name }, rules: [] };
      const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { no: 'such' } }] };
      const binding = { ...role, kind: 'ClusterRoleBinding' };
      const answers = [
        await keeper.patch(role, 'merge', { rules: [] }, dryRun),
        await keeper.patch(role, 'merge', { rules: null }, dryRun),
        await keeper.patch(role, 'merge', { aggregationRule }, dryRun),
        await keeper.patch(binding, 'merge', { subjects: null }, dryRun),
        await keeper.create(object, dryRun),
        await keeper.delete(role, dryDelete),
      ];
      return answers.every((answer) => refusedBy(answer, own));
    },
  })),
  {
    name: 'nobody else writes metadata of what is ours',
    passes: async ({ as, controller }) => {
      const owned = { metadata: { ownerReferences: [forgedOwner] } };
      for (const who of [as('attacker'), controller('namespace-controller')])
        if (!refusedBy(await who.patch(clusterRole('countersign-gate'), 'merge', owned, dryRun), own)) return false;
      return true;
    },
  },
  {
    name: 'the namespace controller deletes a binding of ours with its namespace, and does nothing else',
    passes: async ({ as, controller }) => {
      const cleaner = controller('namespace-controller');
      const target = at('rolebindings', boundElsewhere, open);
      const cluster = { apiVersion: rbac, kind: 'ClusterRoleBinding', name: 'countersign-gate' };
      const refused = [
        await cleaner.patch(target, 'merge', { subjects: [] }, dryRun),
        await cleaner.delete(cluster, dryDelete),
        await cleaner.delete(clusterRole('countersign-gate'), dryDelete),
        await cleaner.create(bindsTo('ClusterRole', 'countersign-gate', open), dryRun),
        await controller('generic-garbage-collector').delete(target, dryDelete),
        await as('attacker').delete(target, dryDelete),
      ];
      return (await cleaner.delete(target, dryDelete)).ok && refused.every((answer) => refusedBy(answer, own));
    },
  },
];
