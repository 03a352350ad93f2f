/** Production as a whole: every object of it that is to be explained. */
import type { Scene, Watched } from '../decide/findings/view.ts';
import { isInstalledKind } from '../decide/manifest/installed-kinds.ts';
import { kindRows, keyNamed } from '../decide/manifest/kinds/index.ts';
import type { Program } from '../decide/manifest/pod-fingerprint.ts';
import { impliedUnmanaged } from '../decide/manifest/unmanaged-fields.ts';
import { type ObjectKey, kindIdOf } from '../decide/objects.ts';
import { indexKey } from './caches.ts';
import type { Read } from './facts.ts';
import { installedObjects } from './installation.ts';
import { autoscalersIn, policyIn, splitKey } from './lookup.ts';
import { watchedLive, watchedPod } from './fingerprint.ts';

type ObjectFacts = Read<'objects' | 'pods' | 'secrets' | 'watched' | 'guarded' | 'installed'>;

/** What `viewOf` reads. */
export type ViewFacts = ObjectFacts & Read<'policies' | 'records' | 'bundles' | 'dirtyObjects' | 'followed'>;

/** Kinds that pick pods by labels which no controller keeps to. */
const selectingKinds = kindRows.flatMap((row) => (row.selects === undefined ? [] : [kindIdOf(row)]));

/** Names of definitions begin with a small letter, as resources do; kinds with a capital. */
const isGuardedName = (kind: string): boolean => /^[a-z]/.test(kind);

/** One object of production, or of our installation. */
const watchedIn = (facts: ObjectFacts, namespace: string, key: ObjectKey): Watched | undefined => {
  const [kind, name] = splitKey(key);
  const place = indexKey(namespace, name);
  if (kind === 'Pod') {
    const pod = facts.pods.in(namespace)?.get(place);
    return pod && watchedPod(pod);
  }
  if (kind === 'Secret') return facts.secrets.in(namespace)?.get(place);
  if (isGuardedName(kind)) return facts.guarded.get(kind)?.in(namespace)?.get(place);
  const live = facts.objects.get(kind)?.in(namespace)?.get(place);
  if (live !== undefined) return watchedLive(live);
  return facts.watched.get(kind)?.in(namespace)?.get(place) ?? facts.installed.get(kind)?.in()?.get(name);
};

/** Every object of production, and of our installation. */
export const allWatched = (facts: ObjectFacts, namespace: string): readonly Watched[] => [
  ...[...facts.objects.values()].flatMap((family) => family.in(namespace)?.list() ?? []).map(watchedLive),
  ...(facts.pods.in(namespace)?.list() ?? []).map(watchedPod),
  ...(facts.secrets.in(namespace)?.list() ?? []),
  ...[...facts.watched.values(), ...facts.guarded.families()].flatMap((family) => family.in(namespace)?.list() ?? []),
  ...installedObjects(facts),
];

/** What the pods of a workload ran, by the bundles that are kept, and as this process has seen it. */
const formerPrograms = (
  facts: ObjectFacts & Read<'bundles' | 'dirtyObjects'>,
  namespace: string,
  key: ObjectKey,
): readonly (readonly Program[])[] => {
  const bundled = (facts.bundles.in()?.byIndex('object', indexKey(namespace, key)) ?? []).flatMap(({ programs }) => [
    programs.get(key) ?? [],
  ]);
  const uid = watchedIn(facts, namespace, key)?.uid;
  return [...bundled, ...(uid === undefined ? [] : facts.dirtyObjects.former(uid))];
};

/** A production namespace as it is looked at when its changes are explained. */
export const viewOf = (facts: ViewFacts, namespace: string): Scene => {
  // Most looks are at our own installation, and ask for none of it.
  let unmanaged: ReadonlyMap<ObjectKey, readonly string[]> | undefined;
  const unmanagedFields = (): ReadonlyMap<ObjectKey, readonly string[]> => {
    const declared = policyIn(facts, namespace)?.spec.unmanagedFields ?? [];
    const autoscalers = autoscalersIn(facts, namespace);
    return new Map(impliedUnmanaged([], autoscalers, declared).map((row) => [keyNamed(row), row.fields] as const));
  };
  return {
    explained: facts.records.get(namespace).explained,
    get: (key) => watchedIn(facts, namespace, key),
    selects: (label) =>
      selectingKinds.some(
        (kind) => (facts.objects.get(kind)?.in(namespace)?.byIndex('selects', label) ?? []).length > 0,
      ),
    watches: (kind) =>
      !facts.followed.unreadKinds(namespace).has(kind) &&
      (!isGuardedName(kind) || facts.guarded.kinds.some(({ id }) => id === kind)),
    unmanaged: (key) => {
      if (isInstalledKind(key.slice(0, key.indexOf('/')))) return [];
      unmanaged ??= unmanagedFields();
      return unmanaged.get(key) ?? [];
    },
    former: (key) => formerPrograms(facts, namespace, key),
  };
};
