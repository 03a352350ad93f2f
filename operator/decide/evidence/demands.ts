/** What evidence a release needs, and what there is for each part of it. The one place where it is decided what evidence is worth. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { milliseconds } from '../../api/duration.ts';
import type { EvidenceLine } from '../../api/policy-evidence.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Bundle } from '../bundle.ts';
import { imagesIn, type NamedImage } from '../manifest/images-in.ts';
import { isPinned } from '../manifest/image-reference.ts';
import { runsNothing } from '../manifest/pod-spec.ts';
import type { Instant, ObjectRef } from '../objects.ts';
import { authorsOf, type Authored } from '../people/approvals.ts';
import { peopleAmong, type PersonOf } from '../people/identity.ts';
import type { Question, Signers } from '../api-queries.ts';
import {
  provenanceType,
  rightToReport,
  sourceType,
  subjectOfContent,
  whoSigned,
  type KnownEvidence,
  type Piece,
  type StatedPiece,
} from './piece.ts';
import { elsewhereMade, isStated, unfitStatement, type BuiltFrom, type Ignored } from './ignored.ts';
import { signersOf } from './signed/signers.ts';
import { imagesChanged, significanceOf, type ReleaseChanges, type Significance } from './significance.ts';

/** A release with what its evidence is judged by. */
export interface EvidencedRelease extends Authored {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy;
  readonly bundle: Pick<Bundle, 'authors' | 'digest' | 'objects'>;
  readonly evidence: KnownEvidence;
  /** Does the reporter hold the right to report it now? undefined = not answered. */
  readonly mayReport: (piece: Piece) => boolean | undefined;
  readonly signerOf: SignerOf;
  readonly changes: ReleaseChanges;
}

/** The name of the one of these who signed what a piece brings; '' = none of them did, undefined = not answered. */
export type SignerOf = (piece: StatedPiece, signers: Signers) => string | undefined;

/** Evidence with the name of who signed it; '' = nobody had to. */
export type Counted = Piece & { readonly signer: string };

/** What passed and does not count. */
type Passed = Ignored & { readonly piece: Piece };

/** What decides about one subject: the newest evidence that counts or fails. `ignored` = newer evidence that passed and does not count. */
export type Standing =
  | { readonly is: 'Counts'; readonly piece: Counted; readonly expiresAt: Instant }
  | { readonly is: 'Failed'; readonly piece: Piece; readonly because: string }
  /** The newest whose right is not answered, and others that may be asked about along with them. */
  | { readonly is: 'Unanswered'; readonly pieces: readonly [Piece, ...Piece[]] }
  | { readonly is: 'Missing'; readonly ignored: readonly Passed[] };

/** One line of the policy, and how far it is met. `subjects` empty = it asks for nothing here. */
export interface Demand {
  readonly line: EvidenceLine;
  /** Whether a release that changes so much needs it. */
  readonly applies: boolean;
  readonly subjects: readonly { readonly subject: string; readonly standing: Standing }[];
}

export const significanceOfRelease = ({ changes, candidate, policy }: EvidencedRelease): Significance =>
  significanceOf(changes, candidate.spec.significance, policy.spec.minor);

interface Content {
  readonly objects: readonly Pick<Bundle['objects'][number], 'ref' | 'content'>[];
}

const imagesOf = ({ objects }: Content): readonly (NamedImage & { readonly ref: ObjectRef })[] =>
  objects
    .filter(({ ref }) => !runsNothing(ref))
    .flatMap(({ ref, content }) => imagesIn(content).map((image) => ({ ...image, ref })));

/** Digests of the images that the content names. */
export const imageDigests = (content: Content): readonly string[] => [
  ...new Set(
    imagesOf(content)
      .filter(({ reference }) => isPinned(reference))
      .map(({ reference }) => reference.slice(reference.lastIndexOf('@') + 1)),
  ),
];

/** Images about which nobody can report: an injector fills them in later. Empty where no evidence about images is asked for. */
export const imagesUnreported = (content: Content, demands: readonly Demand[]): ReturnType<typeof imagesOf> =>
  demands.some((demand) => demand.applies && demand.line.about === 'Images')
    ? imagesOf(content).filter(({ reference }) => !isPinned(reference))
    : [];

