/** Every copy of cluster state that decisions are made from, and which namespaces they follow. */
import { type Approval, parseApproval } from '../api/approval.ts';
import { parseReleaseCandidate, type ReleaseCandidate } from '../api/candidate.ts';
import { type EmergencyAccess, parseEmergencyAccess } from '../api/emergency.ts';
import { parsePolicyException, type PolicyException } from '../api/exception.ts';
import { parseEvidence } from '../api/evidence.ts';
import { changedByAnnotation } from '../api/kinds.ts';
import { type LedgerEntry, parseLedgerEntry } from '../api/ledger.ts';
import type { Parsed } from '../api/parse.ts';
import { parsePolicyChange, type PolicyChange } from '../api/policy-change.ts';
import { parseRollback, type Rollback } from '../api/rollback.ts';
import { installedKinds } from '../decide/manifest/installed-kinds.ts';
import { pieceOf, type Piece } from '../decide/evidence/piece.ts';
import type { Mutator, MutatorBinding } from '../decide/findings/foreign-mutators.ts';
import { kindIdOf, keyOf, type NamespaceFacts, type NodeFacts, type PodFacts } from '../decide/objects.ts';
import type { FamilySpec, ReflectorFamily, Reflectors } from '../kube/reflectors.ts';
import type { KubeObject } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import { bundleHead, type BundleHead, type ContentPlace } from './bundles.ts';
import { componentsOf, isLarge, keptCandidate } from './kept-candidates.ts';
import {
  type DefinedKind,
  DefinedFamilies,
  type Definition,
  definitionOf,
  definitionRow,
  ObjectFamilies,
} from './custom-kinds.ts';
import { boundRole, type BoundRole, type WatchedObject, watchedObject } from './fingerprint.ts';
import { bindingOf, type Binding } from '../decide/gates/bindings.ts';
import { jsonObject } from '../api/meta.ts';
import { mutatorBinding, mutatorRows, policyMutator, serviceMutator, webhookMutator } from './foreign-mutators.ts';
import { bindingRows, classRows, clusterRoles, core, grouped } from './followed-rows.ts';
import { inheritedPolicies } from './inherited-policies.ts';
import type { LargeParts } from './large.ts';
import { nodesSeen, podFacts } from './parse-pods.ts';
import { type KeptObject, keyNames, type KeyNames, liveObject, namespaceFacts } from './parse.ts';
import { type PromotableKind, resourceName } from '../decide/manifest/kinds/shared/kind.ts';
import { promotableKinds, watchedKinds, promotableResource } from '../decide/manifest/kinds/index.ts';

/** One of our objects, or a throw that the reflector logs with the field's path. */
const parsed =
  <T>(parse: (raw: unknown) => Parsed<T>) =>
  (raw: KubeObject): T => {
    const result = parse(raw);
    if (result.ok) return result.value;
    throw new TypeError(`${raw.kind} ${raw.metadata.name}: ${result.problems.join('; ')}`);
  };

/** @throws as `parsed` */
const evidenceOf = parsed(parseEvidence);

export const evidenceKey = (namespace: string, type: string, subject: string): string =>
  `${namespace}/${type}/${subject}`;

/** @throws as `parsed` */
export const candidateOf = parsed(parseReleaseCandidate);

export const indexKey = (namespace: string, name: string): string => `${namespace}/${name}`;

const installedSelector = 'app.kubernetes.io/part-of=countersign';

export interface InstalledObject extends WatchedObject {
  /** Who upgraded the installation last; '' on all objects but one. */
  readonly changedBy: string;
}

const installedObject = (raw: KubeObject): InstalledObject => ({
  ...watchedObject(raw),
  changedBy: raw.metadata.annotations?.[changedByAnnotation] ?? '',
});

/** Served only where its feature is on. */
const optionalGroup = 'resource.k8s.io/v1';

export interface CachesOptions {
  /** Secrets are digested under it (`decide/manifest/content-digest.ts`). */
  readonly digestKey: string;
  /** Resources that the chart adds to the guard: `rollouts.argoproj.io`. */
  readonly guarded: readonly string[];
  /** Where the contents of bundles go. */
  readonly place: ContentPlace;
  /** Where goes what large objects hold. */
  readonly large: LargeParts;
}

const selecting = { selects: ({ selects }: KeptObject) => selects };

/** A row of a kind that the cluster defines, as it is followed. */
const definedKind = (row: PromotableKind): DefinedKind => ({
  id: kindIdOf(row),
  definition: resourceName(row),
  versions: [row.apiVersion, ...(row.custom?.also ?? [])].map((each) => each.slice(each.indexOf('/') + 1)),
});

