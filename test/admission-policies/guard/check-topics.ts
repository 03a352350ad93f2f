/** What each topic of the guard holds, and lets go on, that its table and its attacks do not show. */
import { grantPrefix } from '../../../operator/decide/record/grant-names.ts';
import type { PromotableKind } from '../../../operator/decide/manifest/kinds/shared/kind.ts';
import { bind, eventually, role } from '../../support/attack/world.ts';
import { accepted, targetOf, type Answer, type ApiClient } from '../../support/cluster/cluster.ts';
import { ofNamespaces } from './check-namespace.ts';
import { ofSecrets } from './check-secrets.ts';
import { ofRestarts, restart } from './check-restart.ts';
import { ofUnlisted } from './check-unlisted.ts';
import { dryDelete, dryRun, refusedBy, type Check } from '../world/check.ts';
import { letIn, wildOperators } from '../world/emergency-world.ts';
import { fromCronJob, manual } from './guard-list.ts';
import { anObject, customKinds, groupOf, serveCustomKinds } from '../world/custom-kinds.ts';
import { at, one } from '../world/guard-objects.ts';
import { open, preparer, type GuardWorld } from '../world/guard-world.ts';
import { forgedOwner, fresh, production } from '../../support/attack/objects.ts';

const ofNetwork: readonly Check[] = [
  {
    name: 'a program writes the Service that the policy names for it, and nobody else does',
    passes: async ({ as, platform }) => {
      const body = { spec: { ports: [{ port: 81 }] } };
      const theirs = await platform.patch(at('services', 'outside'), 'merge', body, dryRun);
      return (
        theirs.ok &&
        refusedBy(
          await as('attacker').patch(at('services', 'outside'), 'merge', body, dryRun),
          'ProductionGuardNetwork',
        )
      );
    },
  },
  {
    name: 'a program writes nothing else of that name',
    passes: async ({ platform }) =>
      refusedBy(await platform.create(one('ingresses', 'outside'), dryRun), 'ProductionGuardNetwork'),
  },
];

type CustomAct = (who: ApiClient, row: PromotableKind) => Promise<Answer<unknown>>;

const lying = ({ apiVersion, kind }: PromotableKind) => ({ apiVersion, kind, namespace: production, name: 'lies' });

const laid = new WeakMap<GuardWorld, Promise<void>>();

/** One of each kind that a definition gives and a release may contain, in production; once a world. */
const lay = (world: GuardWorld): Promise<void> => {
  const known = laid.get(world) ?? layCustom(world);
  laid.set(world, known);
  return known;
};

const layCustom = async (world: GuardWorld): Promise<void> => {
  await serveCustomKinds(world.as('installer'));
  await role(world, 'test-custom', {
    apiGroups: [...new Set(customKinds.map(groupOf))],
    resources: ['*'],
    verbs: ['*'],
  });
  await bind(world, { user: preparer, role: 'test-custom' });
  for (const row of customKinds)
    await eventually(
      `${row.plural} of ${row.apiVersion} lie there`,
      () => world.preparer.create(anObject(row, 'lies', production)),
      ({ ok, code }) => ok || code === 409,
    );
};

const ofCustom: readonly Check[] = (
  [
    ['creates', (who, row) => who.create(anObject(row, fresh('new'), production), dryRun)],
    ['updates', (who, row) => who.patch(lying(row), 'merge', { metadata: { labels: { other: 'yes' } } }, dryRun)],
    ['deletes', (who, row) => who.delete(lying(row), dryDelete)],
  ] satisfies readonly (readonly [does: string, act: CustomAct])[]
).map(([does, act]) => ({
  name: `nobody ${does} an object of a kind that a definition gives and a release may contain, whichever it is`,
  passes: async (world) => {
    await lay(world);
    for (const row of customKinds)
      if (!refusedBy(await act(world.as('installer'), row), 'ProductionGuardCustom')) return false;
    return true;
  },
}));

/** Who holds the right to operate by a wildcard, on verbs or on resources, does not. */
const byName = (does: string, target: ReturnType<typeof at>, body: object): Check => ({
  name: `nobody ${does} by a wildcard`,
  passes: async ({ as }) => {
    for (const user of Object.keys(wildOperators))
      if (!refusedBy(await as(user).patch(target, 'merge', body, dryRun), 'ProductionGuardOperateOnlyByWildcard'))
        return false;
    return true;
  },
});

