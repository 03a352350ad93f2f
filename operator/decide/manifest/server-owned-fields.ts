/** Which fields of an object the cluster writes. They are never part of a release: stripped, and left as they are live. */
import { secretsAnnotation, waveAnnotation } from '../../api/kinds.ts';
import type { Json, JsonObject } from '../../api/meta.ts';
import { isList, isObject, listAt, member, objectAt, withMember } from '../json/json.ts';
import { toolNotes } from './gitops-tools.ts';
import { kindRow } from './kinds/index.ts';
import type { ServerOwnedField } from './kinds/shared/kind.ts';
import { controllersPlaces } from './lifetime.ts';
import { deletePath, getPath, setPath, type Path } from '../json/field-path.ts';

/** Annotations that controllers and tools keep their own notes in; `/` at the end stands for a whole prefix. */
const ownedAnnotations: readonly string[] = [
  'autoscaling.alpha.kubernetes.io/',
  'batch.kubernetes.io/job-tracking',
  'control-plane.alpha.kubernetes.io/',
  'countersign.dev/',
  'cronjob.kubernetes.io/instantiate',
  'deployment.kubernetes.io/',
  'deprecated.daemonset.template.generation',
  'endpoints.kubernetes.io/',
  'kubectl.kubernetes.io/last-applied-configuration',
  'pv.kubernetes.io/',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/',
];

const isToolNote = (name: string): boolean => toolNotes.some((prefix) => name.startsWith(prefix));

/** The metadata that a release decides. All other metadata is the cluster's. */
const releasedMetadata = new Set(['name', 'labels', 'annotations', 'finalizers']);

/** Metadata of the cluster that a replacement has to repeat, or it would be taken away. */
const keptMetadata = ['generateName', 'ownerReferences'];

/** Ours, and yet content: people write them. */
const releasedAnnotations: ReadonlySet<string> = new Set([waveAnnotation, secretsAnnotation]);

/** Whether a controller or tool, and not a release, decides this annotation of an object (not of a pod template). */
export const isOwnedAnnotation = (name: string): boolean =>
  !releasedAnnotations.has(name) &&
  (isToolNote(name) ||
    ownedAnnotations.some((owned) => (owned.endsWith('/') ? name.startsWith(owned) : name === owned)));

/** Paths of everything in a manifest that the cluster writes. */
export const ownedPaths = (manifest: JsonObject, kind: string): Path[] =>
  [
    named('status'),
    ...Object.keys(objectAt(manifest, 'metadata'))
      .filter((name) => !releasedMetadata.has(name))
      .map((name) => named('metadata', name)),
    ...Object.keys(objectAt(manifest, 'metadata', 'annotations'))
      .filter(isOwnedAnnotation)
      .map((name) => named('metadata', 'annotations', name)),
    ...Object.keys(objectAt(manifest, 'metadata', 'labels'))
      .filter(isToolNote)
      .map((name) => named('metadata', 'labels', name)),
    ...finalizersOfControllers(manifest, kind),
    ...fieldsOf(manifest, kind).flatMap(({ path }) => places(manifest, path)),
  ].filter((path) => getPath(manifest, path) !== undefined);

const finalizersOfControllers = (manifest: JsonObject, kind: string): Path[] =>
  controllersPlaces(manifest, kind).map((index) => [...named('metadata', 'finalizers'), { index }]);

/** The manifest without any of it, nor the maps that only held such fields. */
export const withoutOwned = (manifest: JsonObject, kind: string): JsonObject => {
  const bare = withoutOwnedMetadata(manifest);
  const paths = [
    named('status'),
    // Which ones these are, what is taken away already says, too.
    ...finalizersOfControllers(manifest, kind),
    ...fieldsOf(manifest, kind).flatMap(({ path }) => places(bare, path)),
  ];
  // Last item first: an item that vanishes must not move those still to be visited.
  return paths.toReversed().reduce(deletePath, bare);
};

/** In one pass: there may be tens of thousands of labels, and taking each away by itself copies all others. */
const withoutOwnedMetadata = (manifest: JsonObject): JsonObject => {
  const metadata = objectAt(manifest, 'metadata');
  const kept = Object.entries(metadata).flatMap(([name, value]): [string, Json][] => {
    if (!releasedMetadata.has(name)) return [];
    const isOwned = ownedNames[name];
    if (isOwned === undefined || !isObject(value)) return [[name, value]];
    const all = Object.entries(value);
    const decided = all.filter(([key]) => !isOwned(key));
    if (decided.length === all.length) return [[name, value]];
    return decided.length === 0 ? [] : [[name, Object.fromEntries(decided)]];
  });
  if (!isObject(manifest['metadata'])) return manifest;
  const isEmptied = kept.length === 0 && Object.keys(metadata).length > 0;
  return withMember(manifest, 'metadata', isEmptied ? undefined : Object.fromEntries(kept));
};

