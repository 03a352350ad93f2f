/** What a gate is, what it looks at, and what it may answer. */
import type { GateName, Reason } from '../../api/reasons.ts';
import type { JudgedPolicy } from '../inherited.ts';
import type { Contributors } from '../people/authors.ts';
import type { SourceAuthors } from '../people/source-authors.ts';
import type { Bundle } from '../bundle.ts';
import type { SignerOf } from '../evidence/demands.ts';
import type { Piece } from '../evidence/piece.ts';
import type { ReleaseChanges } from '../evidence/significance.ts';
import type { Instant, NamespaceFacts, ObjectKey } from '../objects.ts';
import type { CandidateSnapshot } from './snapshot.ts';
import type { Verdict } from './verdict.ts';

/** How a workload of staging does now. */
export interface WorkloadHealth {
  readonly state: 'Healthy' | 'Progressing' | 'Failed' | 'Unknown';
  readonly message: string;
}

/** Content of production in an object of ours that somebody else wrote. */
export interface ForeignContent {
  readonly manager: string;
  /** Dot paths; empty when the whole object is foreign. */
  readonly fields: readonly string[];
}

/** A write that the API server would refuse, in its own words. */
export interface Refusal {
  readonly object: ObjectKey;
  readonly message: string;
  /** It would be accepted, but other than was signed for: in these fields. */
  readonly mutated?: readonly string[];
}

/**
 * A candidate whose policy and namespaces exist, with the answers that only the API server could give.
 * Keys of objects are those of the bundle, in which a Job has the name it has in staging.
 */
export interface GateSnapshot extends CandidateSnapshot {
  readonly policy: JudgedPolicy;
  readonly target: NamespaceFacts;
  /** What is being judged: the candidate's current bundle. */
  readonly bundle: Bundle;
  /** By uid of an approval: does its signer hold the right to sign in that role now? undefined or absent = not answered. */
  readonly rights: ReadonlyMap<string, boolean | undefined>;
  /** May the reporter of a piece of evidence report it now? undefined = not answered. */
  readonly mayReport: (piece: Piece) => boolean | undefined;
  /** Who signed what a piece of evidence brings, of those whom a line of the policy names. */
  readonly signerOf: SignerOf;
  /** What the bundle changes in production. */
  readonly changes: ReleaseChanges;
  /** Digest of what staging would be rendered to now. Absent = staging lacks the object; undefined = not answered. */
  readonly stagedNow: ReadonlyMap<ObjectKey, { readonly digest: string } | undefined>;
  /** Who changed staging since the bundle was frozen, as long as staging must hold it; afterwards staging is about other releases. */
  readonly hands: Contributors;
  /** Who made the source that it was built from, by signed statements. */
  readonly sourceAuthors: SourceAuthors;
  /** Since when staging has run what the bundle holds, healthy; undefined = it does not. Computed in `soak.ts` beside the candidate's plan. */
  readonly soakingSince: Instant | undefined;
  /** Workloads whose pods in staging started before ConfigMaps of the package were last written that they read. */
  readonly unread: readonly { readonly workload: ObjectKey; readonly configMaps: readonly string[] }[];
  /** Images that the pods of staging run now under a name that the bundle pins to another digest: the object, and what is to be said. */
  readonly imagesMoved: ReadonlyMap<ObjectKey, string>;
  /** Of every workload of the bundle, as it is in staging. Absent = it could not be observed. */
  readonly stagedHealth: ReadonlyMap<ObjectKey, WorkloadHealth>;
  /** What the dry-run of every write was refused for; undefined = not asked yet. */
  readonly preflight: readonly Refusal[] | undefined;
  /** Why the dry-run of a write got no answer; undefined = every one that was asked got one. */
  readonly unanswered: string | undefined;
  /** Live production content that neither the base bundle nor an open intent of ours explains. */
  readonly foreign: ReadonlyMap<ObjectKey, ForeignContent>;
}

/** A field of the snapshot. */
export type Field = keyof GateSnapshot;

/** Those fields of the snapshot that a list names. */
export type Facts<Reads extends readonly Field[]> = Pick<GateSnapshot, Reads[number]>;

/** Pure: the same facts at the same instant give the same verdict. */
export type Judge<Reads extends Field> = (s: Pick<GateSnapshot, Reads>, now: Instant) => Verdict;

/** One question about a candidate. All there is to know of a gate is in its file, and `gates.ts` registers it. */
export interface Gate<
  Name extends GateName = GateName,
  Reads extends Field = Field,
  Rejudged extends true | string = true | string,
  Exceptable extends true | string = true | string,
> {
  readonly name: Name;
  /** The question that it answers, as the reference shows it. */
  readonly asks: string;
  /** The fields that its verdict depends on; `judge` is given these and no others. */
  readonly reads: readonly Reads[];
  /** true: the admission webhook judges it again before the first write of a promotion. Otherwise a sentence that says why not. */
  readonly rejudgedAtAdmission: Rejudged;
  /** true: an exception may pass it, where the policy says so. Otherwise a sentence that says why none does. */
  readonly exceptable: Exceptable;
  readonly judge: Judge<Reads>;
}

/** Checks the parts of a gate against each other: `judge` compiles only if `reads` names every field that it takes. */
export const defineGate = <
  const Name extends GateName,
  const Reads extends Field,
  const Rejudged extends true | string,
  const Exceptable extends true | string,
>(gate: {
  readonly name: Name;
  readonly asks: string;
  readonly reads: readonly Reads[];
  readonly rejudgedAtAdmission: Rejudged;
  readonly exceptable: Exceptable;
  readonly judge: Judge<NoInfer<Reads>>;
}): Gate<Name, Reads, Rejudged, Exceptable> => gate;

/** A verdict that lets pass. `wakeAt`: until when, if time alone ends it. */
export const passed = (reason: Reason, message: string, wakeAt?: Instant): Verdict => ({
  outcome: 'Passed',
  reason,
  message,
  remedy: '',
  ...(wakeAt === undefined ? {} : { wakeAt }),
});

/** What a verdict that does not let pass owes its reader. */
export interface Explanation {
  readonly message: string;
  readonly remedy: string;
  readonly wakeAt?: Instant | undefined;
}

const holding =
  (outcome: Exclude<Verdict['outcome'], 'Passed'>) =>
  (reason: Reason, { message, remedy, wakeAt }: Explanation): Verdict => ({
    outcome,
    reason,
    message,
    remedy,
    ...(wakeAt === undefined ? {} : { wakeAt }),
  });

/** Time or people will do it. */
export const waiting = holding('Waiting');

/** Somebody must change something. */
export const blocked = holding('Blocked');

/** It cannot be seen now. */
export const unknown = holding('Unknown');
