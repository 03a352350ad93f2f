/** A ReleaseBundle as decisions use it: its parts joined, its contents parsed. */
import type { DeltaClass } from '../api/bundle.ts';
import type { JsonObject } from '../api/meta.ts';
import type { Instant, ObjectKey, ObjectRef } from './objects.ts';

/** The staged object that a content was read from. */
export interface ObjectSource {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Of its normal form before any overlay; absent where nobody will ask, in bundles from before. */
  readonly digest?: string | undefined;
}

/** A field that an overlay changes. `Other`: nothing of what runs; an image or a command is not what ran in staging. */
export interface OverlaidField extends ObjectRef {
  /** Dot path. */
  readonly field: string;
  readonly what: 'Image' | 'Command' | 'Other';
  readonly by: 'Policy' | 'Candidate';
  /** As texts; '' = absent, or of `Other` too long or too secret to be shown. */
  readonly from: string;
  readonly to: string;
}

export interface BundleObject {
  readonly ref: ObjectRef;
  /** `sha256:…` over the canonical JSON of `content`. */
  readonly digest: string;
  /** Normal form: what the object is to be in production, without name-independent server-owned fields. */
  readonly content: JsonObject;
  /** Where it was staged, and as of when; absent on a baseline, which was never staged. Not part of the digest. */
  readonly source?: ObjectSource | undefined;
}

export interface UnmanagedFields {
  readonly kind: string;
  readonly name: string;
  /** Absent or empty: a kind of Kubernetes itself, or the only one of its name. */
  readonly group?: string | undefined;
  /** Dot paths, e.g. `spec.replicas`; sorted. */
  readonly fields: readonly string[];
}

/** Something that no rollback takes back, which the candidate says and people sign for. */
export interface Irreversible {
  readonly kind: string;
  readonly name: string;
  /** Absent or empty: a kind of Kubernetes itself, or the only one of its name. */
  readonly group?: string | undefined;
  /** Dot paths, sorted; none = the object is dropped, and its data goes with it. */
  readonly fields: readonly string[];
  readonly reason: string;
}

/** An image that staging named by tag, and the digest that its pods ran under it. */
export interface ImagePin extends ObjectRef {
  /** The container, of any sort; absent = it is an image volume. */
  readonly container?: string | undefined;
  readonly volume?: string | undefined;
  /** As staging names it. */
  readonly reference: string;
  readonly digest: string;
  /** How many pods of staging said so, and where the first of them were seen. `since`: when the pod became ready, or was made. */
  readonly pods: number;
  readonly seen: readonly { readonly pod: string; readonly node: string; readonly since: string }[];
}

/** What the selector of a candidate found and the release does not take. */
export interface LeftOut {
  readonly kind: string;
  readonly name: string;
  /** '' = the candidate names none. */
  readonly apiVersion: string;
  readonly reason: string;
}

/** A place where the content names the staging namespace. */
export interface StagingReference extends ObjectRef {
  /** Of the field, as people read it. */
  readonly path: string;
  /** What stands there, without what is around it. */
  readonly found: string;
  /** The operation of a JSON patch that names production instead, as YAML; '' = people have to write it. */
  readonly fix: string;
}

/** What the content refers to and does not hold. */
export interface Dependency extends ObjectRef {
  /** '' = of production, or of the whole cluster. */
  readonly namespace: string;
  /** The release must not begin without it; otherwise it is only told. */
  readonly required: boolean;
  /** The objects that refer to it. */
  readonly by: readonly ObjectKey[];
  /** How many more objects do. */
  readonly byLeftOut: number;
}

export interface Bundle {
  readonly name: string;
  readonly namespace: string;
  readonly createdAt: Instant;
  readonly candidate: { readonly name: string; readonly uid: string; readonly namespace: string };
  readonly package: string;
  readonly version: string;
  readonly policyUID: string;
  readonly authors: readonly string[];
  readonly onFailure: 'Rollback' | 'Page';
  readonly digest: string;
  /** Digest of what was in production when this was rendered; `none` when nothing was. */
  readonly base: string;
  /** Name of the bundle that `base` is the digest of; '' for none. */
  readonly previous: string;
  readonly baseline: boolean;
  /** API server version whose defaults the contents carry. */
  readonly serverVersion: string;
  readonly objects: readonly BundleObject[];
  readonly removed: readonly ObjectRef[];
  readonly unmanaged: readonly UnmanagedFields[];
  readonly irreversible: readonly Irreversible[];
  /** What became of tags when it was frozen; absent = every image was named by digest. Not part of the digest: the contents are. */
  readonly images?: readonly ImagePin[] | undefined;
  readonly leftOut: readonly LeftOut[];
  /** Definitions of custom resources among which its selector did not look, by name. No part of the digest. */
  readonly notSearched: readonly string[];
  /** Found when the content was frozen. No part of the digest, for they follow from the content. */
  readonly stagingReferences: readonly StagingReference[];
  readonly dependencies: readonly Dependency[];
  /** How many more there are. */
  readonly dependenciesLeftOut: number;
  /** Digest of what the policy's overlay said of these objects; '' = nothing. Content that was made under another one is made again. */
  readonly overlay: string;
  /** What overlays change, of each sort at least one field. Not part of the digest: the contents are. */
  readonly overlaid: readonly OverlaidField[];
  /** How many more fields they change. */
  readonly overlaidMore: number;
  /** One change of each class that its delta holds; absent on one that is not stored yet. Not part of the digest: it follows from the contents. */
  readonly changed?: readonly { readonly class: DeltaClass; readonly object: ObjectKey }[] | undefined;
}
