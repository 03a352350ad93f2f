/** Everything one decision looks at. Gathered by `observe`, judged here; what is missing is `undefined` and the plan says so. */
import type { Approval } from '../../api/approval.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { Identity } from '../../api/meta.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Rollback } from '../../api/rollback.ts';
import type { Bundle } from '../bundle.ts';
import type { Instant, LiveObject, LiveObjects, NamespaceFacts, ObjectKey, PodsOf } from '../objects.ts';
import type { NamespaceRecord } from '../record/record.ts';
import type { Replacing } from './production/replaces.ts';

/** Another candidate of the same package and target, as far as this one's decision needs it. */
export interface Sibling {
  readonly name: string;
  readonly uid: string;
  readonly replaces: string;
  readonly createdAt: Instant;
  /** Who staged it, as the API server stamped them. */
  readonly author: Identity;
  /** Usernames of everybody whose it is: its author, those on whose behalf it is, the authors of its bundles. */
  readonly owners: readonly string[];
  readonly staged: boolean;
  /** Its content reached production, complete, and has not been taken back for failing. */
  readonly promoted: boolean;
  /** Its story is over, or its content is in production. */
  readonly finished: boolean;
}

/** Another open candidate for the same production namespace, of any package, and how much room it takes. */
export interface Place {
  readonly name: string;
  readonly uid: string;
  readonly package: string;
  /** Username of who staged it. */
  readonly author: string;
  readonly createdAt: Instant;
  /** Its content is frozen. One that is not may never be. */
  readonly staged: boolean;
  /** Bytes of its bundles. */
  readonly bytes: number;
}

/** What is in production, or on its way there, for one package: what `decide/release/plan.ts` judges. */
export interface ReleaseSnapshot {
  readonly namespace: string;
  readonly package: string;
  readonly policy: ReleasePolicy | undefined;
  readonly target: NamespaceFacts | undefined;
  readonly record: NamespaceRecord;
  /** Bundles of this package that still exist, by name. */
  readonly bundles: ReadonlyMap<string, Bundle>;
  /** Live objects of the production namespace. */
  readonly live: LiveObjects;
  /** Pods of the production namespace by the workload (or Job) they belong to. */
  readonly pods: PodsOf;
  /** Results of the policy's http checks since the release began; a missing name has not answered yet. */
  readonly checks: ReadonlyMap<string, CheckFacts>;
  /** Rollbacks of this package that have no outcome yet, oldest first. */
  readonly rollbacks: readonly Rollback[];
  /** False until every cache behind this snapshot has synced once: nothing is judged before. */
  readonly complete: boolean;
}

/** What a health check last said. */
export interface CheckFacts {
  readonly consecutiveFailures: number;
  readonly succeededOnce: boolean;
  readonly message: string;
}

/** The keys of Secrets or ConfigMaps; undefined = there is none of that name. */
export interface KeysByName {
  get(name: string): ReadonlySet<string> | undefined;
}

export interface CandidateSnapshot {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy | undefined;
  readonly target: NamespaceFacts | undefined;
  readonly source: NamespaceFacts | undefined;
  readonly record: NamespaceRecord;
  /** Every bundle rendered for this candidate (by uid), oldest first. */
  readonly bundles: readonly Bundle[];
  /** The bundle that candidates of this package are compared with (`baseBundle`). */
  readonly production: Bundle | undefined;
  /** Live staging objects that the candidate's components or selector name. */
  readonly staged: ReadonlyMap<ObjectKey, LiveObject>;
  /** HorizontalPodAutoscalers of the staging namespace, be they staged or not. */
  readonly stagedAutoscalers: readonly LiveObject[];
  /** Pods of the staging namespace by workload. */
  readonly stagedPods: PodsOf;
  /** Live objects of the production namespace. */
  readonly live: LiveObjects;
  /** Objects in production that belong to another package: key → package. */
  readonly claims: ReadonlyMap<ObjectKey, string>;
  /** Approvals in the production namespace whose subject has this candidate's uid. */
  readonly approvals: readonly Approval[];
  /** HorizontalPodAutoscalers of the production namespace. */
  readonly autoscalers: readonly LiveObject[];
  readonly siblings: readonly Sibling[];
  /** Other open candidates for the target, gathered when asked: only what is not staged yet asks. */
  readonly places: () => readonly Place[];
  /** What `spec.replaces` comes to, where that is settled; the plan fills it in. */
  readonly replacing?: Replacing | undefined;
  /** Secrets of the production namespace: name → keys. Values are never read. */
  readonly secrets: ReadonlyMap<string, ReadonlySet<string>>;
  /** Other kinds a pod template may refer to and production holds: ConfigMap names → keys. */
  readonly configMaps: KeysByName;
  /** Present when this candidate is in flight, observed or in production. */
  readonly release: ReleaseSnapshot | undefined;
  /** Objects of our own installation that are not what the record says: the locks may not hold. Gathered when asked: only gates ask. */
  readonly integrity: () => readonly string[];
  readonly serverVersion: string;
  readonly complete: boolean;
}
