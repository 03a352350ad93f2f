/** Raw objects → what decisions use. The one place where an object's shape is believed. */
import { z } from 'zod';
import { guardedLabel, guardedModes, stagingLabel, writersAnnotation } from '../api/kinds.ts';
import { isJsonObject, type JsonObject } from '../api/meta.ts';
import { parseReplicas, parseWriters } from '../api/writers.ts';
import type { Controller } from '../decide/findings/view.ts';
import { listAt, objectAt } from '../decide/json/json.ts';
import { kindRow } from '../decide/manifest/kinds/index.ts';
import { lifetimeOf } from '../decide/manifest/lifetime.ts';
import { programsOfPod } from '../decide/manifest/pod-fingerprint.ts';
import type { ContainerFacts, FieldWriter, LiveObject, NamespaceFacts, PodFacts } from '../decide/objects.ts';
import type { KubeObject } from '../kube/resource.ts';
import { largeLength, type LargeParts, ObjectAway } from './large.ts';

export const instantOf = (text: string | undefined): number | undefined => {
  const at = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
};

const managedField = z.object({
  manager: z.string().default(''),
  operation: z.string().default(''),
  subresource: z.string().default(''),
  time: z.string().optional(),
});

/** Writers of the object itself: those of its status and scale change nothing that is promoted. */
export const writersOf = (managedFields: unknown): FieldWriter[] =>
  z
    .array(managedField)
    .catch([])
    .parse(managedFields)
    .filter(({ subresource }) => subresource === '')
    .map(({ manager, operation, time }) => ({ manager, operation, at: instantOf(time) }))
    .toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0));

export const json = z.custom<JsonObject>(isJsonObject);

/** A live object as it is kept: what is asked of very many objects at once is beside what they hold, which may be elsewhere. */
export interface KeptObject extends LiveObject {
  readonly labels: Readonly<Record<string, string>>;
  /** Another object made it. */
  readonly isOwned: boolean;
  /** The keys of the labels by which it picks pods of its namespace. */
  readonly selects: readonly string[];
}

const labelsOf = (manifest: JsonObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(objectAt(manifest, 'metadata', 'labels')).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );

/** More labels than anybody has are kept with everything else. */
const fewLabels = 100;

/**
 * A live object of a kind that can be promoted. What a large one holds goes to `large`.
 * @throws {ObjectAway} when manifest or status are read and are not there any more
 */
export const liveObject = (raw: KubeObject, large: LargeParts): KeptObject => {
  const { status: reported, ...rest } = raw;
  const { managedFields, ...metadata } = raw.metadata;
  const manifest = json.parse({ ...rest, metadata });
  const status = json.catch({}).parse(reported);
  const { uid, resourceVersion } = metadata;
  const labels = labelsOf(manifest);
  const text = JSON.stringify({ manifest, status });
  const facts = {
    ...liveFacts(raw),
    writers: writersOf(managedFields),
    bytes: Buffer.byteLength(text),
    isOwned: listAt(manifest, 'metadata', 'ownerReferences').length > 0,
    selects: [...new Set(selectedLabels(raw.kind, manifest))],
  };
  if (text.length <= largeLength) return { ...facts, labels, manifest, status };
  large.keep(uid, resourceVersion, { manifest, status }, text);
  const few = Object.keys(labels).length <= fewLabels ? labels : undefined;
  const home = { ...facts.ref, namespace: facts.namespace };
  const parts = (): Pick<LiveObject, 'manifest' | 'status'> => {
    const found = large.get(uid, resourceVersion);
    if (found === undefined) throw new ObjectAway(home);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was kept above
    return found as Pick<LiveObject, 'manifest' | 'status'>;
  };
  return {
    ...facts,
    get labels() {
      return few ?? labelsOf(parts().manifest);
    },
    get manifest() {
      return parts().manifest;
    },
    get status() {
      return parts().status;
    },
  };
};

const liveFacts = ({ apiVersion, kind, metadata }: KubeObject) => ({
  ref: { apiVersion, kind, name: metadata.name },
  namespace: metadata.namespace ?? '',
  uid: metadata.uid,
  resourceVersion: metadata.resourceVersion,
  generation: metadata.generation ?? 0,
  createdAt: instantOf(metadata.creationTimestamp) ?? 0,
  deleting: metadata.deletionTimestamp !== undefined,
  changedBy: parseWriters(metadata.annotations?.[writersAnnotation] ?? ''),
  recordedReplicas: parseReplicas(metadata.annotations?.[writersAnnotation] ?? ''),
});

