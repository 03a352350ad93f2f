/** Since when has staging run exactly this content, healthy? Read off the cluster, so that no restart of ours begins it anew. */
import type { Bundle } from '../../bundle.ts';
import type { GateSnapshot } from '../gate.ts';
import { leastReplicas, scalersOf } from '../../manifest/autoscaling.ts';
import { stagedDigest } from '../../manifest/config-digest.ts';
import { keyOf, type Instant, type LiveObject, type ObjectKey } from '../../objects.ts';
import { ranAt } from './staged-jobs.ts';
import type { CandidateSnapshot } from '../snapshot.ts';

/** The last moment at which somebody wrote the object itself. */
export const writtenAt = ({ writers, createdAt }: LiveObject): Instant =>
  writers.reduce((last, { at }) => Math.max(last, at ?? last), createdAt);

/** Since when its pods run, all of them; where an autoscaler says how many there are, as many as it keeps at least: others come and go with the load. */
const runningSince = (s: CandidateSnapshot, key: ObjectKey): Instant => {
  const readySince = (s.stagedPods.get(key) ?? []).map((pod) => pod.readySince ?? 0).toSorted((a, b) => a - b);
  const scalers = scalersOf(s.stagedAutoscalers, key);
  const last = scalers.length === 0 ? readySince.at(-1) : readySince[leastReplicas(scalers) - 1];
  return last ?? readySince.at(-1) ?? 0;
};

/**
 * The latest of: the last write to a component, the moment its youngest pod became ready; of a Job that ran and is gone, when that was entered.
 * @returns undefined when staging does not run the bundle's content, or not healthily
 */
export const soakingSince = (
  s: CandidateSnapshot,
  bundle: Bundle,
  { stagedNow, stagedHealth, imagesMoved }: Pick<GateSnapshot, 'stagedNow' | 'stagedHealth' | 'imagesMoved'>,
): Instant | undefined => {
  if (imagesMoved.size > 0) return undefined;
  let since: Instant = 0;
  for (const frozen of bundle.objects) {
    const key = keyOf(frozen.ref);
    const ran = ranAt(s, key);
    if (ran !== undefined) {
      since = Math.max(since, ran);
      continue;
    }
    const object = s.staged.get(key);
    const health = stagedHealth.get(key);
    if (object === undefined || stagedNow.get(key)?.digest !== stagedDigest(frozen)) return undefined;
    if (health !== undefined && health.state !== 'Healthy') return undefined;
    since = Math.max(since, writtenAt(object), runningSince(s, key));
  }
  return since;
};
