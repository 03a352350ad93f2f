/** What waits for the person who looks, and everything that is on its way. */
import { ourResource } from '../../../operator/kube/rows.ts';
import { candidatesFor, findPolicy, newestFirst } from '../../candidate/find.ts';
import { productionNamespaces } from '../../candidate/namespaces.ts';
import { waitingIn } from '../../candidate/pending.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { ifReadable } from '../../cluster/readable.ts';
import type { Desk, View } from '../desk.ts';
import type { CandidateRow, WaitingModel } from '../models.ts';
import { rowOf } from './rows.ts';

interface InNamespace {
  readonly waiting: readonly WaitingModel[];
  readonly candidates: readonly CandidateRow[];
}

/** Namespaces asked about at once. */
const atOnce = 4;
/** Of those that have ended, as many are shown of each namespace. */
const mostEnded = 8;

/** What a change of which makes this look again. */
const follow = (desk: Desk, production: string, staging: string, heard: (production: string | undefined) => void) => {
  desk.follow(ourResource('ReleasePolicy'), { namespace: production }, heard);
  desk.follow(ourResource('Approval'), { namespace: production }, heard);
  desk.follow(ourResource('PolicyException'), { namespace: production }, heard);
  desk.follow(ourResource('PolicyChange'), { namespace: production }, heard);
  desk.follow(ourResource('EmergencyAccess'), { namespace: production }, heard);
  const fieldSelector = `spec.targetNamespace=${production}`;
  desk.follow(ourResource('ReleaseCandidate'), { namespace: staging, fieldSelector }, heard);
};

const lookAt = async (
  desk: Desk,
  cluster: Cluster,
  production: string,
  heard: (production: string | undefined) => void,
): Promise<InNamespace> => {
  const policy = await findPolicy(cluster, production);
  if (policy === undefined) return { waiting: [], candidates: [] };
  const { sourceNamespace } = policy.spec;
  follow(desk, production, sourceNamespace, heard);
  const [waiting, all] = await Promise.all([
    ifReadable(waitingIn(cluster, production, desk.now())),
    ifReadable(candidatesFor(cluster, sourceNamespace, production)),
  ]);
  const rows = newestFirst(all ?? []).map(rowOf);
  return {
    waiting: waiting ?? [],
    candidates: [...rows.filter(({ isOver }) => !isOver), ...rows.filter(({ isOver }) => isOver).slice(0, mostEnded)],
  };
};

export const home: View = (desk) => {
  const seen = new Map<string, InNamespace>();
  const stale = new Set<string>();
  let known: Awaited<ReturnType<typeof productionNamespaces>> | undefined;
  const heard = (production: string | undefined): void => {
    for (const each of production === undefined ? (known?.production ?? []) : [production]) stale.add(each);
  };
  return async () => {
    known ??= await productionNamespaces(desk.session);
    const cluster = desk.cluster();
    const asked = known.production.filter((each) => stale.has(each) || !seen.has(each));
    for (let from = 0; from < asked.length; from += atOnce) {
      await Promise.all(
        asked.slice(from, from + atOnce).map(async (production) => {
          // What changes from here on is looked at again.
          stale.delete(production);
          seen.set(production, await lookAt(desk, cluster, production, heard));
        }),
      );
    }
    const { username } = await cluster.whoAmI();
    const all = [...seen.values()];
    return {
      view: 'home',
      who: username,
      context: cluster.access.context,
      waiting: all.flatMap(({ waiting }) => waiting).toSorted((a, b) => (a.since < b.since ? -1 : 1)),
      candidates: all
        .flatMap(({ candidates }) => candidates)
        .toSorted((a, b) => Number(a.isOver) - Number(b.isOver) || (a.created < b.created ? 1 : -1)),
      namespaces: known.production,
      complete: known.complete,
    };
  };
};
