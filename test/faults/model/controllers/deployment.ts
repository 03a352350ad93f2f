/** The Deployment controller: rolls by surge, 25% each way (pkg/controller/deployment/rolling.go). */
import { numberAt } from '../../../../operator/decide/json/json.ts';
import { keyOf, type LiveObject } from '../../../../operator/decide/objects.ts';
import type { Pod } from '../pods.ts';
import { revisionOf, type World } from '../world.ts';

const isReady = ({ facts }: Pod): boolean => facts.ready;

export const syncDeployment = (world: World, live: LiveObject): void => {
  const { cluster } = world;
  const key = keyOf(live.ref);
  const replicas = numberAt(live.manifest, 'spec', 'replicas') ?? 1;
  const revision = revisionOf(live.manifest);
  if (live.deleting) return;
  const pods = standing(world, live);
  const [current, old] = [
    pods.filter((pod) => pod.revision === revision),
    pods.filter((pod) => pod.revision !== revision),
  ];
  const surge = Math.ceil(replicas / 4);
  const needed = Math.min(replicas - current.length, replicas + surge - pods.length);
  const quota = needed > 0 ? world.quotaOn(key) : undefined;
  if (quota === undefined)
    for (let i = 0; i < needed; i += 1)
      cluster.pods.create(live, {
        name: `${live.ref.name}-${revision}-${cluster.version()}`,
        revision,
        revisionLabel: 'pod-template-hash',
        claims: live.ref.name === 'worker' && cluster.objects.has('PersistentVolumeClaim/data') ? ['data'] : [],
      });
  for (const pod of current.slice(replicas)) cluster.pods.delete(pod.facts.name);
  shrink(world, { old, all: pods, current, replicas });
  report(world, live, quota);
};

const standing = ({ cluster }: World, live: LiveObject): Pod[] =>
  [...cluster.pods.of(keyOf(live.ref)).values()].filter(({ facts }) => !facts.deleting && facts.ownerUid === live.uid);

interface Rollout {
  readonly all: readonly Pod[];
  readonly old: readonly Pod[];
  readonly current: readonly Pod[];
  readonly replicas: number;
}

/** Old pods that are not ready go first; of those that are, as many as can be spared. */
const shrink = ({ cluster }: World, { all, old, current, replicas }: Rollout): void => {
  const least = replicas - Math.floor(replicas / 4);
  const spare = all.length - least - current.filter((pod) => !isReady(pod)).length;
  if (spare <= 0) return;
  const broken = old.filter((pod) => !isReady(pod)).slice(0, spare);
  const well = old.filter(isReady);
  const dispensable = well.slice(0, Math.max(0, all.filter(isReady).length - least));
  for (const { facts } of [...broken, ...dispensable]) cluster.pods.delete(facts.name);
};

const report = (world: World, live: LiveObject, quota: string | undefined): void => {
  const pods = standing(world, live);
  const revision = revisionOf(live.manifest);
  const current = pods.filter((pod) => pod.revision === revision);
  const ready = pods.filter(isReady).length;
  const isDone = current.length === pods.length && ready === pods.length;
  const set = `${live.ref.name}-${revision}`;
  world.cluster.status(keyOf(live.ref), {
    observedGeneration: live.generation,
    replicas: pods.length,
    updatedReplicas: current.length,
    readyReplicas: ready,
    availableReplicas: ready,
    conditions: [
      {
        type: 'Progressing',
        status: 'True',
        reason: isDone ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
        message: isDone ? `ReplicaSet "${set}" has successfully progressed.` : `ReplicaSet "${set}" is progressing.`,
      },
      ...(quota === undefined
        ? []
        : [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: quota }]),
    ],
  });
};
