/**
 * A plan may need an answer that only the API server can give: may this person sign, what would this object become, would
 * this write pass. `decide` asks; the shell answers; the plan is made again. An unanswered question never counts as yes.
 */
import { canaryVerb, virtualResources } from '../api/kinds.ts';
import type { Identity, JsonObject } from '../api/meta.ts';
import { type Instant, type ObjectRef, keyOf } from './objects.ts';
import type { SearchedKind, SelectedObject } from './selected.ts';

/** May `who` do this in `namespace`, by a named right and not by a wildcard? */
export interface RightQuestion {
  readonly ask: 'Right';
  readonly who: Identity;
  /** '' = in the whole cluster. */
  readonly namespace: string;
  readonly resource: string;
  readonly verb: string;
  readonly name: string;
  /** `Count`: a wildcard will do. Absent: it does not. */
  readonly wildcards?: 'Count';
}

/** What of our group is asked about, to know whether a right is held: by name, and by no wildcard, for a wildcard holds the canaries too. */
export const rightReviews = ({
  resource,
  verb,
  name,
  wildcards,
}: Omit<RightQuestion, 'who'>): readonly {
  readonly verb: string;
  readonly resource: string;
  readonly name?: string;
}[] => [
  { verb, resource, name },
  ...(wildcards === 'Count'
    ? []
    : [
        { verb: canaryVerb, resource, name },
        { verb, resource: virtualResources.canaries },
      ]),
];

/** What the answers to `rightReviews` say, in their order. A wildcard holds every one, and wildcards sign nothing. */
export const rightOf = (
  { who, namespace, resource, verb, name }: RightQuestion,
  [named = false, ...canaries]: readonly boolean[],
): Answer => {
  if (!named)
    return { kind: 'No', message: `${who.username} does not hold ${verb} on ${resource}/${name} in ${namespace}` };
  if (canaries.some((held) => held)) {
    return {
      kind: 'No',
      message: `${who.username} holds ${verb} on ${resource} in ${namespace} by a wildcard only, and wildcards sign nothing`,
    };
  }
  return { kind: 'Yes' };
};

/** Would the API server take the policy so? A dry run of what is to be written, past every lock. */
export interface PolicyTrialQuestion {
  readonly ask: 'PolicyTrial';
  readonly namespace: string;
  readonly name: string;
  readonly patch: readonly JsonObject[];
  /** Of the change and of the policy that it is about. */
  readonly digest: string;
}

/** What does the API server make of this content: defaults added, admission passed? A dry run under its own name. */
export interface NormalFormQuestion {
  readonly ask: 'NormalForm';
  readonly namespace: string;
  readonly ref: ObjectRef;
  /** What is sent; made when it is asked for. */
  readonly manifest: JsonObject;
  /** The manifest replaces the live object; else it creates one. */
  readonly replaces: boolean;
  /** What the API server answered, as content. */
  readonly stored: (answer: JsonObject) => JsonObject;
  /** The write of what was stored: it is to be stored just so. */
  readonly again: (stored: JsonObject) => JsonObject;
  /** Something that is not ours may change writes of the object: it is asked whether it does so in the same way each time, for both who write. */
  readonly isMutable: boolean;
  /** Bytes of the content: large ones are asked about one after the other. */
  readonly bytes: number;
  /** Digest of the content; the answer is kept under it, what it was asked against and the server version. */
  readonly digest: string;
  /** Digest of what else the answer depends on: the content of the live object, and what may change the write. */
  readonly against: string;
}

/** Would this write to production pass right now? A dry-run of the very request. */
export interface PreflightQuestion {
  readonly ask: 'Preflight';
  readonly namespace: string;
  readonly ref: ObjectRef;
  /** Live resourceVersion to replace; undefined = create. */
  readonly resourceVersion: string | undefined;
  readonly manifest: JsonObject;
  readonly digest: string;
  /** Where what the API server would store departs from what is signed for. */
  readonly departs: (stored: JsonObject) => readonly string[];
  /** Something that is not ours may change the write: it is tried for a rollback, too, which another identity carries out. */
  readonly isMutable: boolean;
}

/** Which write it is, before what it sends is made: that may take reading a whole bundle. */
export type PreflightOutline = Omit<PreflightQuestion, 'manifest' | 'departs' | 'isMutable'>;

/** What does this object hold right now? A watch tells everything in the end; what is frozen for good must not be a moment old. */
export interface CurrentQuestion {
  readonly ask: 'Current';
  readonly namespace: string;
  readonly ref: ObjectRef;
  /** Bytes of what is expected: large ones are asked about one after the other. */
  readonly bytes: number;
}

