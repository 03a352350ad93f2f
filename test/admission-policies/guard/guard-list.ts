/** Attacks on a guarded production that lock A alone decides (docs/threats.md), as data: with other locks opened they are the same. */
import { accepted, targetOf, type Answer, type ApiClient, type Manifest } from '../../support/cluster/cluster.ts';
import { at, image, one, podSpec, podTemplate } from '../world/guard-objects.ts';
import { open, type GuardWorld } from '../world/guard-world.ts';
import { admitted, policyLock, type Attack, type Attempt } from '../../support/attack/attack.ts';
import { forgedOwner, fresh, production } from '../../support/attack/objects.ts';
import { secretAttacks } from './secrets-list.ts';
import { unlistedAttacks } from './unlisted-list.ts';
import { eventually, said } from '../../support/attack/world.ts';

type Fields = Readonly<Record<string, unknown>>;
export type Act = (world: GuardWorld) => Promise<Attempt>;

const lock = Object.fromEntries(
  [
    'workloads',
    'pods',
    'sessions',
    'scale',
    'configuration',
    'network',
    'accounts',
    'storage',
    'rights',
    'status',
    'additional',
    'custom',
    'namespaces',
  ].map((topic) => [topic, policyLock(`countersign-guard-${topic}`)]),
);

/** An attack by somebody who holds every right that RBAC can give; `denied` begins with the rule. */
export const attack = (
  id: string,
  topic: string,
  row: { readonly name: string; readonly act: Act; readonly denied: string; readonly twin: Act } & Pick<
    Attack<GuardWorld>,
    'without' | 'left'
  >,
): Attack<GuardWorld> => {
  const held = lock[topic];
  if (held === undefined) throw new Error(`the guard has no topic ${topic}`);
  return { ...row, id, locks: [held] };
};

export const attacker = ({ as }: GuardWorld): ApiClient => as('attacker');
const sre = ({ as }: GuardWorld): ApiClient => as('sre-a');
export const admin = ({ as }: GuardWorld): ApiClient => as('admin');

/** Who creates one of a resource; each time another one. */
export const creates =
  (who: (world: GuardWorld) => ApiClient, resource: string, fields: Parameters<typeof one>[2] = {}): Act =>
  async (world) =>
    admitted(await who(world).create(one(resource, fresh('new'), fields)));

export const merges =
  (who: (world: GuardWorld) => ApiClient, target: ReturnType<typeof at>, body: () => unknown): Act =>
  async (world) =>
    admitted(await who(world).patch(target, 'merge', body()));

export const strategic =
  (who: (world: GuardWorld) => ApiClient, target: ReturnType<typeof at>, body: () => unknown): Act =>
  async (world) =>
    admitted(await who(world).patch(target, 'strategic', body()));

export const by =
  (name: string) =>
  ({ controller }: GuardWorld): ApiClient =>
    controller(name);
export const operator = (world: GuardWorld): ApiClient => world.operator;
/** Who puts into production what an attack needs there. */
export const prepares = ({ preparer }: GuardWorld): ApiClient => preparer;

/** The main container of a template, changed. */
const container = (more: Fields) => ({ spec: { template: { spec: { containers: [{ name: 'main', ...more }] } } } });
const api = at('deployments', 'api');
let turn = 0;
/** An image that no other attack and no earlier run of the same one has set: an update that changes nothing is refused by nobody. */
const otherImage = (): string => {
  turn += 1;
  return `registry.example/app@sha256:${turn.toString(16).padStart(64, 'b')}`;
};

let number = 4;
/** The same for replicas. */
const otherNumber = (): number => {
  number += 1;
  return number;
};

/** Runs kubectl in production; what it says is the attempt. */
const kubectl =
  (who: string, args: () => readonly string[]): Act =>
  async ({ cluster }) => {
    const { code, stdout, stderr } = await cluster.controlPlane.kubectl(who, [...args(), '-n', production]);
    return { reached: code === 0, said: stdout + stderr };
  };

/** A pod of production that runs now. */
export const running = async (world: GuardWorld, app: string): Promise<ReturnType<typeof at>> => {
  const pod = await eventually(
    `a pod of ${app} runs`,
    async () => {
      const list = await world
        .as('installer')
        .list<Manifest & { status?: { phase?: string } }>(
          { apiVersion: 'v1', kind: 'Pod', namespace: production },
          { labelSelector: `app=${app}` },
        );
      return accepted(list).items.find(
        ({ status, metadata }) => status?.phase === 'Running' && metadata.deletionTimestamp === undefined,
      );
    },
    (found) => found !== undefined,
  );
  return at('pods', pod?.metadata.name ?? '');
};

const podAct =
  (
    who: (world: GuardWorld) => ApiClient,
    type: 'merge' | 'strategic',
    { body, subresource = '' }: { readonly body: unknown; readonly subresource?: string },
  ): Act =>
  async (world) => {
    const pod = await running(world, 'api');
    const target = subresource === '' ? pod : { ...pod, subresource };
    return admitted(await who(world).patch(target, type, body));
  };

/** A session that gets past admission ends at the kubelet, of which there is none: anything but 403 is in. */
export const opens =
  (who: (world: GuardWorld) => ApiClient, namespace: string, path: string): Act =>
  async (world) => {
    const { code, text } = await who(world).raw({ method: 'POST', path: `/api/v1/namespaces/${namespace}/${path}` });
    return { reached: code !== 403, said: /"message":"(.*?[^\\])"/.exec(text)?.[1] ?? text };
  };

/** The same act where nothing is guarded: nobody may do it in production, so nobody there can be its twin. */
const elsewhere = (act: (namespace: string) => Act): { readonly act: Act; readonly twin: Act } => ({
  act: act(production),
  twin: act(open),
});

/** What nobody ever released. */
const foreign = { name: 'main', image: `registry.example/foreign@sha256:${'f'.repeat(64)}` };

