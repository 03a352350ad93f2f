/** What the gate counts. The webhook metrics have the names that users of controller-runtime have dashboards for. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { denials } from '../api/denials.ts';
import type { Entry } from '../api/webhooks.ts';

const outcomes = ['Allowed', 'Refused', 'Overloaded', 'TooSlow', 'Failed', 'Malformed'] as const;

/** How a review ended; label of a metric. */
export type ReviewOutcome = (typeof outcomes)[number];

/** Entries by which people and programs write production. */
const expected = ['writes', 'unlisted', 'records'] as const satisfies readonly Entry[];

export interface WebhookMetrics {
  began(webhook: string): void;
  /** `code`: HTTP status, or `aborted` when the caller went away. */
  ended(webhook: string, code: string, seconds: number): void;
  reviewed(entry: Entry, outcome: ReviewOutcome): void;
  /** A write was refused. `rule`: a code of the catalogue of denials. */
  refused(entry: Entry, rule: string): void;
}

export interface GateMetrics {
  readonly webhook: WebhookMetrics;
  /** In milliseconds since 1970. */
  readonly certificateEnds: (notAfter: number) => void;
}

const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `webhook` is one of the configuration's entries, or `unknown` for callers who do not know the path. */
export const createGateMetrics = (registry: Registry): GateMetrics => {
  const registers = [registry];
  const total = new Counter({
    name: 'controller_runtime_webhook_requests_total',
    help: 'Total number of admission requests by HTTP status code.',
    labelNames: ['webhook', 'code'],
    registers,
  });
  const latency = new Histogram({
    name: 'controller_runtime_webhook_latency_seconds',
    help: 'Histogram of the latency of processing admission requests.',
    labelNames: ['webhook'],
    buckets: latencyBuckets,
    registers,
  });
  const inFlight = new Gauge({
    name: 'controller_runtime_webhook_requests_in_flight',
    help: 'Current number of admission requests being served.',
    labelNames: ['webhook'],
    registers,
  });
  const reviews = new Counter({
    name: 'countersign_gate_reviews_total',
    help: 'Reviews by entry of the webhook configuration and by how they ended.',
    labelNames: ['entry', 'outcome'],
    registers,
  });
  const refusals = new Counter({
    name: 'countersign_gate_refusals_total',
    help: 'Writes that the gate refused, by entry of the webhook configuration and by rule.',
    labelNames: ['entry', 'rule'],
    registers,
  });
  // What begins at 1 has no increase. Rules of what nobody writes by hand are refused seldom, and are not expected.
  for (const entry of expected) {
    for (const outcome of outcomes) reviews.inc({ entry, outcome }, 0);
    for (const rule of Object.keys(denials)) refusals.inc({ entry, rule }, 0);
  }
  const ends = new Gauge({
    name: 'countersign_gate_certificate_expiration_timestamp_seconds',
    help: 'When the certificate that is served ends, in seconds since 1970.',
    registers,
  });
  return {
    webhook: {
      began: (webhook) => inFlight.inc({ webhook }),
      ended(webhook, code, seconds) {
        inFlight.dec({ webhook });
        total.inc({ webhook, code });
        latency.observe({ webhook }, seconds);
      },
      reviewed: (entry, outcome) => reviews.inc({ entry, outcome }),
      refused: (entry, rule) => refusals.inc({ entry, rule }),
    },
    certificateEnds: (notAfter) => ends.set(notAfter / 1_000),
  };
};
