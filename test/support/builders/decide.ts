/** Builders of what `decide` judges. Each default passes every gate, so that a test says only what is different. */
import { approval, type Approval } from '../../../operator/api/approval.ts';
import { releaseCandidate, type ReleaseCandidate } from '../../../operator/api/candidate.ts';
import { emergencyAccess, type EmergencyAccess } from '../../../operator/api/emergency.ts';
import type { JsonObject } from '../../../operator/api/meta.ts';
import { releasePolicy, type ReleasePolicy } from '../../../operator/api/policy.ts';
import type { Rollback } from '../../../operator/api/rollback.ts';
import { noContributors } from '../../../operator/decide/people/authors.ts';
import type { Bundle, BundleObject } from '../../../operator/decide/bundle.ts';
import { digestOf as digestOfContent } from '../../../operator/decide/json/canonical.ts';
import type { EntryData, LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import { notAfterOf } from '../../../operator/decide/emergency/grant.ts';
import { noEmergencies, type Emergencies, type EmergencyRecord } from '../../../operator/decide/record/emergency.ts';
import {
  explainedKinds,
  nothingExplained,
  type ExplainedRecord,
} from '../../../operator/decide/record/expected-state.ts';
import { changeDigest } from '../../../operator/decide/changes/change.ts';
import { exceptionDigest } from '../../../operator/decide/exceptions/exception.ts';
import { policyChange, type PolicyChange } from '../../../operator/api/policy-change.ts';
import { noPolicyActs, type PolicyActs } from '../../../operator/decide/record/policy-acts.ts';
import { policyException, type PolicyException } from '../../../operator/api/exception.ts';
import type { GateSnapshot } from '../../../operator/decide/gates/gate.ts';
import { noSourceAuthors } from '../../../operator/decide/people/source-authors.ts';
import { noEvidence, type KnownEvidence, type Piece } from '../../../operator/decide/evidence/piece.ts';
import { noBindings, noHosts } from '../../../operator/decide/gates/snapshot.ts';
import { nothingSelected } from '../../../operator/decide/selected.ts';
import {
  keyOf,
  type Instant,
  type LiveObject,
  type NamespaceFacts,
  type ObjectKey,
  type ObjectRef,
} from '../../../operator/decide/objects.ts';
import type { Overlay } from '../../../operator/decide/manifest/overlay.ts';
import type { Place, Sibling } from '../../../operator/decide/gates/snapshot.ts';
import type { NamespaceRecord } from '../../../operator/decide/record/record.ts';
import type { CandidateRecord } from '../../../operator/decide/record/candidate.ts';
import type { OpenIntent, PackageRecord } from '../../../operator/decide/record/package.ts';
import type { Watched } from '../../../operator/decide/findings/view.ts';
import { digestOfBundle } from '../../../operator/decide/bundle-digest.ts';
import { isWorkload, kindRow } from '../../../operator/decide/manifest/kinds/index.ts';
import { builtIn } from '../../../operator/decide/schema/custom-type.ts';

/** A Wednesday, 11:00 in New York: the window is open, the soak is over, the signatures are an hour old. */
export const now: Instant = Date.parse('2026-03-11T15:00:00Z');
export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** An instant as the API server writes it. */
export const timestamp = (instant: Instant): string => new Date(instant).toISOString().replace('.000Z', 'Z');

/** `sha256:` and sixty-four times that digit. */
export const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

export const image = (name: string): string => `registry.example/${name}@${digestOf('e')}`;

const metadata = (name: string, namespace: string, createdAt: Instant) => ({
  name,
  namespace,
  uid: `uid-${name.replaceAll('.', '-')}`,
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: timestamp(createdAt),
});

/** The policy of the design; `spec` replaces whole fields of it. */
export const aPolicy = (spec: Record<string, unknown> = {}): ReleasePolicy =>
  releasePolicy.parse({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'ReleasePolicy',
    metadata: metadata('production', 'payments-prod', now - 720 * hour),
    spec: {
      sourceNamespace: 'payments-staging',
      approvals: [
        { role: 'tester', count: 1 },
        { role: 'approver', count: 2, oneFromEach: ['payments-owners', 'change-board'] },
      ],
      approvalValidFor: '72h',
      soak: '1h',
      windows: [{ schedule: '0 9 * * 1-5', duration: '8h', timeZone: 'America/New_York' }],
      reviewBy: '2028-01-31',
      ...spec,
    },
  });

export const notes = {
  summary: 'faster refunds',
  changes: ['refunds are batched'],
  dependencies: ['none'],
  installation: 'none',
  rollbackPlan: 'goes back by itself',
};

/** `payments-2.4.0`, staged by `developer-a`. */
export const aCandidate = (spec: Record<string, unknown> = {}, name = 'payments-2.4.0'): ReleaseCandidate =>
  releaseCandidate.parse({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'ReleaseCandidate',
    metadata: metadata(name, 'payments-staging', now - 3 * hour),
    spec: {
      targetNamespace: 'payments-prod',
      package: 'payments',
      version: '2.4.0',
      components: [
        { kind: 'ConfigMap', name: 'api-config' },
        { kind: 'Deployment', name: 'api' },
      ],
      notes,
      author: { username: 'developer-a' },
      ...spec,
    },
  });

/** One object of a bundle: `content` is what stands beside kind and name. */
export const anObject = (kind: string, name: string, content: JsonObject = {}, digest?: string): BundleObject => {
  const apiVersion = kindRow(kind)?.apiVersion ?? 'v1';
  const whole = { apiVersion, kind, metadata: { name }, ...content };
  return { ref: { apiVersion, kind, name }, digest: digest ?? digestOfContent(whole), content: whole };
};

/** A Deployment of one container; `podSpec` replaces whole fields of its pod spec. */
export const aDeployment = (name = 'api', podSpec: JsonObject = {}): BundleObject =>
  anObject('Deployment', name, {
    spec: {
      replicas: 6,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: image(name) }], ...podSpec },
      },
    },
  });

