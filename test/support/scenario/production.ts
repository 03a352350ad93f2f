/** What the scenarios about production share: one of every promotable kind, who wrote what, and how to hold a promotion half way. */
import type { JsonObject } from '../../../operator/api/meta.ts';
import { normalForm, sameContent } from '../../../operator/decide/manifest/normal-form.ts';
import { actsIn } from '../../../operator/decide/record/batch.ts';
import type { AuditEvent } from '../../../hack/controlplane/audit.ts';
import { programIdentities } from '../../../hack/controlplane/identities.ts';
import { accepted, waitFor, type KubeObject, type Manifest } from '../cluster/cluster.ts';
import { image, type Entry, type Reported, type System, type World } from '../cluster/system.ts';
import { patienceMs, type BundleSeen } from './kit.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Any object for staging. */
export const manifestOf = (world: World, kind: string, name: string, fields: Fields): Manifest => ({
  apiVersion: world.ref(kind).apiVersion,
  kind,
  metadata: { name, namespace: world.staging },
  ...fields,
});

export const podTemplate = (app: string, letter: string, more: Fields = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: image(letter) }], ...more },
});

/** A Job of one try. */
export const job = (world: World, name: string, letter: string): Manifest =>
  manifestOf(world, 'Job', name, {
    spec: { backoffLimit: 0, template: podTemplate(name, letter, { restartPolicy: 'Never' }) },
  });

export const service = (world: World, name: string, app = name): Manifest =>
  manifestOf(world, 'Service', name, { spec: { selector: { app }, ports: [{ port: 80, targetPort: 8080 }] } });

