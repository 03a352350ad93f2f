/** With nothing of ours running, a guarded production goes on: what the control plane does all day, it does there. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import {
  accepted,
  waitFor,
  waitForAll,
  waitForGone,
  type ApiClient,
  type KubeObject,
  type Manifest,
} from '../../support/cluster/cluster.ts';
import { acts, guard } from '../../admission-policies/world/guard-file.ts';
import { at, image, kinds, one, podSpec, podTemplate } from '../../admission-policies/world/guard-objects.ts';
import { fresh, production } from '../../support/attack/objects.ts';
import { eventually, robot, startWorld, type World } from '../../support/attack/world.ts';

const patienceMs = 100_000;

type Fields = Readonly<Record<string, unknown>>;

let world: World;
let platform: ApiClient;

const platformName = 'system:serviceaccount:default:keeper';
const schedule = { schedule: '* * * * *', successfulJobsHistoryLimit: 0 };

beforeAll(async () => {
  world = await startWorld({ pods: true, before: alreadyThere });
  const installer = world.as('installer');
  platform = await robot(world, 'keeper', 'default');
  accepted(
    await installer.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'keeper', namespace: production },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'keeper', namespace: 'default' }],
    }),
  );
  accepted(
    await installer.patch(
      { apiVersion: 'countersign.dev/v1alpha1', kind: 'ReleasePolicy', namespace: production, name: 'production' },
      'merge',
      {
        spec: {
          platformWriters: [
            { identity: platformName, kind: 'Secret', names: ['token'] },
            { identity: platformName, kind: 'Endpoints', names: ['outside'] },
          ],
        },
      },
    ),
  );
  await world.cluster.controlPlane.identity({ name: 'system:node:node-0', groups: ['system:nodes'] });
  // What takes a minute begins now.
  await released(one('cronjobs', 'minutely', { spec: { ...schedule, jobTemplate: { spec: jobSpec('minutely') } } }));
  await released(runs('deployments', 'stray', { replicas: 1 }, { nodeName: 'no-such-node' }));
}, 150_000);

afterAll(() => world?.stop());

/** Kinds of which an owner can leave something behind. */
const owned = Object.keys(kinds).filter((resource) => resource !== 'bindings');

/** Endpoints of the name of a Service go with it, before anybody collects them. */
const left = (resource: string, fate: string): string => (resource === 'endpoints' ? `${fate}-alone` : fate);

/** What nobody can create once the guard is there. */
async function alreadyThere(installer: ApiClient): Promise<void> {
  for (const fate of ['collected', 'released']) {
    const { metadata } = accepted(await installer.create(one('configmaps', `owner-${fate}`)));
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: metadata.name, uid: metadata.uid };
    for (const resource of owned) {
      accepted(await installer.create(one(resource, left(resource, fate), { metadata: { ownerReferences: [owner] } })));
    }
  }
  const claim = { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'none' } }] } };
  for (const object of [
    one('replicationcontrollers', 'old', {
      spec: { replicas: 2, selector: { app: 'old' }, template: podTemplate('old') },
    }),
    one('resourceclaimtemplates', 'device', { spec: { spec: claim } }),
  ])
    accepted(await installer.create(object));
  for (const object of [
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'urgent' }, value: 1000 },
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'lazy' },
      provisioner: 'example.dev/none',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'disk' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/disk' },
        storageClassName: 'manual',
        persistentVolumeReclaimPolicy: 'Retain',
      },
    },
  ])
    accepted(await installer.create<Manifest>(object));
}

/** The operator writes it, as part of a release. */
const released = async (object: Manifest): Promise<KubeObject> => accepted(await world.operator.create(object));

const runs = (resource: string, name: string, spec: Fields = {}, pod: Fields = {}): Manifest =>
  one(resource, name, {
    spec: { selector: { matchLabels: { app: name } }, template: podTemplate(name, pod), ...spec },
  });

const jobSpec = (app: string) => ({ template: podTemplate(app, { restartPolicy: 'Never' }) });

interface Seen extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>> & { readonly nodeName?: string; readonly replicas?: number };
  readonly status?: Readonly<Record<string, unknown>> & {
    readonly phase?: string;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly observedGeneration?: number;
    readonly numberReady?: number;
    readonly updatedNumberScheduled?: number;
  };
  readonly data?: Readonly<Record<string, string>>;
}