const ofWorkloads: readonly Check[] = [
  ...ofRestarts,
  {
    name: 'who operates creates a Job that is marked manual of a CronJob, and no other',
    passes: async ({ as }) => {
      const creates = (fields: object) => as('sre-a').create(one('jobs', fresh('now'), { ...fields }), dryRun);
      const others = [{ metadata: { ownerReferences: [fromCronJob] } }, manual({ ...fromCronJob, kind: 'Job' })];
      for (const other of others) if (!refusedBy(await creates(other), 'ProductionGuardWorkload')) return false;
      return (await creates(manual(fromCronJob))).ok;
    },
  },
  byName('restarts a workload', at('deployments', 'standing'), restart()),
  {
    name: 'a developer does not change the template of a ReplicaSet',
    passes: async ({ as }) =>
      refusedBy(
        await as('attacker').patch(
          at('replicasets', 'standing'),
          'merge',
          { spec: { template: { metadata: { labels: { extra: 'yes' } } } } },
          dryRun,
        ),
        'ProductionGuardWorkload',
      ),
  },
  ...(['statefulset-controller', 'daemon-set-controller'] as const).map((name) => ({
    name: `${name} labels and annotates a ControllerRevision`,
    passes: async ({ controller }: GuardWorld) => {
      const metadata = { labels: { extra: 'yes' }, annotations: { extra: 'yes' } };
      return (await controller(name).patch(at('controllerrevisions', 'standing'), 'merge', { metadata }, dryRun)).ok;
    },
  })),
];

const ofScale: readonly Check[] = [
  byName('scales a workload', at('deployments/scale', 'api'), { spec: { replicas: 3 } }),
  {
    name: 'a program writes the autoscaler that the policy names for it, and nothing else of that name, and nobody else does',
    passes: async ({ as, platform }) => {
      const autoscaler = one('horizontalpodautoscalers', 'outside');
      const others = [
        await as('attacker').create(autoscaler, dryRun),
        await platform.create(one('horizontalpodautoscalers', 'other'), dryRun),
        await platform.create(one('poddisruptionbudgets', 'outside'), dryRun),
      ];
      const theirs = await platform.create(autoscaler, dryRun);
      return theirs.ok && others.every((answer) => refusedBy(answer, 'ProductionGuardScale'));
    },
  },
  {
    name: 'the garbage collector does not even write a scale back',
    passes: async ({ controller }) =>
      refusedBy(
        await controller('generic-garbage-collector').patch(at('replicasets/scale', 'standing'), 'merge', {}, dryRun),
        'ProductionGuardScale',
      ),
  },
];

const ofAdditional: readonly Check[] = [
  {
    name: 'other namespaces go on',
    passes: async ({ as }) =>
      (await as('attacker').create(one('widgets', fresh('widget'), { namespace: open }), dryRun)).ok,
  },
  ...(['gitOps', 'operator', 'restorer'] as const).map((who) => ({
    name: `${who} creates, changes and deletes one`,
    passes: async (world: GuardWorld) => {
      const metadata = { labels: { extra: 'yes' } };
      return (
        (await world[who].create(one('widgets', fresh('widget')), dryRun)).ok &&
        (await world[who].patch(at('widgets', 'standing'), 'merge', { metadata }, dryRun)).ok &&
        (await world[who].delete(at('widgets', 'standing'), { dryRun: ['All'] })).ok
      );
    },
  })),
  {
    name: 'the garbage collector creates none, and does not even write one back',
    passes: async ({ controller }) => {
      const collector = controller('generic-garbage-collector');
      const answers = [
        await collector.create(one('widgets', fresh('widget')), dryRun),
        await collector.patch(at('widgets', 'standing'), 'merge', {}, dryRun),
      ];
      return answers.every((answer) => refusedBy(answer, 'ProductionGuardAdditional'));
    },
  },
  {
    name: 'what reports on it goes on',
    passes: async ({ stranger }) =>
      (await stranger.patch(at('widgets/status', 'standing'), 'merge', { status: { ready: true } }, dryRun)).ok,
  },
];

