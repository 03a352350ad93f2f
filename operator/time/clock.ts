/** Stops a timer that has not fired; later calls do nothing. */
export type Cancel = () => void;

/** Time as a value, so that tests run without sleeping. */
export interface Clock {
  /** Wall time, milliseconds since 1970; may jump. */
  now(): number;
  /** Milliseconds that only grow; for durations and deadlines. */
  monotonic(): number;
  /** Runs once after `ms`, however long that is; zero and less mean as soon as possible. */
  after(ms: number, run: () => void): Cancel;
}

/** Node fires a longer timeout at once, with a warning. */
const longestTimeoutMs = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const leg = Math.min(Math.max(ms, 0), longestTimeoutMs);
    const rest = ms - leg;
    let cancel: Cancel;
    const timer = setTimeout(() => {
      if (rest > 0) cancel = systemClock.after(rest, run);
      else run();
    }, leg);
    cancel = () => clearTimeout(timer);
    return () => cancel();
  },
};

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done);
  });
}
