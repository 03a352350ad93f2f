/** Everything that deciding about one emergency access looks at. */
import type { Approval } from '../../api/approval.ts';
import type { EmergencyAccess } from '../../api/emergency.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { ObjectKey, PodFacts } from '../objects.ts';
import type { NamespaceRecord } from '../record/record.ts';
import type { Scene } from '../findings/view.ts';
import type { ServerNow } from './grant-checks.ts';
import type { RoleFacts } from './role-limits.ts';

/** A Role or binding of an access as it is in the cluster. */
export interface MadeObject {
  readonly key: ObjectKey;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly digest: string;
  readonly deleting: boolean;
  /** Finalizers and owners (`lifetime.ts`). */
  readonly lifetime: readonly string[];
}

export interface EmergencySnapshot {
  readonly namespace: string;
  readonly uid: string;
  /** undefined = it is gone from the cluster. */
  readonly access: EmergencyAccess | undefined;
  readonly policy: ReleasePolicy | undefined;
  readonly record: NamespaceRecord;
  readonly scene: Scene;
  readonly made: (key: ObjectKey) => MadeObject | undefined;
  /** What a ClusterRole allows; undefined = there is none of that name. */
  readonly clusterRole: (name: string) => (RoleFacts & { readonly digest: string }) | undefined;
  readonly pod: (name: string) => PodFacts | undefined;
  /** Signatures in this namespace under the uid of the access. */
  readonly approvals: readonly Approval[];
  /** The API server's clock; undefined = not known yet. */
  readonly serverTime: ServerNow | undefined;
  /** How far this program's wall clock is from that, at least, in milliseconds. */
  readonly skewMs: number | undefined;
  readonly complete: boolean;
}
