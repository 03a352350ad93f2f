/** What waits, and one candidate. */
import type { CandidateRow, NewsModel, ProblemModel, Tone } from './basics.ts';

export interface WaitingModel {
  readonly what: 'candidate' | 'evidence' | 'finding' | 'emergency' | 'exception' | 'change';
  readonly name: string;
  readonly namespace: string;
  readonly roles: readonly string[];
  readonly says: string;
  readonly since: string;
  readonly command: string;
}

export interface HomeModel {
  readonly view: 'home';
  readonly who: string;
  readonly context: string;
  readonly waiting: readonly WaitingModel[];
  readonly candidates: readonly CandidateRow[];
  /** Production namespaces that were looked at. */
  readonly namespaces: readonly string[];
  /** Whether these are all that there are. */
  readonly complete: boolean;
}

export interface GateModel {
  readonly name: string;
  readonly outcome: string;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
}

export interface SignatureModel {
  readonly approval: string;
  readonly username: string;
  readonly role: string;
  readonly decision: 'Approve' | 'Reject';
  readonly tone: Tone;
  readonly because: string;
  readonly since?: string | undefined;
  readonly comment: string;
}

/** A place that nobody has filled. */
export interface OpenModel {
  readonly role: string;
  readonly count: number;
  readonly groups: readonly string[];
  /** Who may sign; undefined = this person may not see who holds the role. */
  readonly people?: readonly string[] | undefined;
}

export interface ObjectModel {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly tone: Tone;
}

/** A role of the person who looks, and whether a signature in it would count. */
export interface OwnRole {
  readonly role: string;
  /** Why not, for approving; undefined = it would count. */
  readonly problem?: ProblemModel | undefined;
  /** The Approval by which they have signed for this content. */
  readonly signed?: string | undefined;
}

export interface EventModel {
  readonly time: string;
  readonly what: string;
  readonly who: string;
  readonly says: string;
  readonly tone: Tone;
}

export interface NoteModel {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface CandidateModel {
  readonly view: 'candidate';
  readonly who: string;
  readonly row: CandidateRow;
  readonly uid: string;
  readonly digest: string;
  /** The bundle that holds the delta; '' before it is staged, or where it may not be read. */
  readonly bundle: string;
  readonly author: string;
  readonly authors: readonly string[];
  readonly urgency: string;
  readonly incident: string;
  readonly change: string;
  readonly waitingSince?: string | undefined;
  readonly notes: readonly NoteModel[];
  readonly news: readonly NewsModel[];
  readonly gates: readonly GateModel[];
  readonly signatures: readonly SignatureModel[];
  readonly open: readonly OpenModel[];
  readonly objectsSay: string;
  readonly objects: readonly ObjectModel[];
  readonly removed: readonly { readonly kind: string; readonly name: string }[];
  readonly health: Omit<NewsModel, 'type'>;
  readonly observeUntil?: string | undefined;
  readonly timeline: readonly EventModel[];
  readonly mine: { readonly approve: readonly OwnRole[]; readonly reject: readonly string[] };
}

export interface ChangeModel {
  readonly class: string;
  /** The path and what it was and will be, as the text of the delta has it. */
  readonly path: string;
  readonly from: string;
  readonly to: string;
  /** Lines of a text that changes, and what the delta adds. */
  readonly lines: readonly string[];
}

export interface ChangedObject {
  readonly title: string;
  readonly changes: readonly ChangeModel[];
  /** What the delta says of the object as a whole. */
  readonly remarks: readonly string[];
}

/** The delta of a bundle, which never changes. */
export interface DeltaModel {
  readonly bundle: string;
  readonly digest: string;
  /** What stands before the first object. */
  readonly top: readonly string[];
  readonly objects: readonly ChangedObject[];
  /** All of it, as `diff` prints it. */
  readonly text: string;
}

/** An object whole, compared line by line with what production ran. */
export interface WholeModel {
  readonly against: string;
  readonly object: string;
  readonly lines: readonly string[];
}

/** What the page sends to sign. */
export interface SignRequest {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly digest: string;
  readonly role: string;
  readonly decision: 'Approve' | 'Reject';
  readonly comment: string;
}
