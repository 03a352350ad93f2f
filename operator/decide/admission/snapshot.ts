/** What one admission decision looks at. */
import type { JsonObject } from '../../api/meta.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Bundle } from '../bundle.ts';
import type { Instant, NamespaceFacts } from '../objects.ts';
import type { Answers } from '../questions.ts';
import type { NamespaceRecord } from '../record.ts';

export interface AdmissionSnapshot {
  /** Usernames of our own two writers. */
  readonly operator: string;
  readonly restorer: string;
  /** The namespace of the write; for a Namespace, itself. undefined = it is not known here yet. */
  readonly place: NamespaceFacts | undefined;
  /** The policy of the production namespace that the write concerns; undefined = there is none. */
  readonly policy: ReleasePolicy | undefined;
  readonly record: NamespaceRecord;
  /** Bundles of that namespace, by name; undefined = not known here. */
  readonly bundle: (name: string) => Bundle | undefined;
  readonly answers: Answers;
  /** Names content, so that the record can; never lets a secret be guessed. */
  readonly digestOf: (object: JsonObject) => string;
  readonly now: Instant;
}
