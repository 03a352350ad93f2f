/** Every kind with a row: those that are built in, and those that the installation declares. */
import type { JsonObject } from '../../../api/meta.ts';
import { textAt } from '../../json/json.ts';
import { keyOf, kindIdOf, namedGroupIn, type KindName, type ObjectKey } from '../../objects.ts';
import { groupOf, type Kind, type PromotableKind, type Wave } from './shared/kind.ts';
import { builtInKinds } from './built-in.ts';
import { declaredKinds } from './declared/registry.ts';
import { replicaSet } from './replica-set.ts';

const rows: readonly Kind[] = [...builtInKinds, ...declaredKinds()];

/** Kinds whose controllers run pods by ReplicaSets. */
const byReplicaSets = rows.filter(({ podHashLabel }) => podHashLabel !== undefined).map(kindIdOf);

/** All rows. Within a wave, a release lists its kinds in this order. */
export const kindRows: readonly Kind[] = rows.map((row) =>
  row === replicaSet ? { ...row, madeBy: byReplicaSets } : row,
);

/** By the label with the hash of a template, which kind its pods belong to; several may share a label. */
export const podHashLabels: readonly (readonly [label: string, kind: string])[] = rows.flatMap((row) =>
  row.podHashLabel === undefined ? [] : [[row.podHashLabel, kindIdOf(row)] as const],
);

const byId = new Map(kindRows.map((row) => [kindIdOf(row), row]));

/** A kind that people name without its group. The kinds of Kubernetes itself come first. */
const byKind = Map.groupBy(kindRows, ({ kind }) => kind);

/** The row of a kind, by its names or by its id; undefined = a kind without one. */
export const kindRow = (kind: KindName | string): Kind | undefined =>
  byId.get(typeof kind === 'string' ? kind : kindIdOf(kind));

/** The row of what a manifest is; undefined = of a kind without one. */
export const rowOf = (manifest: JsonObject): Kind | undefined =>
  kindRow({ kind: textAt(manifest, 'kind') ?? '', apiVersion: textAt(manifest, 'apiVersion') });

/** A kind as people name it: by its group, by its group and version, or by neither. */
export interface NamedKind extends KindName {
  /** Absent or empty: not said. */
  readonly group?: string | undefined;
}

/** The groups that have a kind of this name. */
export const groupsOf = (kind: string): readonly string[] => (byKind.get(kind) ?? []).map(groupOf);

/** What people mean who name a kind, with or without its group and version; undefined = a kind without a row, or one of several. */
export const rowNamed = ({ kind, apiVersion, group = '' }: NamedKind): Kind | undefined => {
  if (group !== '') {
    const row = kindRow({ kind, apiVersion: `${group}/v1` });
    return row !== undefined && groupOf(row) === group ? row : undefined;
  }
  if (apiVersion !== undefined) return kindRow({ kind, apiVersion });
  const [only, ...others] = byKind.get(kind) ?? [];
  return kindRow(kind) ?? (others.length === 0 ? only : undefined);
};

/** The key of an object that people name. */
export const keyNamed = (ref: NamedKind & { readonly name: string }): ObjectKey => {
  const row = rowNamed(ref);
  const { kind, name, group = '' } = ref;
  if (row === undefined) return keyOf(group === '' ? ref : { kind, name, apiVersion: `${group}/v1` });
  return `${kindIdOf(row)}/${ref.name}`;
};

/** An object that people name, so that it is the same one whichever kinds come later: with its group, where its kind is not of Kubernetes itself. */
export const namedInFull = (
  ref: NamedKind & { readonly name: string },
): { readonly kind: string; readonly name: string; readonly group: string } => {
  const row = rowNamed(ref);
  const { kind, name, group = '', apiVersion = group === '' ? '' : `${group}/v1` } = ref;
  return { kind: row?.kind ?? kind, name, group: namedGroupIn(row?.apiVersion ?? apiVersion) };
};

/** Every kind that may be promoted without the chart naming it. Secrets are never among them. */
export const promotableKinds: readonly PromotableKind[] = kindRows.filter((row) => row.promotable);

/** Kinds that are followed in a guarded namespace only to explain what changes there, beside promotable ones, pods and Secrets. */
export const watchedKinds: readonly Kind[] = kindRows.filter((row) => !row.promotable && row.followed === 'Digest');

/** Kinds of which every change in a guarded namespace is to be explained, beside what the chart adds. */
export const followedKinds: readonly Kind[] = kindRows.filter((row) => row.promotable || row.followed !== 'Never');

/** `content`: what the object says; undefined = the wave of its kind. */
export const waveOf = (kind: KindName | string, content?: JsonObject): Wave => {
  const row = kindRow(kind);
  return (content && row?.waveOf?.(content)) ?? row?.wave ?? 'Foundation';
};

/** Whether objects of a kind run once for each bundle, under a name of their own. */
export const runsOncePerBundle = (kind: KindName | string): boolean => kindRow(kind)?.wave === 'Jobs';

/** Whether it runs pods, so that its health is watched. */
export const isWorkload = (kind: KindName | string): boolean => kindRow(kind)?.workload ?? false;

/** Whether its health is watched: it runs pods, or its controller reports on it. */
export const isJudged = (kind: KindName | string): boolean => {
  const row = kindRow(kind);
  return row?.workload ?? row?.reports ?? false;
};

/** Whether it decides how many replicas a workload has. */
export const isAutoscaler = (kind: KindName | string): boolean => kindRow(kind)?.scales !== undefined;

/**
 * How the API server calls a promotable kind, in the version that the reference names.
 * @throws RangeError for any other: nothing else is ever written to production
 */
export const promotableResource = (ref: KindName): Pick<Kind, 'apiVersion' | 'kind' | 'plural' | 'namespaced'> => {
  const row = kindRow(ref);
  if (row?.promotable !== true) throw new RangeError(`${kindIdOf(ref)} is no promotable kind`);
  const { apiVersion, kind, plural, namespaced } = row;
  return { apiVersion: ref.apiVersion ?? apiVersion, kind, plural, namespaced };
};
