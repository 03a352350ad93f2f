/** The DaemonSet controller: one pod a node, replaced one at a time; pods that are not ready anyway go at once (pkg/controller/daemon/update.go). */
import { templateGeneration } from '../api-server.ts';
import { textAt } from '../../../../operator/decide/json/json.ts';
import { keyOf, type LiveObject } from '../../../../operator/decide/objects.ts';
import { nodeNames } from '../nodes.ts';
import type { Pod } from '../pods.ts';
import { revisionOf, type World } from '../world.ts';

const standing = ({ cluster }: World, live: LiveObject): Pod[] =>
  [...cluster.pods.of(keyOf(live.ref)).values()].filter(({ facts }) => facts.ownerUid === live.uid);

export const syncDaemonSet = (world: World, live: LiveObject): void => {
  if (live.deleting) return;
  const revision = revisionOf(live.manifest);
  const pods = standing(world, live);
  for (const node of nodeNames) {
    if (pods.some((pod) => pod.node === node) || world.quotaOn(keyOf(live.ref)) !== undefined) continue;
    world.cluster.pods.create(live, {
      name: `${live.ref.name}-${world.cluster.version()}`,
      revision,
      revisionLabel: 'controller-revision-hash',
      claims: [],
      node,
      labels: { 'pod-template-generation': String(templateGeneration(live.manifest)) },
    });
  }
  if (textAt(live.manifest, 'spec', 'updateStrategy', 'type') !== 'OnDelete') replace(world, live, revision);
  report(world, live, revision);
};

const replace = (world: World, live: LiveObject, revision: string): void => {
  const pods = standing(world, live);
  const old = pods.filter((pod) => pod.revision !== revision && !pod.facts.deleting);
  const broken = old.filter(({ facts }) => !facts.ready);
  const away = nodeNames.length - pods.filter(({ facts }) => facts.ready && !facts.deleting).length;
  const well = old.filter(({ facts }) => facts.ready).slice(0, Math.max(0, 1 - away));
  for (const { facts } of [...broken, ...well]) world.cluster.pods.delete(facts.name);
};

const report = (world: World, live: LiveObject, revision: string): void => {
  const pods = standing(world, live).filter(({ facts }) => !facts.deleting);
  const ready = pods.filter(({ facts }) => facts.ready).length;
  world.cluster.status(keyOf(live.ref), {
    observedGeneration: live.generation,
    desiredNumberScheduled: nodeNames.length,
    currentNumberScheduled: pods.length,
    updatedNumberScheduled: pods.filter((pod) => pod.revision === revision).length,
    numberReady: ready,
    numberAvailable: ready,
  });
};
