import type { Clock } from '../../../operator/time/clock.ts';

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Lets everything run that is due within the next `ms`, in order, each at its time. */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock alone, as an administrator, NTP or a suspended machine does. */
  setWall(ms: number): void;
  /** Timers that have not fired. */
  pending(): number;
}

export function manualClock(wallMs = Date.UTC(2026, 0, 1)): ManualClock {
  let monotonic = 0;
  let offset = wallMs;
  let timers: { readonly due: number; readonly run: () => void }[] = [];
  return {
    now: () => offset + monotonic,
    monotonic: () => monotonic,
    after(ms, run) {
      const timer = { due: monotonic + Math.max(0, ms), run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    async advance(ms) {
      const end = monotonic + ms;
      await settle();
      for (let next = earliest(timers, end); next; next = earliest(timers, end)) {
        const due = next;
        timers = timers.filter((each) => each !== due);
        monotonic = Math.max(monotonic, due.due);
        due.run();
        await settle();
      }
      monotonic = end;
    },
    setWall(ms) {
      offset = ms - monotonic;
    },
    pending: () => timers.length,
  };
}

/** Lets every promise that can settle without time passing do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function earliest<T extends { readonly due: number }>(timers: readonly T[], end: number): T | undefined {
  let first: T | undefined;
  for (const timer of timers) if (timer.due <= end && (!first || timer.due < first.due)) first = timer;
  return first;
}
