/**
 * Counts releases as their entries come. Only the process that leads counts, and only what happened since it started: so that sums over pods are
 * right, and a restart repeats nothing.
 */
import type { LedgerEntrySpec } from '../api/ledger.ts';
import { type EntryData, parseData } from '../decide/ledger-entry.ts';
import { rolesWaitedFor } from '../decide/notices/due.ts';
import type { Instant } from '../decide/objects.ts';
import type { OnChange } from '../observe/changes.ts';
import type { Facts } from '../observe/facts.ts';
import { stuckPackages } from '../observe/release.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createReleaseMetrics, type ReleaseMetrics, type WaitingForRole } from '../telemetry/releases.ts';
import { productions } from './lookup.ts';
import type { Clock } from '../time/clock.ts';

/** When contents of an open candidate were frozen. */
interface Staged {
  readonly first: Instant;
  readonly byDigest: ReadonlyMap<string, Instant>;
}

export interface ReleaseMetricsTools {
  readonly facts: Facts;
  readonly on: OnChange;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly leads: () => boolean;
}

/** Call it before the copies are filled. */
export const countReleases = ({ facts, on, metrics, clock, leads }: ReleaseMetricsTools): void => {
  const began = clock.now();
  const staged = new Map<string, Staged>();
  const counted = createReleaseMetrics(metrics.registry, {
    waiting: () => (leads() ? waitingIn(facts, staged, clock.now()) : []),
    namespaces: () => countedNamespaces(facts),
    roles: () =>
      (facts.policies.in()?.list() ?? []).flatMap(({ metadata: { namespace }, spec }) =>
        spec.approvals.map(({ role }) => ({ namespace, role })),
      ),
    stuck: () =>
      countedNamespaces(facts).map((namespace) => ({ namespace, packages: stuckPackages(facts, namespace) })),
  });
  on.records(({ namespace, entry }) => {
    if (entry === undefined || facts.records.get(namespace).broken !== undefined) return;
    const at = Date.parse(entry.time);
    if (leads() && at >= began) count(counted, { namespace, entry, at, staged: staged.get(entry.subject.uid) });
    if (entry.type === 'Staged') staged.set(entry.subject.uid, restaged(staged.get(entry.subject.uid), entry));
  });
  on.candidates(({ old, new: now }) => {
    if (now === undefined && old !== undefined) staged.delete(old.metadata.uid);
  });
};

/** That are followed, whether or not anything is in their record yet. */
const countedNamespaces = (facts: Facts): readonly string[] => [
  ...new Set([...facts.records.namespaces(), ...productions(facts)]),
];

const restaged = (before: Staged | undefined, { digest, time }: LedgerEntrySpec): Staged => {
  const at = Date.parse(time);
  return { first: before?.first ?? at, byDigest: new Map(before?.byDigest).set(digest, at) };
};

interface Counting {
  readonly namespace: string;
  readonly entry: LedgerEntrySpec;
  readonly staged: Staged | undefined;
  readonly at: Instant;
}

const outcomes = { Expired: 'expired', Superseded: 'superseded', Failed: 'failed' } as const;

type Of<T extends EntryData['type']> = Extract<EntryData, { type: T }>;
type Counts = {
  readonly [T in EntryData['type']]?: (metrics: ReleaseMetrics, counting: Counting, data: Of<T>) => void;
};

const secondsBetween = (from: Instant, to: Instant): number => Math.max(0, to - from) / 1_000;

/** Types of entries that are not here are not counted. */
const counts: Counts = {
  Signed: (metrics, { namespace, entry, staged, at }, { approval }) => {
    const since = staged?.byDigest.get(entry.digest);
    if (since !== undefined) metrics.signed(namespace, approval.role, secondsBetween(since, at));
  },
  Promoted: (metrics, { namespace, staged, at }, { healthy }) => {
    metrics.ended(namespace, healthy ? 'promoted' : 'failed');
    if (healthy && staged !== undefined) metrics.led(namespace, secondsBetween(staged.first, at));
  },
  RolledBack: (metrics, { namespace }, { rollback, rejected }) =>
    metrics.rolledBack(namespace, rollback !== '' ? 'ordered' : rejected ? 'rejected' : 'health'),
  Rejected: (metrics, { namespace }, { inFlight }) => {
    if (!inFlight) metrics.ended(namespace, 'rejected');
  },
  Withdrawn: (metrics, { namespace }) => metrics.ended(namespace, 'withdrawn'),
  Refused: (metrics, { namespace, entry }, { intent, outcome }) => {
    if (intent === '' && entry.subject.kind === 'ReleaseCandidate') metrics.ended(namespace, outcomes[outcome]);
  },
  EmergencyOpened: (metrics, { namespace }) => metrics.emergencyOpened(namespace),
};

const count = (metrics: ReleaseMetrics, counting: Counting): void => {
  if (Object.hasOwn(counts, counting.entry.type)) countAs(metrics, counting, parseData(counting.entry));
};

const countAs = <T extends EntryData['type']>(metrics: ReleaseMetrics, counting: Counting, data: Of<T>): void => {
  const counted: ((metrics: ReleaseMetrics, counting: Counting, data: Of<T>) => void) | undefined = counts[data.type];
  counted?.(metrics, counting, data);
};

const waitingIn = (facts: Facts, staged: ReadonlyMap<string, Staged>, now: Instant): readonly WaitingForRole[] => {
  const found = new Map<string, WaitingForRole>();
  for (const candidate of facts.candidates.in()?.list() ?? []) {
    const since = staged.get(candidate.metadata.uid)?.byDigest.get(candidate.status?.digest ?? '');
    if (since === undefined) continue;
    const namespace = candidate.spec.targetNamespace;
    for (const role of rolesWaitedFor(candidate)) {
      const known = found.get(`${namespace} ${role}`);
      found.set(`${namespace} ${role}`, {
        namespace,
        role,
        candidates: (known?.candidates ?? 0) + 1,
        longestSeconds: Math.max(known?.longestSeconds ?? 0, (now - since) / 1_000),
      });
    }
  }
  return [...found.values()];
};
