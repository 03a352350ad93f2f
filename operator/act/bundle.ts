/** Writes a bundle: parts first, head last, so that a head which exists is a bundle that is whole. */
import type { DeltaEntry } from '../api/bundle.ts';
import { apiVersion } from '../api/kinds.ts';
import type { Bundle } from '../decide/bundle.ts';
import { storedContent } from '../decide/bundle-parts.ts';
import { partName } from '../decide/show-command.ts';
import type { Client } from '../kube/client.ts';
import { toFailure } from '../kube/failures.ts';
import type { Manifest } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';

export interface BundleEffect {
  readonly bundle: Bundle;
  readonly delta: readonly DeltaEntry[];
  readonly deltaText: string;
}

export const createBundle = async (client: Client, effect: BundleEffect): Promise<void> => {
  const { bundle } = effect;
  const content = storedContent(bundle.objects);
  const parts = content.parts.map((_, index) => partName(bundle.name, index));
  await Promise.all(
    parts.map((name, index) =>
      create(
        client,
        manifest(bundle.namespace, name, { part: { of: bundle.name, index }, objects: content.parts[index] ?? [] }),
      ),
    ),
  );
  await create(client, manifest(bundle.namespace, bundle.name, { ...head(effect), parts, objects: content.head }));
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
  delta,
  deltaText,
});