/** The bundle of `aCandidate`: a ConfigMap and a Deployment. */
export const aBundle = (given: Partial<Bundle> = {}): Bundle => ({
  name: 'payments-2.4.0-dddddddd',
  namespace: 'payments-prod',
  createdAt: now - 3 * hour,
  candidate: { name: 'payments-2.4.0', uid: 'uid-payments-2-4-0', namespace: 'payments-staging' },
  package: 'payments',
  version: '2.4.0',
  policyUID: 'uid-production',
  authors: ['developer-a'],
  onFailure: 'Rollback',
  digest: digestOf('d'),
  base: digestOf('b'),
  previous: 'payments-2.3.0-bbbbbbbb',
  baseline: false,
  serverVersion: 'v1.36.3',
  objects: [anObject('ConfigMap', 'api-config', { data: { level: 'info' } }), aDeployment()],
  removed: [],
  unmanaged: [],
  irreversible: [],
  leftOut: [],
  notSearched: [],
  stagingReferences: [],
  dependencies: [],
  dependenciesLeftOut: 0,
  overlay: '',
  overlaid: [],
  overlaidMore: 0,
  ...given,
});

/** Patches as overlays of a candidate, or of the policy, of an object. */
export const overlaysOf = (
  { kind, name }: Pick<ObjectRef, 'kind' | 'name'>,
  patches: readonly JsonObject[],
  by: Overlay['by'] = 'Candidate',
): readonly Overlay[] =>
  patches.map((patch) => ({ by, namespace: 'payments-prod', item: { kind, name, group: '', patch: { ...patch } } }));

/** A bundle whose digests are true. */
export const aSealedBundle = (given: Partial<Bundle> = {}): Bundle => {
  const plain = aBundle(given);
  const objects = plain.objects.map((object) => ({ ...object, digest: digestOfContent(object.content) }));
  return { ...plain, objects, digest: digestOfBundle({ ...plain, objects }) };
};

/** What a test says about a signature; the rest makes it a valid one by `approver`. */
export interface GivenApproval {
  readonly role?: string;
  readonly groups?: readonly string[];
  readonly decision?: 'Approve' | 'Reject';
  readonly comment?: string;
  readonly digest?: string;
  readonly createdAt?: Instant;
  readonly subject?: Partial<Approval['spec']['subject']>;
  readonly namespace?: string;
  /** Its name; the uid is `uid-<name>`. By default made of role and signer. */
  readonly name?: string;
}

/** A signature for `aCandidate` under the digest of `aBundle`, an hour old. */
export const anApproval = (username: string, given: GivenApproval = {}): Approval => {
  const role = given.role ?? 'approver';
  const createdAt = given.createdAt ?? now - hour;
  return approval.parse({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'Approval',
    metadata: metadata(given.name ?? `${role}-${username}`, given.namespace ?? 'payments-prod', createdAt),
    spec: {
      subject: { kind: 'ReleaseCandidate', name: 'payments-2.4.0', uid: 'uid-payments-2-4-0', ...given.subject },
      digest: given.digest ?? digestOf('d'),
      role,
      decision: given.decision ?? 'Approve',
      comment: given.comment ?? 'read it',
      approver: { username, uid: '', groups: given.groups ?? [] },
    },
  });
};

