/** What is known, and said, of health. */
import type { Instant } from '../objects.ts';

export interface Health {
  /** Progressing and Unknown turn into Healthy or Failed, or the caller's patience ends. */
  readonly state: 'Healthy' | 'Progressing' | 'Failed' | 'Unknown';
  /** One word, PascalCase. */
  readonly reason: string;
  /** One sentence that does not change while nothing does. */
  readonly message: string;
  /** When to look again though nothing else happens; undefined = only an event can change it. */
  readonly wakeAt?: Instant;
}

/** What a health check last said. */
export interface CheckFacts {
  readonly consecutiveFailures: number;
  readonly succeededOnce: boolean;
  readonly message: string;
}
