/** Reading something afresh for many who ask: one reading at a time, shared, and not again and again while nothing moves. */
import { sleep, type Clock } from '../time/clock.ts';

export interface TurnOptions {
  readonly clock: Clock;
  /** Milliseconds between the end of a reading and the next one, while the state is the same. */
  readonly everyMs: number;
  /** What a reading could change; equal to what it was after the last reading = nothing moved since. */
  readonly stateOf: (key: string) => unknown;
}

interface Turn {
  readonly done: Promise<void>;
  /** It reads already: what happens from now on, it may have missed. */
  begun: boolean;
  next: Promise<void> | undefined;
}

/** Keys whose last reading is remembered; the oldest is forgotten when there are more. */
const mostKeys = 1_000;

/**
 * Whoever asks gets a reading that begins after they asked, together with all who ask until it begins. It may wait before it begins; what it
 * finds is never older than the asking.
 */
export const inTurns = (
  { clock, everyMs, stateOf }: TurnOptions,
  read: (key: string) => Promise<void>,
): ((key: string) => Promise<void>) => {
  const turns = new Map<string, Turn>();
  const last = new Map<string, { readonly at: number; readonly state: unknown }>();

  const rest = async (key: string): Promise<void> => {
    const before = last.get(key);
    if (before === undefined || before.state !== stateOf(key)) return;
    const waitMs = before.at + everyMs - clock.monotonic();
    if (waitMs > 0) await sleep(clock, waitMs);
  };

  const ended = (key: string, turn: Turn): void => {
    last.delete(key);
    last.set(key, { at: clock.monotonic(), state: stateOf(key) });
    const [oldest] = last.keys();
    if (last.size > mostKeys && oldest !== undefined) last.delete(oldest);
    if (turns.get(key) === turn) turns.delete(key);
  };

  const begin = (key: string): Promise<void> => {
    const done = rest(key)
      .then(() => {
        turn.begun = true;
        return read(key);
      })
      .finally(() => ended(key, turn));
    const turn: Turn = { done, begun: false, next: undefined };
    turns.set(key, turn);
    return done;
  };

  return (key) => {
    const turn = turns.get(key);
    if (turn === undefined) return begin(key);
    if (!turn.begun) return turn.done;
    turn.next ??= turn.done.catch(() => {}).then(() => begin(key));
    return turn.next;
  };
};