const becomes = (resource: string, name: string, isSo: (object: Seen) => boolean): Promise<Seen> =>
  waitFor<Seen>(world.as('installer'), at(resource, name), isSo, patienceMs);

const pods = (app: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: production,
  labelSelector: `app=${app}`,
});

/** So many pods of an application run, and what else is so of them. */
const running = (app: string, count: number, isSo: (pod: Seen) => boolean = () => true): Promise<readonly Seen[]> =>
  waitForAll<Seen>(
    world.as('installer'),
    pods(app),
    (all) =>
      all.filter((pod) => pod.status?.phase === 'Running' && pod.metadata.deletionTimestamp === undefined && isSo(pod))
        .length === count,
    patienceMs,
  );

const node = (): ApiClient => world.as('system:node:kwok');
const withdrawn = async (resource: string, name: string, propagationPolicy: 'Orphan' | 'Background' | 'Foreground') =>
  accepted(await world.operator.delete(at(resource, name), { propagationPolicy }));
const gone = (resource: string, name: string): Promise<void> =>
  waitForGone(world.as('installer'), at(resource, name), patienceMs);

/** The same with another image: what an admitted release brings. */
const withB = <T>(object: T): T => JSON.parse(JSON.stringify(object).replaceAll(image('a'), image('b'))) as T; // oxlint-disable-line typescript/no-unsafe-type-assertion -- another text of the same shape

/** The operator writes an object over what is there. */
const rewritten = async (resource: string, name: string, change: (object: Seen) => Seen): Promise<void> => {
  const live = accepted(await world.as('installer').get<Seen>(at(resource, name)));
  const { resourceVersion: _, ...metadata } = live.metadata;
  accepted(await world.operator.replace<Seen>(change({ ...live, metadata })));
};

const rolled = (resource: string, name: string): Promise<void> => rewritten(resource, name, withB);

const runsB = (pod: Seen): boolean => JSON.stringify(pod.spec).includes(image('b'));

