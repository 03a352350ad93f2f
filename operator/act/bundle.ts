/** Writes a bundle: parts first, head last, so that a head which exists is a bundle that is whole. */
import type { DeltaEntry } from '../api/bundle.ts';
import { apiVersion } from '../api/kinds.ts';
import type { Bundle, BundleObject, ObjectSource } from '../decide/bundle.ts';
import { canonicalJson } from '../decide/digest.ts';
import type { Client } from '../kube/client.ts';
import { toFailure } from '../kube/failures.ts';
import type { Manifest } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';

/** Contents of one object, in bytes: the API server takes 1.5 MiB, and the head carries a delta besides. */
const partBytes = 900 * 1024;
/** The schema's bound on delta lines; the text says how many there are in all. */
const mostDeltaLines = 5000;

export interface BundleEffect {
  readonly bundle: Bundle;
  readonly delta: readonly DeltaEntry[];
  readonly deltaText: string;
}

export const createBundle = async (client: Client, effect: BundleEffect): Promise<void> => {
  const { bundle } = effect;
  const groups = inParts(bundle.objects);
  const parts = groups.length > 1 ? groups.map((_, index) => `${bundle.name}-${index}`) : [];
  await Promise.all(
    parts.map((name, index) =>
      create(
        client,
        manifest(bundle.namespace, name, { part: { of: bundle.name, index }, objects: groups[index] ?? [] }),
      ),
    ),
  );
  await create(
    client,
    manifest(bundle.namespace, bundle.name, {
      ...head(effect),
      parts,
      objects: parts.length > 0 ? [] : (groups[0] ?? []),
    }),
  );
};

/** Names follow from the content, so what is there under the name is the same bundle. */
const create = async (client: Client, object: Manifest): Promise<void> => {
  try {
    await client.createResource(ourResource('ReleaseBundle'), object);
  } catch (error) {
    if (toFailure(error).kind !== 'AlreadyExists') throw error;
  }
};

const manifest = (namespace: string, name: string, spec: object): Manifest => ({
  apiVersion,
  kind: 'ReleaseBundle',
  metadata: { namespace, name },
  spec,
});

const head = ({ bundle, delta, deltaText }: BundleEffect) => ({
  ...(bundle.baseline ? {} : { candidate: bundle.candidate }),
  targetNamespace: bundle.namespace,
  policyUID: bundle.policyUID,
  package: bundle.package,
  version: bundle.version,
  authors: bundle.authors,
  digest: bundle.digest,
  base: bundle.base,
  previous: bundle.previous,
  baseline: bundle.baseline,
  onFailure: bundle.onFailure,
  serverVersion: bundle.serverVersion,
  removed: bundle.removed,
  unmanaged: bundle.unmanaged,
  delta: delta.slice(0, mostDeltaLines),
  deltaText,
});

interface WrittenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly digest: string;
  readonly content: string;
  readonly source?: ObjectSource;
}

const written = ({ ref, digest, content, source }: BundleObject): WrittenObject => ({
  ...ref,
  digest,
  content: canonicalJson(content),
  ...(source === undefined ? {} : { source }),
});

const inParts = (objects: readonly BundleObject[]): WrittenObject[][] => {
  const parts: WrittenObject[][] = [[]];
  let bytes = 0;
  for (const object of objects.map(written)) {
    const size = Buffer.byteLength(JSON.stringify(object));
    if (bytes > 0 && bytes + size > partBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(object);
    bytes += size;
  }
  return parts;
};
