/** When to look again. */

/** After so long, or at once when the signal comes. */
export const after = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

/** Somebody rings when something has changed; the one who looks hears it once, however often it was rung. */
export interface Bell {
  readonly ring: () => void;
  /** From here on, only what is rung later is heard. */
  readonly answer: () => void;
  /** Until it is rung, if it was not since it was answered, or until the signal. */
  readonly heard: (signal: AbortSignal) => Promise<void>;
}

export const bell = (): Bell => {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    answer() {
      rung = false;
    },
    heard: (signal) =>
      new Promise((resolve) => {
        wake = resolve;
        if (rung || signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
};
