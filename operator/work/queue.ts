import { delayMs, type Backoff } from '../time/backoff.ts';
import type { Cancel, Clock } from '../time/clock.ts';

/** What is worked on first. Restoring production comes before changing it, and both before routine. */
export type Priority = 'Rollback' | 'Promotion' | 'Normal' | 'Resync';

/** First to last. */
export const priorities: readonly Priority[] = ['Rollback', 'Promotion', 'Normal', 'Resync'];

/** What a queue tells the metrics; durations in seconds. */
export interface QueueMetrics {
  /** Called once with how to read the queue at scrape time. */
  attach(gauges: QueueGauges): void;
  added(): void;
  /** A key waited this long for a worker. */
  queued(seconds: number): void;
  /** A worker was busy this long with a key. */
  worked(seconds: number): void;
  retried(): void;
}

export interface QueueGauges {
  /** Keys that wait for a worker. */
  depth(priority: Priority): number;
  /** Seconds that the keys now worked on have taken so far, summed. */
  unfinishedSeconds(): number;
  longestRunningSeconds(): number;
}

export interface QueueOptions<K> {
  /** Equal for equal keys, and for no others. */
  readonly textOf: (key: K) => string;
  readonly workers: number;
  /** Of these, how many take nothing but rollbacks and promotions: routine that takes long holds neither up. None when absent. */
  readonly reserved?: number;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Works on one key. A rejection is told to `failed` and the key is retried. */
  readonly work: (key: K) => Promise<void>;
  readonly failed: (key: K, error: unknown) => void;
  /** For `retry` without its own. */
  readonly backoff?: Backoff;
  readonly metrics?: QueueMetrics | undefined;
}

const defaultBackoff: Backoff = { firstMs: 20, capMs: 60_000 };

/**
 * Keys to work on, each by one worker at a time. A key that is added again while it waits is worked on once, at the higher of its priorities;
 * one that is added again while it is worked on is worked on once more. Nothing starts before `start`.
 */
