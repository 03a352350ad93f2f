import { type Client, createClient } from './client.ts';
import { type Failure, toFailure } from './failures.ts';
import { leases, type LeaseView, microTime, nextTransition, noteAnnotation, viewOf } from './lease-object.ts';
import { Reflector } from './reflector.ts';
import type { Transport } from './transport.ts';
import type { Logger } from '../log.ts';
import { type Cancel, type Clock, sleep } from '../time/clock.ts';

/** Durations of an election, in milliseconds; `renewDeadlineMs` lies between the other two. */
export interface LeaseDurations {
  /** A standby waits this long after the last renewal that it saw. */
  readonly leaseMs: number;
  /** The holder gives up when it could not renew for this long. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

export const defaultLeaseDurations: LeaseDurations = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** No standby waits longer, whatever the Lease says: an edit of it must not stop rollbacks, or the end of an emergency. */
const maxLeaseMs = 60_000;

/** Why leadership ended: no renewal in time, or the lease names somebody else. */
export type LossReason = 'Deadline' | 'TakenOver';

export interface ElectorOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly name: string;
  /** This process, unlike every other one: pod name and a random part. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly durations?: LeaseDurations | undefined;
  /** What the holder notes for the next one; asked at each renewal, undefined = what stands there stays. Absent: nothing ever. */
  readonly note?: () => string | undefined;
  readonly onAcquired: () => void;
  /** Called before anybody else can acquire. Not called by `stop`. */
  readonly onLost: (reason: LossReason) => void;
}

/** Takes part in the election of one holder of a Lease (coordination.k8s.io/v1), from `start` to `stop`. */
export interface Elector {
  start(): void;
  /** Whether this process holds the lease at this instant, by its own clocks: true never outlasts the renew deadline, timers late or not. */
  isLeader(): boolean;
  /** Who holds the lease, as far as seen. */
  holder(): string | undefined;
  /** What this or an earlier holder noted last, as far as seen. */
  noted(): string | undefined;
  /** Steps down and releases the lease, so that a standby takes it at once. Call it when the work is at rest. */
  stop(): Promise<void>;
}

/**
 * A candidate for a lease; needs get, create, patch, list and watch on it. A standby watches the lease: it acts on a release at once, on an expiry by a timer, and polls
 * nothing.
 */
export function createElector(options: ElectorOptions): Elector {
  return new LeaseElector(options);
}

/** When something was last known to be so, by both clocks of this machine. */
interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

