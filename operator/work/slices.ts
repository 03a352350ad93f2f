/** How work that takes long leaves room for everything else: the Lease, streams, and whatever is more urgent. */

/** Longest stretch of work between two turns, in milliseconds, as far as steps are small enough. */
const sliceMs = 10;
/** Routine stands aside for no longer than this at a time, in milliseconds, however much is urgent: it, too, comes to an end. */
const mostAsideMs = 250;

interface Waiting {
  readonly since: number;
  readonly goOn: () => void;
}

let urgent = 0;
/** Both in order of asking. */
const line: { readonly first: Waiting[]; readonly routine: Waiting[] } = { first: [], routine: [] };
let immediate: NodeJS.Immediate | undefined;
let aside: NodeJS.Timeout | undefined;

/** Milliseconds that routine has to stand aside now; 0 = it may go on. */
const asideMs = (): number => {
  const [oldest] = line.routine;
  return urgent === 0 || oldest === undefined ? 0 : Math.max(0, oldest.since + mostAsideMs - performance.now());
};

/** Lets the next one go on when everything that the loop has to do has been done, and the one after it when that is so again. */
const goOnSoon = (): void => {
  clearTimeout(aside);
  aside = undefined;
  if (immediate !== undefined || line.first.length + line.routine.length === 0) return;
  const ms = line.first.length > 0 ? 0 : asideMs();
  if (ms > 0) aside = setTimeout(goOnSoon, ms);
  else
    immediate = setImmediate(() => {
      immediate = undefined;
      (line.first.shift() ?? (asideMs() > 0 ? undefined : line.routine.shift()))?.goOn();
      goOnSoon();
    });
};

/**
 * Everything that waits for the loop goes first: answers, events, timers. One at a time goes on after that, so that between the steps of two that
 * wait the loop turns, too; while something is urgent nothing else does. `First`: before everybody else who waits.
 */
export const turn = (place: 'First' | 'Routine' = 'Routine'): Promise<void> =>
  new Promise((goOn) => {
    line[place === 'First' ? 'first' : 'routine'].push({ since: performance.now(), goOn });
    goOnSoon();
  });

/** Does what is urgent, such as restoring production. Meanwhile routine stands aside in the whole process. */
export const urgently = async <T>(run: () => Promise<T>): Promise<T> => {
  urgent += 1;
  try {
    return await run();
  } finally {
    urgent -= 1;
    if (urgent === 0) goOnSoon();
  }
};

/** Counts the time since the loop last turned. Call the result between two steps. */
export const createSlices = (): (() => Promise<void>) => {
  let began = performance.now();
  return async () => {
    // What is urgent waits for answers most of the time, and each of them would wait for a slice.
    if (urgent === 0 && performance.now() - began < sliceMs) return;
    await turn();
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
