/** What one admission decision looks at. */
import type { EmergencyAccess } from '../../api/emergency.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { ClusterReleasePolicy } from '../../api/cluster-policy.ts';
import type { JudgedPolicy } from '../inherited.ts';
import type { Bundle } from '../bundle.ts';
import type { KnownChange } from '../changes/change.ts';
import type { ServerNow } from '../emergency/grant-checks.ts';
import type { RoleFacts } from '../emergency/role-limits.ts';
import type { Instant, NamespaceFacts } from '../objects.ts';
import type { Answers } from '../api-queries.ts';
import type { NamespaceRecord } from '../record/record.ts';

/** What an emergency access rests on, as the API server holds it now. undefined = it is not there. */
export interface GrantGrounds {
  readonly access: EmergencyAccess | undefined;
  readonly policy: JudgedPolicy | undefined;
  /** The ClusterRole that the policy names. */
  readonly role: RoleFacts | undefined;
}

export interface AdmissionSnapshot {
  /** Usernames of our own two writers. */
  readonly operator: string;
  readonly restorer: string;
  /** The namespace of the write; for a Namespace, itself. undefined = it is not known here yet. */
  readonly place: NamespaceFacts | undefined;
  /** The policy of the production namespace that the write concerns; undefined = there is none. */
  readonly policy: JudgedPolicy | undefined;
  /** Of a write of a policy: the template that it names, read past every copy. Absent = it names none, or that is not there. */
  readonly template?: ClusterReleasePolicy | undefined;
  readonly record: NamespaceRecord;
  /** Bundles of that namespace, by name; undefined = not known here. */
  readonly bundle: (name: string) => Bundle | undefined;
  /** The emergency accesses of that namespace that let somebody in, by username: revoked and past ones too. */
  readonly accesses: (grantee: string) => readonly EmergencyAccess[];
  /** Read when a verdict has asked for it; undefined = not read. */
  readonly grant: GrantGrounds | undefined;
  /** The PolicyChange that a write of the policy names, with everything signed for it: read when a verdict has asked for it; undefined = not read. */
  readonly change: { readonly known: KnownChange | undefined } | undefined;
  readonly answers: Answers;
  /** Names content, so that the record can; never lets a secret be guessed. */
  readonly digestOf: (object: JsonObject) => string;
  readonly now: Instant;
  /** The API server's clock, by which emergencies end; undefined = not known yet. */
  readonly serverTime: ServerNow | undefined;
  /** How far this program's clock is from that, at least, in milliseconds; undefined = not known yet. */
  readonly skewMs: number | undefined;
}
