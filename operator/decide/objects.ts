/** What `decide` knows of cluster objects: plain values, parsed once at the edge, with no client behind them. */
import type { JsonObject } from '../api/meta.ts';
import type { Writer } from '../api/writers.ts';

/** Milliseconds since the Unix epoch. `decide` never reads a clock; it is handed one of these. */
export type Instant = number;

/**
 * `Deployment/api`, or `HTTPRoute.gateway.networking.k8s.io/api` where the kind is not one of Kubernetes itself: group, kind and name, which are
 * unique inside one namespace. kubectl takes it as it is.
 */
export type ObjectKey = `${string}/${string}`;

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** A kind by its names; without `apiVersion` it is one of Kubernetes itself, or an id already. */
export interface KindName {
  readonly kind: string;
  readonly apiVersion?: string | undefined;
}

/** Groups of Kubernetes itself: no two of their kinds share a name. */
const ownGroups: ReadonlySet<string> = new Set([
  '',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'autoscaling',
  'batch',
  'countersign.dev',
  'discovery.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'storage.k8s.io',
]);

export const groupIn = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

/** The group that is named beside a kind; '' = it is one of Kubernetes itself, which its name alone says. */
export const namedGroupIn = (apiVersion: string): string => {
  const group = groupIn(apiVersion);
  return ownGroups.has(group) ? '' : group;
};

/** Tells kinds apart, whichever version they are read in: `Deployment`, `HTTPRoute.gateway.networking.k8s.io`. */
export const kindIdOf = ({ kind, apiVersion = '' }: KindName): string => {
  const group = namedGroupIn(apiVersion);
  return group === '' ? kind : `${kind}.${group}`;
};

export const keyOf = (ref: KindName & { readonly name: string }): ObjectKey => `${kindIdOf(ref)}/${ref.name}`;

/** A key that was written down as text. */
export const asKey = (text: string): ObjectKey => {
  const slash = text.indexOf('/');
  return `${text.slice(0, slash)}/${text.slice(slash + 1)}`;
};

/** Who wrote the object itself (not its status or scale), from its managedFields; newest first. */
export interface FieldWriter {
  readonly manager: string;
  readonly operation: string;
  readonly at: Instant | undefined;
}

/** One live object of a staging or production namespace, as the watch last showed it. */
export interface LiveObject {
  readonly ref: ObjectRef;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly createdAt: Instant;
  readonly deleting: boolean;
  /** Of the manifest as JSON, about. */
  readonly bytes: number;
  /** The whole object but `status` and `metadata.managedFields`. */
  readonly manifest: JsonObject;
  readonly status: JsonObject;
  readonly writers: readonly FieldWriter[];
  /** Whose changes the API server recorded on it; absent = it has no record that can be read, as everywhere but in staging. */
  readonly changedBy?: readonly Writer[] | undefined;
  /** Replicas that those wrote; absent = it cannot be scaled, or its record is older than this. What differs was written through /scale. */
  readonly recordedReplicas?: number | undefined;
}

/** One container as its kubelet reports it. `waiting` and `terminated` are reasons, '' for none. */
export interface ContainerFacts {
  readonly name: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restarts: number;
  readonly waiting: string;
  readonly message: string;
  /** When the container last ended (current or last termination); undefined = never. */
  readonly lastEndedAt: Instant | undefined;
  /** How it last ended; absent = never. `reason` is the kubelet's word, such as Error, OOMKilled, ContainerStatusUnknown. */
  readonly lastEnd?: { readonly exitCode: number; readonly reason: string };
}

/** Where a pod, or a template of pods, names an image: a container (of any sort) or an image volume, by its name. */
export interface ImagePlace {
  readonly place: 'container' | 'volume';
  readonly name: string;
}

/** An image of a pod. */
export interface PodImage extends ImagePlace {
  /** As the pod asks for it; '' = not said. */
  readonly image: string;
  /** What its kubelet says that it runs: `imageID`; '' = nothing yet. */
  readonly id: string;
}

export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly createdAt: Instant;
  readonly deleting: boolean;
  readonly phase: string;
  readonly ready: boolean;
  /** When the Ready condition last became true; undefined = it is not. */
  readonly readySince: Instant | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** The controlling owner: ReplicaSet, StatefulSet, DaemonSet or Job; '' for none. */
  readonly ownerKind: string;
  readonly ownerName: string;
  readonly ownerUid: string;
  /** The controller itself, be it a ReplicaSet. */
  readonly controller: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
  /** What it runs, container by container (`programs.ts`). */
  readonly programs: readonly string[];
  /** Finalizers and owners (`lifetime.ts`). */
  readonly lifetime: readonly string[];
  /** Field manager that wrote it last; '' = not said. */
  readonly manager: string;
  /** Names of the ConfigMaps that it refers to; absent = none. */
  readonly configMaps?: readonly string[];
  readonly containers: readonly ContainerFacts[];
  /** What it asks for, and what its kubelet says that it runs; absent = nothing was looked at. Pods that run the same share the list. */
  readonly images?: readonly PodImage[];
  /** The node that it is on, or that it alone may go to, as a pod of a DaemonSet does; absent = none yet. */
  readonly nodeName?: string;
  /** When the Ready condition last became false; absent = it is true, or nobody has said. */
  readonly unreadySince?: Instant;
  /** Why the scheduler finds no node for it, in the scheduler's words; absent = it has one, or has not looked. */
  readonly unschedulable?: string;
  /** Condition DisruptionTarget: since when and why it is to leave its node; absent = it is not. */
  readonly disruption?: { readonly reason: string; readonly since: Instant };
}

/** What of a Node decisions use. */
export interface NodeFacts {
  readonly name: string;
  /** Condition Ready is True. */
  readonly ready: boolean;
  /** When it last became True; undefined = it is not. */
  readonly readySince: Instant | undefined;
  /** Changes with each boot of the machine; '' = not reported. */
  readonly bootID: string;
  /** When its kubelet first reported another bootID than before, as this process has seen it; undefined = it has not. */
  readonly rebootedAt: Instant | undefined;
  /** The control plane does not hear from its kubelet. */
  readonly unreachable: boolean;
}

/** Looks up a node of the cluster; a Map will do. */
export interface NodesByName {
  get(name: string): NodeFacts | undefined;
}

/** Looks up the pods on a node, of one namespace; a Map will do. */
export interface PodsOnNode {
  get(name: string): readonly PodFacts[] | undefined;
}

/** The parts of a Namespace that decisions use. */
export interface NamespaceFacts {
  readonly name: string;
  readonly uid: string;
  /** Value of `countersign.dev/guarded`; undefined = not a production namespace. */
  readonly guarded: 'enforce' | 'audit' | undefined;
  /** `countersign.dev/staging: "true"`. */
  readonly staging: boolean;
  /** By which admission selects it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly terminating: boolean;
}

/** Kinds of definitions that the API server cannot read, by id, with what it says. */
export type UnreadKinds = ReadonlyMap<string, string>;

/** Looks up a live object of one namespace; a Map will do. */
export interface LiveObjects {
  get(key: ObjectKey): LiveObject | undefined;
}

/** Looks up the pods that refer to a ConfigMap of one namespace; a Map will do. */
export interface ReadersOf {
  get(configMap: string): readonly PodFacts[] | undefined;
}

/** Looks up the pods of a workload or Job of one namespace; a Map will do. */
export interface PodsOf {
  get(key: ObjectKey): readonly PodFacts[] | undefined;
}
