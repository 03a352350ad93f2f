/** What the gate sees: its own copies of records, policies and bundles, and how they are brought up to date when they seem behind. */
import { policyName, type Kind } from '../api/kinds.ts';
import { jsonObject } from '../api/meta.ts';
import { parseApproval, type Approval } from '../api/approval.ts';
import { exceptableGates } from '../api/exceptable-gates.ts';
import { parsePolicyException } from '../api/exception.ts';
import { parsePolicyChange } from '../api/policy-change.ts';
import { parseEmergencyAccess, type EmergencyAccess } from '../api/emergency.ts';
import { entryName } from '../api/ledger.ts';
import { parseReleaseCandidate, type ReleaseCandidate } from '../api/candidate.ts';
import type { JudgedPolicy } from '../decide/inherited.ts';
import type { ReturnSnapshot, SignedBundle } from '../decide/admission/rollback-consent.ts';
import type { GrantGrounds } from '../decide/admission/snapshot.ts';
import type { Bundle } from '../decide/bundle.ts';
import type { KnownChange } from '../decide/changes/change.ts';
import type { KnownException } from '../decide/exceptions/exception.ts';
import { dependsOnChanges } from '../decide/evidence/demands.ts';
import type { KnownEvidence } from '../decide/evidence/piece.ts';
import { roleFacts } from '../decide/emergency/role-limits.ts';
import type { Instant, NamespaceFacts } from '../decide/objects.ts';
import type { NamespaceRecord } from '../decide/record/record.ts';
import type { OpenIntent } from '../decide/record/package.ts';
import type { Client } from '../kube/client.ts';
import { listPages } from '../kube/read.ts';
import type { KubeObject } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import type { Transport } from '../kube/transport.ts';
import type { LedgerStore } from '../ledger/append.ts';
import type { Records } from '../ledger/records.ts';
import { bundleHead, createContentLoader, joinParts, type BundleHead, type ContentPlace } from '../observe/bundles.ts';
import type { Home } from '../observe/contents.ts';
import { indexKey, type Caches } from '../observe/caches.ts';
import { clusterRoles } from '../observe/followed-rows.ts';
import { evidenceIn } from '../observe/lookup.ts';
import { changedInstalled } from '../observe/installation.ts';
import type { Clock } from '../time/clock.ts';
import { inTurns } from './coalesced-refresh.ts';
import { createPolicyReader, type PolicyReader } from './policies.ts';
import { ifFound, ifReadable, valueOf } from './reading.ts';
import { digestOfBundle } from '../decide/bundle-digest.ts';

/** What a promotion rests on, read at this moment. undefined = it is gone. */
export interface Grounds {
  /** When the API server made the entry that begins it; undefined = there is no such entry. */
  readonly begunAt: Instant | undefined;
  readonly policy: JudgedPolicy | undefined;
  readonly candidate: ReleaseCandidate | undefined;
  readonly bundle: Bundle | undefined;
  readonly approvals: readonly Approval[];
  /** Signatures by which holds on the candidate's contents were lifted, by name. */
  readonly lifts: ReadonlyMap<string, Approval>;
  /** Of the staging namespace: from the copies, which are older than the intent at most by what `unseen` says. */
  readonly evidence: KnownEvidence;
  /** Uids of evidence that the intent names and the copies do not have yet. */
  readonly unseen: readonly string[];
  /** Approvals under the uid of the policy, where a late review blocks releases. */
  readonly reviews: readonly Approval[];
  /** Exceptions that the intent names and that are there, with everything signed for them. */
  readonly exceptions: readonly KnownException[];
  /** The bundle that the content was compared with, where the policy asks how much changes. */
  readonly before: Bundle | undefined;
}

/** What a rollback rests on, read at this moment. */
export type ReturnGrounds = Pick<ReturnSnapshot, 'policy' | 'to' | 'from' | 'above'>;

export interface Sight {
  namespace(name: string): NamespaceFacts | undefined;
  policy(namespace: string): JudgedPolicy | undefined;
  readonly policies: Pick<PolicyReader, 'template' | 'inheriting'>;
  record(namespace: string): NamespaceRecord;
  bundle(namespace: string, name: string): Bundle | undefined;
  /** Emergency accesses that let somebody in, by username. */
  accesses(namespace: string, grantee: string): readonly EmergencyAccess[];
  /** Objects of our own installation that are not what the record of the namespace says. */
  integrity(namespace: string): readonly string[];
  /** Reads what the copies may not have been told yet: the entries after the last one known, the policy, and the bundles they name. */
  refresh(namespace: string): Promise<void>;
  /** Reads the contents of a bundle, which the copies leave out: once for all writes that are judged by it. */
  load(home: Home): Promise<void>;
  /** Reads what consent rests on, past every copy. */
  grounds(namespace: string, intent: OpenIntent): Promise<Grounds>;
  /** Reads what a rollback rests on, past every copy. */
  returnGrounds(namespace: string, intent: OpenIntent): Promise<ReturnGrounds>;
  /** Reads what an emergency access rests on, past every copy. `access`: its name; '' = there is none yet. */
  grant(namespace: string, access: string): Promise<GrantGrounds>;
  /** Reads a PolicyChange and what was signed for it, past every copy. undefined = there is none of that name. */
  change(namespace: string, name: string): Promise<KnownChange | undefined>;
}

