/** Raw objects → what decisions use. The one place where an object's shape is believed. */
import { z } from 'zod';
import { guardedLabel, guardedModes, stagingLabel, writersAnnotation } from '../api/kinds.ts';
import { isJsonObject, type JsonObject } from '../api/meta.ts';
import { parseReplicas, parseWriters } from '../api/writers.ts';
import { listAt, objectAt } from '../decide/json/json.ts';
import type { FieldWriter, LiveObject, NamespaceFacts } from '../decide/objects.ts';
import type { KubeObject } from '../kube/resource.ts';
import { largeLength, type LargeParts, ObjectAway } from './large.ts';
import { rowOf } from '../decide/manifest/kinds/index.ts';

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
    selects: [...new Set(selectedLabels(manifest))],
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
export const selectedLabels = (manifest: JsonObject): readonly string[] => rowOf(manifest)?.selects?.(manifest) ?? [];
