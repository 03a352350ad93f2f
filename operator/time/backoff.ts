/** How delays grow from one failed attempt to the next. */
export interface Backoff {
  /** Milliseconds before the first repetition. */
  readonly firstMs: number;
  /** No delay is longer than this, in milliseconds. */
  readonly capMs: number;
}

/** So many failures in a row pass by themselves: a race, or an outage of a moment. What fails more often is told. */
export const maxQuietFailures = 3;

/**
 * The delay before repetition number `failures` (1 after the first failure), in milliseconds: doubled each time up to the cap, the
 * upper half of it left to chance so that many waiting parties spread out.
 * @param chance a number in [0, 1), usually `Math.random()`
 */
export function delayMs(backoff: Backoff, failures: number, chance: number): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, 52);
  const full = Math.min(backoff.firstMs * 2 ** doublings, backoff.capMs);
  return full / 2 + (full / 2) * chance;
}