/** Which objects of these kinds carry these labels right now? Asked about kinds of which nobody keeps a copy of staging, before content is frozen. */
export interface SelectionQuestion {
  readonly ask: 'Selection';
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kinds: readonly SearchedKind[];
}

/** Whom a certificate must be issued to. */
export interface CertifiedIdentity {
  readonly issuer: string;
  /** To the letter; `*` at the end stands for what follows. */
  readonly subject: string;
}

export type TrustedSigner =
  | { readonly name: string; readonly key: string }
  /** `root`: the trusted root, in JSON. */
  | { readonly name: string; readonly identity: CertifiedIdentity; readonly root: string };

/** Whom a line of the policy lets sign. */
export interface Signers {
  readonly all: readonly TrustedSigner[];
  /** Which these are, in a few characters. */
  readonly digest: string;
}

/** Which of these signed the statement of a piece of evidence? Nobody keeps statements: it is read when it is asked for first. */
export interface StatementQuestion {
  readonly ask: 'Statement';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Of the statement that what is known of it was read from. */
  readonly digest: string;
  readonly signers: Signers;
}

export type Question =
  | RightQuestion
  | NormalFormQuestion
  | PreflightQuestion
  | CurrentQuestion
  | SelectionQuestion
  | StatementQuestion
  | PolicyTrialQuestion;

/** Fields of an object that something changes in another way each time, or for one of the two who write. */
export interface Unstable {
  readonly by: 'operator' | 'restorer';
  readonly fields: readonly string[];
}

export type Answer =
  | { readonly kind: 'Yes' }
  | { readonly kind: 'No'; readonly message: string }
  /** The digest of the normal form of the object as it is stored (Current). */
  | { readonly kind: 'Digest'; readonly digest: string }
  /** The object as the API server would store it (NormalForm). `unstable`: fields that come out otherwise when it is written again. */
  | { readonly kind: 'Object'; readonly manifest: JsonObject; readonly unstable?: readonly Unstable[] }
  /** It would be stored, but other than was signed for: in these fields (Preflight). */
  | { readonly kind: 'Mutated'; readonly fields: readonly string[] }
  /** The name of the signer whose signature it bears; '' = of none of them (Statement). */
  | { readonly kind: 'Signer'; readonly name: string }
  /** What carries the labels (Selection). */
  | { readonly kind: 'Selected'; readonly objects: readonly SelectedObject[] }
  /** It could not be asked; it may be asked again later. */
  | { readonly kind: 'Unavailable'; readonly message: string };

/** Answers by `questionKey`; undefined = not asked yet. */
export type Answers = ReadonlyMap<string, Answer>;

/** A no hangs on what nobody watches (RBAC, quotas, other admission), so it is asked again after this many milliseconds. */
const askAgainMs = 30_000;

const isPassing = (answer: Answer): boolean =>
  answer.kind === 'No' || answer.kind === 'Mutated' || (answer.kind === 'Object' && answer.unstable !== undefined);

/** When to ask again though nothing else happens; undefined = nothing was answered with no. */
export const askAgainAt = (answers: Answers, now: Instant): Instant | undefined =>
  [...answers.values()].some(isPassing) ? now + askAgainMs : undefined;

export const questionKey = (question: Exclude<Question, PreflightQuestion> | PreflightOutline): string => {
  switch (question.ask) {
    case 'Right':
      return `right ${question.wildcards ?? ''} ${question.namespace} ${question.resource} ${question.verb} ${question.name} ${question.who.username} ${question.who.uid} ${question.who.groups.join(',')}`;
    case 'NormalForm':
      return `normal ${question.namespace} ${keyOf(question.ref)} ${question.digest} ${question.against}`;
    case 'Current':
      return `current ${question.namespace} ${keyOf(question.ref)}`;
    case 'Selection':
      return `selection ${question.namespace} ${JSON.stringify([question.labels, question.kinds])}`;
    case 'Statement':
      return `statement ${question.uid} ${question.digest} ${question.signers.digest}`;
    case 'PolicyTrial':
      return `policy ${question.namespace} ${question.name} ${question.digest}`;
    case 'Preflight':
      return `preflight ${question.namespace} ${keyOf(question.ref)} ${question.resourceVersion ?? 'new'} ${question.digest}`;
  }
};

export const keyAt = (questions: readonly Question[], i: number): string => {
  const question = questions[i];
  return question === undefined ? '' : questionKey(question);
};
