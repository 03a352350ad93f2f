/** What the API server holds when a history is over, as the invariants of the model ask for it. */
import { numberAt, textAt } from '../../../operator/decide/json/json.ts';
import { normalForm } from '../../../operator/decide/manifest/normal-form.ts';
import { jsonObject, type JsonObject } from '../../../operator/api/meta.ts';
import { keyOf, type ObjectKey, type ObjectRef } from '../../../operator/decide/objects.ts';
import type { World } from '../../support/cluster/system.ts';
import { contentText } from '../model/cluster.ts';
import type { Held, TruthView } from '../model/truth.ts';

/** Reads every one of these objects. */
export const readTruth = async (world: World, refs: readonly ObjectRef[]): Promise<TruthView> => {
  const held = new Map<ObjectKey, Held>();
  for (const ref of refs) {
    const found = await world.live(ref.kind, ref.name);
    if (found !== undefined) held.set(keyOf(ref), heldOf(jsonObject(JSON.parse(JSON.stringify(found))), ref));
  }
  return {
    get: (key) => held.get(key),
    wasSince: (key, _, isSo) => isSo(held.get(key)),
    running: () => [],
    jobs: new Map(),
  };
};

const heldOf = (live: JsonObject, ref: ObjectRef): Held => ({
  text: contentText(normalForm(live, ref)),
  uid: textAt(live, 'metadata', 'uid') ?? '',
  isDeleting: textAt(live, 'metadata', 'deletionTimestamp') !== undefined,
  ...podsOf(live, ref),
});

const podsOf = (live: JsonObject, { kind }: ObjectRef): Pick<Held, 'isReady' | 'isCurrent'> => {
  const count = (name: string): number => numberAt(live, 'status', name) ?? 0;
  const replicas = numberAt(live, 'spec', 'replicas') ?? 1;
  const partition = numberAt(live, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  const isSeen = count('observedGeneration') >= (numberAt(live, 'metadata', 'generation') ?? 0);
  switch (kind) {
    case 'Deployment':
      return {
        isReady: isSeen && count('readyReplicas') >= replicas,
        isCurrent: isSeen && count('replicas') === count('updatedReplicas'),
      };
    case 'StatefulSet':
      return {
        isReady: isSeen && count('readyReplicas') >= replicas,
        isCurrent: isSeen && (partition > 0 || count('updatedReplicas') >= count('replicas')),
      };
    case 'DaemonSet':
      return {
        isReady: isSeen && count('numberReady') >= count('desiredNumberScheduled'),
        isCurrent: isSeen && count('updatedNumberScheduled') >= count('currentNumberScheduled'),
      };
    default:
      return { isReady: true, isCurrent: true };
  }
};