const applies = ({ when }: EvidenceLine, { changes }: EvidencedRelease, { level }: Significance): boolean => {
  switch (when) {
    case 'Always':
      return true;
    case 'ImagesChanged':
      return imagesChanged(changes);
    case 'NewOrSignificant':
      return level !== 'Minor';
  }
};

/** Why it does not pass; undefined = it does. */
const failureOf = ({ passed, counts }: Piece, { most }: EvidenceLine): string | undefined => {
  if (!passed) return 'failed';
  for (const [name, limit] of Object.entries(most)) {
    const count = Object.hasOwn(counts, name) ? counts[name] : undefined;
    if (count === undefined) return `does not say how many ${name}`;
    if (count > limit) return `counts ${count} ${name}, of which at most ${limit} may be`;
  }
  return undefined;
};

/** Newest first. Of two at one instant the one that fails decides. */
const newestFirst =
  (line: EvidenceLine) =>
  (a: Piece, b: Piece): number =>
    b.performedAt - a.performedAt ||
    b.createdAt - a.createdAt ||
    Number(failureOf(a, line) === undefined) - Number(failureOf(b, line) === undefined) ||
    Number(a.name > b.name) - Number(a.name < b.name);

/** What evidence of one line is weighed with. */
interface Weights {
  readonly line: EvidenceLine;
  /** Who may have signed it; undefined = it need not be signed. */
  readonly signers: Signers | undefined;
  /** Milliseconds. */
  readonly maxAge: number;
  readonly authors: ReadonlySet<string>;
  readonly personOf: PersonOf;
  /** From what provenance that counts says that the subject was built. */
  readonly built: readonly BuiltFrom[];
  readonly mayReport: EvidencedRelease['mayReport'];
  readonly signerOf: SignerOf;
  readonly now: Instant;
}

/** Why nothing that this account reports as passed would count; undefined = it may. `authors`: as people. */
export const ignoredReporter = (
  { username, namespace }: { readonly username: string; readonly namespace: string },
  { authors, personOf }: Pick<Weights, 'authors' | 'personOf'>,
): 'StagingAccount' | 'Author' | undefined => {
  if (username.startsWith(`system:serviceaccount:${namespace}:`)) return 'StagingAccount';
  return authors.has(personOf(username)) ? 'Author' : undefined;
};

/** What evidence that passed is worth. */
type Worth =
  | { readonly is: 'Counts'; readonly signer: string }
  | { readonly is: 'Ignored'; readonly because: Ignored }
  | { readonly is: 'Unanswered' };

const ignored = (why: Ignored['why'], detail = ''): Worth => ({ is: 'Ignored', because: { why, detail } });

const worthOf = (piece: Piece, w: Weights): Worth => {
  if (!piece.intact) return ignored('Altered');
  const unfit = unfitStatement(piece, w.line) ?? elsewhereMade(piece, w.built);
  if (unfit !== undefined) return { is: 'Ignored', because: unfit };
  const { signers } = w;
  const reporter = ignoredReporter({ username: piece.reporter.username, namespace: piece.namespace }, w);
  // Of what others signed nothing is in the hands of the author who brings it.
  if (reporter !== undefined && !(reporter === 'Author' && signers !== undefined)) return ignored(reporter);
  if (!(w.now < piece.performedAt + w.maxAge)) return ignored('Expired');
  const held = w.mayReport(piece);
  const signer = signers === undefined || !isStated(piece) ? '' : w.signerOf(piece, signers);
  if (held === false) return ignored('LacksRight');
  if (signer === '' && signers !== undefined) return ignored('OtherSigner');
  return held === undefined || signer === undefined ? { is: 'Unanswered' } : { is: 'Counts', signer };
};

/** Pieces that are asked about together at first: of one that does not count the next older is needed. Then twice as many as were looked at before. */
const askedAtFirst = 10;

/**
 * The newest evidence decides. What failed does so whoever reported it, for whoever takes away a right must not take away a finding with
 * it; what passed and does not count is passed over.
 */
const standingOf = (pieces: readonly Piece[], w: Weights): Standing => {
  const ignored: Passed[] = [];
  const sorted = pieces.toSorted(newestFirst(w.line));
  for (const [place, piece] of sorted.entries()) {
    const because = failureOf(piece, w.line);
    if (because !== undefined) return { is: 'Failed', piece, because };
    const worth = worthOf(piece, w);
    if (worth.is === 'Unanswered') {
      const others = sorted.slice(place + 1, place + Math.max(askedAtFirst, 2 * place));
      return { is: 'Unanswered', pieces: [piece, ...others.filter((each) => worthOf(each, w).is === worth.is)] };
    }
    if (worth.is === 'Counts') {
      const expiresAt = piece.performedAt + w.maxAge;
      return { is: 'Counts', piece: { ...piece, signer: worth.signer }, expiresAt };
    }
    ignored.push({ piece, ...worth.because });
  }
  return { is: 'Missing', ignored };
};

