/** What the operator would look at for a candidate that is not there yet, read by a person: what they may not read counts as not there, and is noted. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import type { Bundle } from '../../operator/decide/bundle.ts';
import { noEvidence } from '../../operator/decide/evidence/piece.ts';
import { type CandidateSnapshot, noBindings } from '../../operator/decide/gates/snapshot.ts';
import { isAutoscaler, kindRow, promotableResource } from '../../operator/decide/manifest/kinds/index.ts';
import { hostKinds, hostsServedBy } from '../../operator/decide/manifest/served-hosts.ts';
import {
  keyOf,
  kindIdOf,
  type LiveObject,
  type NamespaceFacts,
  type ObjectKey,
  type ObjectRef,
  type PodFacts,
} from '../../operator/decide/objects.ts';
import { type ProductionFact, untouched } from '../../operator/decide/record/package.ts';
import { emptyRecord } from '../../operator/decide/record/record.ts';
import { builtIn } from '../../operator/decide/schema/custom-type.ts';
import { nothingSelected } from '../../operator/decide/selected.ts';
import { PackedValues } from '../../operator/kube/packed.ts';
import type { KubeObject, ResourceRow } from '../../operator/kube/resource.ts';
import { bundleHead, joinParts } from '../../operator/observe/bundles.ts';
import { watchedObject } from '../../operator/observe/fingerprint.ts';
import { controllingRef } from '../../operator/observe/lookup.ts';
import { liveObject } from '../../operator/observe/parse.ts';
import { podFacts } from '../../operator/observe/parse-pods.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import type { Choice } from './choose.ts';

const pods: ResourceRow = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
const replicaSets: ResourceRow = { apiVersion: 'apps/v1', kind: 'ReplicaSet', plural: 'replicasets', namespaced: true };
const autoscalers: ResourceRow = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
};
const jobs: ResourceRow = { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs', namespaced: true };

/** Reads for one person: what they may not read is noted, and counts as not there. */
export class Reader {
  readonly unseen = new Set<string>();
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async list(resource: ResourceRow, namespace: string): Promise<readonly KubeObject[]> {
    const found = await ifReadable(this.#cluster.list(resource, { namespace }));
    if (found === undefined) this.unseen.add(`${resource.plural} in ${namespace}`);
    return found ?? [];
  }

  async find(ref: ObjectRef, namespace: string): Promise<KubeObject | undefined> {
    const row = kindRow(ref);
    if (row === undefined) return undefined;
    let isRead = false;
    const found = await ifReadable(
      this.#cluster.find(promotableResource(ref), { namespace, name: ref.name }).then((each) => {
        isRead = true;
        return each;
      }),
    );
    if (!isRead) this.unseen.add(`${row.plural} in ${namespace}`);
    return found;
  }
}

/** A command looks at everything once, and keeps it. */
const large = new PackedValues<object>(Infinity);

export const live = (raw: KubeObject): LiveObject => liveObject(raw, large);

const podsByOwner = (all: readonly KubeObject[]): ReadonlyMap<string, readonly PodFacts[]> =>
  Map.groupBy(
    all.map((raw) => podFacts(raw)),
    ({ ownerKind, ownerName }) => `${ownerKind}/${ownerName}`,
  );

/** The bundle that production runs of the package, as the policy reports it. */
const inProduction = async (cluster: Cluster, policy: ReleasePolicy, name: string): Promise<Bundle | undefined> => {
  const running = policy.status?.packages.find((each) => each.package === name);
  if (running === undefined) return undefined;
  const { namespace } = policy.metadata;
  const read = async (bundle: string) => {
    const raw = await cluster.findOur('ReleaseBundle', { namespace, name: bundle });
    return raw && bundleHead(raw);
  };
  const head = await read(running.bundle);
  if (head === undefined) return undefined;
  const parts = new Map(await Promise.all(head.parts.map(async (part) => [part, await read(part)] as const)));
  return joinParts(head, (part) => parts.get(part));
};

const factOf = ({ name, digest, previous, candidate, createdAt }: Bundle): ProductionFact => ({
  bundle: name,
  digest,
  candidateUid: candidate.uid,
  previous,
  at: createdAt,
  observeUntil: createdAt,
  how: 'Promoted',
});

/** The heads of what production runs of other packages: they name what each refers to. */
const neighborsIn = async (cluster: Cluster, policy: ReleasePolicy, own: string): Promise<readonly Bundle[]> => {
  const others = (policy.status?.packages ?? []).filter((each) => each.package !== own);
  const found = await Promise.all(
    others.map(({ bundle: name }) =>
      ifReadable(cluster.findOur('ReleaseBundle', { namespace: policy.metadata.namespace, name })),
    ),
  );
  return found.flatMap((raw) => (raw === undefined ? [] : [bundleHead(raw).bundle]));
};

