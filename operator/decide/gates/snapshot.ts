/** Everything one decision looks at. Gathered by `observe`, judged here; what is missing is `undefined` and the plan says so. */
import type { Approval } from '../../api/approval.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { Identity } from '../../api/meta.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Bundle } from '../bundle.ts';
import type { RoleFacts } from '../emergency/role-limits.ts';
import type { KnownException } from '../exceptions/exception.ts';
import type { KnownEvidence } from '../evidence/piece.ts';
import type { KnownType } from '../schema/custom-type.ts';
import type { Binding } from './bindings.ts';
import type { Instant, LiveObject, LiveObjects, NamespaceFacts, ObjectKey, ObjectRef, PodsOf } from '../objects.ts';
import type { NamespaceRecord } from '../record/record.ts';
import type { ReleaseSnapshot } from '../release/snapshot.ts';
import type { Selection } from '../selected.ts';

/** Another candidate of the same package and target, as far as this one's decision needs it. */
export interface Sibling {
  readonly name: string;
  readonly uid: string;
  readonly replaces: string;
  readonly createdAt: Instant;
  /** Who staged it, as the API server stamped them. */
  readonly author: Identity;
  /** Usernames of everybody whose it is: its author, those on whose behalf it is, the authors of its bundles. */
  readonly owners: readonly string[];
  readonly staged: boolean;
  /** Its content reached production, complete, and has not been taken back for failing. */
  readonly promoted: boolean;
  /** Its story is over, or its content is in production. */
  readonly finished: boolean;
}

/** What comes of `spec.replaces`. */
export type Replacing =
  /** The earlier candidate ends when this one is promoted. */
  | { readonly is: 'Ends'; readonly name: string }
  /** There is no such earlier candidate that is still open. */
  | { readonly is: 'Nothing'; readonly name: string }
  /** Its author may not end the other one. */
  | { readonly is: 'Refused'; readonly name: string; readonly message: string };

/** Another open candidate for the same production namespace, of any package, and how much room it takes. */
export interface Place {
  readonly name: string;
  readonly uid: string;
  readonly package: string;
  /** Username of who staged it. */
  readonly author: string;
  readonly createdAt: Instant;
  /** Its content is frozen. One that is not may never be. */
  readonly staged: boolean;
  /** Bytes of its bundles. */
  readonly bytes: number;
}

/** The keys of Secrets or ConfigMaps; undefined = there is none of that name. */
export interface KeysByName {
  get(name: string): ReadonlySet<string> | undefined;
}

/** A ReplicaSet, as far as it says whose pods it makes. */
export interface ReplicaSetFacts {
  readonly uid: string;
  readonly controller: { readonly uid: string } | undefined;
  /** What its template runs (`pod-fingerprint.ts`). */
  readonly programs: readonly string[];
}

/** Looks up what stands between the objects of staging and their pods. */
export interface StagedControllers {
  readonly replicaSet: (name: string) => ReplicaSetFacts | undefined;
  /** The Jobs that the object of this uid controls. */
  readonly jobsOf: (
    uid: string,
  ) => readonly { readonly name: string; readonly uid: string; readonly createdAt: Instant }[];
}

/** What ServiceAccounts are bound to in the whole cluster. */
export interface KnownBindings {
  /** Those that bind one of these subjects (`Binding.subjects`). */
  readonly of: (subjects: readonly string[]) => readonly Binding[];
  /** undefined = there is none of that name. */
  readonly clusterRole: (name: string) => RoleFacts | undefined;
  /** Whether a binding of ServiceAccounts has that name; namespace '' = a ClusterRoleBinding. */
  readonly isTaken: (namespace: string, name: string) => boolean;
}

export const noBindings: KnownBindings = { of: () => [], clusterRole: () => undefined, isTaken: () => false };

