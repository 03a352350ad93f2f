/** A row of the catalogue of reasons. */

/** One word of the catalogue. */
export interface ReasonEntry<Place extends string = string> {
  /** The gates and conditions that say it. */
  readonly at: readonly Place[];
  /** What it means, as one sentence. */
  readonly meaning: string;
  /** What to do about it, as one sentence; empty when nothing need be done. */
  readonly remedy: string;
}

export const entry = <const Place extends string>(
  at: readonly Place[],
  meaning: string,
  remedy = '',
): ReasonEntry<Place> => ({ at, meaning, remedy });
