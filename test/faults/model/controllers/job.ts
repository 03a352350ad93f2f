/** The Job controller, without retries of its own, and the one that takes finished Jobs away after their time to live. */
import type { JsonObject } from '../../../../operator/api/meta.ts';
import { listAt, numberAt, textAt } from '../../../../operator/decide/json/json.ts';
import { keyOf, type LiveObject } from '../../../../operator/decide/objects.ts';
import { revisionOf, type World } from '../world.ts';

const has = ({ status }: LiveObject, type: string): boolean =>
  listAt(status, 'conditions').some((condition) => textAt(condition, 'type') === type);

export const syncJob = (world: World, live: LiveObject): void => {
  if (live.deleting) return;
  const key = keyOf(live.ref);
  const { cluster } = world;
  if (has(live, 'Complete') || has(live, 'Failed')) return;
  const pod = [...cluster.pods.of(key).values()].find(({ facts }) => facts.ownerUid === live.uid);
  if (pod === undefined) {
    if (world.quotaOn(key) !== undefined) return;
    const name = `${live.ref.name}-${cluster.version()}`;
    cluster.pods.create(live, { name, revision: revisionOf(live.manifest), revisionLabel: 'none', claims: [] });
    cluster.status(key, { active: 1 });
    return;
  }
  if (pod.facts.phase === 'Succeeded') finish(world, live, [{ type: 'Complete', status: 'True' }]);
  if (pod.facts.phase !== 'Failed') return;
  const why = {
    status: 'True',
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  };
  if (!has(live, 'FailureTarget')) cluster.status(key, { failed: 1, conditions: [{ type: 'FailureTarget', ...why }] });
  else
    finish(world, live, [
      { type: 'FailureTarget', ...why },
      { type: 'Failed', ...why },
    ]);
};

const finish = (world: World, live: LiveObject, conditions: readonly JsonObject[]): void => {
  const { cluster, time } = world;
  cluster.status(keyOf(live.ref), { conditions });
  const ttl = numberAt(live.manifest, 'spec', 'ttlSecondsAfterFinished');
  if (ttl === undefined) return;
  time.after(ttl * 1000 + world.chance.between(10, 500), () => {
    cluster.delete(live.ref, 'kube-controller-manager', { uid: live.uid });
  });
};
