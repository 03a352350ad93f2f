/** Which of the replicas writes: the one that holds the Lease. */
import { randomUUID } from 'node:crypto';
import { Failure } from '../kube/failures.ts';
import { createElector } from '../kube/lease.ts';
import type { Transport } from '../kube/transport.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';

const leaseName = 'countersign-operator';

export interface LeadingOptions {
  readonly transports: { readonly lease: Transport };
  /** Namespace of the Lease. */
  readonly namespace: string;
  /** Unlike that of every other replica. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'leading'>;
  /** What the leader notes for the next one; see `ElectorOptions.note`. */
  readonly note: () => string | undefined;
  readonly onAcquired: () => void;
  readonly onLost: () => void;
}

export interface Leading {
  /** Joins the election. */
  start(): void;
  /** Releases the Lease. */
  stop(): Promise<void>;
  isLeader(): boolean;
  /** From the first moment of leading to the end of the process, which the end of leading is. */
  hasLed(): boolean;
  /** What the leader before noted, or this one. */
  noted(): string | undefined;
  /**
   * Asked at the last moment: what a process that lost the Lease still has in hand is not written.
   * @throws {Failure} `Unavailable` when this process does not lead
   */
  ifLeading<T>(write: () => Promise<T>): Promise<T>;
}

export const createLeading = (options: LeadingOptions): Leading => {
  const { transports, namespace, instance, clock, random, logger, metrics, note, onAcquired, onLost } = options;
  let hasLed = false;
  const elector = createElector({
    transport: transports.lease,
    namespace,
    name: leaseName,
    identity: `${instance}_${randomUUID()}`,
    clock,
    random,
    logger,
    note,
    onAcquired: () => {
      logger.info({ instance }, 'leading');
      metrics.leading(leaseName, true);
      hasLed = true;
      onAcquired();
    },
    onLost: () => {
      metrics.leading(leaseName, false);
      onLost();
    },
  });
  return {
    start: () => elector.start(),
    stop: () => elector.stop(),
    isLeader: () => elector.isLeader(),
    hasLed: () => hasLed,
    noted: () => elector.noted(),
    async ifLeading(write) {
      if (!elector.isLeader()) throw new Failure('Unavailable', 'not leading any more');
      return write();
    },
  };
};