export class WorkQueue<K> {
  readonly #options: QueueOptions<K>;
  /** Keys that wait, in order of arrival; a key is in one of these sets at most. */
  readonly #waiting: Readonly<Record<Priority, Map<string, Waiting<K>>>> = {
    Rollback: new Map(),
    Promotion: new Map(),
    Normal: new Map(),
    Resync: new Map(),
  };
  readonly #working = new Map<string, Working>();
  readonly #timers = new Map<string, { readonly due: number; readonly priority: Priority; readonly cancel: Cancel }>();
  readonly #failures = new Map<string, number>();
  #state: 'Idle' | 'Running' | 'Draining' | 'Stopped' = 'Idle';
  #whenIdle: (() => void)[] = [];

  constructor(options: QueueOptions<K>) {
    this.#options = options;
    options.metrics?.attach({
      depth: (priority) => this.#waiting[priority].size,
      unfinishedSeconds: () => this.#runningMs().reduce((sum, ms) => sum + ms, 0) / 1_000,
      longestRunningSeconds: () => Math.max(0, ...this.#runningMs()) / 1_000,
    });
  }

  /** Lets the workers begin. */
  start(): void {
    if (this.#state !== 'Idle') return;
    this.#state = 'Running';
    this.#dispatch();
  }

  /** Asks for a key to be worked on as soon as a worker is free. */
  add(key: K, priority: Priority = 'Normal'): void {
    if (!this.#takes()) return;
    this.#options.metrics?.added();
    const working = this.#working.get(this.#textOf(key));
    if (working) working.again = higher(working.again, priority);
    else this.#wait(key, priority);
    this.#dispatch();
  }

  /** Asks for a key after `ms`. Of several such wishes the earliest counts, at the highest of their priorities. */
  addAfter(key: K, ms: number, priority: Priority = 'Normal'): void {
    if (!this.#takes()) return;
    if (ms <= 0) {
      this.add(key, priority);
      return;
    }
    const { clock } = this.#options;
    const text = this.#textOf(key);
    const planned = this.#timers.get(text);
    planned?.cancel();
    const due = Math.min(clock.monotonic() + ms, planned?.due ?? Infinity);
    const urgent = higher(planned?.priority, priority);
    const cancel = clock.after(due - clock.monotonic(), () => {
      this.#timers.delete(text);
      this.add(key, urgent);
    });
    this.#timers.set(text, { due, priority: urgent, cancel });
  }

  /**
   * Asks for a key again after a failure, later with each failure since `forget`.
   * @param atLeastMs the server's own wish, where it has one
   */
  retry(key: K, { priority, backoff, atLeastMs = 0 }: RetryOptions = {}): void {
    const text = this.#textOf(key);
    const failures = (this.#failures.get(text) ?? 0) + 1;
    this.#failures.set(text, failures);
    this.#options.metrics?.retried();
    const wait = delayMs(backoff ?? this.#options.backoff ?? defaultBackoff, failures, this.#options.random());
    this.addAfter(key, Math.max(wait, atLeastMs), priority ?? this.#working.get(text)?.priority);
  }

  /** The key went well: its next failure counts as the first. */
  forget(key: K): void {
    this.#failures.delete(this.#textOf(key));
  }

  /** How often `retry` was asked for a key since `forget`. */
  failures(key: K): number {
    return this.#failures.get(this.#textOf(key)) ?? 0;
  }

  /** Keys that wait for a worker, without those that wait for their time. */
  depth(): number {
    return priorities.reduce((sum, priority) => sum + this.#waiting[priority].size, 0);
  }

  /** Works off what waits now, takes no further keys, and resolves when every worker is idle; then the queue is stopped. */
  async drain(): Promise<void> {
    if (this.#state === 'Running') this.#state = 'Draining';
    this.#cancelTimers();
    if (this.#state === 'Draining') await this.#idle();
    await this.stop();
  }

  /** Forgets what waits, starts nothing more, and resolves when the workers have finished what they are at. */
  async stop(): Promise<void> {
    this.#state = 'Stopped';
    this.#cancelTimers();
    for (const priority of priorities) this.#waiting[priority].clear();
    for (const working of this.#working.values()) working.again = undefined;
    await this.#idle();
  }

  #textOf(key: K): string {
    return this.#options.textOf(key);
  }

  #takes(): boolean {
    return this.#state === 'Idle' || this.#state === 'Running';
  }

  #wait(key: K, priority: Priority): void {
    const text = this.#textOf(key);
    const present = priorities.find((each) => this.#waiting[each].has(text));
    const since = (present && this.#waiting[present].get(text)?.since) ?? this.#options.clock.monotonic();
    if (present && higher(present, priority) === present) return;
    if (present) this.#waiting[present].delete(text);
    this.#waiting[priority].set(text, { key, since });
  }

  #dispatch(): void {
    while ((this.#state === 'Running' || this.#state === 'Draining') && this.#working.size < this.#options.workers) {
      const next = this.#take();
      if (next === undefined) break;
      void this.#work(...next);
    }
  }

  /** The next key, which nobody works on: a key never waits while it is worked on. */
  #take(): [key: K, priority: Priority] | undefined {
    const { clock, metrics } = this.#options;
    for (const priority of priorities) {
      if (isRoutine(priority) && !this.#hasRoomForRoutine()) continue;
      for (const [text, { key, since }] of this.#waiting[priority]) {
        this.#waiting[priority].delete(text);
        metrics?.queued((clock.monotonic() - since) / 1_000);
        return [key, priority];
      }
    }
    return undefined;
  }

  #hasRoomForRoutine(): boolean {
    const busy = [...this.#working.values()].filter(({ priority }) => isRoutine(priority)).length;
    return busy < this.#options.workers - (this.#options.reserved ?? 0);
  }

  async #work(key: K, priority: Priority): Promise<void> {
    const { clock, metrics, work, failed } = this.#options;
    const entry: Working = { since: clock.monotonic(), priority, again: undefined };
    this.#working.set(this.#textOf(key), entry);
    try {
      await work(key);
    } catch (error) {
      failed(key, error);
      this.retry(key);
    }
    metrics?.worked((clock.monotonic() - entry.since) / 1_000);
    this.#working.delete(this.#textOf(key));
    if (entry.again !== undefined) this.#wait(key, entry.again);
    this.#dispatch();
    this.#tellIdle();
  }

  #runningMs(): number[] {
    const now = this.#options.clock.monotonic();
    return [...this.#working.values()].map(({ since }) => now - since);
  }

  #cancelTimers(): void {
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
      this.#tellIdle();
    });
  }

  #tellIdle(): void {
    if (this.#working.size > 0 || this.depth() > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

const isRoutine = (priority: Priority): boolean => priority === 'Normal' || priority === 'Resync';

/** A key that waits for a worker, and since when. */
interface Waiting<K> {
  readonly key: K;
  readonly since: number;
}

/** A key being worked on: since when, how urgently, and what was asked for meanwhile. */
interface Working {
  readonly since: number;
  readonly priority: Priority;
  again: Priority | undefined;
}

export interface RetryOptions {
  /** That at which the key is worked on now, when absent. */
  readonly priority?: Priority;
  readonly backoff?: Backoff;
  readonly atLeastMs?: number;
}

function higher(a: Priority | undefined, b: Priority): Priority {
  return a !== undefined && priorities.indexOf(a) <= priorities.indexOf(b) ? a : b;
}
