/** Caches → snapshots. Gathers, never judges; what is not there is undefined. */
import type { ReleaseCandidate } from '../api/candidate.ts';
import { policyName } from '../api/kinds.ts';
import { isAutoscaler, kindRows, promotableKinds } from '../decide/manifest/kinds/index.ts';
import type { ReleasePolicy } from '../api/policy.ts';
import type { Bundle } from '../decide/bundle.ts';
import {
  asKey,
  keyOf,
  type LiveObject,
  type LiveObjects,
  type NamespaceFacts,
  type ObjectKey,
  type PodsOf,
} from '../decide/objects.ts';
import { packageRecord, type NamespaceRecord } from '../decide/record/record.ts';
import { baseBundle } from '../decide/record/package.ts';
import type { CandidateRecord } from '../decide/record/candidate.ts';
import type { PolicySnapshot } from '../decide/policy/plan.ts';
import { liveRef } from '../decide/release/steps.ts';
import type { CandidateSnapshot, KeysByName, Place, Sibling } from '../decide/gates/snapshot.ts';
import { changedInstallation, installationDigest } from '../decide/findings/installation.ts';
import { isWatched, type WatchSnapshot } from '../decide/findings/snapshot.ts';
import { maxPackageObjects } from '../decide/candidate/content.ts';
import { standing } from '../decide/findings/explain.ts';
import type { Scene, Watched } from '../decide/findings/view.ts';
import type { Program } from '../decide/manifest/pod-fingerprint.ts';
import type { EmergencySnapshot } from '../decide/emergency/snapshot.ts';
import { impliedUnmanaged } from '../decide/manifest/unmanaged-fields.ts';
import type { ServerTime } from '../kube/server-time.ts';
import type { Records } from '../ledger/records.ts';
import { joinParts, type BundleHead } from './bundles.ts';
import { foreignMutators } from './foreign-mutators.ts';
import { unlistedKinds } from './unlisted-kinds.ts';
import { clusterWide, indexKey, lookedAt, type Caches } from './caches.ts';
import type { Followed } from './following.ts';
import { watchedLive, watchedPod } from './fingerprint.ts';
import type { Suspects } from './dirty-objects.ts';
import type { CheckFacts } from '../decide/health/types.ts';
import type { ReleaseSnapshot } from '../decide/release/snapshot.ts';
import { isInstalledKind } from '../decide/manifest/installed-kinds.ts';

export interface Sources {
  /** Namespace of Countersign itself. */
  readonly namespace: string;
  readonly caches: Caches;
  readonly followed: Followed;
  readonly suspects: Suspects;
  readonly records: Records;
  /** Results of the policy's checks of a package in production. */
  readonly checks: (namespace: string, pkg: string) => ReadonlyMap<string, CheckFacts>;
  readonly serverVersion: () => string;
  readonly serverTime: ServerTime;
}

const splitKey = (key: ObjectKey): readonly [kind: string, name: string] => {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
};

const objectsIn = (caches: Caches, namespace: string): LiveObjects => ({
  get(key) {
    const [kind, name] = splitKey(key);
    return caches.objects.get(kind)?.in(namespace)?.get(indexKey(namespace, name));
  },
});

const podsIn = (caches: Caches, namespace: string): PodsOf => ({
  get: (key) => caches.pods.in(namespace)?.byIndex('owner', key),
});

const namespaceIn = (caches: Caches, name: string): NamespaceFacts | undefined => caches.namespaces.in()?.get(name);

const policyIn = (caches: Caches, namespace: string): ReleasePolicy | undefined =>
  caches.policies.in()?.get(indexKey(namespace, policyName));

/** Whole bundles only: one of which a part is missing is not there yet. */
const bundlesBy = (caches: Caches, index: 'candidate' | 'package', key: string): Bundle[] => {
  const all = caches.bundles.in();
  return (all?.byIndex(index, key) ?? [])
    .flatMap((head) => joinParts(head, (name) => all?.get(indexKey(head.bundle.namespace, name))) ?? [])
    .toSorted((a, b) => a.createdAt - b.createdAt || a.name.localeCompare(b.name));
};

interface Aged {
  readonly metadata: { readonly creationTimestamp: string; readonly name: string };
}

