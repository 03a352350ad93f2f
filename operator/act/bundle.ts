/** Writes a bundle: parts first, head last, so that a head which exists is a bundle that is whole. */
import type { Reason } from '../api/conditions.ts';
import { apiVersion } from '../api/kinds.ts';
import type { Bundle } from '../decide/bundle.ts';
import { arranged, ContentTooLarge, writtenObject, type StoredContent } from '../decide/bundle-parts.ts';
import type { Shown } from '../decide/comparison.ts';
import { deltaTooLarge } from '../decide/staging.ts';
import { partName } from '../decide/show-command.ts';
import type { Client } from '../kube/client.ts';
import { Failure, toFailure } from '../kube/failures.ts';
import type { Manifest } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import { createSlices } from '../run/slices.ts';

/** @throws {Failure} `TooLarge` when it cannot be stored, or not be shown */
export const createBundle = async (client: Client, bundle: Bundle, shown: Shown): Promise<void> => {
  if (shown.is === 'TooLarge') throw new NotShowable(shown.bytes);
  const content = await inSteps(bundle);
  const parts = content.parts.map((_, index) => partName(bundle.name, index));
  await Promise.all(
    parts.map((name, index) =>
      create(
        client,
        manifest(bundle.namespace, name, { part: { of: bundle.name, index }, objects: content.parts[index] ?? [] }),
      ),
    ),
  );
  await create(
    client,
    manifest(bundle.namespace, bundle.name, { ...head(bundle, shown), parts, objects: content.head }),
  );
};

/** What must be shown to signers whole is more than a bundle holds. */
class NotShowable extends Failure {
  readonly reason: Reason;

  constructor(bytes: number) {
    const { reason, message } = deltaTooLarge(bytes);
    super('TooLarge', message);
    this.reason = reason;
  }
}

const inSteps = async ({ objects }: Bundle): Promise<StoredContent> => {
  const pause = createSlices();
  const all: ReturnType<typeof writtenObject>[] = [];
  try {
    for (const object of objects) {
      all.push(writtenObject(object));
      await pause();
    }
  } catch (error) {
    throw error instanceof ContentTooLarge ? new Failure('TooLarge', error.message) : error;
  }
  return arranged(all);
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

const head = (bundle: Bundle, { delta, deltaText }: Extract<Shown, { is: 'Shown' }>) => ({
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