/** Who reports on each workload whose annotations are held. */
const reporters = {
  deployments: 'deployment-controller',
  statefulsets: 'statefulset-controller',
  daemonsets: 'daemon-set-controller',
  jobs: 'job-controller',
  cronjobs: 'cronjob-controller',
  replicationcontrollers: 'replication-controller',
} as const;

const ofStatus: readonly Check[] = [
  ...Object.entries(reporters).map(([resource, reporter]) => ({
    name: `${reporter} adds no annotation as it reports`,
    passes: async ({ controller }: GuardWorld) => {
      const body = { metadata: { annotations: { [fresh('more')]: 'more' } } };
      const answer = await controller(reporter).patch(at(`${resource}/status`, 'standing'), 'merge', body, dryRun);
      return refusedBy(answer, 'ProductionGuardStatusContent');
    },
  })),
  {
    name: 'the Deployment controller writes its own annotations as it reports, and takes them away',
    passes: async ({ controller, preparer }) => {
      const name = fresh('revised');
      const [own, more] = ['deployment.kubernetes.io/own', 'deployment.kubernetes.io/more'];
      const annotations = { [own]: '1' };
      accepted(await preparer.create(one('deployments', name, { metadata: { annotations } })));
      const body = { metadata: { annotations: { [own]: null, [more]: '1' } } };
      return (await controller('deployment-controller').patch(at('deployments/status', name), 'merge', body, dryRun))
        .ok;
    },
  },
  {
    name: 'who reports on a pod annotates it',
    passes: async ({ controller }) =>
      (
        await controller('node-controller').patch(
          at('pods/status', 'standing'),
          'merge',
          { metadata: { annotations: { more: 'more' } } },
          dryRun,
        )
      ).ok,
  },
  {
    name: 'what migrates stored objects writes a status back, and nobody is left who manages it',
    passes: async ({ controller, preparer }) => {
      const name = fresh('forged');
      accepted(await preparer.create(one('services', name)));
      const forged = { manager: 'forged', operation: 'Apply', subresource: 'status', apiVersion: 'v1' };
      const managedFields = [{ ...forged, fieldsType: 'FieldsV1', fieldsV1: { 'f:status': { 'f:none': {} } } }];
      accepted(await preparer.patch(at('services', name), 'merge', { metadata: { managedFields } }));
      const { apiVersion, kind, ...metadata } = at('services', name);
      const options = { ...dryRun, fieldManager: 'forged' };
      const target = at('services/status', name);
      const body = { apiVersion, kind, metadata };
      return (await controller('storage-migrators').patch(target, 'apply', body, options)).ok;
    },
  },
  {
    name: 'status goes on in other namespaces',
    passes: async ({ as }) =>
      (await as('attacker').patch(at('pods/status', 'gated', open), 'merge', { status: { message: 'x' } }, dryRun)).ok,
  },
];

const binds = (kind: string, name: string) => ({ roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name } });

const ofRights: readonly Check[] = [
  ...(
    [
      ['a quota that is named like a part of an access', 'resourcequotas', fresh(`${grantPrefix}x`), {}],
      ['a ClusterRole that is named so', 'rolebindings', fresh('other'), binds('ClusterRole', `${grantPrefix}x`)],
      ['a Role that is not named so', 'rolebindings', fresh('other'), binds('Role', 'standing')],
    ] as const
  ).map(([what, resource, name, fields]) => ({
    name: `who administers creates or binds ${what}`,
    passes: async ({ as }: GuardWorld) => (await as('admin').create(one(resource, name, fields), dryRun)).ok,
  })),
  {
    name: 'the garbage collector keeps the books of an access',
    passes: async (world) => {
      const { bindings } = await letIn(world, { grantee: 'nobody-a' });
      const body = { metadata: { ownerReferences: [forgedOwner] } };
      const collector = world.controller('generic-garbage-collector');
      return (await collector.patch(targetOf(bindings[1]), 'merge', body, dryRun)).ok;
    },
  },
];

/** By topic. */
export const ofTopics: Readonly<Record<string, readonly Check[]>> = {
  workloads: ofWorkloads,
  configuration: ofSecrets,
  scale: ofScale,
  network: ofNetwork,
  custom: ofCustom,
  namespaces: ofNamespaces,
  additional: ofAdditional,
  unlisted: ofUnlisted,
  status: ofStatus,
  rights: ofRights,
};