const pods: readonly Attack<GuardWorld>[] = [
  attack('T01', 'pods', {
    name: 'a developer creates a pod',
    act: creates(attacker, 'pods'),
    denied: 'ProductionGuardPod: ',
    twin: creates(by('replicaset-controller'), 'pods'),
  }),
  attack('T01', 'pods', {
    name: 'a developer creates a pod by generateName',
    act: async (world) =>
      admitted(
        await attacker(world).create(one('pods', '', { metadata: { name: undefined, generateName: 'debug-' } })),
      ),
    denied: 'ProductionGuardPod: ',
    twin: async ({ controller }) =>
      admitted(
        await controller('job-controller').create(
          one('pods', '', { metadata: { name: undefined, generateName: 'job-' } }),
        ),
      ),
  }),
  attack('T02', 'pods', {
    name: 'a developer changes the image of a running pod',
    act: (world) => podAct(attacker, 'strategic', { body: container({ image: otherImage() }).spec.template })(world),
    denied: 'ProductionGuardPod: ',
    twin: podAct(by('kubelets'), 'merge', { body: { metadata: { annotations: { note: 'from the node' } } } }),
  }),
  attack('T02', 'pods', {
    name: 'the token of a controller changes the image of a running pod',
    act: (world) =>
      podAct(by('replicaset-controller'), 'strategic', { body: container({ image: otherImage() }).spec.template })(
        world,
      ),
    denied: 'ProductionGuardPodContent: ',
    twin: podAct(by('replicaset-controller'), 'merge', { body: { metadata: { annotations: { note: 'adopted' } } } }),
  }),
  attack('T03', 'pods', {
    name: 'a developer adds a debug container to a pod',
    act: podAct(attacker, 'strategic', {
      subresource: 'ephemeralcontainers',
      body: { spec: { ephemeralContainers: [{ name: fresh('debug'), image: image('e') }] } },
    }),
    denied: 'ProductionGuardPod: ',
    twin: async ({ as }) =>
      admitted(
        await as('attacker').patch({ ...at('pods', 'runs', open), subresource: 'ephemeralcontainers' }, 'strategic', {
          spec: { ephemeralContainers: [{ name: fresh('debug'), image: image('e') }] },
        }),
      ),
  }),
  attack('T05', 'workloads', {
    name: 'a developer creates a ReplicaSet whose pods a Deployment would adopt',
    act: creates(attacker, 'replicasets', {
      metadata: { labels: { app: 'api' } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'orphan' } },
        template: podTemplate('orphan', { containers: [foreign] }),
      },
    }),
    denied: 'ProductionGuardWorkload: ',
    twin: creates(by('deployment-controller'), 'replicasets'),
  }),
  attack('T05', 'workloads', {
    name: 'the token of the Deployment controller changes the template of a ReplicaSet',
    act: strategic(by('deployment-controller'), at('replicasets', 'standing'), () =>
      container({ image: otherImage() }),
    ),
    denied: 'ProductionGuardWorkloadContent: ',
    twin: merges(by('deployment-controller'), at('replicasets', 'standing'), () => ({
      metadata: { annotations: { 'deployment.kubernetes.io/desired-replicas': fresh('n') } },
    })),
  }),
  attack('T11', 'pods', {
    name: 'a workload controller that nobody knows creates a pod',
    act: creates(({ stranger }) => stranger, 'pods'),
    denied: 'ProductionGuardPod: ',
    twin: creates(by('statefulset-controller'), 'pods'),
  }),
  attack('T16', 'pods', {
    name: 'a developer relabels a pod, so that a Service takes it',
    act: podAct(attacker, 'merge', { body: { metadata: { labels: { extra: 'yes' } } } }),
    denied: 'ProductionGuardPod: ',
    twin: podAct(by('statefulset-controller'), 'merge', { body: { metadata: { labels: { extra: 'yes' } } } }),
  }),
  attack('T13', 'pods', {
    name: 'a developer resizes a running pod',
    act: async (world) =>
      admitted(await attacker(world).patch({ ...at('pods', 'standing'), subresource: 'resize' }, 'merge', {})),
    denied: 'ProductionGuardPod: ',
    twin: async (world) =>
      admitted(await attacker(world).patch({ ...at('pods', 'gated', open), subresource: 'resize' }, 'merge', {})),
  }),
  attack('T40', 'pods', {
    name: 'a developer creates a pod with the mark of a mirror pod',
    act: creates(attacker, 'pods', {
      metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } },
      spec: podSpec({ nodeName: 'node-0' }),
    }),
    denied: 'ProductionGuardPod: ',
    twin: creates(by('daemon-set-controller'), 'pods'),
  }),
  ...(['kubelets', 'system:node:pretended', 'in-nodes'] as const).map((name) =>
    attack('T40', 'pods', {
      name: `a user called ${name} deletes a pod`,
      act: async ({ as }) => admitted(await as(name).delete(at('pods', 'standing'), { dryRun: ['All'] })),
      denied: 'ProductionGuardPod: ',
      twin: async ({ controller }) =>
        admitted(await controller('kubelets').delete(at('pods', 'standing'), { dryRun: ['All'] })),
    }),
  ),
  attack('T33', 'pods', {
    name: 'a developer deletes a pod by force',
    act: async (world) =>
      admitted(await attacker(world).delete(await running(world, 'api'), { gracePeriodSeconds: 0 })),
    denied: 'ProductionGuardPod: ',
    twin: async (world) =>
      admitted(await world.controller('kubelets').delete(await running(world, 'api'), { gracePeriodSeconds: 0 })),
  }),
  attack('T33', 'pods', {
    name: 'a developer deletes all pods at once',
    act: async (world) =>
      admitted(
        await attacker(world).delete(
          { apiVersion: 'v1', kind: 'Pod', namespace: production },
          { labelSelector: 'app=api' },
        ),
      ),
    denied: 'ProductionGuardPod: ',
    twin: async ({ controller }) =>
      admitted(
        await controller('daemon-set-controller').delete(
          { apiVersion: 'v1', kind: 'Pod', namespace: production },
          { labelSelector: 'app=api' },
        ),
      ),
  }),
];

const sessions: readonly Attack<GuardWorld>[] = [
  ['execs into a pod', 'pods/none-such/exec?command=sh&container=main&stdout=true'],
  ['attaches to a pod', 'pods/none-such/attach?container=main&stdout=true'],
  ['forwards a port of a pod', 'pods/none-such/portforward?ports=80'],
  ['reaches a pod through the proxy', 'pods/none-such/proxy/'],
  ['reaches a Service through the proxy', 'services/none-such/proxy/'],
].map(([does = '', path = '']) =>
  attack('T04', 'sessions', {
    name: `a developer ${does}`,
    denied: 'ProductionGuardSession: ',
    ...elsewhere((namespace) => opens(attacker, namespace, path)),
  }),
);

/** A Job as kubectl makes it from a CronJob. */
export const manual = (...owners: readonly Fields[]) => ({
  metadata: { annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' }, ownerReferences: owners },
});
export const fromCronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  name: 'nightly',
  uid: forgedOwner.uid,
  controller: true,
};

const admission = 'admissionregistration.k8s.io/v1';

/** Something that alters every update of a Deployment after everybody has looked. */
const late: readonly Manifest[] = [
  {
    apiVersion: admission,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: 'test-late' },
    spec: {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'IfNeeded',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': production } },
        resourceRules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments'] },
        ],
      },
      matchConditions: [{ name: 'late', expression: "object.metadata.name.startsWith('late-')" }],
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: { expression: '[JSONPatch{op: "add", path: "/spec/template/spec/hostPID", value: true}]' },
        },
      ],
    },
  },
  {
    apiVersion: admission,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: 'test-late' },
    spec: { policyName: 'test-late' },
  },
];

type Deployment = Manifest & {
  readonly spec: { readonly template: { readonly spec: { readonly hostPID?: boolean } } };
};

const isAltered = (answer: Answer<Deployment>): boolean => answer.ok && answer.body.spec.template.spec.hostPID === true;

/** sre-a restarts a Deployment that something alters late; reached when it is stored so. */
const restartedLate: Act = async (world) => {
  const installer = world.as('installer');
  const [victim, probe] = [fresh('late'), fresh('late')];
  for (const name of [victim, probe]) accepted(await prepares(world).create(one('deployments', name)));
  const altered = () =>
    prepares(world).patch<Deployment>(
      at('deployments', probe),
      'merge',
      { metadata: { labels: { probe: 'yes' } } },
      { dryRun: 'All' },
    );
  for (const object of late) accepted(await installer.create(object));
  await eventually('it alters', altered, isAltered);
  const answer = await restart(sre(world), victim);
  for (const object of late) accepted(await installer.delete(targetOf(object)));
  await eventually('it alters nothing', altered, (seen) => seen.ok && !isAltered(seen));
  return { reached: isAltered(answer), said: said(answer) };
};

/** As kubectl rollout restart does it. */
const restart = (who: ApiClient, name: string): Promise<Answer<Deployment>> =>
  who.patch<Deployment>(at('deployments', name), 'strategic', restarted());

