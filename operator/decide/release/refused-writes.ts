/** Writes that the API server did not take: how often each was tried, and when it is due again. */
import type { Instant, LiveObject, ObjectKey } from '../objects.ts';

/** What became of the last try to write one object. */
export interface RefusedWrite {
  /** The API server's words. */
  readonly message: string;
  /** Repeating it changes nothing by itself; otherwise it was not answered, or raced with another. */
  readonly isFinal: boolean;
  /** How often it was tried under this intent, at least 1. */
  readonly tries: number;
  /** Of the last try. */
  readonly at: Instant;
  /** Of the object that was to be replaced or deleted; '' = none was there. */
  readonly resourceVersion: string;
}

export type RefusedWrites = ReadonlyMap<ObjectKey, RefusedWrite>;

const firstMs = 1_000;
const longestMs = 60_000;

/** When a refused write is tried again: at once where its object has changed since, else later each time. Undefined = it may be tried now. */
export const triedAgainAt = (
  refused: RefusedWrite | undefined,
  live: LiveObject | undefined,
  now: Instant,
): Instant | undefined => {
  if (refused === undefined || !refused.isFinal || refused.resourceVersion !== (live?.resourceVersion ?? '')) {
    return undefined;
  }
  const due = refused.at + Math.min(firstMs * 2 ** (refused.tries - 1), longestMs);
  return due > now ? due : undefined;
};