/** Names under which programs are reached. */
export interface KnownHosts {
  /** Services of the staging namespace. */
  readonly services: ReadonlySet<string>;
  /** Services of the production namespace. */
  readonly productionServices: ReadonlySet<string>;
  /** Hosts that Ingresses and routes of staging serve. */
  readonly stagingHosts: readonly string[];
  readonly productionHosts: readonly string[];
}

export const noHosts: KnownHosts = {
  services: new Set(),
  productionServices: new Set(),
  stagingHosts: [],
  productionHosts: [],
};

export interface CandidateSnapshot {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy | undefined;
  readonly target: NamespaceFacts | undefined;
  readonly source: NamespaceFacts | undefined;
  readonly record: NamespaceRecord;
  /** Every bundle rendered for this candidate (by uid), oldest first. */
  readonly bundles: readonly Bundle[];
  /** The bundle that candidates of this package are compared with (`baseBundle`). */
  readonly production: Bundle | undefined;
  /** What production runs of other packages. Gathered when asked: only what is about to be frozen asks. */
  readonly neighbors: () => readonly Bundle[];
  /** Live staging objects that the candidate's components or selector name. */
  readonly staged: ReadonlyMap<ObjectKey, LiveObject>;
  /** Kinds that it may consist of and of which staging or production could not be read yet, by id. */
  readonly unreadKinds: ReadonlyMap<string, string | undefined>;
  /** What its selector finds beside them. Gathered when asked: only what is not staged yet asks. */
  readonly selection: () => Selection;
  /** Gathered when asked: only what is about to be frozen asks. */
  readonly hosts: () => KnownHosts;
  /** HorizontalPodAutoscalers of the staging namespace, be they staged or not. */
  readonly stagedAutoscalers: readonly LiveObject[];
  /** Pods of the staging namespace by workload. */
  readonly stagedPods: PodsOf;
  /** What of staging controls pods beside what is staged: of that hangs which pods say what an image is. */
  readonly stagedControllers: StagedControllers;
  /** Live objects of the production namespace. */
  readonly live: LiveObjects;
  /** Whether the cluster has a class of that kind and name; undefined = the kind is none of classes. */
  readonly classes: (kind: string, name: string) => boolean | undefined;
  /** What accounts hold beyond the release. */
  readonly bindings: KnownBindings;
  /** Objects in production that belong to another package: key → package. */
  readonly claims: ReadonlyMap<ObjectKey, string>;
  /** Approvals in the production namespace whose subject has this candidate's uid. */
  readonly approvals: readonly Approval[];
  /** Evidence of the staging namespace. */
  readonly evidence: KnownEvidence;
  /** Approvals under the uid of the policy: who has read it. */
  readonly reviews: readonly Approval[];
  /** Exceptions for the package, in the production namespace, those that are over included. */
  readonly exceptions: readonly KnownException[];
  /** HorizontalPodAutoscalers of the production namespace. */
  readonly autoscalers: readonly LiveObject[];
  readonly siblings: readonly Sibling[];
  /** Other open candidates for the target, gathered when asked: only what is not staged yet asks. */
  readonly places: () => readonly Place[];
  /** What `spec.replaces` comes to, where that is settled; the plan fills it in. */
  readonly replacing?: Replacing | undefined;
  /** Secrets of the production namespace: name → keys. Values are never read. */
  readonly secrets: ReadonlyMap<string, ReadonlySet<string>>;
  /** Other kinds a pod template may refer to and production holds: ConfigMap names → keys. */
  readonly configMaps: KeysByName;
  /** Present when this candidate is in flight, observed or in production. */
  readonly release: ReleaseSnapshot | undefined;
  /** Objects of our own installation that are not what the record says: the locks may not hold. Gathered when asked: only gates ask. */
  readonly integrity: () => readonly string[];
  /** What of others may change a write of such an object in production, by name; undefined = that is not known yet. */
  readonly mutators: (ref: ObjectRef) => readonly string[] | undefined;
  /** What is known of the fields of an object: how its lists merge. */
  readonly typeOf: (ref: ObjectRef) => KnownType;
  readonly serverVersion: string;
  readonly complete: boolean;
}