const restarted = () => {
  const restartedAt = new Date().toISOString().replace(/\.\d+/, '');
  return { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': restartedAt } } } } };
};

const workloads: readonly Attack<GuardWorld>[] = [
  ...(['deployments', 'statefulsets', 'daemonsets'] as const).map((resource) =>
    attack('T07', 'workloads', {
      name: `a developer changes the image of one of ${resource}`,
      act: strategic(attacker, at(resource, 'standing'), () => container({ image: otherImage() })),
      denied: 'ProductionGuardWorkload: ',
      twin: strategic(operator, at(resource, 'standing'), () => container({ image: otherImage() })),
    }),
  ),
  attack('T07', 'workloads', {
    name: 'a holder of the right to operate changes the image along with a restart',
    act: strategic(sre, api, () => {
      const template = { ...restarted().spec.template, ...container({ image: otherImage() }).spec.template };
      return { spec: { template } };
    }),
    denied: 'ProductionGuardWorkload: ',
    twin: strategic(sre, api, restarted),
  }),
  attack('T07', 'workloads', {
    name: 'a holder of the right to operate restarts with an annotation that is no time',
    act: strategic(sre, api, () => ({
      spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': fresh('not a time') } } } },
    })),
    denied: 'ProductionGuardWorkload: ',
    twin: strategic(sre, at('statefulsets', 'state'), restarted),
  }),
  attack('T07', 'workloads', {
    name: 'a developer restarts a workload',
    act: kubectl('attacker', () => ['rollout', 'restart', 'daemonset/agent']),
    denied: 'ProductionGuardOperateRightMissing: ',
    twin: kubectl('sre-a', () => ['rollout', 'restart', 'daemonset/agent']),
  }),
  attack('T26', 'workloads', {
    name: 'a cluster admin, who holds wildcards, restarts a workload',
    act: strategic(admin, api, restarted),
    denied: 'ProductionGuardOperateOnlyByWildcard: ',
    twin: strategic(sre, api, restarted),
  }),
  attack('T25', 'workloads', {
    name: 'a ServiceAccount that holds the right to operate restarts a workload',
    act: strategic(({ stranger }) => stranger, api, restarted),
    denied: 'ProductionGuardOperateNeedsPerson: ',
    twin: strategic(sre, api, restarted),
  }),
  attack('T06', 'workloads', {
    name: 'a developer undoes a rollout',
    act: undone('attacker'),
    denied: 'ProductionGuardWorkload: ',
    twin: strategic(
      ({ restorer }) => restorer,
      api,
      () => container({ image: otherImage() }),
    ),
  }),
  attack('T06', 'workloads', {
    name: 'a developer asks the Deployment controller to roll back, by its annotation',
    act: merges(attacker, api, () => ({ metadata: { annotations: { 'deprecated.deployment.rollback.to': '1' } } })),
    denied: 'ProductionGuardWorkload: ',
    twin: merges(operator, api, () => ({ metadata: { annotations: { release: fresh('r') } } })),
  }),
  attack('T06', 'workloads', {
    name: 'the Deployment controller, so asked, writes an older template',
    act: strategic(by('deployment-controller'), api, () => container({ image: otherImage() })),
    denied: 'ProductionGuardWorkload: ',
    twin: strategic(operator, api, () => container({ image: otherImage() })),
  }),
  attack('T08', 'workloads', {
    name: 'a developer mounts an image volume',
    act: strategic(attacker, api, () => ({
      spec: { template: { spec: { volumes: [{ name: fresh('v'), image: { reference: image('e') } }] } } },
    })),
    denied: 'ProductionGuardWorkload: ',
    twin: strategic(operator, api, () => ({
      spec: { template: { spec: { volumes: [{ name: fresh('v'), image: { reference: image('e') } }] } } },
    })),
  }),
  attack('T08', 'workloads', {
    name: 'a developer projects a Secret into a program',
    act: strategic(attacker, api, projected),
    denied: 'ProductionGuardWorkload: ',
    twin: strategic(operator, api, projected),
  }),
  attack('T09', 'workloads', {
    name: 'a developer creates a Job',
    act: creates(attacker, 'jobs'),
    denied: 'ProductionGuardWorkload: ',
    twin: creates(by('cronjob-controller'), 'jobs'),
  }),
  attack('T09', 'workloads', {
    name: 'a developer creates a CronJob',
    act: creates(attacker, 'cronjobs'),
    denied: 'ProductionGuardWorkload: ',
    twin: creates(operator, 'cronjobs'),
  }),
  attack('T09', 'workloads', {
    name: 'a developer runs a CronJob now',
    act: kubectl('attacker', () => ['create', 'job', fresh('now'), '--from=cronjob/nightly']),
    denied: 'ProductionGuardOperateRightMissing: ',
    twin: kubectl('sre-a', () => ['create', 'job', fresh('now'), '--from=cronjob/nightly']),
  }),
  ...[
    { what: 'that no CronJob owns', owners: [] },
    { what: 'that a Deployment owns', owners: [{ ...fromCronJob, apiVersion: 'apps/v1', kind: 'Deployment' }] },
    { what: 'that a CronJob owns without controlling it', owners: [{ ...fromCronJob, controller: false }] },
    { what: 'that something else owns, too', owners: [fromCronJob, { ...forgedOwner, controller: false }] },
    { what: 'of a CronJob of another group', owners: [{ ...fromCronJob, apiVersion: 'example.dev/v1' }] },
  ].map(({ what, owners }) =>
    attack('T40', 'workloads', {
      name: `a holder of the right to operate creates a Job marked manual ${what}`,
      act: creates(sre, 'jobs', manual(...owners)),
      denied: 'ProductionGuardWorkload: ',
      twin: creates(sre, 'jobs', manual(fromCronJob)),
    }),
  ),
  attack('T40', 'workloads', {
    name: 'a holder of the right to operate creates a CronJob with the mark of a manual Job',
    act: creates(sre, 'cronjobs', manual(fromCronJob)),
    denied: 'ProductionGuardWorkload: ',
    twin: creates(sre, 'jobs', manual(fromCronJob)),
  }),
  attack('T40', 'workloads', {
    name: 'a developer creates a Deployment that says Helm manages it',
    act: creates(attacker, 'deployments', { metadata: { labels: { 'app.kubernetes.io/managed-by': 'Helm' } } }),
    denied: 'ProductionGuardWorkload: ',
    twin: creates(({ gitOps }) => gitOps, 'deployments'),
  }),
  ...(['daemonsets', 'statefulsets'] as const).map((resource) =>
    attack('T10', 'workloads', {
      name: `a developer creates one of ${resource}`,
      act: creates(attacker, resource),
      denied: 'ProductionGuardWorkload: ',
      twin: creates(operator, resource),
    }),
  ),
  ...(['replicationcontrollers', 'podtemplates'] as const).map((resource) =>
    attack('T10', 'workloads', {
      name: `a developer creates one of ${resource}`,
      denied: 'ProductionGuardWorkload: ',
      ...elsewhere((namespace) => creates(attacker, resource, { namespace })),
    }),
  ),
  attack('T10', 'workloads', {
    name: 'the operator creates what no release may contain',
    denied: 'ProductionGuardWorkload: ',
    ...elsewhere((namespace) =>
      creates(namespace === open ? attacker : operator, 'replicationcontrollers', { namespace }),
    ),
  }),
  attack('T12', 'workloads', {
    name: 'a developer creates a ControllerRevision that a StatefulSet would adopt',
    act: creates(attacker, 'controllerrevisions', { metadata: { labels: { app: 'state' } } }),
    denied: 'ProductionGuardWorkload: ',
    twin: creates(by('statefulset-controller'), 'controllerrevisions'),
  }),
  attack('T18', 'workloads', {
    name: 'a late mutation rides on a restart by a holder of the right to operate',
    act: restartedLate,
    denied: 'ProductionGuardWorkload: ',
    twin: async (world) => admitted(await restart(sre(world), 'api')),
  }),
  attack('T19', 'workloads', {
    name: 'a developer gives a Deployment an owner that does not exist',
    act: async (world) => {
      const name = fresh('owned');
      accepted(await prepares(world).create(one('deployments', name)));
      return admitted(
        await attacker(world).patch(at('deployments', name), 'merge', { metadata: { ownerReferences: [forgedOwner] } }),
      );
    },
    denied: 'ProductionGuardWorkload: ',
    twin: merges(by('generic-garbage-collector'), api, () => ({ metadata: { ownerReferences: [] } })),
  }),
  attack('T19', 'workloads', {
    name: 'the token of the garbage collector relabels a Deployment',
    act: merges(by('generic-garbage-collector'), api, () => ({ metadata: { labels: { extra: fresh('x') } } })),
    denied: 'ProductionGuardWorkloadContent: ',
    twin: merges(by('generic-garbage-collector'), api, () => ({ metadata: { finalizers: [] } })),
  }),
  attack('T19', 'workloads', {
    name: 'the token of the garbage collector annotates a Deployment',
    act: merges(by('generic-garbage-collector'), api, () => ({ metadata: { annotations: { extra: fresh('x') } } })),
    denied: 'ProductionGuardWorkloadContent: ',
    twin: merges(by('generic-garbage-collector'), api, () => ({ metadata: { finalizers: [] } })),
  }),
  attack('T19', 'workloads', {
    name: 'the token of the garbage collector changes the image of a StatefulSet',
    act: strategic(by('generic-garbage-collector'), at('statefulsets', 'standing'), () =>
      container({ image: otherImage() }),
    ),
    denied: 'ProductionGuardWorkloadContent: ',
    twin: merges(by('generic-garbage-collector'), at('statefulsets', 'standing'), () => ({
      metadata: { finalizers: [] },
    })),
  }),
  attack('T19', 'workloads', {
    name: 'the token of what migrates stored objects relabels a Deployment',
    act: merges(by('storage-migrators'), api, () => ({ metadata: { labels: { extra: fresh('x') } } })),
    denied: 'ProductionGuardWorkload: ',
    twin: migrated('deployments'),
  }),
  attack('T14', 'configuration', {
    name: 'the token of what migrates stored objects changes a Secret',
    act: merges(by('storage-migrators'), at('secrets', 'db'), () => ({ stringData: { password: fresh('p') } })),
    denied: 'ProductionGuardConfiguration: ',
    twin: migrated('secrets'),
  }),
  attack('T33', 'workloads', {
    name: 'a developer takes the finalizers off a workload',
    act: async (world) => {
      const name = fresh('held');
      const metadata = { finalizers: ['example.dev/hold'] };
      accepted(await prepares(world).create(one('deployments', name, { metadata })));
      return admitted(
        await attacker(world).patch(at('deployments', name), 'merge', { metadata: { finalizers: null } }),
      );
    },
    denied: 'ProductionGuardWorkload: ',
    twin: merges(operator, at('deployments', 'standing'), () => ({ metadata: { finalizers: null } })),
  }),
  attack('T33', 'workloads', {
    name: 'a developer deletes a workload, its dependents first',
    act: deleted(attacker, { propagationPolicy: 'Foreground' }),
    denied: 'ProductionGuardWorkload: ',
    twin: deleted(operator, { propagationPolicy: 'Foreground' }),
  }),
  attack('T33', 'workloads', {
    name: 'a developer deletes all Deployments at once',
    act: collection(attacker),
    denied: 'ProductionGuardWorkload: ',
    twin: collection(operator),
  }),
];

/** Written back as it is, as the storage version migrator does it. */
function migrated(resource: string): Act {
  return async (world) => {
    const target = at(resource, 'standing');
    const { apiVersion, kind, metadata } = accepted(await world.as('installer').get(target));
    const { name, namespace, uid, resourceVersion } = metadata;
    const body = { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } };
    return admitted(await world.controller('storage-migrators').patch(target, 'apply', body));
  };
}

