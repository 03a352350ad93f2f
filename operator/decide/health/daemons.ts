/** A DaemonSet where a node does not work: no release can make a pod ready there. */
import { at, numberAt } from '../json/json.ts';
import { count, healthy } from '../manifest/kinds/shared/health.ts';
import type { ObjectHealth } from '../manifest/kinds/shared/kind.ts';
import { listed } from '../messages.ts';
import type { LiveObject, NodesByName, PodFacts } from '../objects.ts';
import { ofEarlierRevision, seesLatest } from './revisions.ts';

/**
 * Healthy, and it names the nodes, when all that is missing is missing on nodes that are not ready, and these are no more than the DaemonSet
 * lets be unavailable during an update (maxUnavailable).
 */
export const onNodesThatWork = (
  object: LiveObject,
  pods: readonly PodFacts[],
  nodes: NodesByName,
): ObjectHealth | undefined => {
  if (object.ref.kind !== 'DaemonSet' || !seesLatest(object)) return undefined;
  const earlier = new Set(ofEarlierRevision(object, pods).map(({ uid }) => uid));
  const good = new Set(
    pods.filter(({ uid, ready, deleting }) => ready && !deleting && !earlier.has(uid)).map(({ nodeName }) => nodeName),
  );
  const without = [
    ...new Set(pods.flatMap(({ nodeName }) => (nodeName !== undefined && !good.has(nodeName) ? [nodeName] : []))),
  ];
  const desired = count(object.status, 'desiredNumberScheduled');
  // Before there is one new pod, nothing tells the old ones from it.
  if (count(object.status, 'updatedNumberScheduled') < good.size) return undefined;
  const areAway = without.every((name) => nodes.get(name)?.ready === false);
  return without.length > 0 &&
    areAway &&
    good.size + without.length >= desired &&
    without.length <= maxUnavailable(object, desired)
    ? healthy(
        'Ready',
        `every node that is ready runs it; ${listed(without.toSorted())} ${without.length === 1 ? 'is' : 'are'} not ready`,
      )
    : undefined;
};

/** A number, or a share of the nodes, rounded up; 1 where nothing is said. */
const maxUnavailable = ({ manifest }: LiveObject, desired: number): number => {
  const path = ['spec', 'updateStrategy', 'rollingUpdate', 'maxUnavailable'];
  const said = at(manifest, ...path);
  if (typeof said === 'string' && said.endsWith('%')) return Math.ceil((Number.parseFloat(said) / 100) * desired);
  return numberAt(manifest, ...path) ?? 1;
};
