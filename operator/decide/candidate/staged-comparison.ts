/** What staging holds now of an object, against what was frozen: outside what the control plane fills in, and what is no content. */
import type { BundleObject, UnmanagedFields } from '../bundle.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { digestOf } from '../json/canonical.ts';
import { replicasPath, scalersOf } from '../manifest/autoscaling.ts';
import { stagedContent, stagedDigest } from '../manifest/config-digest.ts';
import { isFilledInLater, withFilledIn } from '../manifest/live-values.ts';
import { normalForm, sameContent } from '../manifest/normal-form.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';
import { keyOf, type LiveObject, type ObjectRef } from '../objects.ts';

/** What a staged object is compared with outside some of its fields. */
export interface ComparedOutside {
  readonly frozen: BundleObject;
  readonly paths: readonly string[];
}

const frozenOf = ({ bundles }: CandidateSnapshot, ref: ObjectRef): BundleObject | undefined =>
  bundles.at(-1)?.objects.find((object) => keyOf(object.ref) === keyOf(ref));

/**
 * The digest to compare where the very object of staging holds what it held when it was frozen; undefined = it has to be rendered. What the
 * API server or a definition says by now of fields and lists makes nothing else of it: the content was decided when it was frozen.
 */
export const heldDigest = (s: CandidateSnapshot, { ref, uid, manifest }: LiveObject): string | undefined => {
  const frozen = frozenOf(s, ref);
  if (frozen?.source?.digest === undefined || frozen.source.uid !== uid) return undefined;
  return frozen.source.digest === digestOf(normalForm(manifest, ref)) ? stagedDigest(frozen) : undefined;
};

/** Of an object with fields that are no content, because the release leaves them to others or an autoscaler of staging decides them; else undefined. */
export const comparisonOf = (
  s: CandidateSnapshot,
  { ref }: LiveObject,
  unmanaged: readonly UnmanagedFields[],
): ComparedOutside | undefined => {
  if (s.bundles.length === 0) return undefined;
  const isScaled = scalersOf(s.stagedAutoscalers, keyOf(ref)).length > 0;
  const paths = [...new Set([...unmanagedOf(unmanaged, ref), ...(isScaled ? [replicasPath] : [])])];
  const frozen = paths.length === 0 ? undefined : frozenOf(s, ref);
  return frozen && { frozen, paths };
};

/** For a key under which the outcome is remembered. */
export const comparisonText = (as: ComparedOutside | undefined): string =>
  as === undefined ? '' : ` ${as.frozen.digest} ${as.paths.join(' ')}`;

/** The digest of the frozen content, where the staged object differs only by what the control plane filled in since, or where it is no content. */
export const frozenDigest = (
  s: CandidateSnapshot,
  { ref, content, digest }: BundleObject,
  as: ComparedOutside | undefined,
): string | undefined => {
  if (isFilledInLater(ref)) {
    const frozen = frozenOf(s, ref);
    if (frozen !== undefined && digestOf(withFilledIn(frozen.content, content)) === digest) return frozen.digest;
  }
  return as !== undefined && sameContent(stagedContent(as.frozen), content, as.paths)
    ? stagedDigest(as.frozen)
    : undefined;
};
