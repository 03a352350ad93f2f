/** What explaining an object needs to know of it and of its namespace. */
import type { Program } from '../manifest/pod-fingerprint.ts';
import type { Instant, ObjectKey } from '../objects.ts';
import type { ExplainedRecord, Finding, State } from '../record/expected-state.ts';

/** The one that controls an object. */
export interface Controller {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** An object of production, or of our installation, as far as explaining needs it. Never a value of a Secret. */
export interface Watched {
  readonly key: ObjectKey;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly createdAt: Instant;
  readonly deleting: boolean;
  readonly controller: Controller | undefined;
  /** `lifetimeOf` the object. */
  readonly lifetime: readonly string[];
  /** Finalizers that its template gives to its pods. */
  readonly gives: readonly string[];
  /** `contentDigest` without these paths. */
  readonly digest: (without: readonly string[]) => string;
  /** Undefined where its kind is not scaled. */
  readonly replicas: number | undefined;
  /** What its pods run, or what it runs itself if it is a pod; empty for kinds without containers. */
  readonly programs: readonly Program[];
  /** It runs nothing, or nothing any more. */
  readonly idle: boolean;
  /** Of a Service: it has a selector, so that controllers write its endpoints. */
  readonly selects: boolean;
  /** Field managers that wrote it, newest first. */
  readonly managers: readonly string[];
}

/** One namespace, as the judge sees it. */
export interface Scene {
  readonly explained: ExplainedRecord;
  readonly get: (key: ObjectKey) => Watched | undefined;
  /** Whether a Service, NetworkPolicy or disruption budget picks pods by a label of this key. */
  readonly selects: (label: string) => boolean;
  /** Whether objects of a kind are looked at. */
  readonly watches: (kind: string) => boolean;
  /** Paths of an object that are left to others now: by the policy, or to an autoscaler. */
  readonly unmanaged: (key: ObjectKey) => readonly string[];
  /** What the pods of a workload ran before: by the bundles that are kept, and as seen since the process began. */
  readonly former: (key: ObjectKey) => readonly (readonly Program[])[];
}

export type Standing =
  | { readonly is: 'Explained' }
  /** Explained, but its digest leaves out other paths than are left to others now. */
  | { readonly is: 'Rebased'; readonly to: State }
  /** An open finding says so already. */
  | { readonly is: 'Known' }
  | {
      readonly is: 'Unexplained';
      readonly change: Finding['change'];
      readonly before: State;
      readonly after: State;
      /** Its owner went before it: the garbage collector may take it along. */
      readonly orphaned: boolean;
    };
