/** What an organization asks about its releases. Labels are namespaces of production, roles of their policies and words of ours; never a person. */
import { Counter, Gauge, Histogram, type LabelValues, type Registry } from 'prom-client';

const outcomes = ['promoted', 'failed', 'rejected', 'withdrawn', 'expired', 'superseded'] as const;

/** How a candidate ended. */
export type ReleaseOutcome = (typeof outcomes)[number];

const causes = ['ordered', 'rejected', 'health'] as const;

/** Why production went back: somebody ordered it, somebody rejected the release, or its health failed. */
export type RollbackCause = (typeof causes)[number];

/** Candidates that wait for a role. */
export interface WaitingForRole {
  readonly namespace: string;
  readonly role: string;
  readonly candidates: number;
  /** Of the one that waits longest. */
  readonly longestSeconds: number;
}

/** What is counted, and what there is of it now. */
export interface Releases {
  readonly waiting: () => readonly WaitingForRole[];
  /** Production namespaces that are followed. Each is counted from 0, for what begins at 1 has no increase. */
  readonly namespaces: () => readonly string[];
  /** Roles that their policies ask for. */
  readonly roles: () => readonly { readonly namespace: string; readonly role: string }[];
  /** Packages by namespace for which a write is refused, or work fails again and again. */
  readonly stuck: () => readonly { readonly namespace: string; readonly packages: number }[];
}

export interface ReleaseMetrics {
  ended(namespace: string, outcome: ReleaseOutcome): void;
  rolledBack(namespace: string, cause: RollbackCause): void;
  /** From the first time that the content of a candidate was frozen to its being in production. */
  led(namespace: string, seconds: number): void;
  /** From the time that a content was frozen to a signature for it. */
  signed(namespace: string, role: string, seconds: number): void;
  emergencyOpened(namespace: string): void;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const buckets = [minute, 5 * minute, 15 * minute, hour, 4 * hour, 8 * hour, day, 2 * day, 4 * day, 7 * day, 14 * day];

/** Has a histogram begin at 0, once for each set of labels, for what it counted already would be gone. */
const zeroes = <L extends string>() => {
  const begun = new Set<string>();
  return (histogram: Histogram<L>, labels: LabelValues<L>): void => {
    const key = JSON.stringify(labels);
    if (begun.has(key)) return;
    begun.add(key);
    histogram.zero(labels);
  };
};

// oxlint-disable-next-line max-lines-per-function -- a table: one row for each metric
export const createReleaseMetrics = (
  registry: Registry,
  { waiting, namespaces, roles, stuck }: Releases,
): ReleaseMetrics => {
  const registers = [registry];
  const [leadBegins, signedBegins] = [zeroes<'namespace'>(), zeroes<'namespace' | 'role'>()];
  const ended = new Counter({
    name: 'countersign_releases_total',
    help: 'Candidates that ended, by production namespace and outcome; promoted: production had the content.',
    labelNames: ['namespace', 'outcome'],
    registers,
    collect() {
      for (const namespace of namespaces()) for (const outcome of outcomes) this.inc({ namespace, outcome }, 0);
    },
  });
  const rollbacks = new Counter({
    name: 'countersign_rollbacks_total',
    help: 'Rollbacks that are complete, by production namespace and cause: health, ordered, rejected.',
    labelNames: ['namespace', 'cause'],
    registers,
    collect() {
      for (const namespace of namespaces()) for (const cause of causes) this.inc({ namespace, cause }, 0);
    },
  });
  const lead = new Histogram({
    name: 'countersign_release_lead_time_seconds',
    help: 'From the first time that the content of a candidate was frozen to its being in production.',
    labelNames: ['namespace'],
    buckets,
    registers,
    collect() {
      for (const namespace of namespaces()) leadBegins(this, { namespace });
    },
  });
  const signed = new Histogram({
    name: 'countersign_approval_wait_seconds',
    help: 'From the time that a content was frozen to a signature for it, by role.',
    labelNames: ['namespace', 'role'],
    buckets,
    registers,
    collect() {
      for (const { namespace, role } of roles()) signedBegins(this, { namespace, role });
    },
  });
  const emergencies = new Counter({
    name: 'countersign_emergencies_opened_total',
    help: 'Emergency accesses that were opened, by production namespace.',
    labelNames: ['namespace'],
    registers,
    collect() {
      for (const namespace of namespaces()) this.inc({ namespace }, 0);
    },
  });
  void new Gauge({
    name: 'countersign_releases_stuck',
    help: 'Packages whose promotion, rollback or clean-up does not go on, for the API server refuses a write or work fails again and again, by production namespace.',
    labelNames: ['namespace'],
    registers,
    collect() {
      this.reset();
      for (const { namespace, packages } of stuck()) this.set({ namespace }, packages);
    },
  });
  void new Gauge({
    name: 'countersign_candidates_waiting',
    help: 'Candidates that wait for signatures now, by production namespace and role.',
    labelNames: ['namespace', 'role'],
    registers,
    collect() {
      this.reset();
      for (const { namespace, role, candidates } of waiting()) this.set({ namespace, role }, candidates);
    },
  });
  void new Gauge({
    name: 'countersign_candidates_longest_wait_seconds',
    help: 'How long the candidate that waits longest has waited for signatures, by production namespace and role.',
    labelNames: ['namespace', 'role'],
    registers,
    collect() {
      this.reset();
      for (const { namespace, role, longestSeconds } of waiting()) this.set({ namespace, role }, longestSeconds);
    },
  });
  return {
    ended: (namespace, outcome) => ended.inc({ namespace, outcome }),
    rolledBack: (namespace, cause) => rollbacks.inc({ namespace, cause }),
    led(namespace, seconds) {
      leadBegins(lead, { namespace });
      lead.observe({ namespace }, seconds);
    },
    signed(namespace, role, seconds) {
      signedBegins(signed, { namespace, role });
      signed.observe({ namespace, role }, seconds);
    },
    emergencyOpened: (namespace) => emergencies.inc({ namespace }),
  };
};
