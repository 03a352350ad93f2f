/** The shapes that every Kubernetes API speaks, as far as tests and tooling read them. */

export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly unknown[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Any object; kinds add their own fields. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** An object to be written, with whatever fields its kind has. */
export type Manifest = KubeObject | (KubeObject & Readonly<Record<string, unknown>>);

export interface KubeList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

/** What the API server answers instead of an object when it refuses. */
export interface Status {
  readonly kind: 'Status';
  readonly code: number;
  readonly status?: string;
  /** Such as `Forbidden`, `NotFound`, `Invalid`, `Conflict`. */
  readonly reason?: string;
  readonly message?: string;
  readonly details?: unknown;
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  /** A `Status` when the type is ERROR; of a BOOKMARK only the metadata counts. */
  readonly object: T;
}

/** What a request is about: a kind, and as much of its place as the request needs. */
export interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  /** Of a namespaced kind; absent means all namespaces (list, watch) or an error (everything else). */
  readonly namespace?: string;
  /** Absent for collections. */
  readonly name?: string;
  /** Such as `status`, `scale`, `eviction`, `token`. */
  readonly subresource?: string;
}