function projected(): unknown {
  const secret = { name: 'db', items: [{ key: 'password', path: fresh('p') }] };
  return { spec: { template: { spec: { volumes: [{ name: 'projected', projected: { sources: [{ secret }] } }] } } } };
}

/** Of a Deployment that has two revisions. */
function undone(who: string): Act {
  return async (world) => {
    const name = fresh('undo');
    accepted(await prepares(world).create(one('deployments', name)));
    const revision = (expected: string) =>
      eventually(
        `revision ${expected}`,
        () => world.as('installer').get(at('deployments', name)),
        (answer) => answer.ok && answer.body.metadata.annotations?.['deployment.kubernetes.io/revision'] === expected,
      );
    await revision('1');
    accepted(await prepares(world).patch(at('deployments', name), 'strategic', container({ image: otherImage() })));
    await revision('2');
    return kubectl(who, () => ['rollout', 'undo', `deployment/${name}`])(world);
  };
}

function deleted(who: (world: GuardWorld) => ApiClient, options: { readonly propagationPolicy: 'Foreground' }): Act {
  return async (world) => {
    const name = fresh('gone');
    accepted(await prepares(world).create(one('deployments', name)));
    return admitted(await who(world).delete(at('deployments', name), options));
  };
}

/** Of Deployments that are there for it. */
function collection(who: (world: GuardWorld) => ApiClient): Act {
  return async (world) => {
    const label = fresh('many');
    for (const name of [fresh('gone'), fresh('gone')]) {
      accepted(await prepares(world).create(one('deployments', name, { metadata: { labels: { many: label } } })));
    }
    const all = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: production };
    return admitted(await who(world).delete(all, { labelSelector: `many=${label}` }));
  };
}

const scaled = (who: (world: GuardWorld) => ApiClient, target: ReturnType<typeof at>, replicas: number): Act =>
  merges(who, { ...target, subresource: 'scale' }, () => ({ spec: { replicas } }));

