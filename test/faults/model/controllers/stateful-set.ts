/**
 * The StatefulSet controller (pkg/controller/stateful_set_control.go). With OrderedReady it does nothing for later pods while one is not
 * running and ready, and replaces none: a broken pod of a revision that is wanted no more stays (kubernetes/kubernetes#67250).
 */
import type { JsonObject } from '../../../../operator/api/meta.ts';
import { listAt, numberAt, objectAt, textAt } from '../../../../operator/decide/json/json.ts';
import { keyOf, type LiveObject, type ObjectKey, type ObjectRef } from '../../../../operator/decide/objects.ts';
import type { Pod } from '../pods.ts';
import { revisionOf, type World } from '../world.ts';

interface Wanted {
  readonly live: LiveObject;
  readonly replicas: number;
  readonly update: string;
  /** The revision that was rolled out last. */
  readonly current: string;
  readonly isOrdered: boolean;
  readonly isByHand: boolean;
  readonly partition: number;
}

const wantedOf = (live: LiveObject): Wanted => {
  const { manifest, status } = live;
  const update = revisionOf(manifest);
  return {
    live,
    update,
    replicas: numberAt(manifest, 'spec', 'replicas') ?? 1,
    current: textAt(status, 'currentRevision') ?? update,
    isOrdered: textAt(manifest, 'spec', 'podManagementPolicy') !== 'Parallel',
    isByHand: textAt(manifest, 'spec', 'updateStrategy', 'type') === 'OnDelete',
    partition: numberAt(manifest, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0,
  };
};

export const syncStatefulSet = (world: World, live: LiveObject): void => {
  if (live.deleting) return;
  const wanted = wantedOf(live);
  owned(world, wanted);
  advance(world, wanted);
  report(world, wanted);
};

const ordinalOf = (name: string): number => Number(name.slice(name.lastIndexOf('-') + 1));

const podAt = ({ cluster }: World, { live }: Wanted, ordinal: number): Pod | undefined =>
  cluster.pods.get(`${live.ref.name}-${ordinal}`);

const advance = (world: World, wanted: Wanted): void => {
  const { replicas, isOrdered, isByHand, partition, update } = wanted;
  let isHeld = false;
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
    const pod = podAt(world, wanted, ordinal);
    if (pod === undefined && !make(world, wanted, ordinal) && isOrdered) return;
    if (pod?.facts.ready === true && !pod.facts.deleting) continue;
    if (isOrdered) return;
    isHeld = true;
  }
  const tooMany = [...world.cluster.pods.of(keyOf(wanted.live.ref)).values()]
    .filter(({ facts }) => facts.ownerUid === wanted.live.uid && ordinalOf(facts.name) >= replicas)
    .toSorted((a, b) => ordinalOf(b.facts.name) - ordinalOf(a.facts.name));
  const gone = isOrdered ? tooMany.slice(0, 1) : tooMany;
  for (const { facts } of gone) world.cluster.pods.delete(facts.name);
  if (gone.length > 0 || isByHand || (isHeld && isOrdered)) return;
  for (let ordinal = replicas - 1; ordinal >= partition; ordinal -= 1) {
    const pod = podAt(world, wanted, ordinal);
    if (pod === undefined || pod.facts.deleting) return;
    if (pod.revision !== update) {
      world.cluster.pods.delete(pod.facts.name);
      return;
    }
    if (!pod.facts.ready) return;
  }
};

/** The older revision below a partition, and while the update has not come to that place (newVersionedStatefulSetPod). */
const revisionAt = ({ live, isByHand, partition, current, update }: Wanted, ordinal: number): string => {
  if (isByHand || current === update) return update;
  const older = partition === 0 ? (numberAt(live.status, 'currentReplicas') ?? 0) : partition;
  return ordinal < older ? current : update;
};

/** @returns whether it could be made */
const make = (world: World, wanted: Wanted, ordinal: number): boolean => {
  const { live } = wanted;
  const { name } = live.ref;
  if (world.quotaOn(keyOf(live.ref)) !== undefined) return false;
  const claims = claimRefs(live, ordinal);
  for (const { ref, spec } of claims) {
    const claim = world.cluster.objects.get(keyOf(ref));
    if (claim?.deleting === true) return false;
    if (claim !== undefined) continue;
    const refused = world.cluster.create(ref, claimOf(live, ref, spec), 'kube-controller-manager');
    if (refused !== undefined) return false;
  }
  world.cluster.pods.create(live, {
    name: `${name}-${ordinal}`,
    revision: revisionAt(wanted, ordinal),
    revisionLabel: 'controller-revision-hash',
    claims: claims.map(({ ref }) => ref.name),
  });
  return true;
};

const claimRefs = ({ ref, manifest }: LiveObject, ordinal: number): { ref: ObjectRef; spec: JsonObject }[] =>
  listAt(manifest, 'spec', 'volumeClaimTemplates').map((template) => ({
    ref: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      name: `${textAt(template, 'metadata', 'name') ?? ''}-${ref.name}-${ordinal}`,
    },
    spec: objectAt(template, 'spec'),
  }));

const keepsWhenDeleted = ({ manifest }: LiveObject): boolean =>
  textAt(manifest, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') !== 'Delete';

const ownersFor = (live: LiveObject): JsonObject[] =>
  keepsWhenDeleted(live) ? [] : [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: live.ref.name, uid: live.uid }];

const claimOf = (live: LiveObject, { name }: ObjectRef, spec: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, ownerReferences: ownersFor(live) },
  spec,
});

/** −1 = it is no claim of the set. */
const claimOrdinal = (key: ObjectKey, { ref }: LiveObject): number =>
  key.startsWith('PersistentVolumeClaim/') && key.includes(`-${ref.name}-`) ? ordinalOf(key) : -1;

/** Claims belong to the set, or do not any more, as its retention policy says now. */
const owned = ({ cluster }: World, { live, replicas }: Wanted): void => {
  const known = Math.max(replicas, ...[...cluster.objects.keys()].map((key) => 1 + claimOrdinal(key, live)));
  for (let ordinal = 0; ordinal < known; ordinal += 1)
    for (const { ref } of claimRefs(live, ordinal)) {
      const claim = cluster.objects.get(keyOf(ref));
      if (claim === undefined) continue;
      const metadata = { ...objectAt(claim.manifest, 'metadata'), ownerReferences: ownersFor(live) };
      cluster.write(keyOf(ref), { ...claim.manifest, metadata }, 'kube-controller-manager');
    }
};

const report = (world: World, { live, replicas, update, current, partition, isByHand }: Wanted): void => {
  const key: ObjectKey = keyOf(live.ref);
  const pods = [...world.cluster.pods.of(key).values()].filter(({ facts }) => facts.ownerUid === live.uid);
  const ready = pods.filter(({ facts }) => facts.ready).length;
  const standing = pods.filter(({ facts }) => !facts.deleting);
  const updated = standing.filter(({ revision }) => revision === update).length;
  const isComplete = !isByHand && partition === 0 && updated === replicas && ready === replicas;
  const rolledOut = isComplete ? update : current;
  world.cluster.status(key, {
    observedGeneration: live.generation,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    updatedReplicas: updated,
    currentReplicas: standing.filter(({ revision }) => revision === rolledOut).length,
    currentRevision: rolledOut,
    updateRevision: update,
  });
};