/** The families of reflectors, by what they reflect. */
// oxlint-disable-next-line max-lines-per-function -- a table: one row for each family of reflectors
export const createCaches = (reflectors: Reflectors, { digestKey, guarded, place, large }: CachesOptions) => {
  const family = <T>(spec: FamilySpec<T>): ReflectorFamily<T> => reflectors.family(spec);
  const object = { shared: true, project: (raw: KubeObject) => liveObject(raw, large), indexes: selecting };
  const definitions = family<Definition>({ resource: definitionRow, project: definitionOf });
  return {
    namespaces: family<NamespaceFacts>({ resource: core('Namespace', 'namespaces', false), project: namespaceFacts }),
    nodes: family<NodeFacts>({ resource: core('Node', 'nodes', false), project: nodesSeen() }),
    policies: inheritedPolicies(family, parsed),
    candidates: family<ReleaseCandidate>({
      resource: ourResource('ReleaseCandidate'),
      project: (raw) => keptCandidate(candidateOf(raw), large),
      indexes: {
        target: ({ spec }) => [spec.targetNamespace],
        source: ({ metadata }) => [metadata.namespace],
        package: ({ spec }) => [indexKey(spec.targetNamespace, spec.package)],
        staged: (candidate) => componentsOf(candidate).map((key) => indexKey(candidate.metadata.namespace, key)),
        stagedByLarge: (candidate) => (isLarge(candidate) ? [candidate.metadata.namespace] : []),
        writtenByLarge: (candidate) => (isLarge(candidate) ? [candidate.spec.targetNamespace] : []),
        selecting: ({ metadata, spec }) => (spec.selector === undefined ? [] : [metadata.namespace]),
        written: (candidate) => componentsOf(candidate).map((key) => indexKey(candidate.spec.targetNamespace, key)),
        writtenBySelector: ({ spec }) => (spec.selector === undefined ? [] : [spec.targetNamespace]),
      },
    }),
    bundles: family<BundleHead>({
      resource: ourResource('ReleaseBundle'),
      project: (raw) => bundleHead(raw, place),
      indexes: {
        candidate: ({ bundle }) => (bundle.candidate.uid === '' ? [] : [bundle.candidate.uid]),
        package: ({ bundle }) => (bundle.package === '' ? [] : [indexKey(bundle.namespace, bundle.package)]),
        object: ({ bundle }) => bundle.objects.map(({ ref }) => indexKey(bundle.namespace, keyOf(ref))),
      },
    }),
    approvals: family<Approval>({
      resource: ourResource('Approval'),
      project: parsed(parseApproval),
      indexes: { subject: ({ spec }) => [spec.subject.uid] },
    }),
    // Cluster-wide, as signatures are: there is little of it beside what else staging holds.
    evidence: family<Piece>({
      resource: ourResource('Evidence'),
      project: (raw) => pieceOf(evidenceOf(raw)),
      indexes: {
        subject: ({ namespace, type, subjects }) => subjects.map((each) => evidenceKey(namespace, type, each)),
        uid: ({ uid }) => [uid],
      },
    }),
    exceptions: family<PolicyException>({
      resource: ourResource('PolicyException'),
      project: parsed(parsePolicyException),
      indexes: {
        uid: ({ metadata }) => [metadata.uid],
        namespace: ({ metadata }) => [metadata.namespace],
        candidate: ({ spec }) => (spec.candidate === undefined ? [] : [spec.candidate.uid]),
        package: ({ metadata, spec }) => [indexKey(metadata.namespace, spec.package)],
      },
    }),
    policyChanges: family<PolicyChange>({
      resource: ourResource('PolicyChange'),
      project: parsed(parsePolicyChange),
      indexes: { uid: ({ metadata }) => [metadata.uid], namespace: ({ metadata }) => [metadata.namespace] },
    }),
    rollbacks: family<Rollback>({
      resource: ourResource('Rollback'),
      project: parsed(parseRollback),
      indexes: { package: ({ metadata, spec }) => [indexKey(metadata.namespace, spec.package)] },
    }),
    emergencies: family<EmergencyAccess>({
      resource: ourResource('EmergencyAccess'),
      project: parsed(parseEmergencyAccess),
      indexes: {
        uid: ({ metadata }) => [metadata.uid],
        namespace: ({ metadata }) => [metadata.namespace],
        grantee: ({ metadata, spec }) => [indexKey(metadata.namespace, spec.grantee)],
      },
    }),
    clusterRoles: family<BoundRole>({ resource: clusterRoles, project: boundRole }),
    ledger: family<LedgerEntry>({ resource: ourResource('LedgerEntry'), project: parsed(parseLedgerEntry) }),
    objects: new ObjectFamilies<KeptObject>(
      new Map(
        promotableKinds
          .filter(({ custom }) => custom === undefined)
          .map((row) => [kindIdOf(row), family({ ...object, resource: promotableResource(row) })]),
      ),
      new DefinedFamilies(
        promotableKinds.filter(({ custom }) => custom !== undefined).map(definedKind),
        definitions,
        // Somebody else's definition, whose conversion may fail: nobody waits for it who does not need it.
        (resource) => family({ ...object, resource, optional: true }),
      ),
    ),
    pods: family<PodFacts>({
      shared: true,
      resource: core('Pod', 'pods'),
      project: podFacts,
      indexes: {
        owner: (pod) => (pod.ownerKind === '' ? [] : [`${pod.ownerKind}/${pod.ownerName}`]),
        configMap: ({ configMaps = [] }) => configMaps,
        node: ({ nodeName }) => (nodeName === undefined ? [] : [nodeName]),
      },
    }),
    // Each production namespace by a stream of its own: no Secret of any other enters the process. Only a leader follows them, and neither it nor
    // a release waits for those of all namespaces: what reads them asks whether they are there.
    secrets: family<KeyNames & WatchedObject>({
      optional: true,
      resource: core('Secret', 'secrets'),
      project: (raw) => ({ ...watchedObject(raw, digestKey), ...keyNames(raw) }),
    }),
    watched: new Map<string, ReflectorFamily<WatchedObject>>(
      watchedKinds.map(({ kind, apiVersion, plural }) => [
        kind,
        family({
          shared: true,
          resource: grouped(apiVersion, kind, plural),
          project: (raw) => watchedObject(raw),
          mayBeAbsent: apiVersion === optionalGroup,
        }),
      ]),
    ),
    /** Classes of the whole cluster, by name: what content names must be there. */
    classes: new Map<string, ReflectorFamily<string>>(
      classRows.map((resource) => [resource.kind, family({ resource, project: ({ metadata }) => metadata.name })]),
    ),
    /** Bindings of ServiceAccounts in the whole cluster, by what they bind. Of others nothing is kept. */
    bindings: new Map<string, ReflectorFamily<Binding>>(
      bindingRows.map((resource) => [
        resource.kind,
        family({
          resource,
          project: (raw) => bindingOf(jsonObject(raw)),
          indexes: { subject: ({ subjects }) => subjects },
        }),
      ]),
    ),
    /** All definitions of namespaced kinds but our own. */
    definitions,
    /** What of others can change a write to production on its way. No release waits for it. */
    mutators: {
      webhooks: family<Mutator>({ resource: mutatorRows.webhooks, project: webhookMutator, optional: true }),
      policies: family<Mutator>({ resource: mutatorRows.policies, project: policyMutator, optional: true }),
      bindings: family<MutatorBinding>({ resource: mutatorRows.bindings, project: mutatorBinding, optional: true }),
      services: family<Mutator>({ resource: mutatorRows.services, project: serviceMutator, optional: true }),
    },
    guarded: new DefinedFamilies<WatchedObject>(
      guarded.map((name) => ({ id: name, definition: name, versions: [] })),
      definitions,
      (resource, { id }) =>
        family({
          resource,
          project: (raw) => ({ ...watchedObject(raw, digestKey), key: `${id}/${raw.metadata.name}`, kind: id }),
          optional: true,
          shared: true,
        }),
    ),
    installed: new Map<string, ReflectorFamily<InstalledObject>>(
      // Every object that carries our label. One that loses it counts as deleted.
      installedKinds.map(({ kind, apiVersion, plural }) => [
        kind,
        family({
          resource: grouped(apiVersion, kind, plural, false),
          project: installedObject,
          labelSelector: installedSelector,
        }),
      ]),
    ),
  };
};

export type Caches = ReturnType<typeof createCaches>;

/** What is followed in the whole cluster: namespaces and our own kinds. Nothing is judged before all of them have been read once. */
export const clusterWide = (caches: Caches) => [
  caches.namespaces,
  caches.nodes,
  caches.policies,
  caches.candidates,
  caches.bundles,
  caches.approvals,
  caches.evidence,
  caches.exceptions,
  caches.policyChanges,
  caches.rollbacks,
  caches.ledger,
  caches.emergencies,
  caches.clusterRoles,
  ...caches.classes.values(),
  ...caches.bindings.values(),
  ...caches.installed.values(),
  caches.definitions,
];

/** What production is looked at for: kinds, and resources that the chart adds to the guard. */
export const lookedAt = (caches: Pick<Caches, 'objects' | 'watched' | 'installed' | 'guarded'>): readonly string[] => [
  ...caches.objects.keys(),
  'Pod',
  'Secret',
  ...caches.watched.keys(),
  ...caches.installed.keys(),
  ...caches.guarded.kinds.map(({ id }) => id),
];