export interface SightTools {
  readonly place: ContentPlace;
  readonly caches: Caches;
  readonly records: Records;
  readonly client: Client;
  readonly transport: Transport;
  readonly store: LedgerStore;
  readonly clock: Clock;
}

/** Of one namespace, while its record stands still: whoever floods the gate with writes that nothing allows does not flood the API server. */
const refreshMs = 50;

/** Bundles that were looked at, and whether the digests of their objects make up their own. A content is looked at when a write is judged by it. */
const trueBundles = new WeakMap<Bundle, boolean>();

const isTrue = (bundle: Bundle): boolean => {
  const known = trueBundles.get(bundle) ?? digestOfBundle(bundle) === bundle.digest;
  trueBundles.set(bundle, known);
  return known;
};

/** Exceptions that are read for one promotion: it rests on at most one for each gate. Of a longer list the rest does not count. */
const maxExceptions = exceptableGates.length;

// oxlint-disable-next-line max-lines-per-function -- one closure: every method reads the same caches
export const createSight = ({ place, caches, records, client, transport, store, clock }: SightTools): Sight => {
  const head = (namespace: string, name: string): BundleHead | undefined =>
    caches.bundles.in()?.get(indexKey(namespace, name));

  /** A bundle that is deleted and written again under its name is another one: only what its digest says is looked at. */
  const bundle = (namespace: string, name: string): Bundle | undefined => {
    const found = head(namespace, name);
    const whole = found && joinParts(found, (part) => head(namespace, part));
    return whole !== undefined && isTrue(whole) ? whole : undefined;
  };

  const read = (kind: Exclude<Kind, 'Approval' | 'Evidence' | 'Rollback'>, namespace: string, name: string) =>
    ifFound<KubeObject>(client.getResource(ourResource(kind), { namespace, name }));

  const policies = createPolicyReader(client, transport);

  const readBundle = async (namespace: string, name: string): Promise<Bundle | undefined> => {
    const raw = await read('ReleaseBundle', namespace, name);
    if (raw === undefined) return undefined;
    const whole = bundleHead(raw);
    const parts = await Promise.all(whole.parts.map((part) => read('ReleaseBundle', namespace, part)));
    const heads = new Map(
      parts.flatMap((part) => (part === undefined ? [] : [[part.metadata.name, bundleHead(part)]])),
    );
    return joinParts(whole, (part) => heads.get(part));
  };

  /** Puts a bundle that the copies lack into them, with its parts. */
  const fetchBundle = async (namespace: string, name: string): Promise<void> => {
    if (name === '' || bundle(namespace, name) !== undefined) return;
    const raw = await read('ReleaseBundle', namespace, name);
    if (raw === undefined) return;
    caches.bundles.observed(raw);
    for (const part of bundleHead(raw).parts) {
      const found = await read('ReleaseBundle', namespace, part);
      if (found !== undefined) caches.bundles.observed(found);
    }
  };

  const readApprovals = async (namespace: string, uid: string): Promise<readonly Approval[]> => {
    const selection = { namespace, fieldSelector: `spec.subject.uid=${uid}` };
    const found: Approval[] = [];
    for await (const { items } of listPages(transport, ourResource('Approval'), selection)) {
      found.push(...items.map((item) => valueOf(parseApproval(jsonObject(item)))));
    }
    return found;
  };

  /** Mostly none: only those that the record names are read. */
  const readLifts = async (namespace: string, uid: string): Promise<ReadonlyMap<string, Approval>> => {
    const { packages, candidates } = records.get(namespace);
    const staged = candidates.get(uid)?.stagedDigests ?? new Set();
    const holds = [...packages.values()].flatMap(({ lifted }) =>
      [...lifted].flatMap(([digest, { id }]) => (staged.has(digest) ? [id] : [])),
    );
    const found = await Promise.all(holds.map((id) => readApprovals(namespace, id)));
    return new Map(found.flat().map((approval) => [approval.metadata.name, approval]));
  };

  /** Mostly none: only those that the intent names are read. One that was deleted and created again under its name is another one. */
  const readExceptions = async (
    namespace: string,
    named: NonNullable<OpenIntent['exceptions']>,
  ): Promise<readonly KnownException[]> => {
    const found = await Promise.all(
      named.slice(0, maxExceptions).map(async ({ name, uid }) => {
        const raw = await read('PolicyException', namespace, name);
        if (raw?.metadata.uid !== uid) return [];
        return [{ exception: valueOf(parsePolicyException(raw)), approvals: await readApprovals(namespace, uid) }];
      }),
    );
    return found.flat();
  };

  const load = createContentLoader(place, (namespace, name) =>
    client.getResource(ourResource('ReleaseBundle'), { namespace, name }),
  );
  /** Many writes of one release come at once, and the first of them to need a content reads it for all. */
  const loading = new Map<string, Promise<void>>();

  const readSigned = async (namespace: string, name: string): Promise<SignedBundle> => {
    const found = name === '' ? undefined : await readBundle(namespace, name);
    const uid = found?.candidate.uid ?? '';
    return { bundle: found, approvals: uid === '' ? [] : await readApprovals(namespace, uid) };
  };

  /** Name of the release that came first after a bundle, by the record. */
  const nameAbove = (namespace: string, { to, from }: OpenIntent): string => {
    const runs = [...records.get(namespace).packages.values()].find(({ ran }) => ran.has(to));
    return [...(runs?.ran ?? [])].find(([, { previous }]) => previous === to)?.[0] ?? from;
  };

  return {
    load(home) {
      const key = indexKey(home.namespace, home.head);
      const reading = loading.get(key) ?? load(home).finally(() => loading.delete(key));
      loading.set(key, reading);
      return reading;
    },
    namespace: (name) => caches.namespaces.in()?.get(name),
    policy: (namespace) => caches.policies.in()?.get(indexKey(namespace, policyName)),
    policies,
    record: (namespace) => records.get(namespace),
    bundle,
    accesses: (namespace, grantee) => caches.emergencies.in()?.byIndex('grantee', indexKey(namespace, grantee)) ?? [],
    integrity: (namespace) => changedInstalled({ ...caches, records }, namespace),
    refresh: inTurns(
      { clock, everyMs: refreshMs, stateOf: (namespace) => records.get(namespace).head.seq },
      async (namespace) => {
        for (const object of await policies.raw(namespace)) caches.policies.observed(object);
        for (;;) {
          const next = records.get(namespace).head.seq + 1;
          if ((await ifFound(store.catchUp(namespace, next))) === undefined) break;
        }
        const named = [...records.get(namespace).packages.values()].flatMap(({ open, production }) => [
          open?.to ?? '',
          open?.from ?? '',
          production?.bundle ?? '',
        ]);
        for (const name of new Set(named)) await fetchBundle(namespace, name);
      },
    ),
    async grounds(namespace, { seq, candidate, to, evidence: named = [], exceptions: excepted = [] }) {
      const [entry, policy, found, whole, approvals, lifts, exceptions] = await Promise.all([
        read('LedgerEntry', namespace, entryName(seq)),
        policies.effective(namespace),
        read('ReleaseCandidate', candidate.namespace, candidate.name),
        readBundle(namespace, to),
        readApprovals(namespace, candidate.uid),
        readLifts(namespace, candidate.uid),
        readExceptions(namespace, excepted),
      ]);
      const isCompared = policy !== undefined && dependsOnChanges(policy);
      const previous = isCompared ? (whole?.previous ?? '') : '';
      return {
        begunAt: entry && Date.parse(entry.metadata.creationTimestamp ?? ''),
        evidence: evidenceIn(caches, candidate.namespace),
        unseen: named.filter((uid) => (caches.evidence.in()?.byIndex('uid', uid) ?? []).length === 0),
        before: previous === '' ? undefined : await readBundle(namespace, previous),
        lifts,
        exceptions,
        reviews: policy?.spec.reviewOverdue === 'Block' ? await readApprovals(namespace, policy.metadata.uid) : [],
        policy,
        candidate: found && valueOf(parseReleaseCandidate(found)),
        bundle: whole,
        approvals,
      };
    },
    async returnGrounds(namespace, intent) {
      const [policy, to, from] = await Promise.all([
        // What was signed for satisfied the template of then; what the namespace says itself is in the record.
        policies.own(namespace),
        intent.to === '' ? undefined : readSigned(namespace, intent.to),
        readSigned(namespace, intent.from),
      ]);
      const above =
        to?.bundle?.baseline === true ? await readSigned(namespace, nameAbove(namespace, intent)) : undefined;
      return { policy, to, from, above };
    },
    async grant(namespace, access) {
      const [policy, found] = await Promise.all([
        policies.effective(namespace),
        access === '' ? undefined : read('EmergencyAccess', namespace, access),
      ]);
      const name = policy?.spec.emergency?.clusterRole;
      const role = name === undefined ? undefined : await ifReadable(client.getResource(clusterRoles, { name }));
      return {
        policy,
        access: found && valueOf(parseEmergencyAccess(found)),
        role: role && roleFacts(role.metadata.name, jsonObject(role)),
      };
    },
    async change(namespace, name) {
      const raw = await read('PolicyChange', namespace, name);
      if (raw === undefined) return undefined;
      const change = valueOf(parsePolicyChange(raw));
      return { change, approvals: await readApprovals(namespace, change.metadata.uid) };
    },
  };
};
