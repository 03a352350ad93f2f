/** A row of the catalogue of reasons. */
import type { ConditionType, GateName } from '../conditions.ts';

/** One word of the catalogue. */
export interface ReasonEntry {
  /** The gates and conditions that say it. */
  readonly at: readonly (GateName | ConditionType)[];
  /** What it means, as one sentence. */
  readonly meaning: string;
  /** What to do about it, as one sentence; empty when nothing need be done. */
  readonly remedy: string;
}

export const entry = (at: ReasonEntry['at'], meaning: string, remedy = ''): ReasonEntry => ({ at, meaning, remedy });
