/**
 * What time it is at the API server. Deadlines are made of its timestamps, so they are compared with its clock: every answer carries it in the
 * header `Date` (RFC 9110, 6.6.1), to the second, and between answers the monotonic clock of this process carries it on. The wall clock of this
 * machine may jump as it likes.
 */

/** Milliseconds since 1970 on the API server's clock: not before `earliest`, and before `latest`. */
export interface ServerBounds {
  readonly earliest: number;
  /** What a deadline is compared with: never late, and early by a second and one round trip at most. */
  readonly latest: number;
}

export interface ServerTime {
  /** undefined = no answer has told yet: nothing that has a deadline may be allowed. */
  bounds(): ServerBounds | undefined;
  /** How far the wall clock of this machine is from the API server's, at least, in milliseconds; undefined = no answer has told yet. */
  skewMs(): number | undefined;
}

export interface LocalClock {
  /** Wall time, milliseconds since 1970; may jump. */
  now(): number;
  /** Milliseconds that only grow. */
  monotonic(): number;
}

/** One answer: its `Date`, and when on the monotonic clock the request was sent and the answer was there. */
export interface DatedAnswer {
  readonly date: string | undefined;
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** The header tells whole seconds. */
const resolutionMs = 1_000;

/** A longer round trip says little, for the second that it tells may be any of its time. */
const quickMs = 1_000;

/** For so long what a quick answer told is better than what a slow one tells. */
const keptMs = 10_000;

/** The server's clock less the monotonic one: at least and less than, as told at `at` by an answer that took `tookMs`. */
interface Offset {
  readonly least: number;
  readonly below: number;
  readonly at: number;
  readonly tookMs: number;
}

/** Follows the clock of one API server. Its bounds hold as long as that clock runs as evenly as the monotonic one since the last answer. */
export class ServerClock implements ServerTime {
  readonly #local: LocalClock;
  #offset: Offset | undefined;

  constructor(local: LocalClock) {
    this.#local = local;
  }

  /** An answer without a `Date` that can be read tells nothing. */
  answered({ date = '', sentAt, receivedAt }: DatedAnswer): void {
    const told = Date.parse(date);
    if (Number.isNaN(told)) return;
    const offset = {
      least: told - receivedAt,
      below: told + resolutionMs - sentAt,
      at: receivedAt,
      tookMs: receivedAt - sentAt,
    };
    if (this.#offset === undefined || isBetter(offset, this.#offset)) this.#offset = offset;
  }

  bounds(): ServerBounds | undefined {
    if (this.#offset === undefined) return undefined;
    const { least, below } = this.#offset;
    const now = this.#local.monotonic();
    return { earliest: now + least, latest: now + below };
  }

  skewMs(): number | undefined {
    const bounds = this.bounds();
    if (bounds === undefined) return undefined;
    const now = this.#local.now();
    return Math.max(0, bounds.earliest - now, now - bounds.latest);
  }
}

/** The newest tells best, for the server's clock may have been set; but what took long counts only where it contradicts or nothing else is recent. */
const isBetter = (next: Offset, held: Offset): boolean =>
  next.tookMs <= Math.max(quickMs, held.tookMs) ||
  next.at - held.at > keptMs ||
  next.least >= held.below ||
  held.least >= next.below;