class LeaseElector implements Elector {
  readonly #options: ElectorOptions;
  readonly #durations: LeaseDurations;
  readonly #client: Client;
  readonly #reflector: Reflector<LeaseView>;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** The latest state known, from the watch or an own write; undefined = no such lease. */
  #view: LeaseView | undefined;
  /** Whether the lease named a holder when last seen: one that is deleted under its holder is not released, he may not know yet. */
  #wasHeld = false;
  /** When the view last changed, here; remote clocks are never read. */
  #changedAt: number;
  /** When the last successful renewal was sent, while this process leads. */
  #renewedAt: Instant | undefined;
  #cancelDeadline: Cancel = () => {};
  #wake = Promise.withResolvers<void>();

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.#durations = options.durations ?? defaultLeaseDurations;
    this.#client = createClient({ transport: options.transport, fieldManager: 'countersign-elector' });
    this.#changedAt = options.clock.monotonic();
    const { transport, clock, random, logger, namespace, name } = options;
    this.#reflector = new Reflector<LeaseView>(
      { resource: leases, namespace, name, project: viewOf },
      { transport, clock, random, logger },
    );
    this.#reflector.onChange((_key, change) => this.#see(change.new));
  }

  start(): void {
    this.#running ??= this.#run();
  }

  isLeader(): boolean {
    return this.#renewedAt !== undefined && this.#sinceMs(this.#renewedAt) < this.#durations.renewDeadlineMs;
  }

  holder(): string | undefined {
    return this.#view?.holder;
  }

  noted(): string | undefined {
    return this.#view?.note;
  }

  async stop(): Promise<void> {
    this.#stepDown();
    this.#stopping.abort();
    this.#wake.resolve();
    await this.#running;
    await this.#release();
    await this.#reflector.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    this.#reflector.start();
    await Promise.race([this.#reflector.synced, aborted(signal)]);
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      const waitMs = this.#renewedAt === undefined ? await this.#stand() : await this.#renew();
      if (signal.aborted) return;
      const nap = new AbortController();
      void this.#wake.promise.then(() => nap.abort());
      await sleep(this.#options.clock, waitMs, nap.signal);
    }
  }

  /** Tries to acquire when the lease is free; tells how long to wait, at most. */
  async #stand(): Promise<number> {
    const restMs = this.#restMs();
    // A jitter, so that several standbys do not collide on each expiry.
    if (restMs > 0) return restMs + this.#options.random() * this.#durations.retryMs * 0.1;
    const failure = await this.#claim();
    if (!failure) return this.#durations.retryMs;
    this.#options.logger.debug({ lease: this.#options.name, err: failure }, 'lease not acquired');
    await this.#look();
    return this.#durations.retryMs;
  }

  /** Milliseconds until the lease may be taken, as seen from here. */
  #restMs(): number {
    const view = this.#view;
    const free = view !== undefined && (view.holder === undefined || view.holder === this.#options.identity);
    if (free || (view === undefined && !this.#wasHeld)) return 0;
    const leaseMs = Math.min(maxLeaseMs, Math.max(this.#durations.leaseMs, view?.leaseMs ?? 0));
    return this.#changedAt + leaseMs - this.#options.clock.monotonic();
  }

  /** Extends the own lease; tells how long to wait, at most. */
  async #renew(): Promise<number> {
    if (this.#leftMs() <= 0) this.#lose('Deadline');
    const failure = await this.#claim();
    if (!failure || this.#renewedAt === undefined) return this.#durations.retryMs;
    this.#options.logger.warn({ lease: this.#options.name, err: failure }, 'lease not renewed');
    // The write may have taken effect without an answer, or somebody may have edited the lease: see who holds it.
    if (failure.kind !== 'Unavailable') await this.#look();
    const soonMs = this.#durations.retryMs / 40;
    return failure.kind === 'Conflict'
      ? soonMs
      : Math.max(soonMs, Math.min(this.#durations.retryMs, this.#leftMs() / 4));
  }

  /** Writes this process into the lease, provided it is as last seen. */
  async #claim(): Promise<Failure | undefined> {
    const { namespace, name, identity } = this.#options;
    const sentAt = this.#instant();
    const view = this.#view;
    const continues = view?.holder === identity;
    const time = microTime(sentAt.wall);
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#durations.leaseMs / 1_000),
      renewTime: time,
      ...(!continues && { acquireTime: time, leaseTransitions: view ? nextTransition(view.transitions) : 0 }),
    };
    const call = {
      timeoutMs: Math.max(1, Math.min(this.#leftMs(), this.#durations.renewDeadlineMs / 2)),
      signal: this.#stopping.signal,
    };
    try {
      const written = view
        ? await this.#client.patchResource(
            leases,
            { namespace, name },
            { metadata: { resourceVersion: view.resourceVersion, uid: view.uid, ...this.#note() }, spec },
            { type: 'Merge', ...call },
          )
        : await this.#client.createResource(
            leases,
            { apiVersion: leases.apiVersion, kind: leases.kind, metadata: { namespace, name }, spec },
            call,
          );
      this.#reflector.observed(written);
      if (!this.#stopping.signal.aborted) this.#lead(sentAt);
      return undefined;
    } catch (error) {
      return toFailure(error);
    }
  }

  #note(): { readonly annotations?: Readonly<Record<string, string>> } {
    const note = this.#options.note?.();
    return note === undefined ? {} : { annotations: { [noteAnnotation]: note } };
  }

  /** Reads the lease, because the view of it was refused; the watch may lag behind. */
  async #look(): Promise<void> {
    const { namespace, name } = this.#options;
    const call = { timeoutMs: this.#durations.renewDeadlineMs / 2 };
    const found = await this.#client.getResource(leases, { namespace, name }, call).catch(() => undefined);
    if (found) this.#reflector.observed(found);
  }

  #see(view: LeaseView | undefined): void {
    if (view?.resourceVersion === this.#view?.resourceVersion) return;
    this.#view = view;
    this.#changedAt = this.#options.clock.monotonic();
    if (view) this.#wasHeld = view.holder !== undefined;
    const taken = view?.holder !== undefined && view.holder !== this.#options.identity;
    if (taken && this.#renewedAt !== undefined) this.#lose('TakenOver');
    if (view?.holder !== this.#options.identity) this.#wake.resolve();
  }

  #lead(renewedAt: Instant): void {
    // The answer came too late to mean anything.
    if (this.#sinceMs(renewedAt) >= this.#durations.renewDeadlineMs) return;
    const first = this.#renewedAt === undefined;
    this.#renewedAt = renewedAt;
    this.#cancelDeadline();
    this.#cancelDeadline = this.#options.clock.after(this.#leftMs(), () => this.#lose('Deadline'));
    if (!first) return;
    this.#options.logger.info({ lease: this.#options.name, identity: this.#options.identity }, 'lease acquired');
    this.#options.onAcquired();
  }

  #lose(reason: LossReason): void {
    this.#stepDown();
    this.#options.logger.warn({ lease: this.#options.name, identity: this.#options.identity, reason }, 'lease lost');
    this.#options.onLost(reason);
    this.#wake.resolve();
  }

  #stepDown(): void {
    this.#renewedAt = undefined;
    this.#cancelDeadline();
  }

  async #release(): Promise<void> {
    const { namespace, name, identity, logger } = this.#options;
    // A claim that was cut off by stopping may have taken effect unseen.
    await this.#look();
    const view = this.#view;
    if (view?.holder !== identity) return;
    const patch = {
      metadata: { resourceVersion: view.resourceVersion, uid: view.uid, ...this.#note() },
      spec: { holderIdentity: null, renewTime: microTime(this.#options.clock.now()) },
    };
    try {
      await this.#client.patchResource(leases, { namespace, name }, patch, {
        type: 'Merge',
        timeoutMs: this.#durations.retryMs,
      });
    } catch (err) {
      logger.warn({ lease: name, err }, 'lease not released; it expires');
    }
  }

  /** Milliseconds until this process has to have renewed; the whole deadline while it does not lead. */
  #leftMs(): number {
    const { renewDeadlineMs } = this.#durations;
    return this.#renewedAt === undefined ? renewDeadlineMs : renewDeadlineMs - this.#sinceMs(this.#renewedAt);
  }

  #instant(): Instant {
    return { monotonic: this.#options.clock.monotonic(), wall: this.#options.clock.now() };
  }

  /** The longer of what both clocks say: the monotonic one stands still while a machine sleeps, the wall clock may be set back. */
  #sinceMs(instant: Instant): number {
    const now = this.#instant();
    return Math.max(now.monotonic - instant.monotonic, now.wall - instant.wall);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