/** Oldest first; the API server's clock tells seconds, so names decide between equals. */
const byAge = (a: Aged, b: Aged): number =>
  inOrder(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || inOrder(a.metadata.name, b.metadata.name);

/** By code unit: of ten thousand approvals a comparison in some language's order takes a tenth of a second. */
const inOrder = (a: string, b: string): number => Number(a > b) - Number(a < b);

/** What the record needs to have behind it before anything is judged. */
const ledgerComplete = ({ caches }: Sources): boolean =>
  clusterWide(caches).every((family) => family.in()?.isSynced() ?? false);

/** Whether everything that production is looked at for has been read. */
const allFollowed = (followed: Followed, namespace: string): boolean =>
  (['Production', 'Secrets', 'Watched'] as const).every((role) => followed.isComplete(role, namespace));

/** @returns undefined when production knows nothing of such a package */
export const observeRelease = (sources: Sources, namespace: string, pkg: string): ReleaseSnapshot => {
  const { caches, records, followed } = sources;
  return {
    namespace,
    package: pkg,
    policy: policyIn(caches, namespace),
    target: namespaceIn(caches, namespace),
    record: records.get(namespace),
    bundles: new Map(bundlesBy(caches, 'package', indexKey(namespace, pkg)).map((bundle) => [bundle.name, bundle])),
    live: objectsIn(caches, namespace),
    pods: podsIn(caches, namespace),
    checks: sources.checks(namespace, pkg),
    rollbacks: (caches.rollbacks.in()?.byIndex('package', indexKey(namespace, pkg)) ?? []).toSorted(byAge),
    complete: ledgerComplete(sources) && followed.isComplete('Production', namespace),
  };
};

/** A candidate whose story is over, or whose content is in production. */
const isOver = (known: CandidateRecord | undefined): boolean =>
  known?.finished !== undefined || known?.promoted !== undefined;

const siblingsOf = ({ caches, records }: Sources, candidate: ReleaseCandidate): Sibling[] => {
  const { spec, metadata } = candidate;
  const record = records.get(spec.targetNamespace);
  return (caches.candidates.in()?.byIndex('package', indexKey(spec.targetNamespace, spec.package)) ?? [])
    .filter((other) => other.metadata.uid !== metadata.uid && other.metadata.namespace === metadata.namespace)
    .map((other) => {
      const known = record.candidates.get(other.metadata.uid);
      const bundles = caches.bundles.in()?.byIndex('candidate', other.metadata.uid) ?? [];
      return {
        name: other.metadata.name,
        uid: other.metadata.uid,
        replaces: other.spec.replaces,
        createdAt: Date.parse(other.metadata.creationTimestamp),
        author: other.spec.author,
        owners: [
          ...new Set([
            other.spec.author.username,
            ...other.spec.onBehalfOf,
            ...bundles.flatMap(({ bundle }) => bundle.authors),
          ]),
        ],
        staged: (known?.stagedDigests.size ?? 0) > 0,
        promoted: known?.promoted !== undefined && (known.finished?.reason ?? 'Promoted') === 'Promoted',
        finished: isOver(known),
      };
    });
};

/** Bytes of a whole bundle, as far as its parts are there. */
const bytesOf = (caches: Caches, { bundle, bytes, parts }: BundleHead): number =>
  parts.reduce((sum, part) => sum + (caches.bundles.in()?.get(indexKey(bundle.namespace, part))?.bytes ?? 0), bytes);

/** The other open candidates that take, or may come to take, places of the target. */
const placesOf = ({ caches, records }: Sources, { spec, metadata }: ReleaseCandidate): Place[] => {
  const record = records.get(spec.targetNamespace);
  return (caches.candidates.in()?.byIndex('target', spec.targetNamespace) ?? [])
    .filter((other) => other.metadata.uid !== metadata.uid && other.metadata.namespace === metadata.namespace)
    .filter((other) => !isOver(record.candidates.get(other.metadata.uid)))
    .map((other) => {
      const bundles = caches.bundles.in()?.byIndex('candidate', other.metadata.uid) ?? [];
      return {
        name: other.metadata.name,
        uid: other.metadata.uid,
        package: other.spec.package,
        author: other.spec.author.username,
        createdAt: Date.parse(other.metadata.creationTimestamp),
        staged: bundles.length > 0 || (record.candidates.get(other.metadata.uid)?.stagedDigests.size ?? 0) > 0,
        bytes: bundles.reduce((sum, head) => sum + bytesOf(caches, head), 0),
      };
    });
};

const matches = (labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

/**
 * The staging objects that the candidate names, or that its selector picks; what another object made is left out. Of more than a package takes
 * only so many that it is known: staging may hold a hundred thousand, and each candidate is looked at whenever one of them changes.
 */
const stagedObjects = (caches: Caches, { spec, metadata }: ReleaseCandidate): Map<ObjectKey, LiveObject> => {
  const { namespace } = metadata;
  const { components, selector } = spec;
  const wanted = selector?.matchLabels ?? {};
  const found = new Map<ObjectKey, LiveObject>();
  if (components !== undefined) {
    for (const key of components.map(keyOf)) {
      const object = objectsIn(caches, namespace).get(key);
      if (object?.deleting === false) found.set(key, object);
    }
    return found;
  }
  for (const { kind } of promotableKinds) {
    for (const object of caches.objects.get(kind)?.in(namespace)?.list() ?? []) {
      if (object.isOwned || object.deleting || !matches(object.labels, wanted)) continue;
      found.set(keyOf(object.ref), object);
      if (found.size > maxPackageObjects) return found;
    }
  }
  return found;
};

/** Objects that the production bundles of other packages hold. */
const claimsOf = (sources: Sources, namespace: string, pkg: string): ReadonlyMap<ObjectKey, string> => {
  const { caches, records } = sources;
  const claims = new Map<ObjectKey, string>();
  for (const [other, { production, open }] of records.get(namespace).packages) {
    if (other === pkg) continue;
    for (const name of [production?.bundle, open?.to]) {
      const head = name === undefined ? undefined : caches.bundles.in()?.get(indexKey(namespace, name));
      const bundle = head && joinParts(head, (part) => caches.bundles.in()?.get(indexKey(namespace, part)));
      if (bundle === undefined) continue;
      for (const object of bundle.objects) claims.set(keyOf(liveRef(object, bundle)), other);
    }
  }
  return claims;
};

const keysByName = (all: readonly { readonly name: string; readonly keys: ReadonlySet<string> }[] | undefined) =>
  new Map((all ?? []).map(({ name, keys }) => [name, keys]));

/** Looked into when asked: large ones are not kept as they are. */
const configMapKeys = (caches: Caches, namespace: string): KeysByName => ({
  get(name) {
    const found = caches.objects.get('ConfigMap')?.in(namespace)?.get(indexKey(namespace, name));
    if (found === undefined) return undefined;
    const { manifest } = found;
    return new Set(['data', 'binaryData'].flatMap((field) => Object.keys(manifest[field] ?? {})));
  },
});

const inProduction = (record: NamespaceRecord, candidate: ReleaseCandidate): boolean => {
  const { open, production } = packageRecord(record, candidate.spec.package);
  const { uid } = candidate.metadata;
  return open?.candidate.uid === uid || production?.candidateUid === uid;
};

export const observeCandidate = (sources: Sources, candidate: ReleaseCandidate): CandidateSnapshot => {
  const { caches, records, followed } = sources;
  const { spec, metadata } = candidate;
  const target = spec.targetNamespace;
  const record = records.get(target);
  const base = baseBundle(packageRecord(record, spec.package));
  const inTarget = bundlesBy(caches, 'package', indexKey(target, spec.package));
  const policy = policyIn(caches, target);
  const follows = policy?.spec.sourceNamespace === metadata.namespace;
  return {
    candidate,
    policy,
    target: namespaceIn(caches, target),
    source: namespaceIn(caches, metadata.namespace),
    record,
    bundles: inTarget.filter((bundle) => bundle.candidate.uid === metadata.uid),
    production: inTarget.find(({ name }) => name === base),
    staged: stagedObjects(caches, candidate),
    stagedAutoscalers: autoscalersIn(caches, metadata.namespace),
    stagedPods: podsIn(caches, metadata.namespace),
    live: objectsIn(caches, target),
    claims: claimsOf(sources, target, spec.package),
    approvals: (caches.approvals.in()?.byIndex('subject', metadata.uid) ?? [])
      .filter((approval) => approval.metadata.namespace === target)
      .toSorted(byAge),
    autoscalers: autoscalersIn(caches, target),
    siblings: siblingsOf(sources, candidate),
    places: () => placesOf(sources, candidate),
    secrets: keysByName(caches.secrets.in(target)?.list()),
    configMaps: configMapKeys(caches, target),
    release: inProduction(record, candidate) ? observeRelease(sources, target, spec.package) : undefined,
    integrity: () => (policy === undefined ? [] : observeIntegrity(sources, target)),
    serverVersion: sources.serverVersion(),
    complete:
      ledgerComplete(sources) &&
      (!follows ||
        (followed.isComplete('Production', target) &&
          followed.isComplete('Secrets', target) &&
          followed.isComplete('Staging', metadata.namespace))),
  };
};

/** A candidate of the record that the cluster no longer has; undefined = it is there. */
export interface GoneCandidate {
  readonly namespace: string;
  readonly candidate: CandidateRecord;
  readonly inFlight: boolean;
}

export const observeGone = (sources: Sources, namespace: string, uid: string): GoneCandidate | undefined => {
  const record = sources.records.get(namespace);
  const candidate = record.candidates.get(uid);
  if (candidate === undefined || !ledgerComplete(sources)) return undefined;
  const present = sources.caches.candidates.in()?.get(indexKey(candidate.namespace, candidate.name));
  if (present?.metadata.uid === uid) return undefined;
  return { namespace, candidate, inFlight: packageRecord(record, candidate.package).open?.candidate.uid === uid };
};

export const observePolicy = (sources: Sources, namespace: string): PolicySnapshot | undefined => {
  const { caches, records } = sources;
  const policy = policyIn(caches, namespace);
  if (policy === undefined) return undefined;
  const heads = (caches.bundles.in()?.list() ?? []).filter(({ bundle }) => bundle.namespace === namespace);
  return {
    policy,
    namespace: namespaceIn(caches, namespace),
    record: records.get(namespace),
    unlisted: unlistedKinds(caches),
    mutators: foreignMutators(caches, namespaceIn(caches, namespace)?.labels ?? {}),
    kept: {
      candidates: (caches.candidates.in()?.byIndex('target', namespace) ?? []).map(({ metadata, spec }) => ({
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
        package: spec.package,
      })),
      bundles: heads
        .filter(({ partOf }) => partOf === '')
        .map(({ uid, parts, bundle }) => ({
          name: bundle.name,
          uid,
          package: bundle.package,
          candidateUid: bundle.candidate.uid,
          baseline: bundle.baseline,
          createdAt: bundle.createdAt,
          parts,
        })),
      partUid: (name) => caches.bundles.in()?.get(indexKey(namespace, name))?.uid,
    },
    complete: ledgerComplete(sources),
  };
};

/** One emergency access, by uid: whether it is still in the cluster or only in the record. */
export const observeEmergency = (sources: Sources, namespace: string, uid: string): EmergencySnapshot | undefined => {
  const { caches, records, followed } = sources;
  const access = caches.emergencies.in()?.byIndex('uid', uid)[0];
  const record = records.get(namespace);
  if (access === undefined && !record.emergencies.all.has(uid)) return undefined;
  const [policy, target] = [policyIn(caches, namespace), namespaceIn(caches, namespace)];
  return {
    namespace,
    uid,
    access,
    policy,
    target,
    record,
    scene: sceneOf(sources, namespace),
    made(key) {
      const [kind, name] = splitKey(key);
      const found = caches.watched.get(kind)?.in(namespace)?.get(indexKey(namespace, name));
      return found && { ...found, key, digest: found.digest([]) };
    },
    clusterRole: (name) => caches.clusterRoles.in()?.get(name),
    pod: (name) => caches.pods.in(namespace)?.get(indexKey(namespace, name)),
    approvals: caches.approvals.in()?.byIndex('subject', uid) ?? [],
    serverTime: sources.serverTime.bounds(),
    skewMs: sources.serverTime.skewMs(),
    complete: ledgerComplete(sources) && allFollowed(followed, namespace),
  };
};

// --- production as a whole -------------------------------------------------------------------------------------------

const installedObjects = (caches: Caches): readonly Watched[] =>
  [...caches.installed.values()].flatMap((family) => family.in()?.list() ?? []);

/** Objects of our installation that are not what the record of a production namespace says. */
export const observeIntegrity = (
  { caches, records }: Pick<Sources, 'caches' | 'records'>,
  namespace: string,
): readonly string[] =>
  changedInstallation(
    {
      explained: records.get(namespace).explained,
      get: (key) => {
        const [kind, name] = splitKey(key);
        return caches.installed.get(kind)?.in()?.get(name);
      },
      watches: () => true,
      selects: () => false,
      // Nobody but the chart writes it, and it runs no pods of its own accord.
      unmanaged: () => [],
      former: () => [],
    },
    installedObjects(caches),
  );

const autoscalersIn = (caches: Caches, namespace: string): readonly LiveObject[] =>
  promotableKinds
    .filter(({ kind }) => isAutoscaler(kind))
    .flatMap(({ kind }) => caches.objects.get(kind)?.in(namespace)?.list() ?? []);

/** Kinds that pick pods by labels which no controller keeps to. */
const selectingKinds = kindRows.flatMap(({ kind, selects }) => (selects === undefined ? [] : [kind]));

/** Kinds have no dots, and names of definitions have. */
const isGuardedName = (kind: string): boolean => kind.includes('.');

/** One object of production, or of our installation. */
const watchedIn = ({ caches }: Sources, namespace: string, key: ObjectKey): Watched | undefined => {
  const [kind, name] = splitKey(key);
  const place = indexKey(namespace, name);
  if (kind === 'Pod') {
    const pod = caches.pods.in(namespace)?.get(place);
    return pod && watchedPod(pod);
  }
  if (kind === 'Secret') return caches.secrets.in(namespace)?.get(place);
  if (isGuardedName(kind)) return caches.guarded.get(kind)?.in(namespace)?.get(place);
  const live = caches.objects.get(kind)?.in(namespace)?.get(place);
  if (live !== undefined) return watchedLive(live);
  return caches.watched.get(kind)?.in(namespace)?.get(place) ?? caches.installed.get(kind)?.in()?.get(name);
};

const allWatched = (sources: Sources, namespace: string): readonly Watched[] => {
  const { caches } = sources;
  return [
    ...[...caches.objects.values()].flatMap((family) => family.in(namespace)?.list() ?? []).map(watchedLive),
    ...(caches.pods.in(namespace)?.list() ?? []).map(watchedPod),
    ...(caches.secrets.in(namespace)?.list() ?? []),
    ...[...caches.watched.values(), ...caches.guarded.families()].flatMap(
      (family) => family.in(namespace)?.list() ?? [],
    ),
    ...installedObjects(caches),
  ];
};

/** What the pods of a workload ran, by the bundles that are kept, and as this process has seen it. */
const formerPrograms = (sources: Sources, namespace: string, key: ObjectKey): readonly (readonly Program[])[] => {
  const bundled = (sources.caches.bundles.in()?.byIndex('object', indexKey(namespace, key)) ?? []).flatMap(
    ({ programs }) => [programs.get(key) ?? []],
  );
  const uid = watchedIn(sources, namespace, key)?.uid;
  return [...bundled, ...(uid === undefined ? [] : sources.suspects.former(uid))];
};

const sceneOf = (sources: Sources, namespace: string): Scene => {
  const { caches, records } = sources;
  // Most looks are at our own installation, and ask for none of it.
  let unmanaged: ReadonlyMap<ObjectKey, readonly string[]> | undefined;
  const unmanagedFields = (): ReadonlyMap<ObjectKey, readonly string[]> => {
    const declared = policyIn(caches, namespace)?.spec.unmanagedFields ?? [];
    const autoscalers = autoscalersIn(caches, namespace);
    return new Map(impliedUnmanaged([], autoscalers, declared).map((row) => [keyOf(row), row.fields] as const));
  };
  return {
    explained: records.get(namespace).explained,
    get: (key) => watchedIn(sources, namespace, key),
    selects: (label) =>
      selectingKinds.some(
        (kind) => (caches.objects.get(kind)?.in(namespace)?.byIndex('selects', label) ?? []).length > 0,
      ),
    watches: (kind) => !isGuardedName(kind) || caches.guarded.names.includes(kind),
    unmanaged: (key) => {
      if (isInstalledKind(key.slice(0, key.indexOf('/')))) return [];
      unmanaged ??= unmanagedFields();
      return unmanaged.get(key) ?? [];
    },
    former: (key) => formerPrograms(sources, namespace, key),
  };
};

/** @returns undefined when nothing is watched there */
export const observeWatch = (sources: Sources, namespace: string): WatchSnapshot | undefined => {
  const { caches, followed, records, suspects } = sources;
  const [policy, target] = [policyIn(caches, namespace), namespaceIn(caches, namespace)];
  if (!isWatched({ policy, target })) return undefined;
  const complete = ledgerComplete(sources) && allFollowed(followed, namespace);
  const scene = sceneOf(sources, namespace);
  const isOpen = (key: ObjectKey): boolean => {
    const { is } = standing(scene, key);
    return is === 'Unexplained' || is === 'Rebased';
  };
  const keys = () => [
    ...allWatched(sources, namespace).map(({ key }) => key),
    ...[...scene.explained.objects.keys()].map(asKey),
  ];
  const isLooking = complete && scene.explained.adopted.size > 0;
  return {
    namespace,
    policy,
    target,
    record: records.get(namespace),
    scene,
    kinds: lookedAt(caches),
    all: () => allWatched(sources, namespace),
    suspects: isLooking ? suspects.look(namespace, keys, isOpen) : [],
    approvals: (finding) => caches.approvals.in()?.byIndex('subject', finding) ?? [],
    home: sources.namespace,
    installation: () => installationDigest(installedObjects(caches)),
    upgrader: caches.installed.get('ClusterRole')?.in()?.get('countersign-installation')?.changedBy ?? '',
    complete,
  };
};