const scale: readonly Attack<GuardWorld>[] = [
  ...[0, 10_000].map((replicas) =>
    attack('T13', 'scale', {
      name: `a developer scales a Deployment to ${replicas}`,
      act: scaled(attacker, api, replicas),
      denied: 'ProductionGuardOperateRightMissing: ',
      twin: kubectl('sre-a', () => ['scale', 'deployment/api', '--replicas=3']),
    }),
  ),
  ...[0, 5].map((replicas) =>
    attack('T13', 'scale', {
      name: `a holder of the right to operate scales to ${replicas}, which is out of bounds`,
      act: scaled(sre, api, replicas),
      denied: 'ProductionGuardScaleBounds: ',
      twin: scaled(sre, api, replicas === 0 ? 1 : 4),
    }),
  ),
  attack('T13', 'scale', {
    name: 'a holder of the right to operate scales what has no bounds',
    act: scaled(sre, at('deployments', 'standing'), 1),
    denied: 'ProductionGuardScaleBounds: ',
    twin: scaled(by('horizontal-pod-autoscaler'), at('deployments', 'standing'), 0),
  }),
  attack('T13', 'scale', {
    name: 'a holder of the right to operate scales a StatefulSet of the name of a Deployment with bounds',
    act: async (world) => {
      await prepares(world).create(one('statefulsets', 'api'));
      return scaled(sre, at('statefulsets', 'api'), 1)(world);
    },
    denied: 'ProductionGuardScaleBounds: ',
    twin: scaled(sre, api, 2),
  }),
  attack('T13', 'scale', {
    name: 'a holder of the right to operate scales a ReplicaSet',
    act: scaled(sre, at('replicasets', 'standing'), 1),
    denied: 'ProductionGuardScale: ',
    twin: scaled(by('horizontal-pod-autoscaler'), at('replicasets', 'standing'), 0),
  }),
  attack('T13', 'workloads', {
    name: 'a holder of the right to operate scales past /scale',
    act: merges(sre, api, () => ({ spec: { replicas: otherNumber() } })),
    denied: 'ProductionGuardWorkload: ',
    twin: scaled(sre, api, 3),
  }),
  attack('T26', 'scale', {
    name: 'a cluster admin, who holds wildcards, scales within bounds',
    act: scaled(admin, api, 3),
    denied: 'ProductionGuardOperateOnlyByWildcard: ',
    twin: scaled(sre, api, 3),
  }),
  attack('T25', 'scale', {
    name: 'a ServiceAccount that holds the right to operate scales within bounds',
    act: scaled(({ stranger }) => stranger, api, 3),
    denied: 'ProductionGuardOperateNeedsPerson: ',
    twin: scaled(sre, api, 3),
  }),
  attack('T13', 'scale', {
    name: 'a developer raises the bounds of an autoscaler',
    act: merges(attacker, at('horizontalpodautoscalers', 'api'), () => ({ spec: { maxReplicas: 1000 } })),
    denied: 'ProductionGuardScale: ',
    twin: merges(operator, at('horizontalpodautoscalers', 'api'), () => ({ spec: { maxReplicas: 3 } })),
  }),
  attack('T17', 'scale', {
    name: 'a developer raises the bounds of an autoscaler in an older version of its API',
    act: async (world) =>
      admitted(
        await attacker(world).patch(
          { ...at('horizontalpodautoscalers', 'api'), apiVersion: 'autoscaling/v1' },
          'merge',
          {
            spec: { maxReplicas: 1000 },
          },
        ),
      ),
    denied: 'ProductionGuardScale: ',
    twin: async (world) =>
      admitted(
        await operator(world).patch(
          { ...at('horizontalpodautoscalers', 'api'), apiVersion: 'autoscaling/v1' },
          'merge',
          {
            spec: { maxReplicas: 3 },
          },
        ),
      ),
  }),
  attack('T13', 'scale', {
    name: 'a developer lifts the budget by which a drain keeps pods',
    act: merges(attacker, at('poddisruptionbudgets', 'standing'), () => ({ spec: { minAvailable: 0 } })),
    denied: 'ProductionGuardScale: ',
    twin: merges(operator, at('poddisruptionbudgets', 'standing'), () => ({ spec: { minAvailable: 0 } })),
  }),
];

const platform = ({ platform: client }: GuardWorld): ApiClient => client;
const gitOps = ({ gitOps: client }: GuardWorld): ApiClient => client;
const settings = at('configmaps', 'settings');
const level = () => ({ data: { level: fresh('l') } });
const password = () => ({ stringData: { password: fresh('p') } });
export const helmBook = { type: 'helm.sh/release.v1' };
export const tokenOf = (name: string) => ({
  type: 'kubernetes.io/service-account-token',
  metadata: { annotations: { 'kubernetes.io/service-account.name': name } },
});

const configuration: readonly Attack<GuardWorld>[] = [
  attack('T14', 'configuration', {
    name: 'a developer changes a ConfigMap',
    act: merges(attacker, settings, level),
    denied: 'ProductionGuardConfiguration: ',
    twin: merges(operator, settings, level),
  }),
  attack('T14', 'configuration', {
    name: 'a developer deletes a ConfigMap, to create it anew',
    act: replaced(attacker, 'configmaps'),
    denied: 'ProductionGuardConfiguration: ',
    twin: replaced(operator, 'configmaps'),
  }),
  attack('T14', 'configuration', {
    name: 'a developer changes a Secret',
    act: merges(attacker, at('secrets', 'db'), password),
    denied: 'ProductionGuardConfiguration: ',
    twin: merges(platform, at('secrets', 'db'), password),
  }),
  attack('T14', 'configuration', {
    name: 'the operator changes a Secret',
    act: merges(operator, at('secrets', 'db'), password),
    denied: 'ProductionGuardConfiguration: ',
    twin: merges(platform, at('secrets', 'db'), password),
  }),
  attack('T14', 'configuration', {
    name: 'a platform writer changes a Secret that it is not declared for',
    act: merges(platform, at('secrets', 'standing'), password),
    denied: 'ProductionGuardConfiguration: ',
    twin: merges(platform, at('secrets', 'db'), password),
  }),
  attack('T14', 'configuration', {
    name: 'a platform writer creates a ConfigMap of the name of its Secret',
    act: async (world) => admitted(await platform(world).create(one('configmaps', 'api-key'))),
    denied: 'ProductionGuardConfiguration: ',
    twin: async (world) => {
      await platform(world).delete(at('secrets', 'api-key'));
      return admitted(await platform(world).create(one('secrets', 'api-key')));
    },
  }),
  attack('T14', 'configuration', {
    name: 'a developer overwrites the certificate of the cluster',
    act: merges(attacker, at('configmaps', 'kube-root-ca.crt'), () => ({
      metadata: { labels: { extra: fresh('x') } },
    })),
    denied: 'ProductionGuardConfiguration: ',
    twin: merges(by('root-ca-cert-publisher'), at('configmaps', 'kube-root-ca.crt'), () => ({
      metadata: { labels: { extra: fresh('x') } },
    })),
  }),
  attack('T14', 'configuration', {
    name: 'the token of the certificate publisher changes another ConfigMap',
    act: merges(by('root-ca-cert-publisher'), settings, level),
    denied: 'ProductionGuardConfigurationContent: ',
    twin: merges(by('root-ca-cert-publisher'), at('configmaps', 'kube-root-ca.crt'), () => ({
      metadata: { labels: { extra: fresh('x') } },
    })),
  }),
  attack('T14', 'configuration', {
    name: 'the tokens controller changes a Secret that is no token',
    act: merges(by('tokens-controller'), at('secrets', 'db'), password),
    denied: 'ProductionGuardConfigurationContent: ',
    twin: merges(by('tokens-controller'), at('secrets', 'token'), () => ({
      metadata: { labels: { extra: fresh('x') } },
    })),
  }),
  attack('T14', 'configuration', {
    name: 'the API server itself changes the data of a token',
    act: merges(by('apiserver'), at('secrets', 'token'), password),
    denied: 'ProductionGuardConfigurationContent: ',
    twin: merges(by('apiserver'), at('secrets', 'token'), () => ({
      metadata: { labels: { 'kubernetes.io/legacy-token-last-used': '2026-03-11' } },
    })),
  }),
  attack('T14', 'configuration', {
    name: 'a developer has a Secret made with the token of a program',
    act: creates(attacker, 'secrets', tokenOf('default')),
    denied: 'ProductionGuardConfiguration: ',
    twin: creates(attacker, 'secrets', { ...tokenOf('default'), namespace: open }),
  }),
  attack('T40', 'configuration', {
    name: 'a developer creates a Secret of the type in which Helm keeps its releases',
    act: creates(attacker, 'secrets', helmBook),
    denied: 'ProductionGuardConfiguration: ',
    twin: creates(gitOps, 'secrets', helmBook),
  }),
  attack('T40', 'configuration', {
    name: 'a GitOps writer creates a Secret of another type',
    act: creates(gitOps, 'secrets'),
    denied: 'ProductionGuardConfiguration: ',
    twin: creates(gitOps, 'secrets', helmBook),
  }),
];