/** What goes on, and how one sees it. */
const operations: Readonly<Record<string, () => Promise<unknown>>> = {
  'pods that are lost are replaced by their ReplicaSet': async () => {
    await released(runs('deployments', 'api', { replicas: 2, revisionHistoryLimit: 0 }));
    const [lost] = await running('api', 2);
    accepted(await node().delete(at('pods', lost?.metadata.name ?? '')));
    await running('api', 2, ({ metadata }) => metadata.uid !== lost?.metadata.uid);
  },

  'a template that was admitted rolls out, and its predecessor is cleaned up': async () => {
    await rolled('deployments', 'api');
    await running('api', 2, runsB);
    await waitForAll(
      world.as('installer'),
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: production, labelSelector: 'app=api' },
      (sets) => sets.length === 1,
      patienceMs,
    );
  },

  'an autoscaler scales': async () => {
    await released(
      one('horizontalpodautoscalers', 'api', {
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
          minReplicas: 3,
          maxReplicas: 4,
        },
      }),
    );
    await running('api', 3);
  },

  'an autoscaler scales a ReplicationController, which deletes pods': async () => {
    await running('old', 2);
    await released(
      one('horizontalpodautoscalers', 'old', {
        spec: { scaleTargetRef: { apiVersion: 'v1', kind: 'ReplicationController', name: 'old' }, maxReplicas: 1 },
      }),
    );
    await running('old', 1);
  },

  'a StatefulSet makes pods and claims, rolls out, and takes its claims along': async () => {
    await released(
      runs('statefulsets', 'state', {
        replicas: 1,
        serviceName: 'state',
        revisionHistoryLimit: 0,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: 'none',
              resources: { requests: { storage: '1Gi' } },
            },
          },
        ],
      }),
    );
    await becomes('persistentvolumeclaims', 'data-state-0', ({ metadata }) => metadata.ownerReferences !== undefined);
    await withdrawn('statefulsets', 'state', 'Background');
    await gone('persistentvolumeclaims', 'data-state-0');
    await released(runs('statefulsets', 'plain', { replicas: 1, serviceName: 'plain', revisionHistoryLimit: 0 }));
    await running('plain', 1);
    await rolled('statefulsets', 'plain');
    await running('plain', 1, runsB);
    await waitForAll(
      world.as('installer'),
      { apiVersion: 'apps/v1', kind: 'ControllerRevision', namespace: production, labelSelector: 'app=plain' },
      (revisions) => revisions.length === 1,
      patienceMs,
    );
  },

  'a StatefulSet that is written anew takes over what it left': async () => {
    await withdrawn('statefulsets', 'plain', 'Orphan');
    await gone('statefulsets', 'plain');
    const [orphan] = await running('plain', 1, ({ metadata }) => metadata.ownerReferences === undefined);
    const set = runs('statefulsets', 'plain', { replicas: 1, serviceName: 'plain', revisionHistoryLimit: 0 });
    await released(withB(set));
    await running(
      'plain',
      1,
      ({ metadata }) => metadata.uid === orphan?.metadata.uid && metadata.ownerReferences !== undefined,
    );
  },

  'a DaemonSet makes pods, rolls out, and takes over what it left': async () => {
    await released(runs('daemonsets', 'agent', { revisionHistoryLimit: 0 }));
    await running('agent', 1);
    await rolled('daemonsets', 'agent');
    await running('agent', 1, runsB);
    await withdrawn('daemonsets', 'agent', 'Orphan');
    await gone('daemonsets', 'agent');
    const [orphan] = await running('agent', 1, ({ metadata }) => metadata.ownerReferences === undefined);
    const set = runs('daemonsets', 'agent', { revisionHistoryLimit: 0 });
    await released(withB(set));
    await running(
      'agent',
      1,
      ({ metadata }) => metadata.uid === orphan?.metadata.uid && metadata.ownerReferences !== undefined,
    );
  },

  'a Deployment that is written anew takes over what it left': async () => {
    await released(runs('deployments', 'left', { replicas: 1 }));
    const [before] = await running('left', 1);
    await withdrawn('deployments', 'left', 'Orphan');
    await gone('deployments', 'left');
    await released(runs('deployments', 'left', { replicas: 1 }));
    await waitForAll<Seen>(
      world.as('installer'),
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: production, labelSelector: 'app=left' },
      (sets) => sets.length === 1 && sets[0]?.metadata.ownerReferences !== undefined,
      patienceMs,
    );
    await running('left', 1, ({ metadata }) => metadata.uid === before?.metadata.uid);
  },

  'a Job completes, and goes when its time is over': async () => {
    await released(one('jobs', 'once', { spec: { ...jobSpec('once'), ttlSecondsAfterFinished: 1 } }));
    await waitFor<Seen>(
      world.as('installer'),
      { ...pods('once') },
      ({ status }) => status?.phase === 'Succeeded',
      patienceMs,
    );
    await gone('jobs', 'once');
    await waitForGone(world.as('installer'), pods('once'), patienceMs);
  },

  'a Job that takes too long loses its pods': async () => {
    const annotations = { 'countersign.test/behaviour': 'never-ready' };
    const template = { metadata: { annotations, labels: { app: 'slow' } }, spec: podSpec({ restartPolicy: 'Never' }) };
    await released(one('jobs', 'slow', { spec: { template, activeDeadlineSeconds: 2 } }));
    await running('slow', 1);
    await waitForGone(world.as('installer'), pods('slow'), patienceMs);
  },

  'a pod that its node marks as other than its ReplicaSet wants is let go, and replaced': async () => {
    await released(runs('deployments', 'loose', { replicas: 1 }));
    for (const app of ['loose', 'old']) {
      const [pod] = await running(app, 1);
      const { name = '' } = pod?.metadata ?? {};
      accepted(await node().patch(at('pods', name), 'merge', { metadata: { labels: { app: 'other' } } }));
      await becomes('pods', name, ({ metadata }) => metadata.ownerReferences === undefined);
      await running(app, 1);
    }
  },

  'what its owner leaves behind is collected, or let go, of every kind': async () => {
    accepted(await world.operator.delete(at('configmaps', 'owner-collected'), { propagationPolicy: 'Background' }));
    accepted(await world.operator.delete(at('configmaps', 'owner-released'), { propagationPolicy: 'Orphan' }));
    for (const resource of owned) {
      await waitForGone(world.as('installer'), at(resource, left(resource, 'collected')), patienceMs);
      await becomes(resource, left(resource, 'released'), ({ metadata }) => metadata.ownerReferences === undefined);
    }
  },

  'what is deleted in the foreground goes after its dependents': async () => {
    await released(runs('deployments', 'last', { replicas: 1 }));
    await running('last', 1);
    await withdrawn('deployments', 'last', 'Foreground');
    await gone('deployments', 'last');
    await waitForGone(world.as('installer'), pods('last'), patienceMs);
  },

  'a Service has endpoints, and loses them': async () => {
    await released(one('services', 'api', { spec: { selector: { app: 'api' }, ports: [{ port: 80 }] } }));
    const slices = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      namespace: production,
      labelSelector: 'kubernetes.io/service-name=api',
    };
    await waitFor<KubeObject & { endpoints?: readonly unknown[] }>(
      world.as('installer'),
      slices,
      ({ endpoints }) => (endpoints ?? []).length === 3,
      patienceMs,
    );
    await becomes('endpoints', 'api', (object) => JSON.stringify(object).includes('addresses'));
    await rewritten('services', 'api', (object) => ({
      ...object,
      spec: { ...object.spec, ports: [{ port: 80, targetPort: 81 }] },
    }));
    await waitFor(world.as('installer'), slices, (slice) => JSON.stringify(slice).includes('"port":81'), patienceMs);
    const [lost] = await running('api', 3);
    accepted(await node().delete(at('pods', lost?.metadata.name ?? '')));
    await waitFor(
      world.as('installer'),
      slices,
      (slice) => !JSON.stringify(slice).includes(lost?.metadata.uid ?? '?'),
      patienceMs,
    );
    await withdrawn('services', 'api', 'Background');
    await waitForGone(world.as('installer'), slices, patienceMs);
    await gone('endpoints', 'api');
  },

  'endpoints that a platform writer keeps are mirrored': async () => {
    await released(one('services', 'outside'));
    const subsets = (ip: string) => [{ addresses: [{ ip }], ports: [{ port: 80 }] }];
    accepted(await platform.create(one('endpoints', 'outside', { subsets: subsets('10.9.9.9') })));
    const slices = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      namespace: production,
      labelSelector: 'kubernetes.io/service-name=outside',
    };
    const mirrors = (ip: string) =>
      waitFor(world.as('installer'), slices, (slice) => JSON.stringify(slice).includes(ip), patienceMs);
    await mirrors('10.9.9.9');
    accepted(await platform.patch(at('endpoints', 'outside'), 'merge', { subsets: subsets('10.9.9.8') }));
    await mirrors('10.9.9.8');
    accepted(await platform.patch(at('endpoints', 'outside'), 'merge', { subsets: [] }));
    await waitForAll(world.as('installer'), slices, (all) => !JSON.stringify(all).includes('10.9.9.8'), patienceMs);
  },

  'the certificate of the cluster is published again': async () => {
    await withdrawn('configmaps', 'kube-root-ca.crt', 'Background');
    await becomes('configmaps', 'kube-root-ca.crt', ({ data }) => data?.['ca.crt'] !== undefined);
    await rewritten('configmaps', 'kube-root-ca.crt', (object) => ({ ...object, data: { 'ca.crt': 'forged' } }));
    await becomes('configmaps', 'kube-root-ca.crt', ({ data }) => data?.['ca.crt'] !== 'forged');
  },

  'the default ServiceAccount is made again': async () => {
    const before = await becomes('serviceaccounts', 'default', () => true);
    await withdrawn('serviceaccounts', 'default', 'Background');
    await becomes('serviceaccounts', 'default', ({ metadata }) => metadata.uid !== before.metadata.uid);
  },

  'the node of a new pod gets the token of its ServiceAccount': async () => {
    await released(runs('deployments', 'young', { replicas: 1 }));
    const [pod] = await running('young', 1);
    const answer = await eventually(
      'the authorizer knows the pod',
      () =>
        world.as('system:node:node-0').createAt(
          { ...at('serviceaccounts', 'default'), subresource: 'token' },
          {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: {
              boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod?.metadata.name, uid: pod?.metadata.uid },
            },
          },
        ),
      ({ ok }) => ok,
    );
    expect(answer.code).toBe(201);
  },

  'a Secret for a token is filled, counted as used, and goes with its ServiceAccount': async () => {
    await released(one('serviceaccounts', 'robot'));
    const type = 'kubernetes.io/service-account-token';
    const annotations = { 'kubernetes.io/service-account.name': 'robot' };
    accepted(await platform.create(one('secrets', 'token', { type, stringData: {}, metadata: { annotations } })));
    const { data } = await becomes('secrets', 'token', (secret) => secret.data?.['token'] !== undefined);
    const client = world.as('installer').withToken(Buffer.from(data?.['token'] ?? '', 'base64').toString());
    await client.get(at('pods', 'none'));
    await becomes(
      'secrets',
      'token',
      ({ metadata }) => metadata.labels?.['kubernetes.io/legacy-token-last-used'] !== undefined,
    );
    client.close();
    await withdrawn('serviceaccounts', 'robot', 'Background');
    await gone('secrets', 'token');
  },

  'a claim is bound, protected while it is used, and goes then': async () => {
    await released(
      one('persistentvolumeclaims', 'disk', {
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'manual',
          resources: { requests: { storage: '1Gi' } },
        },
      }),
    );
    await becomes('persistentvolumeclaims', 'disk', ({ status }) => status?.phase === 'Bound');
    await withdrawn('persistentvolumeclaims', 'disk', 'Background');
    await gone('persistentvolumeclaims', 'disk');
  },

  'a claim that waits for its first consumer gets a node': async () => {
    const volumeClaimTemplate = {
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'lazy', resources: { requests: { storage: '1Gi' } } },
    };
    await released(
      runs('deployments', 'scratch', { replicas: 1 }, { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate } }] }),
    );
    await waitFor(
      world.as('installer'),
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: production },
      ({ metadata }) => metadata.annotations?.['volume.kubernetes.io/selected-node'] !== undefined,
      patienceMs,
    );
    await withdrawn('deployments', 'scratch', 'Background');
    await waitForGone(world.as('installer'), pods('scratch'), patienceMs);
  },

  'a pod that asks for a device gets its claim, which goes when the pod is done': async () => {
    const claims = { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaim', namespace: production };
    const madeFor =
      (name: string) =>
      ({ metadata }: KubeObject) =>
        metadata.generateName?.startsWith(name) === true;
    const asks = { resourceClaims: [{ name: 'one', resourceClaimTemplateName: 'device' }] };
    await released(runs('deployments', 'device', { replicas: 1 }, asks));
    await waitFor(world.as('installer'), claims, madeFor('device-'), patienceMs);
    await withdrawn('deployments', 'device', 'Background');
    await waitForAll(world.as('installer'), claims, (all) => !all.some(madeFor('device-')), patienceMs);

    // A pod that stays when it is done leaves its claim to the resource claim controller; with a pod that goes, the garbage collector is often first.
    const done = podTemplate('done', { ...asks, nodeName: 'node-0', restartPolicy: 'Never' });
    await released(one('jobs', 'done', { spec: { template: done } }));
    await becomes('jobs', 'done', ({ status }) => status?.['succeeded'] === 1);
    await waitForAll(world.as('installer'), claims, (all) => !all.some(madeFor('done-')), patienceMs);
  },

  'an eviction is counted against its budget, and the pod is replaced': async () => {
    await released(
      one('poddisruptionbudgets', 'api', {
        spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'api' } } },
      }),
    );
    await becomes('poddisruptionbudgets', 'api', ({ status }) => status?.['disruptionsAllowed'] === 1);
    const [pod] = await running('api', 3);
    const { name } = pod?.metadata ?? {};
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: production } };
    accepted(await world.as('admin').createAt({ ...at('pods', name ?? ''), subresource: 'eviction' }, eviction));
    await running('api', 3, ({ metadata }) => metadata.uid !== pod?.metadata.uid);
  },

  'a node is drained by kubectl': async () => {
    const { controlPlane } = world.cluster;
    const drained = await controlPlane.kubectl('admin', [
      'drain',
      'node-0',
      '--ignore-daemonsets',
      '--delete-emptydir-data',
      '--force',
      '--pod-selector=app=young',
      '--timeout=90s',
    ]);
    expect(drained).toMatchObject({ code: 0 });
    expect(await controlPlane.kubectl('admin', ['uncordon', 'node-0'])).toMatchObject({ code: 0 });
    await running('young', 1);
  },

  'a node that is tainted loses its pods, and gets others': async () => {
    const [before] = await running('young', 1);
    const target = { apiVersion: 'v1', kind: 'Node', name: 'node-0' };
    const taint = (taints: unknown) => world.as('installer').patch(target, 'merge', { spec: { taints } });
    accepted(await taint([{ key: 'broken', effect: 'NoExecute' }]));
    await waitForGone(world.as('installer'), at('pods', before?.metadata.name ?? ''), patienceMs);
    accepted(await taint(null));
    await running('young', 1);
  },

  'the scheduler makes room for what is urgent': async () => {
    const much = { containers: [{ name: 'main', image: image('a'), resources: { requests: { cpu: '700' } } }] };
    await released(runs('deployments', 'lesser', { replicas: 1 }, much));
    const [victim] = await running('lesser', 1);
    await released(runs('deployments', 'urgent', { replicas: 1 }, { ...much, priorityClassName: 'urgent' }));
    await waitForGone(world.as('installer'), at('pods', victim?.metadata.name ?? ''), patienceMs);
    await running('urgent', 1);
    await withdrawn('deployments', 'urgent', 'Background');
    await withdrawn('deployments', 'lesser', 'Background');
  },

  'a quota is counted': async () => {
    accepted(await world.as('admin').create(one('resourcequotas', 'pods')));
    const used = ({ status }: Seen) => JSON.stringify(status?.['used']);
    const before = used(await becomes('resourcequotas', 'pods', ({ status }) => status?.['used'] !== undefined));
    await released(runs('deployments', 'counted', { replicas: 2 }));
    await running('counted', 2);
    await becomes('resourcequotas', 'pods', (quota) => used(quota) !== before);
  },

  'programs elect leaders and report events': async () => {
    const keeper = platform;
    accepted(
      await keeper.create<Manifest>({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: fresh('leader'), namespace: production },
        spec: {},
      }),
    );
    accepted(
      await keeper.create<Manifest>({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: fresh('event'), namespace: production },
        involvedObject: { kind: 'Pod', namespace: production, name: 'none' },
        reason: 'Test',
        message: 'it goes on',
      }),
    );
  },

  'other namespaces, and kube-system, are nobody’s business': async () => {
    const installer = world.as('installer');
    const namespace = fresh('elsewhere');
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }));
    for (const place of [namespace, 'kube-system']) {
      await waitFor(installer, at('serviceaccounts', 'default', place), () => true, patienceMs);
      accepted(
        await world.as('admin').create(
          one('deployments', 'web', {
            namespace: place,
            spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: podTemplate('web') },
          }),
        ),
      );
      await waitFor<Seen>(
        installer,
        { apiVersion: 'v1', kind: 'Pod', namespace: place, labelSelector: 'app=web' },
        ({ status }) => status?.phase === 'Running',
        patienceMs,
      );
    }
    accepted(await installer.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace }));
    await waitForGone(installer, { apiVersion: 'v1', kind: 'Namespace', name: namespace }, patienceMs);
  },

  'a CronJob fires, and its Job is cleaned up': async () => {
    await eventually(
      'it fired',
      () => world.cluster.controlPlane.auditEvents(),
      (events) => events.some(({ verb, user }) => verb === 'delete' && user.username.endsWith(':cronjob-controller')),
    );
  },

  'a pod of a node that is gone is collected': async () => {
    await eventually(
      'it was collected',
      () => world.cluster.controlPlane.auditEvents(),
      (events) =>
        events.some(({ verb, user }) => verb === 'delete' && user.username.endsWith(':pod-garbage-collector')),
    );
  },
};

