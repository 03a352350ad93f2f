/** ReleaseBundle objects → bundles: what they say of their objects, parts joined; contents are parsed when they are asked for. */
import { contentText } from '../decide/manifest/bundle-parts.ts';
import { kindRow } from '../decide/manifest/kinds/index.ts';
import { parseReleaseBundle, type BundledObject } from '../api/bundle.ts';
import { firstOfEach } from '../decide/delta/changed-parts.ts';
import { summaryIn } from '../decide/delta/text.ts';
import { jsonObject, type JsonObject } from '../api/meta.ts';
import type { Bundle, BundleObject } from '../decide/bundle.ts';
import { asKey, keyOf, type ObjectKey } from '../decide/objects.ts';
import { programsOfTemplate, type Program } from '../decide/manifest/pod-fingerprint.ts';
import type { KubeObject } from '../kube/resource.ts';
import { Contents, type Home } from './contents.ts';

/** A head or a part, as cached: of the delta and its text, which only people read, one line is kept, and contents are elsewhere. */
export interface BundleHead {
  readonly uid: string;
  /** The head that this is a part of; '' for a head. */
  readonly partOf: string;
  readonly bundle: Bundle;
  readonly parts: readonly string[];
  /** How much it changes of what, as its text says it; '' = it does not. */
  readonly summary: string;
  /** Of the contents in it. */
  readonly bytes: number;
  /** What the pods of its workloads run. */
  readonly programs: ReadonlyMap<ObjectKey, readonly Program[]>;
}

/** Where contents are kept, and whether those that come by the way are. */
export interface ContentPlace {
  readonly contents: Contents;
  readonly keeps: () => boolean;
}

/** Keeps everything: for a bundle that is looked at once. */
const everything = (): ContentPlace => ({ contents: new Contents(Infinity), keeps: () => true });

const objectOf = ({ apiVersion, kind, name, digest, source }: BundledObject, read: () => JsonObject): BundleObject => {
  let parsed: WeakRef<JsonObject> | undefined;
  return {
    ref: { apiVersion, kind, name },
    digest,
    get content() {
      const content = parsed?.deref() ?? read();
      parsed = new WeakRef(content);
      return content;
    },
    source,
  };
};

const programsIn = (objects: readonly BundledObject[]): ReadonlyMap<ObjectKey, readonly Program[]> =>
  new Map(
    objects
      // Nothing of data runs, and it is large.
      .filter(({ kind }) => kindRow(kind)?.data !== true)
      .map((object) => [keyOf(object), programsOfTemplate(jsonObject(JSON.parse(contentText(object))))] as const)
      .filter(([, programs]) => programs.length > 0),
  );

/** @throws when the object is no bundle: the reflector then drops it and says so */
export const bundleHead = (raw: KubeObject, place: ContentPlace = everything()): BundleHead => {
  const parsed = parseReleaseBundle(raw);
  if (!parsed.ok) throw new TypeError(`ReleaseBundle ${raw.metadata.name}: ${parsed.problems.join('; ')}`);
  const { metadata, spec } = parsed.value;
  const home: Home = {
    uid: metadata.uid,
    namespace: metadata.namespace,
    head: spec.part?.of ?? metadata.name,
  };
  if (place.keeps()) place.contents.keep(metadata.uid, spec.objects);
  return {
    uid: metadata.uid,
    partOf: spec.part?.of ?? '',
    parts: spec.parts,
    summary: summaryIn(spec.deltaText),
    bytes: spec.objects.reduce((sum, { content, size }) => sum + (size ?? Buffer.byteLength(content)), 0),
    programs: programsIn(spec.objects),
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
      objects: spec.objects.map((object, index) => objectOf(object, () => place.contents.read(home, index))),
      removed: spec.removed,
      unmanaged: spec.unmanaged,
      irreversible: spec.irreversible,
      images: spec.images,
      leftOut: spec.leftOut,
      notSearched: spec.notSearched,
      stagingReferences: spec.stagingReferences,
      dependencies: spec.dependencies.map((each) => ({ ...each, by: each.by.map(asKey) })),
      dependenciesLeftOut: spec.dependenciesLeftOut,
      overlay: spec.overlay,
      overlaid: spec.overlaid,
      overlaidMore: spec.overlaidMore,
      changed: firstOfEach(spec.delta.map((entry) => ({ class: entry.class, object: asKey(entry.object) }))),
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

/** Reads the contents of a bundle into their place. */
export const createContentLoader =
  (
    { contents }: ContentPlace,
    read: (namespace: string, name: string) => Promise<KubeObject>,
  ): ((home: Home) => Promise<void>) =>
  async ({ namespace, head }) => {
    const load = async (name: string): Promise<readonly string[]> => {
      const parsed = parseReleaseBundle(await read(namespace, name));
      if (!parsed.ok) throw new TypeError(`ReleaseBundle ${name}: ${parsed.problems.join('; ')}`);
      const { metadata, spec } = parsed.value;
      if (spec.parts.length === 0) contents.keep(metadata.uid, spec.objects);
      return spec.parts;
    };
    // One after the other: each is a megabyte, and is there several times over while it is taken apart.
    for (const part of await load(head)) await load(part);
  };
