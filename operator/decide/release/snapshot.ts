/** Everything that deciding about one package in production looks at. */
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Rollback } from '../../api/rollback.ts';
import type { Bundle } from '../bundle.ts';
import type { Surroundings } from '../health/node-cause.ts';
import type { CheckFacts } from '../health/types.ts';
import type { LiveObjects, NamespaceFacts, PodsOf, ReadersOf, UnreadKinds } from '../objects.ts';
import type { NamespaceRecord } from '../record/record.ts';
import type { StuckFailure } from '../stalled.ts';
import type { RefusedWrites } from './refused-writes.ts';

/** What is in production, or on its way there, for one package: what `decide/release/plan.ts` judges. */
export interface ReleaseSnapshot {
  readonly namespace: string;
  readonly package: string;
  readonly policy: ReleasePolicy | undefined;
  readonly target: NamespaceFacts | undefined;
  readonly record: NamespaceRecord;
  /** Bundles of this package that still exist, by name. */
  readonly bundles: ReadonlyMap<string, Bundle>;
  /** Kinds of the package of which it is not known what production holds; absent = none. */
  readonly unread?: UnreadKinds | undefined;
  /** Live objects of the production namespace. */
  readonly live: LiveObjects;
  /** Pods of the production namespace by the workload (or Job) they belong to. */
  readonly pods: PodsOf;
  /** Pods of the production namespace by the ConfigMaps that they refer to; absent = none does. */
  readonly readers?: ReadersOf;
  /** The nodes, and what of other packages is on them; absent = no node is ever taken for the cause. */
  readonly around?: Surroundings;
  /** Results of the policy's http checks since the release began; a missing name has not answered yet. */
  readonly checks: ReadonlyMap<string, CheckFacts>;
  /** Writes under the open intent that the API server did not take, by the object. */
  readonly refused: RefusedWrites;
  /** What the work on the package fails at again and again; absent = it goes on. */
  readonly failing?: StuckFailure | undefined;
  /** Rollbacks of this package that have no outcome yet, oldest first. */
  readonly rollbacks: readonly Rollback[];
  /** False until every cache behind this snapshot has synced once: nothing is judged before. */
  readonly complete: boolean;
}
