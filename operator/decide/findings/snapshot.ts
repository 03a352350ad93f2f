/** What is known of a production namespace whose changes are to be explained. */
import type { Approval } from '../../api/approval.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Scene, Standing, Watched } from './view.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import type { Instant, NamespaceFacts, ObjectKey } from '../objects.ts';
import type { NamespaceRecord } from '../record/record.ts';

/** An object that was not explained when it was last looked at. */
export interface Suspect {
  readonly key: ObjectKey;
  /** Since when this process has seen it so. */
  readonly since: Instant;
  /** When it changed last. */
  readonly changedAt: Instant;
}

export interface WatchSnapshot {
  readonly namespace: string;
  readonly policy: ReleasePolicy | undefined;
  readonly target: NamespaceFacts | undefined;
  readonly record: NamespaceRecord;
  readonly scene: Scene;
  /** What is looked at: kinds, and resources that the chart adds to the guard. */
  readonly kinds: readonly string[];
  /** Everything there is; asked only while some of it is looked at for the first time. */
  readonly all: () => readonly Watched[];
  readonly suspects: readonly Suspect[];
  /** Signatures in this namespace under the id of a finding. */
  readonly approvals: (finding: string) => readonly Approval[];
  /** Namespace of Countersign itself: signatures for its installation count there alone. */
  readonly home: string;
  /** Digest of the whole installation as it is now, the same in every production namespace (`installationDigest`). */
  readonly installation: () => string;
  /** Who upgraded it last, as the API server stamped it; '' = unknown. */
  readonly upgrader: string;
  readonly complete: boolean;
}

export const isWatched = ({ policy, target }: Pick<WatchSnapshot, 'policy' | 'target'>): boolean =>
  policy !== undefined && target?.guarded !== undefined && !target.terminating;

export interface Entries {
  readonly entries: readonly LedgerDraft[];
  readonly wakeAt: Instant | undefined;
}

export type Unexplained = Extract<Standing, { is: 'Unexplained' }>;
