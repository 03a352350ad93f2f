/** Writes a bundle: parts first, head last, so that a head which exists is a bundle that is whole. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Reason } from '../api/reasons.ts';
import { apiVersion } from '../api/kinds.ts';
import type { Bundle } from '../decide/bundle.ts';
import {
  arranged,
  ContentTooLarge,
  isCompressed,
  writtenObject,
  type StoredContent,
  type WrittenObject,
} from '../decide/manifest/bundle-parts.ts';
import { canonicalSteps } from '../decide/json/canonical.ts';
import { deltaTooLarge } from '../decide/candidate/staging-problem.ts';
import { partName } from '../decide/delta/show-command.ts';
import type { Client } from '../kube/client.ts';
import { Failure, toFailure } from '../kube/failures.ts';
import type { Manifest } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import { inSlices } from '../work/slices.ts';
import type { Shown } from '../decide/comparison.ts';

/** @throws {Failure} `TooLarge` when it cannot be stored, or not be shown */
export const createBundle = async (client: Client, bundle: Bundle, shown: Shown): Promise<void> => {
  if (shown.is === 'TooLarge') throw new NotShowable(shown.bytes);
  const content = await inSteps(bundle);
  const parts = content.parts.map((_, index) => partName(bundle.name, index));
  // One after the other: each is a megabyte, and is there several times over while it is sent and answered.
  for (const [index, name] of parts.entries()) {
    await create(
      client,
      manifest(bundle.namespace, name, { part: { of: bundle.name, index }, objects: content.parts[index] ?? [] }),
    );
  }
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

const zipped = promisify<string, Buffer>(gzip);

const inSteps = async ({ objects }: Bundle): Promise<StoredContent> => {
  const all: WrittenObject[] = [];
  try {
    for (const object of objects) {
      const text = (await inSlices(canonicalSteps(object.content))).join('');
      // Compressed by another thread: a megabyte takes a tenth of a second.
      all.push(writtenObject(object, { text, zipped: isCompressed(text) ? await zipped(text) : undefined }));
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

const head = (bundle: Bundle, { delta, deltaText, notes }: Extract<Shown, { is: 'Shown' }>) => ({
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
  irreversible: bundle.irreversible,
  images: bundle.images ?? [],
  leftOut: bundle.leftOut,
  notSearched: bundle.notSearched,
  stagingReferences: bundle.stagingReferences,
  dependencies: bundle.dependencies,
  dependenciesLeftOut: bundle.dependenciesLeftOut,
  overlay: bundle.overlay,
  overlaid: bundle.overlaid,
  overlaidMore: bundle.overlaidMore,
  delta,
  deltaText,
  notes,
});