/** Pods of staging, and what stands between them and what is staged. */
const stagingFacts = async (reader: Reader, namespace: string, taken: readonly LiveObject[]) => {
  const [stagedPods, sets, madeJobs, scalers] = await Promise.all([
    reader.list(pods, namespace),
    reader.list(replicaSets, namespace),
    reader.list(jobs, namespace),
    reader.list(autoscalers, namespace),
  ]);
  const controllers = new Map(sets.map((raw) => [raw.metadata.name, watchedObject(raw)]));
  const made = madeJobs.map((raw) => liveObject(raw, large));
  const own = new Set(taken.map(({ ref }) => keyOf(ref)));
  return {
    stagedPods: podsByOwner(stagedPods),
    stagedAutoscalers: [
      ...taken.filter(({ ref }) => isAutoscaler(ref)),
      ...scalers.map(live).filter(({ ref }) => !own.has(keyOf(ref))),
    ],
    stagedControllers: {
      replicaSet: (name: string) => controllers.get(name),
      jobsOf: (uid: string) =>
        made
          .filter((job) => controllingRef(job)?.uid === uid)
          .map((job) => ({ name: job.ref.name, uid: job.uid, createdAt: job.createdAt })),
    },
  };
};

const hostsIn = (all: readonly LiveObject[]): string[] =>
  all.flatMap(({ ref, manifest }) => (hostKinds.some((kind) => kind === kindIdOf(ref)) ? hostsServedBy(manifest) : []));

const servicesIn = (all: readonly LiveObject[]): ReadonlySet<string> =>
  new Set(all.flatMap(({ ref }) => (ref.kind === 'Service' ? [ref.name] : [])));

const namespaceNamed = (name: string, guarded: NamespaceFacts['guarded']): NamespaceFacts => ({
  name,
  guarded,
  uid: '',
  // Few may read namespaces: whether it is labelled as it must be, the operator says.
  staging: guarded === undefined,
  labels: {},
  terminating: false,
});

/** What only gates ask for, which judge what is staged. */
const unasked = {
  bundles: [],
  unreadKinds: new Map(),
  selection: () => nothingSelected,
  classes: () => undefined,
  bindings: noBindings,
  claims: new Map(),
  approvals: [],
  evidence: noEvidence,
  exceptions: [],
  reviews: [],
  siblings: [],
  places: () => [],
  secrets: new Map(),
  configMaps: new Map(),
  release: undefined,
  integrity: () => [],
  mutators: () => [],
  typeOf: builtIn,
  serverVersion: '',
  complete: true,
};

/** The candidate by the names of what it takes: what its labels find was looked for already. */
const byName = (candidate: ReleaseCandidate, taken: readonly LiveObject[]): ReleaseCandidate => ({
  ...candidate,
  spec: {
    ...candidate.spec,
    selector: undefined,
    components: taken.map(({ ref }) => ({ ...ref, group: '' })),
    replaces: '',
  },
});

/** A candidate that would be created, what it takes, and where it would go. */
export interface Proposal {
  /** As the API server would store it. */
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy;
  readonly choice: Choice;
}

/** What the plan looks at; `live` may be added to. */
export const snapshotOf = async (
  cluster: Cluster,
  reader: Reader,
  { candidate, policy, choice }: Proposal,
): Promise<CandidateSnapshot & { readonly live: Map<ObjectKey, LiveObject> }> => {
  const { metadata, spec } = candidate;
  const taken = choice.takes.map(({ object }) => live(object));
  const [staging, neighbors, production, ...found] = await Promise.all([
    stagingFacts(reader, metadata.namespace, taken),
    neighborsIn(cluster, policy, spec.package),
    inProduction(cluster, policy, spec.package),
    ...taken.map(({ ref }) => reader.find(ref, spec.targetNamespace)),
  ]);
  const present = found.flatMap((raw) => (raw === undefined ? [] : [live(raw)]));
  const known = { ...untouched, production: production && factOf(production) };
  return {
    ...unasked,
    ...staging,
    candidate: byName(candidate, taken),
    policy,
    target: namespaceNamed(spec.targetNamespace, 'enforce'),
    source: namespaceNamed(metadata.namespace, undefined),
    record: { ...emptyRecord, packages: new Map([[spec.package, known]]) },
    production,
    neighbors: () => neighbors,
    staged: new Map(taken.map((each) => [keyOf(each.ref), each])),
    hosts: () => ({
      services: servicesIn(taken),
      productionServices: servicesIn(present),
      stagingHosts: hostsIn(taken),
      productionHosts: hostsIn(present),
    }),
    live: new Map(present.map((each) => [keyOf(each.ref), each])),
    autoscalers: present.filter(({ ref }) => isAutoscaler(ref)),
  };
};
