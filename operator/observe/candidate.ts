/** What deciding about one candidate looks at; of one that is gone, what the record tells of it. */
import type { ReleaseCandidate } from '../api/candidate.ts';
import { rowNamed } from '../decide/manifest/kinds/index.ts';
import { hostKinds, hostsServedBy } from '../decide/manifest/served-hosts.ts';
import type {
  CandidateSnapshot,
  KeysByName,
  KnownBindings,
  KnownHosts,
  Place,
  Sibling,
} from '../decide/gates/snapshot.ts';
import { keyOf, kindIdOf, type ObjectKey } from '../decide/objects.ts';
import type { CandidateRecord } from '../decide/record/candidate.ts';
import { baseBundle } from '../decide/record/package.ts';
import { packageRecord, type NamespaceRecord } from '../decide/record/record.ts';
import { liveRef } from '../decide/release/steps.ts';
import { joinParts, type BundleHead } from './bundles.ts';
import { indexKey } from './caches.ts';
import type { Read } from './facts.ts';
import { mutatorsIn } from './mutators-of.ts';
import { changedInstalled } from './installation.ts';
import { exceptionsOf } from './exceptions.ts';
import {
  autoscalersIn,
  bundlesBy,
  byAge,
  controllersIn,
  evidenceIn,
  namespaceIn,
  objectsIn,
  podsIn,
  policyIn,
  typeOf,
} from './lookup.ts';
import { heldOf, isWaiting, observeRelease, type ReleaseFacts } from './release.ts';
import type { KindsToRead } from './following.ts';
import type { Bundle } from '../decide/bundle.ts';
import { selectionOf, stagedObjects, type SelectionFacts } from './selection.ts';

/** A candidate whose story is over, or whose content is in production. */
const isOver = (known: CandidateRecord | undefined): boolean =>
  known?.finished !== undefined || known?.promoted !== undefined;