function replaced(who: (world: GuardWorld) => ApiClient, resource: string): Act {
  return async (world) => {
    const name = fresh('again');
    accepted(await prepares(world).create(one(resource, name)));
    const gone = await who(world).delete(at(resource, name));
    return gone.ok ? admitted(await who(world).create(one(resource, name))) : admitted(gone);
  };
}

const network: readonly Attack<GuardWorld>[] = [
  attack('T16', 'network', {
    name: 'a developer points a Service at other pods',
    act: merges(attacker, at('services', 'api'), () => ({ spec: { selector: { app: fresh('x') } } })),
    denied: 'ProductionGuardNetwork: ',
    twin: merges(operator, at('services', 'api'), () => ({ spec: { selector: { app: 'api' } } })),
  }),
  attack('T16', 'network', {
    name: 'a platform writer points another Service at other pods',
    act: merges(platform, at('services', 'api'), () => ({ spec: { selector: { app: fresh('x') } } })),
    denied: 'ProductionGuardNetwork: ',
    twin: merges(platform, at('services', 'outside'), () => ({ spec: { selector: { app: 'api' } } })),
  }),
  attack('T16', 'network', {
    name: 'a developer adds an EndpointSlice to a Service',
    act: creates(attacker, 'endpointslices', { metadata: { labels: { 'kubernetes.io/service-name': 'api' } } }),
    denied: 'ProductionGuardNetwork: ',
    twin: creates(by('endpointslice-controller'), 'endpointslices'),
  }),
  attack('T16', 'network', {
    name: 'a developer changes Endpoints',
    act: merges(attacker, at('endpoints', 'standing'), () => ({ metadata: { labels: { extra: fresh('x') } } })),
    denied: 'ProductionGuardNetwork: ',
    twin: merges(by('endpoint-controller'), at('endpoints', 'standing'), () => ({
      subsets: [{ addresses: [{ ip: '10.0.0.9' }], ports: [{ port: 80 }] }],
    })),
  }),
  attack('T16', 'network', {
    name: 'the token of the load-balancer controller changes what a Service is, not how it is reached',
    act: merges(by('load-balancers'), at('services', 'api'), () => ({ spec: { selector: { app: fresh('x') } } })),
    denied: 'ProductionGuardNetwork: ',
    twin: async ({ controller }) =>
      admitted(
        await controller('load-balancers').patch({ ...at('services', 'api'), subresource: 'status' }, 'merge', {
          status: {},
        }),
      ),
  }),
  attack('T16', 'network', {
    name: 'a developer reroutes an Ingress',
    act: merges(attacker, at('ingresses', 'api'), () => ({
      spec: { defaultBackend: { service: { name: fresh('x') } } },
    })),
    denied: 'ProductionGuardNetwork: ',
    twin: merges(operator, at('ingresses', 'api'), () => ({ spec: { defaultBackend: { service: { name: 'api' } } } })),
  }),
  attack('T16', 'network', {
    name: 'a developer deletes a NetworkPolicy',
    act: replaced(attacker, 'networkpolicies'),
    denied: 'ProductionGuardNetwork: ',
    twin: replaced(operator, 'networkpolicies'),
  }),
];