/** One of every kind that may be promoted, of one application `app`, with images of one letter. */
export const ofEveryKind = (world: World, letter: string): readonly Manifest[] => {
  const workload = (kind: string, name: string, more: Fields = {}) =>
    manifestOf(world, kind, name, {
      spec: { selector: { matchLabels: { app: name } }, template: podTemplate(name, letter), ...more },
    });
  return [
    manifestOf(world, 'ServiceAccount', 'runner', {}),
    world.configMap('settings', { letter }),
    manifestOf(world, 'PersistentVolumeClaim', 'data', {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    manifestOf(world, 'NetworkPolicy', 'closed', { spec: { podSelector: {}, policyTypes: ['Ingress'] } }),
    manifestOf(world, 'PodDisruptionBudget', 'some', {
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    }),
    job(world, 'migrate', letter),
    workload('Deployment', 'web', { replicas: 2 }),
    workload('StatefulSet', 'state', { replicas: 1, serviceName: 'state' }),
    workload('DaemonSet', 'agent'),
    manifestOf(world, 'CronJob', 'nightly', {
      spec: {
        schedule: '0 3 * * *',
        jobTemplate: { spec: { template: podTemplate('nightly', letter, { restartPolicy: 'Never' }) } },
      },
    }),
    manifestOf(world, 'HorizontalPodAutoscaler', 'web', {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 2,
        maxReplicas: 4,
      },
    }),
    service(world, 'web'),
    manifestOf(world, 'Ingress', 'web', {
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
    }),
  ];
};

export const componentsOf = (manifests: readonly Manifest[]): readonly string[] =>
  manifests.map(({ kind, metadata }) => `${kind}/${metadata.name ?? ''}`);

/** An overlay that gives the pods of a workload or Job a behaviour, in production only. */
export const behaving = (kind: string, name: string, behaviour: string) => ({
  kind,
  name,
  patch: { spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': behaviour } } } } },
});

/** One write of ours that production took, from the audit log. */
export interface Write {
  readonly verb: string;
  /** `resource/name` */
  readonly object: string;
  readonly resource: string;
  readonly by: string;
  /** As the API server's clock says, in microseconds of RFC 3339: such texts sort. */
  readonly from: string;
  readonly until: string;
  readonly resourceVersion: string | undefined;
}

const ours = /^system:serviceaccount:countersign-system:countersign-(operator|restorer)$/;
const promoted = new Set([
  'serviceaccounts',
  'configmaps',
  'persistentvolumeclaims',
  'networkpolicies',
  'poddisruptionbudgets',
  'jobs',
  'deployments',
  'statefulsets',
  'daemonsets',
  'cronjobs',
  'horizontalpodautoscalers',
  'services',
  'ingresses',
]);

const nameOf = ({ objectRef, requestURI }: AuditEvent): string =>
  objectRef?.name ?? new URL(requestURI, 'https://x').searchParams.get('name') ?? '';

/** What the operator wrote of a release in production so far, in order; dry runs and refusals are none. */
export const writesTo = async (system: System, { production }: World): Promise<readonly Write[]> =>
  (await system.controlPlane.auditEvents())
    .filter(
      ({ user, verb, stage, objectRef, requestURI, responseStatus }) =>
        stage === 'ResponseComplete' &&
        ours.test(user.username) &&
        objectRef?.namespace === production &&
        promoted.has(objectRef.resource ?? '') &&
        ['create', 'update', 'patch', 'delete'].includes(verb) &&
        !requestURI.includes('dryRun=All') &&
        (responseStatus?.code ?? 500) < 300,
    )
    .map((event) => ({
      verb: event.verb,
      object: `${event.objectRef?.resource ?? ''}/${nameOf(event)}`,
      resource: event.objectRef?.resource ?? '',
      by: event.user.username.slice(event.user.username.lastIndexOf('-') + 1),
      from: event.requestReceivedTimestamp,
      until: event.stageTimestamp,
      resourceVersion: event.objectRef?.resourceVersion,
    }))
    .toSorted((a, b) => (a.from < b.from ? -1 : 1));

/** Entries of one type, about one candidate; each act of an entry for several by itself. */
export const entriesOf = async (world: World, type: string, candidate?: string): Promise<readonly Entry['spec'][]> =>
  (await world.ledger())
    .flatMap(actsIn)
    .filter((entry) => entry.type === type && (candidate === undefined || entry.subject.name === candidate));

export const dataOf = (entry: Entry['spec'] | undefined): Fields => JSON.parse(entry?.data ?? '{}') as Fields; // an object, always

/** Waits for an entry about a candidate. */
export const recorded = async (world: World, type: string, candidate: string): Promise<Entry['spec']> =>
  (
    await waitFor<Entry>(
      world.as('auditor-a'),
      world.ref('LedgerEntry'),
      ({ spec }) => spec.type === type && spec.subject.name === candidate,
      patienceMs,
    )
  ).spec;

/** What production holds of an object, in normal form; undefined = nothing. */
export const normalLive = async (world: World, kind: string, name: string): Promise<JsonObject | undefined> => {
  const live = await world.live(kind, name);
  return live === undefined
    ? undefined
    : normalForm(JSON.parse(JSON.stringify(live)) as JsonObject, { apiVersion: live.apiVersion, kind, name });
};

/** Objects of a bundle that production does not hold, or not so. Jobs run once and are left out. */
export const differences = async (world: World, bundleName: string): Promise<readonly string[]> => {
  const bundle = accepted(await world.as('auditor-a').get<BundleSeen>(world.ref('ReleaseBundle', bundleName)));
  const found = await Promise.all(
    bundle.spec.objects
      .filter(({ kind }) => kind !== 'Job')
      .map(async ({ kind, name, content }) => {
        const unmanaged = bundle.spec.unmanaged?.find((each) => each.kind === kind && each.name === name)?.fields ?? [];
        const live = await normalLive(world, kind, name);
        const same = live !== undefined && sameContent(live, JSON.parse(content) as JsonObject, unmanaged);
        return same ? [] : [`${kind}/${name}`];
      }),
  );
  return found.flat();
};

/** As the nodes, who run it, let a pod behave otherwise; `undefined` = healthy again. */
export const behave = async (
  world: World,
  pod: KubeObject,
  behaviour: string | undefined,
  namespace = world.production,
): Promise<void> => {
  const annotations = { 'countersign.test/behaviour': behaviour ?? null };
  accepted(
    await world
      .as(programIdentities.kwok.name)
      .patch(world.ref('Pod', pod.metadata.name, namespace), 'merge', { metadata: { annotations } }),
  );
};

/** The pod that runs for a Job or workload in production: the first of that label. */
export const podOf = (world: World, app: string): Promise<KubeObject> =>
  waitFor(world.as('installer'), { ...world.ref('Pod'), labelSelector: `app=${app}` }, () => true, patienceMs);

/**
 * Edits production behind everybody's back, under a name that managedFields shows, and as the last of all: their times have whole seconds, so the
 * second of the write before is waited out. Takes a world that is `unguarded`.
 */
export const meddle = async (world: World, kind: string, name: string, patch: Fields, manager = 'by-hand') => {
  const live = await world.live(kind, name);
  const times = (live?.metadata.managedFields ?? []).map((field) =>
    Date.parse(String((field as { time?: string }).time)),
  );
  const rest = Math.max(0, ...times) + 1_000 - Date.now();
  if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  accepted(await world.as('installer').patch(world.ref(kind, name), 'merge', patch, { fieldManager: manager }));
};

/** Creates an object in production directly, as somebody did before there was a guard. */
export const plant = async (world: World, manifest: Manifest): Promise<void> => {
  const { metadata, ...rest } = manifest;
  accepted(
    await world.as('installer').create(
      { ...rest, metadata: { ...metadata, namespace: world.production } },
      {
        fieldManager: 'before',
      },
    ),
  );
};

export const messageOf = (candidate: Reported): string =>
  candidate.status?.conditions?.find(({ type }) => type === 'Finished')?.message ?? '';

export const storageClass = (name: string, more: Readonly<Record<string, unknown>> = {}): Manifest => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name },
  provisioner: 'kubernetes.io/no-provisioner',
  allowVolumeExpansion: true,
  ...more,
});

export const volume = (name: string, storageClassName: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    storageClassName,
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: `/nowhere/${name}` },
  },
});

/** Creates objects of the whole cluster. */
export const inCluster = async (world: World, ...objects: readonly Manifest[]): Promise<void> => {
  for (const object of objects) accepted(await world.as('installer').create(object));
};
