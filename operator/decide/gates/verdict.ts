/** What a gate says. Every gate always says something, and to whom. */
import type { GateName, Reason } from '../../api/reasons.ts';
import type { Instant } from '../objects.ts';

export interface Verdict {
  /** Passed; Waiting (time or people will do it); Blocked (somebody must change something); Unknown (it cannot be seen now). Only Passed passes. */
  readonly outcome: 'Passed' | 'Waiting' | 'Blocked' | 'Unknown';
  readonly reason: Reason;
  /** One sentence, nothing in it that changes when nothing changed. */
  readonly message: string;
  /** Who can supply what is missing, and the exact command; '' when passed. */
  readonly remedy: string;
  /** When to judge again though nothing else happens; undefined = only an event can change it. */
  readonly wakeAt?: Instant;
}

export interface NamedVerdict extends Verdict {
  readonly name: GateName;
}
