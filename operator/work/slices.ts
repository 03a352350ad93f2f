/** How work that takes long leaves room for everything else: the Lease, streams, and whatever is more urgent. */

/** Everything that waits for the loop goes first: answers, events, timers. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Longest stretch of work between two turns, in milliseconds, as far as steps are small enough. */
const sliceMs = 10;
/** Work in slices stands aside for no longer than this at a time, in milliseconds, however much is urgent: it, too, comes to an end. */
const mostAsideMs = 250;

let urgent = 0;
const whenCalm = new Set<() => void>();

/** Does what is urgent, such as restoring production. Meanwhile work in slices stands aside in the whole process. */
export const urgently = async <T>(run: () => Promise<T>): Promise<T> => {
  urgent += 1;
  try {
    return await run();
  } finally {
    urgent -= 1;
    if (urgent === 0) for (const goOn of whenCalm) goOn();
  }
};

const calm = (): Promise<void> =>
  new Promise((resolve) => {
    const goOn = (): void => {
      clearTimeout(timer);
      whenCalm.delete(goOn);
      resolve();
    };
    const timer = setTimeout(goOn, mostAsideMs);
    whenCalm.add(goOn);
  });

/** Counts the time since the loop last turned. Call the result between two steps. */
export const createSlices = (): (() => Promise<void>) => {
  let began = performance.now();
  return async () => {
    if (urgent === 0 && performance.now() - began < sliceMs) return;
    await turn();
    // What is urgent waits for answers most of the time, and each of them would wait for a slice.
    if (urgent > 0) await calm();
    began = performance.now();
  };
};

/** Takes every step of a generator, with turns of the loop between them. Returns what came of them. */
export const inSlices = async <T>(steps: Iterable<T>): Promise<T[]> => {
  const pause = createSlices();
  const made: T[] = [];
  for (const step of steps) {
    made.push(step);
    await pause();
  }
  return made;
};

export type Limit = <T>(run: () => Promise<T>) => Promise<T>;

/** Lets so many run at once; further ones wait for their turn, in order. */
export const createLimit = (atOnce: number): Limit => {
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = async (): Promise<void> => {
    if (running < atOnce) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return async (run) => {
    await enter();
    try {
      return await run();
    } finally {
      leave();
    }
  };
};