const siblingsOf = (facts: Read<'candidates' | 'bundles' | 'records'>, candidate: ReleaseCandidate): Sibling[] => {
  const { spec, metadata } = candidate;
  const record = facts.records.get(spec.targetNamespace);
  return (facts.candidates.in()?.byIndex('package', indexKey(spec.targetNamespace, spec.package)) ?? [])
    .filter((other) => other.metadata.uid !== metadata.uid && other.metadata.namespace === metadata.namespace)
    .map((other) => {
      const known = record.candidates.get(other.metadata.uid);
      const bundles = facts.bundles.in()?.byIndex('candidate', other.metadata.uid) ?? [];
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
const bytesOf = ({ bundles }: Read<'bundles'>, { bundle, bytes, parts }: BundleHead): number =>
  parts.reduce((sum, part) => sum + (bundles.in()?.get(indexKey(bundle.namespace, part))?.bytes ?? 0), bytes);

/** The other open candidates that take, or may come to take, places of the target. */
const placesOf = (facts: Read<'candidates' | 'bundles' | 'records'>, { spec, metadata }: ReleaseCandidate): Place[] => {
  const record = facts.records.get(spec.targetNamespace);
  return (facts.candidates.in()?.byIndex('target', spec.targetNamespace) ?? [])
    .filter((other) => other.metadata.uid !== metadata.uid && other.metadata.namespace === metadata.namespace)
    .filter((other) => !isOver(record.candidates.get(other.metadata.uid)))
    .map((other) => {
      const bundles = facts.bundles.in()?.byIndex('candidate', other.metadata.uid) ?? [];
      return {
        name: other.metadata.name,
        uid: other.metadata.uid,
        package: other.spec.package,
        author: other.spec.author.username,
        createdAt: Date.parse(other.metadata.creationTimestamp),
        staged: bundles.length > 0 || (record.candidates.get(other.metadata.uid)?.stagedDigests.size ?? 0) > 0,
        bytes: bundles.reduce((sum, head) => sum + bytesOf(facts, head), 0),
      };
    });
};

/** Objects that the production bundles of other packages hold. */
const claimsOf = (
  { records, bundles }: Read<'records' | 'bundles'>,
  namespace: string,
  pkg: string,
): ReadonlyMap<ObjectKey, string> => {
  const claims = new Map<ObjectKey, string>();
  for (const [other, { production, open }] of records.get(namespace).packages) {
    if (other === pkg) continue;
    for (const name of [production?.bundle, open?.to]) {
      const head = name === undefined ? undefined : bundles.in()?.get(indexKey(namespace, name));
      const bundle = head && joinParts(head, (part) => bundles.in()?.get(indexKey(namespace, part)));
      if (bundle === undefined) continue;
      for (const object of bundle.objects) claims.set(keyOf(liveRef(object, bundle)), other);
    }
  }
  return claims;
};

const keysByName = (all: readonly { readonly name: string; readonly keys: ReadonlySet<string> }[] | undefined) =>
  new Map((all ?? []).map(({ name, keys }) => [name, keys]));

/** Looked into when asked: large ones are not kept as they are. */
const configMapKeys = ({ objects }: Read<'objects'>, namespace: string): KeysByName => ({
  get(name) {
    const found = objects.get('ConfigMap')?.in(namespace)?.get(indexKey(namespace, name));
    if (found === undefined) return undefined;
    const { manifest } = found;
    return new Set(['data', 'binaryData'].flatMap((field) => Object.keys(manifest[field] ?? {})));
  },
});

/** Kinds that it consists of, or may consist of, and of which staging or production has not been read. */
const unreadKindsOf = (
  { followed }: Read<'followed'>,
  { spec, metadata }: ReleaseCandidate,
  bundles: readonly Bundle[],
): KindsToRead => {
  const unread = new Map([metadata.namespace, spec.targetNamespace].flatMap((each) => [...followed.unreadKinds(each)]));
  // Nearly always there are none, and a candidate may name five hundred objects.
  if (unread.size === 0) return unread;
  if (bundles.length > 0) return heldOf(unread, bundles);
  if (spec.components === undefined) return unread;
  const named = new Set(spec.components.map((each) => kindIdOf(rowNamed(each) ?? each)));
  return new Map([...unread].filter(([id]) => named.has(id)));
};

/** What accounts are bound to in the whole cluster. */
const bindingsIn = ({ bindings, clusterRoles }: Read<'bindings' | 'clusterRoles'>): KnownBindings => ({
  of: (subjects) => {
    const found = [...bindings.values()].flatMap((family) =>
      subjects.flatMap((subject) => family.in()?.byIndex('subject', subject) ?? []),
    );
    return [...new Set(found)];
  },
  clusterRole: (name) => clusterRoles.in()?.get(name),
  isTaken: (namespace, name) =>
    bindings
      .get(namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding')
      ?.in()
      ?.get(namespace === '' ? name : indexKey(namespace, name)) !== undefined,
});

/** What is reached under which name, in staging and in production. */
const hostsOf = (facts: Read<'objects'>, staging: string, production: string): KnownHosts => {
  const listed = (kind: string, namespace: string) => facts.objects.get(kind)?.in(namespace)?.list() ?? [];
  const services = (namespace: string) => new Set(listed('Service', namespace).map(({ ref }) => ref.name));
  const hosts = (namespace: string) =>
    hostKinds.flatMap((kind) => listed(kind, namespace).flatMap(({ manifest }) => hostsServedBy(manifest)));
  return {
    services: services(staging),
    productionServices: services(production),
    stagingHosts: [...new Set(hosts(staging))],
    productionHosts: hosts(production),
  };
};

const inProduction = (record: NamespaceRecord, candidate: ReleaseCandidate): boolean => {
  const { open, production } = packageRecord(record, candidate.spec.package);
  const { uid } = candidate.metadata;
  return open?.candidate.uid === uid || production?.candidateUid === uid;
};

/** What `observeCandidate` reads. */
export type CandidateFacts = ReleaseFacts &
  SelectionFacts &
  Read<
    | 'candidates'
    | 'approvals'
    | 'evidence'
    | 'exceptions'
    | 'secrets'
    | 'classes'
    | 'bindings'
    | 'clusterRoles'
    | 'installed'
    | 'serverVersion'
    | 'watched'
    | 'mutators'
    | 'guarded'
  >;

/** The bundles that production runs of other packages. */
const neighborsOf = (
  facts: Read<'bundles'>,
  { packages }: NamespaceRecord,
  { spec }: ReleaseCandidate,
): readonly Bundle[] =>
  [...packages].flatMap(([name, record]) => {
    const runs = record.production?.bundle;
    if (name === spec.package || runs === undefined) return [];
    return bundlesBy(facts, 'package', indexKey(spec.targetNamespace, name)).filter((each) => each.name === runs);
  });

/** A candidate with everything that its gates look at. */
export const observeCandidate = (facts: CandidateFacts, candidate: ReleaseCandidate): CandidateSnapshot => {
  const { records, followed } = facts;
  const { spec, metadata } = candidate;
  const target = spec.targetNamespace;
  const record = records.get(target);
  const base = baseBundle(packageRecord(record, spec.package));
  const inTarget = bundlesBy(facts, 'package', indexKey(target, spec.package));
  const bundles = inTarget.filter((bundle) => bundle.candidate.uid === metadata.uid);
  const policy = policyIn(facts, target);
  const follows = policy?.spec.sourceNamespace === metadata.namespace;
  const unreadKinds: KindsToRead = follows ? unreadKindsOf(facts, candidate, bundles) : new Map();
  return {
    candidate,
    policy,
    target: namespaceIn(facts, target),
    source: namespaceIn(facts, metadata.namespace),
    record,
    bundles,
    production: inTarget.find(({ name }) => name === base),
    neighbors: () => neighborsOf(facts, record, candidate),
    staged: stagedObjects(facts, candidate),
    unreadKinds,
    selection: () => selectionOf(facts, candidate),
    hosts: () => hostsOf(facts, metadata.namespace, target),
    stagedAutoscalers: autoscalersIn(facts, metadata.namespace),
    stagedPods: podsIn(facts, metadata.namespace),
    stagedControllers: controllersIn(facts, metadata.namespace),
    live: objectsIn(facts, target),
    classes: (kind, name) => {
      const known = facts.classes.get(kind);
      return known === undefined ? undefined : known.in()?.get(name) !== undefined;
    },
    bindings: bindingsIn(facts),
    claims: claimsOf(facts, target, spec.package),
    approvals: (facts.approvals.in()?.byIndex('subject', metadata.uid) ?? [])
      .filter((approval) => approval.metadata.namespace === target)
      .toSorted(byAge),
    evidence: evidenceIn(facts, metadata.namespace),
    reviews: policy === undefined ? [] : (facts.approvals.in()?.byIndex('subject', policy.metadata.uid) ?? []),
    exceptions: exceptionsOf(facts, target, spec.package),
    autoscalers: autoscalersIn(facts, target),
    siblings: siblingsOf(facts, candidate),
    places: () => placesOf(facts, candidate),
    secrets: keysByName(facts.secrets.in(target)?.list()),
    configMaps: configMapKeys(facts, target),
    release: inProduction(record, candidate) ? observeRelease(facts, target, spec.package) : undefined,
    integrity: () => (policy === undefined ? [] : changedInstalled(facts, target)),
    mutators: mutatorsIn(facts, target),
    typeOf: (ref) => typeOf(facts, ref),
    serverVersion: facts.serverVersion(),
    // Of what is not staged yet the status says which kind is not read.
    complete:
      followed.isClusterRead() &&
      (bundles.length === 0 || !isWaiting(unreadKinds)) &&
      (!follows ||
        (followed.isComplete('Production', target) &&
          followed.isComplete('Secrets', target) &&
          followed.isComplete('Staging', metadata.namespace))),
  };
};

/** A candidate of the record that the cluster no longer has. */
export interface DeletedCandidate {
  readonly namespace: string;
  readonly candidate: CandidateRecord;
  readonly inFlight: boolean;
}

/** What `observeDeletedCandidate` reads. */
export type DeletionFacts = Read<'records' | 'candidates' | 'followed'>;

/** @returns undefined when it is there, or the record knows of none */
export const observeDeletedCandidate = (
  { records, candidates, followed }: DeletionFacts,
  namespace: string,
  uid: string,
): DeletedCandidate | undefined => {
  const record = records.get(namespace);
  const candidate = record.candidates.get(uid);
  if (candidate === undefined || !followed.isClusterRead()) return undefined;
  const present = candidates.in()?.get(indexKey(candidate.namespace, candidate.name));
  if (present?.metadata.uid === uid) return undefined;
  return { namespace, candidate, inFlight: packageRecord(record, candidate.package).open?.candidate.uid === uid };
};