/** The three signatures that `aPolicy` asks for. */
export const enoughApprovals = (): readonly Approval[] => [
  anApproval('tester-a', { role: 'tester' }),
  anApproval('approver-a', { groups: ['payments-owners'] }),
  anApproval('approver-b', { groups: ['change-board'] }),
];

/** Somebody with the right orders package payments back. */
export const aRollback = (name: string, at: Instant, reason: string): Rollback => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'Rollback',
  metadata: {
    name,
    namespace: 'payments-prod',
    uid: `uid-${name}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: new Date(at).toISOString(),
  },
  spec: { package: 'payments', reason, requester: { username: 'sre-a', uid: '', groups: [] } },
});

export const aNamespace = (given: Partial<NamespaceFacts> = {}): NamespaceFacts => ({
  name: 'payments-prod',
  uid: 'uid-payments-prod',
  guarded: 'enforce',
  staging: false,
  labels: {},
  terminating: false,
  ...given,
});

export const aPackageRecord = (given: Partial<PackageRecord> = {}): PackageRecord => ({
  seq: 1,
  production: undefined,
  open: undefined,
  unfinished: undefined,
  held: new Map(),
  lifted: new Map(),
  analysisDue: false,
  orders: new Map(),
  history: [],
  ran: new Map(),
  jobs: new Map(),
  ...given,
});

/** Contents on hold. */
export const holding = (...digests: readonly string[]): PackageRecord['held'] =>
  new Map(
    digests.map((digest) => [
      digest,
      {
        name: '000000000007',
        id: 'entry-7',
        candidate: { name: 'payments-2.4.0', uid: 'uid-payments-2.4.0', namespace: 'payments-staging' },
      },
    ]),
  );

/** What the gate enters of an act on Deployment `api` that it lets through. */
export const anAdmittedAct = (
  decision: string,
  data: Partial<Extract<EntryData, { type: 'Admitted' }>>,
  uid = 'uid-api',
): LedgerDraft => ({
  actor: { username: 'sre-a', uid: '', groups: [] },
  subject: { kind: 'Deployment', name: 'api', uid, namespace: 'payments-prod' },
  package: '',
  digest: '',
  decision,
  reason: '',
  data: {
    type: 'Admitted',
    review: 'r',
    operation: 'UPDATE',
    resource: 'deployments.apps',
    subresource: '',
    before: '',
    after: '',
    detail: '',
    emergency: '',
    demanded: null,
    ...data,
  },
});

/** An open promotion to a bundle, from nothing, that began at `now`. */
export const anIntent = (bundle: Bundle, given: Partial<OpenIntent> = {}): OpenIntent => ({
  type: 'Promotion',
  id: 'intent-1',
  seq: 5,
  at: now,
  candidate: bundle.candidate,
  to: bundle.name,
  toDigest: bundle.digest,
  from: '',
  fromDigest: '',
  cause: '',
  rollback: '',
  delivery: 'Countersign',
  followsUp: null,
  refused: undefined,
  rejected: false,
  ...given,
});

export const aCandidateRecord = (given: Partial<CandidateRecord> = {}): CandidateRecord => ({
  uid: 'uid-payments-2-4-0',
  name: 'payments-2.4.0',
  namespace: 'payments-staging',
  package: 'payments',
  stagedDigests: new Set([digestOf('d')]),
  bases: new Map(),
  authors: new Set(),
  tested: false,
  authorsWhenTested: [],
  intent: undefined,
  promoted: undefined,
  recordedApprovals: new Set(),
  jobs: new Map(),
  finished: undefined,
  ...given,
});

/** A ledger in which `payments-2.4.0` is staged and nothing else has happened. */
export const aRecord = (
  given: {
    package?: Partial<PackageRecord>;
    candidate?: Partial<CandidateRecord>;
    explained?: Partial<ExplainedRecord>;
    emergencies?: Emergencies;
    demanded?: NamespaceRecord['demanded'];
    policyActs?: Partial<PolicyActs>;
    broken?: string;
  } = {},
): NamespaceRecord => ({
  head: { seq: 1, hash: digestOf('0') },
  packages: new Map([['payments', aPackageRecord(given.package)]]),
  candidates: new Map([['uid-payments-2-4-0', aCandidateRecord(given.candidate)]]),
  explained: { ...nothingExplained, adopted: new Set(explainedKinds), ...given.explained },
  emergencies: given.emergencies ?? noEmergencies,
  demanded: given.demanded ?? [],
  policyActs: { ...noPolicyActs, ...given.policyActs },
  broken: given.broken,
});

/** An object of a bundle as it lives in production. */
export const aLiveObject = (object: BundleObject, given: Partial<LiveObject> = {}): LiveObject => ({
  ref: object.ref,
  namespace: 'payments-prod',
  uid: `uid-${object.ref.name}`,
  resourceVersion: '1',
  generation: 1,
  createdAt: now - 24 * hour,
  deleting: false,
  bytes: Buffer.byteLength(JSON.stringify(given.manifest ?? object.content)),
  manifest: object.content,
  status: {},
  writers: [],
  ...given,
});

/** An object of production as the watch sees it; its digest is the digit `content`, repeated. */
export const thing = (key: ObjectKey, content: string, given: Partial<Watched> = {}): Watched => {
  const [kind = '', name = ''] = key.split('/');
  return {
    key,
    kind,
    name,
    uid: `uid-${key}`,
    createdAt: now - hour,
    deleting: false,
    controller: undefined,
    lifetime: [],
    gives: [],
    digest: () => digestOf(content),
    replicas: undefined,
    programs: [],
    idle: false,
    selects: false,
    managers: ['by-hand'],
    ...given,
  };
};

/** A candidate that passes every gate at `now`. What depends on bundle and approvals is derived from those given. */
export const aGateSnapshot = (given: Partial<GateSnapshot> = {}): GateSnapshot => {
  const bundle = given.bundle ?? aBundle();
  const approvals = given.approvals ?? enoughApprovals();
  const keys = bundle.objects.map(({ ref }) => keyOf(ref));
  return {
    candidate: aCandidate(),
    policy: aPolicy(),
    target: aNamespace(),
    source: aNamespace({ name: 'payments-staging', uid: 'uid-payments-staging', guarded: undefined, staging: true }),
    record: aRecord(),
    bundles: [bundle],
    bundle,
    production: undefined,
    staged: new Map(),
    selection: () => nothingSelected,
    neighbors: () => [],
    hosts: () => noHosts,
    classes: () => undefined,
    bindings: noBindings,
    stagedPods: new Map(),
    stagedControllers: { replicaSet: () => undefined, jobsOf: () => [] },
    hands: noContributors,
    soakingSince: now - 2 * hour,
    live: new Map(),
    claims: new Map(),
    approvals,
    evidence: noEvidence,
    exceptions: [],
    reviews: [],
    mayReport: () => true,
    signerOf: (_, { all: [first] }) => first?.name,
    sourceAuthors: noSourceAuthors,
    changes: { isNew: false, parts: [] },
    autoscalers: [],
    stagedAutoscalers: [],
    siblings: [],
    unreadKinds: new Map(),
    places: () => [],
    secrets: new Map(),
    configMaps: new Map(),
    release: undefined,
    integrity: () => [],
    mutators: () => [],
    typeOf: builtIn,
    serverVersion: 'v1.36.3',
    complete: true,
    rights: new Map(approvals.map(({ metadata }) => [metadata.uid, true])),
    stagedNow: new Map(bundle.objects.map(({ ref, digest }) => [keyOf(ref), { digest }])),
    unread: [],
    imagesMoved: new Map(),
    stagedHealth: new Map(
      keys.filter((key) => isWorkload(key.split('/')[0] ?? '')).map((key) => [key, { state: 'Healthy', message: '' }]),
    ),
    preflight: [],
    unanswered: undefined,
    foreign: new Map(),
    ...given,
  };
};

/** By `owner-a`, an hour ago: package payments may pass the gate Window for a day. */
export const anException = (
  name: string,
  spec: Record<string, unknown> = {},
  createdAt = now - hour,
): PolicyException =>
  policyException.parse({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: metadata(name, 'payments-prod', createdAt),
    spec: {
      gates: ['Window'],
      package: 'payments',
      reason: 'refunds fail',
      risk: 'nobody watches at night',
      until: timestamp(now + 23 * hour),
      requester: { username: 'owner-a', uid: '', groups: [] },
      ...spec,
    },
  });

/** A signature for an exception as it is. */
export const anExceptionSignature = (
  exception: PolicyException,
  username: string,
  given: GivenApproval = {},
): Approval => {
  const { name, uid, namespace } = exception.metadata;
  return anApproval(username, {
    role: 'risk',
    namespace,
    digest: exceptionDigest(exception),
    ...given,
    subject: { kind: 'PolicyException', name, uid, ...given.subject },
  });
};

/** By `admin-a`, an hour ago: the policy of `aPolicy`, but for what `spec` says. */
export const aPolicyChange = (name: string, spec: Record<string, unknown> = {}, createdAt = now - hour): PolicyChange =>
  policyChange.parse({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'PolicyChange',
    metadata: metadata(name, 'payments-prod', createdAt),
    spec: {
      policy: aPolicy(spec).spec,
      reason: 'the soak is too short',
      author: { username: 'admin-a', uid: '', groups: [] },
    },
  });

/** A signature for a change of a policy as that is. */
export const aChangeSignature = (
  change: PolicyChange,
  policy: ReleasePolicy,
  username: string,
  given: GivenApproval = {},
): Approval => {
  const { name, uid, namespace } = change.metadata;
  return anApproval(username, {
    role: 'policy',
    namespace,
    digest: changeDigest(change, policy),
    ...given,
    subject: { kind: 'PolicyChange', name, uid, ...given.subject },
  });
};

/** A TestReport of `ci-a` about the content of `aBundle` for `aCandidate`, an hour old, that passed. */
export const aPiece = (name: string, given: Partial<Piece> = {}): Piece => ({
  name,
  namespace: 'payments-staging',
  uid: `uid-${name}`,
  type: 'TestReport',
  subjects: [`uid-payments-2-4-0 ${digestOf('d')}`],
  about: { uid: 'uid-payments-2-4-0' },
  passed: true,
  counts: {},
  performedAt: now - hour,
  createdAt: now - hour,
  reporter: { username: 'ci-a', uid: '', groups: [] },
  intact: true,
  ...given,
});

/** What is known when these are there. */
export const known = (...pieces: readonly Piece[]): KnownEvidence => ({
  of: (type, subject) => pieces.filter((each) => each.type === type && each.subjects.includes(subject)),
});

/** What the gate reads of evidence where there is none. */
export const noneReported = {
  begunAt: now,
  evidence: noEvidence,
  unseen: [],
  before: undefined,
  exceptions: [],
  reviews: [],
} as const;

/** Another candidate of the package, `next`, that `developer-a` created at `now` and that is not staged. */
export const aSibling = (given: Partial<Sibling> = {}): Sibling => {
  const author = given.author ?? { username: 'developer-a', uid: '', groups: [] };
  return {
    name: 'next',
    uid: 'uid-next',
    replaces: '',
    createdAt: now,
    author,
    owners: [author.username],
    staged: false,
    promoted: false,
    finished: false,
    ...given,
  };
};

/** The place of another candidate of the package, staged a day ago by `developer-a`. */
export const aPlace = (given: Partial<Place> = {}): Place => ({
  name: 'other',
  uid: 'uid-other',
  package: 'payments',
  author: 'developer-a',
  createdAt: now - 24 * hour,
  staged: true,
  bytes: 400,
  ...given,
});

/** `inc-4711`: `sre-a` lets `developer-a` in for four hours, an hour before `now`. */
export const anAccess = (
  spec: Record<string, unknown> = {},
  given: { name?: string; uid?: string; createdAt?: Instant } = {},
): EmergencyAccess => {
  const plain = metadata(given.name ?? 'inc-4711', 'payments-prod', given.createdAt ?? now - hour);
  return emergencyAccess.parse({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'EmergencyAccess',
    metadata: { ...plain, uid: given.uid ?? plain.uid },
    spec: {
      grantee: 'developer-a',
      duration: '4h',
      reason: 'payments stuck',
      incident: 'INC-4711',
      grantor: { username: 'sre-a' },
      ...spec,
    },
  });
};

/** What the ledger says of an access that is open. */
export const anEmergency = (
  access: EmergencyAccess = anAccess(),
  given: Partial<EmergencyRecord> = {},
): EmergencyRecord => ({
  uid: access.metadata.uid,
  name: access.metadata.name,
  stage: 'Opened',
  grantee: access.spec.grantee,
  grantor: access.spec.grantor.username,
  notAfter: notAfterOf(access),
  clusterRole: 'countersign-emergency',
  roleDigest: digestOf('9'),
  decision: '',
  message: '',
  endedAt: undefined,
  entries: [],
  actions: 0,
  sessions: [],
  touched: new Map(),
  accounted: undefined,
  settled: new Map(),
  reviewed: undefined,
  overdue: false,
  ...given,
});

/** Emergencies of a ledger, in the order in which they were granted. */
export const someEmergencies = (...all: readonly EmergencyRecord[]): Emergencies => ({
  seq: all.length - 1,
  all: new Map(all.map((each) => [each.uid, each])),
});
