/** What an organization asks about its releases. Labels are namespaces of production, roles of their policies and words of ours; never a person. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** How a candidate ended. */
export type ReleaseOutcome = 'promoted' | 'failed' | 'rejected' | 'withdrawn' | 'expired' | 'superseded';

/** Why production went back: somebody ordered it, somebody rejected the release, or its health failed. */
export type RollbackCause = 'ordered' | 'rejected' | 'health';

/** Candidates that wait for a role. */
export interface WaitingForRole {
  readonly namespace: string;
  readonly role: string;
  readonly candidates: number;
  /** Of the one that waits longest. */
  readonly longestSeconds: number;
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

// oxlint-disable-next-line max-lines-per-function -- a table: one row for each metric
export const createReleaseMetrics = (registry: Registry, waiting: () => readonly WaitingForRole[]): ReleaseMetrics => {
  const registers = [registry];
  const ended = new Counter({
    name: 'countersign_releases_total',
    help: 'Candidates that ended, by production namespace and outcome; promoted: production had the content.',
    labelNames: ['namespace', 'outcome'],
    registers,
  });
  const rollbacks = new Counter({
    name: 'countersign_rollbacks_total',
    help: 'Rollbacks that are complete, by production namespace and cause: health, ordered, rejected.',
    labelNames: ['namespace', 'cause'],
    registers,
  });
  const lead = new Histogram({
    name: 'countersign_release_lead_time_seconds',
    help: 'From the first time that the content of a candidate was frozen to its being in production.',
    labelNames: ['namespace'],
    buckets,
    registers,
  });
  const signed = new Histogram({
    name: 'countersign_approval_wait_seconds',
    help: 'From the time that a content was frozen to a signature for it, by role.',
    labelNames: ['namespace', 'role'],
    buckets,
    registers,
  });
  const emergencies = new Counter({
    name: 'countersign_emergencies_opened_total',
    help: 'Emergency accesses that were opened, by production namespace.',
    labelNames: ['namespace'],
    registers,
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
    led: (namespace, seconds) => lead.observe({ namespace }, seconds),
    signed: (namespace, role, seconds) => signed.observe({ namespace, role }, seconds),
    emergencyOpened: (namespace) => emergencies.inc({ namespace }),
  };
};
