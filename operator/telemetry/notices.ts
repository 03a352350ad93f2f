/** What is counted about notices. Labels are the names of sinks that the Secret declares, `maxSinks` at most. */
import { Counter, Gauge, type Registry } from 'prom-client';

const dropReasons = ['queue_full', 'too_old', 'not_taken', 'sink_gone'] as const;

/** Why nobody gets a notice. */
export type DropReason = (typeof dropReasons)[number];

export interface OutboxMetrics {
  sent(sink: string): void;
  failed(sink: string): void;
  dropped(sink: string, reason: DropReason): void;
}

export interface NoticeMetrics extends OutboxMetrics {
  /** There is a sink of that name: it is counted from 0, for what begins at 1 has no increase. */
  declared(sink: string): void;
  /** A policy names a sink that is not declared. */
  undeclared(): void;
}

export const createNoticeMetrics = (
  registry: Registry,
  waiting: () => Iterable<readonly [sink: string, notices: number]>,
): NoticeMetrics => {
  const sent = new Counter({
    name: 'countersign_notices_sent_total',
    help: 'Notices that a sink has taken, by sink.',
    labelNames: ['sink'],
    registers: [registry],
  });
  const failed = new Counter({
    name: 'countersign_notice_failures_total',
    help: 'Tries to send a notice that failed and are repeated, by sink.',
    labelNames: ['sink'],
    registers: [registry],
  });
  const dropped = new Counter({
    name: 'countersign_notices_dropped_total',
    help: 'Notices that nobody will get, by sink and reason: queue_full, too_old, not_taken, sink_gone; and sink_unknown, without a sink.',
    labelNames: ['sink', 'reason'],
    registers: [registry],
  });
  void new Gauge({
    name: 'countersign_notices_waiting',
    help: 'Notices that a sink has not taken yet, by sink.',
    labelNames: ['sink'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [sink, notices] of waiting()) this.set({ sink }, notices);
    },
  });
  dropped.inc({ sink: '', reason: 'sink_unknown' }, 0);
  return {
    declared(sink) {
      sent.inc({ sink }, 0);
      failed.inc({ sink }, 0);
      for (const reason of dropReasons) dropped.inc({ sink, reason }, 0);
    },
    sent: (sink) => sent.inc({ sink }),
    failed: (sink) => failed.inc({ sink }),
    dropped: (sink: string, reason: DropReason) => dropped.inc({ sink, reason }),
    undeclared: () => dropped.inc({ sink: '', reason: 'sink_unknown' }),
  };
};