describe('goes on', () => {
  test.each(Object.entries(operations))('%s', async (_, run) => {
    await expect(run()).resolves.not.toThrow();
  });

  test('these are at least 15', () => expect(Object.keys(operations).length).toBeGreaterThanOrEqual(15));
});

describe('what the control plane did in it', () => {
  /** Writes in production, by username, as `act group/resource`. */
  const writes = async (refused: boolean) =>
    (await world.cluster.controlPlane.auditEvents()).filter(
      ({ verb, user, objectRef, responseStatus }) =>
        ['create', 'update', 'patch', 'delete'].includes(verb) &&
        objectRef?.namespace === production &&
        objectRef.apiGroup !== 'countersign.dev' &&
        user.username.startsWith('system:') &&
        (responseStatus?.code === 403) === refused,
    );

  test('was never refused', async () => {
    const refused = await writes(true);
    expect(
      refused.map(({ user, verb, objectRef, responseStatus }) => [
        user.username,
        verb,
        objectRef,
        responseStatus?.message,
      ]),
    ).toEqual([]);
  });

  test('is all that files/guard.yaml lets it do, but for what cannot happen here', async () => {
    const done = new Set(
      (await writes(false)).map(({ verb, user, objectRef = {} }) => {
        const { apiGroup = '', resource = '', subresource } = objectRef;
        const act = verb === 'patch' ? 'update' : verb;
        return `${nameOf(user.username)} ${act} ${apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`}`;
      }),
    );
    // No definitions here.
    const listed = Object.entries(guard.topics)
      .filter(([topic]) => topic !== 'custom')
      .flatMap(([, rows]) => rows)
      .flatMap((row) =>
        acts.flatMap((act) => (row[act] ?? []).map((name) => `${name} ${act} ${row.group}/${row.resource}`)),
      );
    expect(listed.filter((each) => !done.has(each) && unseen[each] === undefined)).toEqual([]);
    expect(Object.keys(unseen).filter((each) => !listed.includes(each))).toEqual([]);
  });
});

/** As files/guard.yaml has it. */
function nameOf(username: string): string {
  const names: Readonly<Record<string, string>> = {
    'system:kube-scheduler': 'kube-scheduler',
    'system:kube-controller-manager': 'tokens-controller',
    'system:apiserver': 'apiserver',
  };
  if (username.startsWith('system:node:')) return 'kubelets';
  return names[username] ?? username.replace('system:serviceaccount:kube-system:', '');
}

/** What the file lets the control plane do and no cluster of this kind does, and why it is listed nevertheless. */
const unseen: Readonly<Record<string, string>> = {
  'device-drivers update resource.k8s.io/resourceclaims/status': 'no devices here',
  'device-taint-eviction-controller delete /pods': 'no devices here',
  'device-taint-eviction-controller update /pods/status': 'no devices here',
  'disruption-controller update /pods/status': 'it clears a condition that is two minutes old',
  'endpointslice-controller delete discovery.k8s.io/endpointslices':
    'when slices are packed anew: more than 100 endpoints',
  'expand-controller update /persistentvolumeclaims/status': 'no volumes that grow here',
  'horizontal-pod-autoscaler update apps/replicasets/scale': 'the loop that scales Deployments, above',
  'horizontal-pod-autoscaler update apps/statefulsets/scale': 'the loop that scales Deployments, above',
  'ingress-controllers update networking.k8s.io/ingresses/status': 'no ingress controller here',
  'kube-scheduler update resource.k8s.io/resourceclaims': 'no devices here',
  'kube-scheduler update resource.k8s.io/resourceclaims/status': 'no devices here',
  'kubelets update /persistentvolumeclaims/status': 'no kubelets here',
  'legacy-service-account-token-cleaner delete /secrets': 'after a year',
  'legacy-service-account-token-cleaner update /secrets': 'after a year',
  'load-balancers update /services/status': 'no cloud here',
  'pvc-protection-controller update /persistentvolumeclaims/status': 'a feature that is off by default',
  'resource-claim-controller update resource.k8s.io/resourceclaims': 'no devices here',
  'resource-claim-controller update resource.k8s.io/resourceclaims/status': 'no devices here',
  'rollout-controllers create apps/replicasets': 'no Rollouts here',
  'rollout-controllers delete apps/replicasets': 'no Rollouts here',
  'rollout-controllers update /services': 'no Rollouts here',
  'rollout-controllers update apps/replicasets': 'no Rollouts here',
  'service-controller update /services/status': 'no cloud here',
  'storage-controllers create storage.k8s.io/csistoragecapacities': 'no storage driver here',
  'storage-controllers delete storage.k8s.io/csistoragecapacities': 'no storage driver here',
  'storage-controllers update /persistentvolumeclaims': 'no storage driver here',
  'storage-controllers update /persistentvolumeclaims/status': 'no storage driver here',
  'storage-controllers update storage.k8s.io/csistoragecapacities': 'no storage driver here',
};
