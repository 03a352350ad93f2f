/** What one kind of object is to Countersign: the type of a row. A file of `kinds/` is one row; everything else that speaks of kinds is derived from it. */
import type { DeltaClass } from '../../../../api/bundle.ts';
import type { Json, JsonObject } from '../../../../api/meta.ts';
import { groupIn, type Instant, type LiveObject, type PodFacts } from '../../../objects.ts';
import type { GuardedWrites } from './guard.ts';

/** The order in which a promotion writes; each wave is settled before the next begins. */
export const waves = ['Foundation', 'Jobs', 'Workloads', 'Scaling', 'Traffic', 'JobsAfter'] as const;
export type Wave = (typeof waves)[number];

/** When an object that the package drops is deleted. Late: the running release, or a rollback, may still need it, with the same address, token or data. */
export type Prune = 'WithPromotion' | 'AfterObservation';

/** A kind as its API server calls it. */
export interface ServedKind {
  readonly kind: string;
  /** `v1`, `apps/v1`: the one version in which it is read and written. */
  readonly apiVersion: string;
  /** Lower case plural, as in a URL: `deployments`. */
  readonly plural: string;
}

/** A field that the cluster writes: no part of a release, stripped, and left as it is live. */
export interface ServerOwnedField {
  /** Names from the root; `*` is every item of a list. */
  readonly path: readonly string[];
  /** In which manifests the cluster writes it; absent = in all. */
  readonly when?: (manifest: JsonObject) => boolean;
  /** Written again by every create and update, so a replacement need not repeat it. */
  readonly derived?: true;
  /** For `*`: keys by which an item finds its live counterpart, best first. */
  readonly pairedBy?: readonly (readonly string[])[];
}

/** A field that a declared controller writes into objects in production. It is in no content digest. */
export interface ControllerField {
  /** Of one object only. */
  readonly name?: string;
  /** Of which manifests it holds; absent = of all. */
  readonly when?: (manifest: JsonObject) => boolean;
  readonly path: readonly string[];
  /** The identity that writes there. */
  readonly by: string;
}

/**
 * What a rollback does about a field that cannot be changed back. `Leave`: it stays as it is live, which loses nothing. `Replace`: the object is
 * deleted and created again, which loses nothing either.
 */
export type WayBack = 'Leave' | 'Replace';

/** Fields that the API server lets nobody change on a live object. */
export interface ImmutableRule {
  /** Which of them differ, as dot paths. */
  readonly changed: (next: JsonObject, live: JsonObject) => readonly string[];
  /** The way round. */
  readonly remedy: string;
  readonly wayBack: WayBack;
}

/** What the status of an object says of its health. */
export interface ObjectHealth {
  /** Progressing and Unknown turn into Healthy or Failed, or the caller's patience ends. */
  readonly state: 'Healthy' | 'Progressing' | 'Failed' | 'Unknown';
  /** One word, PascalCase. */
  readonly reason: string;
  /** One sentence that does not change while nothing does. */
  readonly message: string;
}

/** `since`: when the release began; what a status reports from before is not its doing. */
export type HealthRule = (object: LiveObject, since: Instant) => ObjectHealth;

/** Sorts of change, by dot path without list places. The longest path wins. */
export type RiskClasses = Readonly<Record<string, DeltaClass>>;

/** What the API server fills in, by dot path without list places. */
export type Defaults = Readonly<Record<string, Json>>;

/** One thing that content refers to by name in its own namespace. */
export interface Reference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** The key it must have; undefined = it must only exist. */
  readonly key: string | undefined;
}

/** A workload as an autoscaler names it. */
export interface ScaleTarget {
  readonly kind: string;
  readonly name: string;
  /** Absent: not said. */
  readonly apiVersion?: string | undefined;
}

export type EmergencyVerb = 'create' | 'update' | 'delete' | 'connect';

/**
 * What holders of the right to operate may do to objects of a kind. `free`: take a finalizer off one that is being deleted. `replace`: delete
 * a pod whose controller waits for that to make it again.
 */
export type OperateAct = 'restart' | 'scale' | 'run' | 'free' | 'replace';

/** A subresource, as far as the guard and emergencies know it. */
export interface Subresource {
  readonly guard: GuardedWrites;
  readonly emergency?: readonly EmergencyVerb[];
}

/** What becomes of the data of an object that is deleted. `Released`: it goes with the object where that says so. */
export type DataAfter = 'Kept' | 'Released';

interface KindFacts extends ServedKind {
  /** All kinds with a row are. */
  readonly namespaced: true;
  /** A kind of a definition, which the cluster need not have. `also`: groups and versions to read it in where `apiVersion` is not served. */
  readonly custom?: { readonly also?: readonly string[] };
  /**
   * How production is followed while no release may contain the kind. `Digest`: every change is to be explained, and a digest of each object is
   * kept. `Facts`: the same, and what else is needed of it is parsed. `Never`: nobody looks at it.
   */
  readonly followed: 'Digest' | 'Facts' | 'Never';