const state = z.object({
  waiting: z.object({ reason: z.string().default(''), message: z.string().default('') }).optional(),
  terminated: z.object({ finishedAt: z.string().nullish(), reason: z.string().default('') }).optional(),
});

const containerStatus = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  started: z.boolean().nullish(),
  restartCount: z.number().default(0),
  state: state.default({}),
  lastState: state.default({}),
});

const pod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), uid: z.string(), controller: z.boolean().default(false) }))
      .default([]),
  }),
  status: z
    .object({
      phase: z.string().default(''),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), lastTransitionTime: z.string().nullish() }))
        .default([]),
      containerStatuses: z.array(containerStatus).default([]),
      initContainerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
});

const containerFacts = (status: z.infer<typeof containerStatus>): ContainerFacts => ({
  name: status.name,
  ready: status.ready,
  started: status.started ?? false,
  restarts: status.restartCount,
  waiting: status.state.waiting?.reason ?? '',
  message: status.state.waiting?.message ?? '',
  lastEndedAt: instantOf((status.state.terminated ?? status.lastState.terminated)?.finishedAt ?? undefined),
});

/** Who controls a pod, with the ReplicaSet in between left out: a Deployment's pods belong to the Deployment. */
const ownerOf = ({ ownerReferences, labels }: z.infer<typeof pod>['metadata']) => {
  const owner = ownerReferences.find(({ controller }) => controller);
  if (owner === undefined) return { ownerKind: '', ownerName: '', ownerUid: '' };
  const suffix = `-${labels['pod-template-hash'] ?? ''}`;
  return owner.kind === 'ReplicaSet' && owner.name.endsWith(suffix)
    ? { ownerKind: 'Deployment', ownerName: owner.name.slice(0, -suffix.length), ownerUid: owner.uid }
    : { ownerKind: owner.kind, ownerName: owner.name, ownerUid: owner.uid };
};

export const controllerOf = (
  owners: readonly {
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[],
): Controller | undefined => {
  const owner = owners.find(({ controller }) => controller === true);
  return owner && { kind: owner.kind, name: owner.name, uid: owner.uid };
};

export const podFacts = (raw: KubeObject): PodFacts => {
  const { metadata, status } = pod.parse(raw);
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    createdAt: instantOf(metadata.creationTimestamp) ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    phase: status.phase,
    ready: ready?.status === 'True',
    readySince: ready?.status === 'True' ? instantOf(ready.lastTransitionTime ?? undefined) : undefined,
    labels: metadata.labels,
    ...ownerOf(metadata),
    controller: controllerOf(metadata.ownerReferences),
    programs: programsOfPod(json.parse(raw)),
    lifetime: lifetimeOf(json.parse(raw)),
    manager: writersOf(raw.metadata['managedFields'])[0]?.manager ?? '',
    containers: [...status.initContainerStatuses, ...status.containerStatuses].map(containerFacts),
  };
};

export const namespaceFacts = ({ metadata, ...rest }: KubeObject): NamespaceFacts => ({
  name: metadata.name,
  uid: metadata.uid,
  guarded: guardedModes.find((mode) => mode === metadata.labels?.[guardedLabel]),
  staging: metadata.labels?.[stagingLabel] === 'true',
  labels: metadata.labels ?? {},
  terminating:
    metadata.deletionTimestamp !== undefined || json.catch({}).parse(rest['status'])['phase'] === 'Terminating',
});

/** The names of a Secret's or ConfigMap's keys. The values are dropped here and never kept. */
export interface KeyNames {
  readonly name: string;
  readonly keys: ReadonlySet<string>;
}

export const keyNames = (raw: KubeObject): KeyNames => ({
  name: raw.metadata.name,
  keys: new Set(['data', 'stringData', 'binaryData'].flatMap((field) => Object.keys(json.catch({}).parse(raw[field])))),
});

/** The keys of the labels by which an object picks pods of its namespace. */
export const selectedLabels = (kind: string, manifest: JsonObject): readonly string[] =>
  kindRow(kind)?.selects?.(manifest) ?? [];
