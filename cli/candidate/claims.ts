/** Claims that StatefulSets make from their templates: nobody writes them, and releases do not hold them. */
import { jsonObject } from '../../operator/api/meta.ts';
import { namesClaim, possibleSetsOf } from '../../operator/decide/manifest/claims.ts';
import { promotableResource } from '../../operator/decide/manifest/kinds/index.ts';
import type { ObjectRef } from '../../operator/decide/objects.ts';
import type { Cluster } from '../cluster/cluster.ts';

/** The StatefulSet that made a claim, and may have other labels; undefined = none did. */
export const claimOwner = async (
  cluster: Cluster,
  namespace: string,
  claim: string,
): Promise<ObjectRef | undefined> => {
  const found = await Promise.all(
    possibleSetsOf(claim).map(async (key) => {
      const ref = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: key.slice('StatefulSet/'.length) };
      const set = await cluster.find(promotableResource(ref), { namespace, name: ref.name });
      return set !== undefined && namesClaim(jsonObject(set), claim) ? ref : undefined;
    }),
  );
  return found.find((ref) => ref !== undefined);
};