/** Of the maps of metadata that a release decides, which names it does not. */
const ownedNames: Readonly<Record<string, (name: string) => boolean>> = {
  annotations: isOwnedAnnotation,
  labels: isToolNote,
};

/** Content with the values that the cluster wrote into its live object, as a replacement has to repeat them. */
export const withOwnedOf = (live: JsonObject, content: JsonObject, kind: string): JsonObject => {
  const rows = new Set(fieldsOf(live, kind));
  return fieldsOf(content, kind)
    .filter((row) => rows.has(row) && row.derived !== true)
    .reduce((filled, row) => carried(row, live, filled), withMetadataOf(live, content));
};

const withMetadataOf = (live: JsonObject, content: JsonObject): JsonObject => {
  const metadata = objectAt(live, 'metadata');
  const kept = keptMetadata.map((name) => named('metadata', name));
  const annotations = Object.keys(objectAt(metadata, 'annotations'))
    .filter(isOwnedAnnotation)
    .map((name) => named('metadata', 'annotations', name));
  const labels = Object.keys(objectAt(metadata, 'labels'))
    .filter(isToolNote)
    .map((name) => named('metadata', 'labels', name));
  return [...kept, ...annotations, ...labels].reduce((filled, path) => copied(live, path, filled, path), content);
};

const carried = ({ path, pairedBy }: ServerOwnedField, live: JsonObject, content: JsonObject): JsonObject => {
  const star = path.indexOf('*');
  if (star < 0) return copied(live, named(...path), content, named(...path));
  const [list, rest] = [path.slice(0, star), path.slice(star + 1)];
  const pairs = paired(listAt(content, ...list), listAt(live, ...list), pairedBy ?? []);
  const place = (index: number): Path => [...named(...list), { index }, ...named(...rest)];
  return [...pairs].reduce((filled, [to, from]) => copied(live, place(from), filled, place(to)), content);
};

const copied = (from: JsonObject, source: Path, to: JsonObject, target: Path): JsonObject => {
  const value = getPath(from, source);
  return value === undefined ? to : setPath(to, target, value);
};

/** Item by item, the live counterpart: each is used once, so that no two ports claim one node port. There may be thousands. */
const paired = (
  items: readonly Json[],
  live: readonly Json[],
  pairedBy: readonly (readonly string[])[],
): ReadonlyMap<number, number> => {
  const pairs = new Map<number, number>();
  for (const keys of pairedBy) {
    const used = new Set(pairs.values());
    const free = Map.groupBy([...live.keys()].filter((place) => !used.has(place)).toReversed(), (place) =>
      valuesOf(live[place], keys),
    );
    for (const [index, item] of items.entries()) {
      const values = pairs.has(index) ? undefined : valuesOf(item, keys);
      const found = values === undefined ? undefined : free.get(values)?.pop();
      if (found !== undefined) pairs.set(index, found);
    }
  }
  return pairs;
};

/** What an item is found by; undefined = it lacks one of the keys. */
const valuesOf = (item: Json | undefined, keys: readonly string[]): string | undefined => {
  const values = keys.map((key) => member(item, key));
  return values.includes(undefined) ? undefined : JSON.stringify(values);
};

const named = (...names: readonly string[]): Path => names.map((field) => ({ field }));

/** A kind that says none has none beyond status and metadata. */
const fieldsOf = (manifest: JsonObject, kind: string): readonly ServerOwnedField[] =>
  (kindRow(kind)?.serverOwned ?? []).filter(({ when }) => when?.(manifest) ?? true);

/** Where in this manifest a path with `*` leads. */
const places = (value: Json | undefined, path: readonly string[]): Path[] => {
  const [name, ...rest] = path;
  if (name === undefined) return [[]];
  if (name !== '*') return places(member(value, name), rest).map((inner) => [{ field: name }, ...inner]);
  return isList(value)
    ? value.flatMap((item, index) => places(item, rest).map((inner): Path => [{ index }, ...inner]))
    : [];
};
