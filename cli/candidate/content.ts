/** What bundles, staging and production hold of a package, as contents that can be compared. */
import { createHash } from 'node:crypto';
import { jsonObject, type JsonObject } from '../../operator/api/meta.ts';
import { contentText } from '../../operator/decide/manifest/bundle-parts.ts';
import { promotableResource } from '../../operator/decide/manifest/kinds/index.ts';
import { normalForm } from '../../operator/decide/manifest/normal-form.ts';
import { keyOf, type ObjectKey, type ObjectRef } from '../../operator/decide/objects.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { objectsOf } from './live.ts';
import { bundleOf, type ReleaseBundle } from './objects.ts';

/** By object, its content. */
export type Contents = ReadonlyMap<ObjectKey, JsonObject>;

/** Objects asked about at once. */
const atOnce = 12;

/** The contents of a bundle, each checked against its digest. @throws Problem when one is not what its digest says */
export const bundleContents = async (cluster: Cluster, bundle: ReleaseBundle): Promise<Contents> => {
  const objects = await objectsOf(cluster, bundle);
  return new Map(
    objects.map((object) => {
      const text = contentText(object);
      const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
      if (digest !== object.digest) {
        throw new Problem(
          `The content of ${keyOf(object)} in bundle ${bundle.metadata.name} is not what its digest says: it was tampered with`,
          `Sign nothing. An auditor verifies the record: kubectl get ledger -n ${bundle.metadata.namespace}`,
        );
      }
      return [keyOf(object), jsonObject(JSON.parse(text))];
    }),
  );
};

/** A bundle by its name. @throws Problem when there is none */
export const bundleNamed = async (cluster: Cluster, namespace: string, name: string): Promise<ReleaseBundle> => {
  const found = await cluster.findOur('ReleaseBundle', { namespace, name });
  if (found !== undefined) return bundleOf(found);
  throw new Problem(`There is no ReleaseBundle ${name} in ${namespace}`, `kubectl get relbundle -n ${namespace}`);
};

/** What a namespace holds now of these objects, in normal form. `nameOf`: the name that each has there. */
export const liveContents = async (
  cluster: Cluster,
  namespace: string,
  refs: readonly ObjectRef[],
  nameOf: (ref: ObjectRef) => string,
): Promise<Contents> => {
  const found = new Map<ObjectKey, JsonObject>();
  for (let from = 0; from < refs.length; from += atOnce) {
    await Promise.all(
      refs.slice(from, from + atOnce).map(async (ref) => {
        const live = await cluster.find(promotableResource(ref), { namespace, name: nameOf(ref) });
        if (live !== undefined) found.set(keyOf(ref), normalForm(jsonObject(live), ref));
      }),
    );
  }
  return found;
};