export const token =
  (who: (world: GuardWorld) => ApiClient): Act =>
  async (world) =>
    admitted(
      await who(world).createAt(
        { ...at('serviceaccounts', 'default'), subresource: 'token' },
        { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
      ),
    );

const accounts: readonly Attack<GuardWorld>[] = [
  attack('T27', 'accounts', {
    name: 'a developer asks for the token of a program',
    act: token(attacker),
    denied: 'ProductionGuardAccount: ',
    twin: token(by('kubelets')),
  }),
  attack('T27', 'accounts', {
    name: 'a developer creates a ServiceAccount',
    act: creates(attacker, 'serviceaccounts'),
    denied: 'ProductionGuardAccount: ',
    twin: creates(operator, 'serviceaccounts'),
  }),
  attack('T27', 'accounts', {
    name: 'a developer says as whom a program is known outside, by an annotation of its ServiceAccount',
    act: merges(attacker, at('serviceaccounts', 'default'), () => ({
      metadata: { annotations: { role: fresh('r') } },
    })),
    denied: 'ProductionGuardAccount: ',
    twin: merges(operator, at('serviceaccounts', 'default'), () => ({
      metadata: { annotations: { role: fresh('r') } },
    })),
  }),
];

/** Something is done with a PersistentVolumeClaim that is there for it. */
const claim =
  (act: (world: GuardWorld, target: ReturnType<typeof at>) => Promise<Answer<unknown>>): Act =>
  async (world) => {
    const name = fresh('data');
    accepted(await prepares(world).create(one('persistentvolumeclaims', name)));
    return admitted(await act(world, at('persistentvolumeclaims', name)));
  };

const storage: readonly Attack<GuardWorld>[] = [
  attack('T33', 'storage', {
    name: 'a developer deletes a PersistentVolumeClaim',
    act: claim((world, target) => attacker(world).delete(target)),
    denied: 'ProductionGuardStorage: ',
    twin: claim((world, target) => operator(world).delete(target)),
  }),
  attack('T33', 'storage', {
    name: 'the token of the StatefulSet controller says which volume a PersistentVolumeClaim gets',
    act: claim((world, target) =>
      world.controller('statefulset-controller').patch(target, 'merge', { spec: { volumeName: 'other' } }),
    ),
    denied: 'ProductionGuardStorageContent: ',
    twin: merges(by('statefulset-controller'), at('persistentvolumeclaims', 'standing'), () => ({
      metadata: { annotations: { owner: fresh('o') } },
    })),
  }),
];

const rights: readonly Attack<GuardWorld>[] = [
  attack('T27', 'rights', {
    name: 'a developer binds a role',
    act: creates(attacker, 'rolebindings'),
    denied: 'ProductionGuardAdministerRightMissing: ',
    twin: creates(admin, 'rolebindings'),
  }),
  attack('T27', 'rights', {
    name: 'a ServiceAccount that holds the right to administer binds a role',
    act: creates(({ stranger }) => stranger, 'rolebindings'),
    denied: 'ProductionGuardAdministerNeedsPerson: ',
    twin: creates(admin, 'rolebindings'),
  }),
  attack('T27', 'rights', {
    name: 'a developer sets limits by which no pod starts any more',
    act: creates(attacker, 'resourcequotas', { spec: { hard: { 'count/none.example.dev': '0' } } }),
    denied: 'ProductionGuardAdministerRightMissing: ',
    twin: creates(admin, 'resourcequotas', { spec: { hard: { 'count/none.example.dev': '0' } } }),
  }),
];

/** Of what it collects, the garbage collector takes off owners and finalizers, and nothing else. */
const collected: readonly Attack<GuardWorld>[] = (
  [
    ['scale', 'horizontalpodautoscalers', 'ProductionGuardScaleContent: ', { spec: { maxReplicas: 9 } }],
    ['network', 'services', 'ProductionGuardNetworkContent: ', { spec: { selector: { app: 'other' } } }],
    ['accounts', 'serviceaccounts', 'ProductionGuardAccountContent: ', { imagePullSecrets: [{ name: 'other' }] }],
    ['rights', 'roles', 'ProductionGuardRightsContent: ', { rules: [] }],
    ['configuration', 'configmaps', 'ProductionGuardConfigurationContent: ', { data: { level: 'other' } }],
    ['custom', 'httproutes', 'ProductionGuardCustomContent: ', { spec: { hostnames: ['other.example'] } }],
  ] as const
).map(([topic, resource, denied, body]) =>
  attack('T19', topic, {
    name: `the token of the garbage collector changes what one of ${resource} says`,
    act: async (world) => {
      const name = fresh('kept');
      accepted(await (topic === 'rights' ? admin : prepares)(world).create(one(resource, name)));
      return admitted(await by('generic-garbage-collector')(world).patch(at(resource, name), 'merge', body));
    },
    denied,
    twin: merges(by('generic-garbage-collector'), at(resource, 'standing'), () => ({ metadata: { finalizers: [] } })),
  }),
);

/** A rollout controller says which revision a Service finds, and nothing else of it. */
const switched: readonly Attack<GuardWorld>[] = (
  [
    ['leads requests of a Service elsewhere', { spec: { selector: { app: 'other' } } }],
    ['opens a port of a Service', { spec: { ports: [{ port: 81 }] } }],
    ['relabels a Service', { metadata: { labels: { extra: 'x' } } }],
    ['annotates a Service', { metadata: { annotations: { extra: 'x' } } }],
  ] as const
).map(([doing, body]) =>
  attack('T19', 'network', {
    name: `the token of a rollout controller ${doing}`,
    act: async (world) => {
      const name = fresh('switched');
      accepted(await prepares(world).create(one('services', name)));
      return admitted(await by('rollout-controllers')(world).patch(at('services', name), 'merge', body));
    },
    denied: 'ProductionGuardNetworkContent: ',
    twin: merges(by('rollout-controllers'), at('services', 'standing'), () => ({
      metadata: { annotations: { 'argo-rollouts.argoproj.io/managed-by-rollouts': fresh('web') } },
      spec: { selector: { 'rollouts-pod-template-hash': fresh('hash') } },
    })),
  }),
);

const statusOf = (resource: string, name: string) => ({ ...at(resource, name), subresource: 'status' });

const status: readonly Attack<GuardWorld>[] = [
  attack('T20', 'status', {
    name: 'a developer says that a pod is not ready',
    act: podAct(attacker, 'strategic', { subresource: 'status', body: { status: { message: 'forged' } } }),
    denied: 'ProductionGuardStatus: ',
    twin: podAct(by('kubelets'), 'strategic', { subresource: 'status', body: { status: { message: '' } } }),
  }),
  attack('T20', 'status', {
    name: 'a developer says that a Deployment is complete',
    act: merges(attacker, statusOf('deployments', 'standing'), () => ({ status: { observedGeneration: 1000 } })),
    denied: 'ProductionGuardStatus: ',
    twin: merges(by('deployment-controller'), statusOf('deployments', 'standing'), () => ({
      metadata: { annotations: { 'deployment.kubernetes.io/revision': '1' } },
    })),
  }),
  attack('T20', 'status', {
    name: 'the token of the Deployment controller annotates a Deployment by its status',
    act: merges(by('deployment-controller'), statusOf('deployments', 'standing'), () => ({
      metadata: { annotations: { note: fresh('n') } },
    })),
    denied: 'ProductionGuardStatusContent: ',
    twin: merges(by('deployment-controller'), statusOf('deployments', 'standing'), () => ({
      metadata: { annotations: { 'deployment.kubernetes.io/revision': '1' } },
    })),
  }),
  attack('T20', 'status', {
    name: 'the token of the Deployment controller takes an annotation off a Deployment by its status',
    act: async (world) => {
      const name = fresh('noted');
      accepted(await prepares(world).create(one('deployments', name, { metadata: { annotations: { note: 'kept' } } })));
      return merges(by('deployment-controller'), statusOf('deployments', name), () => ({
        metadata: { annotations: { note: null } },
      }))(world);
    },
    denied: 'ProductionGuardStatusContent: ',
    twin: merges(by('deployment-controller'), statusOf('deployments', 'standing'), () => ({
      metadata: { annotations: { 'deployment.kubernetes.io/revision': '1' } },
    })),
  }),
  attack('T12', 'status', {
    name: 'a developer says which revision a StatefulSet is at',
    act: merges(attacker, statusOf('statefulsets', 'standing'), () => ({ status: { currentRevision: fresh('r') } })),
    denied: 'ProductionGuardStatus: ',
    twin: merges(by('statefulset-controller'), statusOf('statefulsets', 'standing'), () => ({
      status: { currentRevision: fresh('r') },
    })),
  }),
];

/** What no release grants, by the identity that writes releases: the gate is not asked here. */
const ungrantable: readonly Attack<GuardWorld>[] = (
  [
    ['every verb', { apiGroups: [''], resources: ['pods'], verbs: ['*'] }],
    ['every verb of Kubernetes', { apiGroups: ['metrics.k8s.io'], resources: ['pods'], verbs: ['*'] }],
    ['every verb here', { apiGroups: ['countersign.dev'], resources: ['approvals'], verbs: ['*'] }],
    ['every resource', { apiGroups: [''], resources: ['*'], verbs: ['get'] }],
    ['every group', { apiGroups: ['*'], resources: ['pods'], verbs: ['get'] }],
    ['to be others', { apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }],
    ['tokens', { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] }],
    ['rights', { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['update'] }],
    ['signatures', { apiGroups: ['countersign.dev'], resources: ['approvals'], verbs: ['create'] }],
  ] as const
).map(([what, rule]) =>
  attack('T48', 'rights', {
    name: `the token of the operator gives ${what} by a Role of a release`,
    act: creates(operator, 'roles', { rules: [rule] }),
    denied: 'ProductionGuardRightNotGrantable: ',
    twin: creates(operator, 'roles', {
      rules: [{ apiGroups: ['metallb.io'], resources: ['communities'], verbs: ['*'] }],
    }),
  }),
);

const custom: readonly Attack<GuardWorld>[] = [
  attack('T16', 'custom', {
    name: 'a developer creates a route of the Gateway API',
    act: creates(attacker, 'httproutes'),
    denied: 'ProductionGuardCustom: ',
    twin: creates(operator, 'httproutes'),
  }),
  attack('T11', 'custom', {
    name: 'a controller of custom resources creates a Rollout',
    act: creates(by('custom-controllers'), 'rollouts'),
    denied: 'ProductionGuardCustom: ',
    twin: creates(gitOps, 'rollouts'),
  }),
  attack('T11', 'custom', {
    name: 'a controller of custom resources changes what a Rollout says',
    act: merges(by('custom-controllers'), at('rollouts', 'standing'), () => ({ spec: { replicas: otherNumber() } })),
    denied: 'ProductionGuardCustomContent: ',
    twin: merges(by('custom-controllers'), at('rollouts', 'standing'), () => ({
      metadata: { annotations: { 'rollout.argoproj.io/revision': fresh('r') } },
    })),
  }),
];

const additional: readonly Attack<GuardWorld>[] = (['CREATE', 'UPDATE', 'DELETE'] as const).map((operation) =>
  attack('T10', 'additional', {
    name: `a developer does a ${operation} of a kind that the chart lists in guardedKinds`,
    act: widget(attacker, operation),
    denied: 'ProductionGuardAdditional: ',
    twin: widget(operation === 'CREATE' ? gitOps : operator, operation),
  }),
);

