/** ReleaseBundle objects → bundles: contents parsed, parts joined. */
import { parseReleaseBundle, type BundledObject } from '../api/bundle.ts';
import { jsonObject } from '../api/meta.ts';
import type { Bundle, BundleObject } from '../decide/bundle.ts';
import type { KubeObject } from '../kube/resource.ts';

/** A head or a part, as cached: the delta and its text, which only people read, are dropped. */
export interface BundleHead {
  readonly uid: string;
  /** The head that this is a part of; '' for a head. */
  readonly partOf: string;
  readonly bundle: Bundle;
  readonly parts: readonly string[];
  /** Of the contents in it. */
  readonly bytes: number;
}

const objectOf = ({ apiVersion, kind, name, digest, content, source }: BundledObject): BundleObject => ({
  ref: { apiVersion, kind, name },
  digest,
  content: jsonObject(JSON.parse(content)),
  source,
});

/** @throws when the object is no bundle: the reflector then drops it and says so */
export const bundleHead = (raw: KubeObject): BundleHead => {
  const parsed = parseReleaseBundle(raw);
  if (!parsed.ok) throw new TypeError(`ReleaseBundle ${raw.metadata.name}: ${parsed.problems.join('; ')}`);
  const { metadata, spec } = parsed.value;
  return {
    uid: metadata.uid,
    partOf: spec.part?.of ?? '',
    parts: spec.parts,
    bytes: spec.objects.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0),
    bundle: {
      name: metadata.name,
      namespace: metadata.namespace,
      createdAt: Date.parse(metadata.creationTimestamp),
      candidate: spec.candidate ?? { name: '', uid: '', namespace: '' },
      package: spec.package,
      version: spec.version,
      policyUID: spec.policyUID,
      authors: spec.authors,
      onFailure: spec.onFailure,
      digest: spec.digest,
      base: spec.base,
      previous: spec.previous,
      baseline: spec.baseline,
      serverVersion: spec.serverVersion,
      objects: spec.objects.map(objectOf),
      removed: spec.removed,
      unmanaged: spec.unmanaged,
    },
  };
};

/** What heads were joined to last, and from which parts: the same parts give the same bundle, and whoever keeps something of it finds it. */
const joined = new WeakMap<BundleHead, { readonly parts: readonly BundleHead[]; readonly bundle: Bundle }>();

/** The whole bundle; undefined while a part is missing. */
export const joinParts = (head: BundleHead, part: (name: string) => BundleHead | undefined): Bundle | undefined => {
  if (head.parts.length === 0) return head.bundle;
  const parts = head.parts.map(part).filter((each) => each !== undefined);
  if (parts.length < head.parts.length) return undefined;
  const known = joined.get(head);
  if (known?.parts.every((each, i) => each === parts[i]) === true) return known.bundle;
  const bundle = { ...head.bundle, objects: parts.flatMap(({ bundle }) => bundle.objects) };
  joined.set(head, { parts, bundle });
  return bundle;
};