  // --- releasing ---
  /** The wave of an object that may choose; absent = that of the kind. */
  readonly waveOf?: (content: JsonObject) => Wave;
  /** It runs pods, so its health is watched. */
  readonly workload?: true;
  /** Its controller reports on it in its status, so its health is watched though it runs no pods. */
  readonly reports?: true;
  /** Data for programs: nothing in it runs, whatever it looks like. */
  readonly data?: true;
  readonly serverOwned?: readonly ServerOwnedField[];
  /**
   * Fields that the control plane fills in where the content leaves them open, at once or later, and that nobody changes afterwards: such a field is
   * compared and written as it is live.
   */
  readonly filledIn?: readonly (readonly string[])[];
  /**
   * The manifest of a live object that a release drops, or that is made again, until it is deleted: it runs nothing, and what it keeps data in stays.
   * Absent = it is deleted as it is.
   */
  readonly parked?: (manifest: JsonObject, data: DataAfter) => JsonObject;
  /** Names of the claims that it has made, by ordinal; none for an ordinal that it has not reached. */
  readonly claims?: (manifest: JsonObject, ordinal: number) => readonly string[];
  /** Dot paths by which data is lost when a live object becomes another, or nothing (undefined); `''` = the object itself. */
  readonly losesData?: (before: JsonObject, after: JsonObject | undefined) => readonly string[];
  /** Values, by dot path, that make a later change lose data. */
  readonly endangersData?: Readonly<Record<string, Json>>;
  /** Absent = every field may change. */
  readonly immutable?: ImmutableRule;
  /** Absent = by the conditions that kstatus gives a meaning to, and existence where there are none. */
  readonly health?: HealthRule;
  /** Reasons for which its pods fail and are tried again, without the release having failed. */
  readonly retries?: readonly string[];
  /** The revision that its pods are to be of, as they are labelled with it; absent = `status.updateRevision`. */
  readonly currentRevision?: (object: LiveObject, pods: readonly PodFacts[]) => string | undefined;
  /** Its controller runs pods by ReplicaSets, and labels both with the hash of the template under this name. */
  readonly podHashLabel?: string;
  /** Its controller leaves pods of an earlier revision until somebody deletes them. */
  readonly replacedByHand?: (manifest: JsonObject) => boolean;
  /** Whether a pod, by name, is rightly of an earlier revision. */
  readonly keepsEarlier?: (manifest: JsonObject, pod: string) => boolean;
  /** Every field that matters, where the common classes do not say it already. Absent = the kind is judged by the names of its fields. */
  readonly risk?: RiskClasses;
  readonly defaults?: Defaults;
  /** What it cannot do without, beside what its pods refer to. */
  readonly references?: (content: JsonObject) => readonly Reference[];
  /**
   * What its controller makes of what an object says, when it writes the object back: the same in its own words. Content is compared, signed and
   * written in them, or each write of the controller would be a change.
   */
  readonly inItsWords?: (content: JsonObject) => JsonObject;
  /** Services that its controller wants to be there before it begins: they are created with what programs stand on, not with what leads traffic to them. */
  readonly services?: (content: JsonObject) => readonly string[];
  /** It has a number of replicas, which is a content of its own: who scales it does not see the rest. */
  readonly scaled?: true;
  /** The workload whose replicas it decides, by kind and name. */
  readonly scales?: (manifest: JsonObject) => ScaleTarget | undefined;
  /** Fields that hold the name of a namespace, as paths from the root; `*` is every item of a list. */
  readonly namespaceFields?: readonly (readonly string[])[];

  // --- who else writes it ---
  /** Who writes it in a guarded namespace beside us: one row of the guard. */
  readonly guard: GuardedWrites;
  readonly subresources?: Readonly<Record<string, Subresource>>;
  /** A policy may declare another program to write objects of it. Nothing that runs code, and nothing that gives rights. */
  readonly platformWriters?: true;
  readonly controllerFields?: readonly ControllerField[];
  /** Finalizers that the control plane, a storage driver or a load balancer controller sets for its own ends and takes off again. */
  readonly controllerFinalizers?: readonly string[];
  /** Its owners are set by controllers for their own ends: they are in no content digest. */
  readonly ownersByControllers?: true;
  /** Kinds whose controllers make objects of this kind. */
  readonly madeBy?: readonly string[];
  /** Controllers take these away as they please: pods end, Jobs are over, revisions are trimmed. */
  readonly transient?: true;
  /** Objects that a controller makes in every namespace, by name. */
  readonly inEveryNamespace?: readonly string[];
  /** It runs nothing now: scaled to nothing, or over. */
  readonly isIdle?: (object: JsonObject) => boolean;
  /** The keys of the labels by which it picks pods of its namespace. */
  readonly selects?: (manifest: JsonObject) => readonly string[];

  // --- people ---
  /** What an emergency access covers. */
  readonly emergency?: readonly EmergencyVerb[];
  readonly operate?: readonly OperateAct[];
}

interface Promotion {
  readonly wave: Wave;
  readonly prune: Prune;
}

/** A kind that a release may contain. */
export type PromotableKind = KindFacts & Promotion & { readonly promotable: true };

/** One row. `promotable: false` may keep wave and prune of a kind that cannot be released yet. */
export type Kind = PromotableKind | (KindFacts & Partial<Promotion> & { readonly promotable: false });

/** Read and written by the names that the API server has for it. */
export const groupOf = ({ apiVersion }: Pick<ServedKind, 'apiVersion'>): string => groupIn(apiVersion);

/** A resource by one name, as `kubectl api-resources` has it: `deployments.apps`. */
export const resourceName = (served: ServedKind): string => {
  const group = groupOf(served);
  return group === '' ? served.plural : `${served.plural}.${group}`;
};