function widget(who: (world: GuardWorld) => ApiClient, operation: 'CREATE' | 'UPDATE' | 'DELETE'): Act {
  return async (world) => {
    const name = fresh('widget');
    const object = one('widgets', name);
    if (operation === 'CREATE') return admitted(await who(world).create(object));
    accepted(await prepares(world).create(object));
    if (operation === 'DELETE') return admitted(await who(world).delete(targetOf(object)));
    return admitted(await who(world).patch(targetOf(object), 'merge', { metadata: { labels: { extra: 'yes' } } }));
  };
}

const namespaceAt = (name: string, subresource?: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  name,
  ...(subresource === undefined ? {} : { subresource }),
});

const labelled = (name: string, mode: string | null) => ({
  metadata: { name, labels: { 'countersign.dev/guarded': mode } },
});

/** Another namespace, guarded so; `undefined` = not. */
const aNamespace = async (world: GuardWorld, mode?: string): Promise<string> => {
  const name = fresh('shop');
  const labels = mode === undefined ? {} : { 'countersign.dev/guarded': mode };
  accepted(await world.as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
  return name;
};

/** Somebody changes a namespace of a mode, made for it. */
const reshaped =
  (
    who: (world: GuardWorld) => ApiClient,
    mode: string | undefined,
    { body, subresource }: { readonly body: unknown; readonly subresource?: string },
  ): Act =>
  async (world) =>
    admitted(await who(world).patch(namespaceAt(await aNamespace(world, mode), subresource), 'merge', body));

const mode = (value: string | null) => ({ body: { metadata: { labels: { 'countersign.dev/guarded': value } } } });

const namespaces: readonly Attack<GuardWorld>[] = [
  attack('T21', 'namespaces', {
    name: 'a cluster admin takes the guard off',
    act: reshaped(admin, 'enforce', mode(null)),
    denied: 'NamespaceGuardStays: ',
    twin: reshaped(admin, 'audit', mode(null)),
  }),
  ...(['enforce', 'unknown', ''] as const).map((from) =>
    attack('T21', 'namespaces', {
      name: `a cluster admin turns the guard from '${from}' to audit`,
      act: reshaped(admin, from, mode('audit')),
      denied: 'NamespaceGuardStays: ',
      twin: reshaped(admin, 'audit', mode('enforce')),
    }),
  ),
  attack('T21', 'namespaces', {
    name: 'a developer who may edit namespaces takes an audit off',
    act: reshaped(attacker, 'audit', mode(null)),
    denied: 'NamespaceGuardRightMissing: ',
    twin: reshaped(admin, 'audit', mode(null)),
  }),
  attack('T21', 'namespaces', {
    name: 'a developer who may edit namespaces has one guarded',
    act: reshaped(attacker, undefined, mode('enforce')),
    denied: 'NamespaceGuardRightMissing: ',
    twin: reshaped(admin, undefined, mode('enforce')),
  }),
  attack('T21', 'namespaces', {
    name: 'a developer who may create namespaces creates a guarded one',
    act: async (world) =>
      admitted(
        await attacker(world).create({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: fresh('shop'), labels: { 'countersign.dev/guarded': 'enforce' } },
        }),
      ),
    denied: 'NamespaceGuardRightMissing: ',
    twin: async (world) =>
      admitted(
        await admin(world).create({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: fresh('shop'), labels: { 'countersign.dev/guarded': 'enforce' } },
        }),
      ),
  }),
  ...(['labels', 'annotations'] as const).map((part) =>
    attack('T21', 'namespaces', {
      name: `a developer who may edit namespaces changes the ${part} of a guarded one`,
      act: reshaped(attacker, 'enforce', { body: { metadata: { [part]: { extra: 'yes' } } } }),
      denied: 'NamespaceGuardRightMissing: ',
      twin: reshaped(admin, 'enforce', { body: { metadata: { [part]: { extra: 'yes' } } } }),
    }),
  ),
  attack('T21', 'namespaces', {
    name: 'a program that holds every right changes the labels of a guarded namespace',
    act: async (world) => {
      const answer = await world
        .controller('tokens-controller')
        .patch(namespaceAt(await aNamespace(world, 'enforce')), 'merge', { metadata: { labels: { extra: 'yes' } } });
      return admitted(answer);
    },
    denied: 'NamespaceGuardNeedsPerson: ',
    twin: reshaped(admin, 'enforce', { body: { metadata: { labels: { extra: 'yes' } } } }),
  }),
  ...(['kube-public', 'countersign-system'] as const).map((name) =>
    attack('T21', 'namespaces', {
      name: `a cluster admin has ${name} guarded`,
      act: async (world) =>
        admitted(await admin(world).patch(namespaceAt(name), 'merge', labelled(name, 'enforce'), { dryRun: 'All' })),
      denied: 'NamespaceGuardPlace: ',
      twin: async (world) =>
        admitted(await admin(world).patch(namespaceAt(open), 'merge', labelled(open, 'enforce'), { dryRun: 'All' })),
    }),
  ),
  attack('T21', 'namespaces', {
    name: 'a cluster admin deletes a guarded namespace',
    act: async (world) => admitted(await admin(world).delete(namespaceAt(await aNamespace(world, 'enforce')))),
    denied: 'NamespaceGuardKept: ',
    twin: async (world) => admitted(await admin(world).delete(namespaceAt(await aNamespace(world)))),
  }),
  attack('T21', 'namespaces', {
    name: 'a cluster admin deletes a namespace under audit',
    act: async (world) => admitted(await admin(world).delete(namespaceAt(await aNamespace(world, 'audit')))),
    denied: 'NamespaceGuardKept: ',
    twin: async (world) => admitted(await admin(world).delete(namespaceAt(await aNamespace(world)))),
  }),
  attack('T21', 'namespaces', {
    name: 'a cluster admin takes the guard off by the status',
    act: reshaped(admin, 'enforce', { ...mode(null), subresource: 'status' }),
    denied: 'NamespaceGuardStatus: ',
    twin: reshaped(admin, undefined, { body: { metadata: { labels: { extra: 'yes' } } }, subresource: 'status' }),
  }),
  attack('T21', 'namespaces', {
    name: 'a cluster admin takes the finalizer off',
    act: finalized('enforce'),
    denied: 'NamespaceGuardStatus: ',
    twin: finalized(undefined),
  }),
];

function finalized(guardedAs: string | undefined): Act {
  return async (world) => {
    const name = await aNamespace(world, guardedAs);
    const found = accepted(await admin(world).get<Manifest & { spec: unknown }>(namespaceAt(name)));
    return admitted(await admin(world).replace({ ...found, spec: { finalizers: [] } }, { subresource: 'finalize' }));
  };
}

const withoutPolicy: readonly Attack<GuardWorld>[] = [
  attack('T22', 'configuration', {
    name: 'a developer deploys to a guarded namespace whose policy is gone',
    act: async (world) =>
      admitted(await attacker(world).create(one('configmaps', 'settings', { namespace: await lawless(world) }))),
    denied: 'no params found for policy binding with `Deny` parameterNotFoundAction',
    twin: creates(operator, 'configmaps'),
  }),
];

/** A guarded namespace without a policy. */
const lawless = async (world: GuardWorld): Promise<string> => aNamespace(world, 'enforce');

/** All of them, in the order of the table. */
export const guardAttacks: readonly Attack<GuardWorld>[] = [
  ...pods,
  ...sessions,
  ...workloads,
  ...scale,
  ...configuration,
  ...secretAttacks,
  ...network,
  ...accounts,
  ...storage,
  ...rights,
  ...collected,
  ...switched,
  ...status,
  ...additional,
  ...custom,
  ...ungrantable,
  ...unlistedAttacks,
  ...namespaces,
  ...withoutPolicy,
];
