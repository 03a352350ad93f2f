/** Everything that decisions are made from, by name. How each fact tells that it changed stands in `changes.ts`. */
import type { ServerTime } from '../kube/server-time.ts';
import type { Records } from '../ledger/records.ts';
import type { Caches } from './caches.ts';
import type { DirtyObjects } from './dirty-objects.ts';
import type { FailingWork } from './failing-work.ts';
import type { Followed } from './following.ts';
import type { Checks } from './http-checks.ts';
import type { RefusedWritesOfPackages } from './refused-writes.ts';
import type { SinkStates } from './sinks.ts';

/** What a controller may read. It names those that it reads, and gets no others. */
export interface Facts extends Caches {
  /** The ledgers, folded: one record a production namespace. */
  readonly records: Records;
  /** Which namespaces are followed, and whether they have been read. */
  readonly followed: Followed;
  /** Objects of production that changed and have not been explained since. */
  readonly dirtyObjects: DirtyObjects;
  /** Results of the policy's http checks. */
  readonly checks: Checks;
  /** Writes to production that the API server did not take. */
  readonly refusedWrites: RefusedWritesOfPackages;
  /** What this process fails at again and again. */
  readonly failing: FailingWork;
  /** How the sinks of notices fare. */
  readonly sinks: SinkStates;
  /** Version of the API server; '' = not read yet. */
  readonly serverVersion: () => string;
  /** The API server's clock. */
  readonly serverTime: ServerTime;
  /** Namespace of Countersign itself. */
  readonly home: string;
}

export type FactName = keyof Facts;

/** These facts and no others. */
export type Read<N extends FactName> = Pick<Facts, N>;
