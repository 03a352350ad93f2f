/** What is known, and said, of health. */
import type { ObjectHealth } from '../manifest/kinds/shared/kind.ts';
import type { Instant } from '../objects.ts';

export interface Health extends ObjectHealth {
  /** When to look again though nothing else happens; undefined = only an event can change it. */
  readonly wakeAt?: Instant;
}

/** What a health check last said. */
export interface CheckFacts {
  readonly consecutiveFailures: number;
  readonly succeededOnce: boolean;
  readonly message: string;
}