/** What provenance that counts says about a subject. Where it names no commit there is nothing to compare. */
const builtFrom = (demands: readonly Demand[], subject: string): readonly BuiltFrom[] =>
  demands.flatMap(({ line, subjects }) =>
    subjects.flatMap(({ subject: about, standing }) =>
      line.type === provenanceType && about === subject && standing.is === 'Counts'
        ? (standing.piece.statement?.sources ?? []).map((source) => ({ ...source, provenance: standing.piece.name }))
        : [],
    ),
  );

/** Every line of the policy, and what there is for it. Looks at evidence of the types and subjects that are asked for, and at no other. */
export const demandsOf = (s: EvidencedRelease, now: Instant): readonly Demand[] => {
  const { candidate, policy, bundle, evidence, mayReport, signerOf } = s;
  const lines = policy.spec.evidence;
  if (lines.length === 0) return [];
  const significance = significanceOfRelease(s);
  const authors = authorsOf(s);
  const content = [subjectOfContent(candidate.metadata.uid, bundle.digest)];
  const images = lines.some(({ about }) => about === 'Images') ? imageDigests(bundle) : [];
  const demandOf = (line: EvidenceLine, built: (subject: string) => readonly BuiltFrom[]): Demand => {
    const isAsked = applies(line, s, significance);
    const asked = (isAsked ? (line.about === 'Images' ? images : content) : []).map((subject) => ({
      subject,
      pieces: evidence.of(line.type, subject),
    }));
    // Where others signed, nobody asks who brought it.
    const weighed = line.signedBy === undefined ? asked : [];
    const reporters = weighed.flatMap(({ pieces }) => pieces.map(({ reporter }) => reporter.username));
    const personOf = peopleAmong(policy.spec.people, [...authors, ...new Set(reporters)]);
    const maxAge = milliseconds(line.maxAge);
    const signers = signersOf(policy, line);
    const weights = {
      line,
      signers,
      maxAge,
      personOf,
      authors: new Set(authors.map(personOf)),
      mayReport,
      signerOf,
      now,
    };
    return {
      line,
      applies: isAsked,
      subjects: asked.map(({ subject, pieces }) => ({
        subject,
        standing: standingOf(pieces, { ...weights, built: built(subject) }),
      })),
    };
  };
  const others = lines.map((line) => (line.type === sourceType ? undefined : demandOf(line, () => [])));
  const known = others.flatMap((demand) => demand ?? []);
  return lines.map((line, at) => others[at] ?? demandOf(line, (subject) => builtFrom(known, subject)));
};

/** Whether it matters what the release changes. */
export const dependsOnChanges = ({ spec }: ReleasePolicy): boolean =>
  spec.evidence.some(({ when }) => when !== 'Always');

/** What has to be asked about reporters and signers, before it is known what counts. */
export const evidenceQuestions = (s: EvidencedRelease, now: Instant): readonly Question[] => {
  const open = demandsOf(s, now).flatMap(({ line, subjects }) =>
    subjects.flatMap(({ standing }) =>
      standing.is === 'Unanswered'
        ? standing.pieces.map((piece) => ({ piece, signers: signersOf(s.policy, line) }))
        : [],
    ),
  );
  return open.flatMap(({ piece, signers }) => [
    ...(s.mayReport(piece) === undefined ? [rightToReport(piece)] : []),
    ...(signers !== undefined && isStated(piece) && s.signerOf(piece, signers) === undefined
      ? [whoSigned(piece, signers)]
      : []),
  ]);
};

/** The evidence that a release rests on, each piece once. */
export const countedEvidence = (s: EvidencedRelease, now: Instant): readonly Counted[] => {
  const counted = demandsOf(s, now).flatMap(({ subjects }) =>
    subjects.flatMap(({ standing }) => (standing.is === 'Counts' ? [standing.piece] : [])),
  );
  return [...new Map(counted.map((piece) => [`${piece.uid} ${piece.signer}`, piece])).values()];
};
