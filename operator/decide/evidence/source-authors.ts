/** Who made the source of a release: those whom signed statements about exactly this content name. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { EvidenceLine } from '../../api/policy-evidence.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { questionKey, type Answers, type Question, type Signers } from '../api-queries.ts';
import type { Bundle } from '../bundle.ts';
import { peopleAmong } from '../people/identity.ts';
import { noSourceAuthors, type SourceAuthor, type SourceAuthors } from '../people/source-authors.ts';
import { imageDigests, type SignerOf } from './demands.ts';
import { isStated } from './ignored.ts';
import { subjectOfContent, whoSigned, type KnownEvidence, type StatedPiece } from './piece.ts';
import type { Contributor } from './signed/contributors.ts';
import { signersOf } from './signed/signers.ts';

/** A release, and where its source may be told of. */
export interface SourcedRelease {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy;
  readonly bundle: Pick<Bundle, 'digest' | 'objects'>;
  readonly evidence: KnownEvidence;
  readonly signerOf: SignerOf;
}

interface Told {
  readonly piece: StatedPiece;
  readonly contributors: readonly Contributor[];
  readonly line: EvidenceLine;
  readonly signers: Signers;
  /** '' = none of those of the line signed it; undefined = not answered. */
  readonly signer: string | undefined;
}

/**
 * Every piece that names people, of each line that names keys. Age, result and reporter do not matter, nor whether the line asks anything of
 * this release: a newer statement must not take an author away.
 */
const toldBy = ({ candidate, policy, bundle, evidence, signerOf }: SourcedRelease): readonly Told[] => {
  const lines = policy.spec.evidence.filter(({ signedBy }) => signedBy !== undefined);
  if (lines.length === 0) return [];
  const content = [subjectOfContent(candidate.metadata.uid, bundle.digest)];
  const images = lines.some(({ about }) => about === 'Images') ? imageDigests(bundle) : [];
  return lines.flatMap((line) => {
    const signers = signersOf(policy, line);
    if (signers === undefined) return [];
    const pieces = (line.about === 'Images' ? images : content).flatMap((each) => evidence.of(line.type, each));
    return [...new Set(pieces)].filter(isStated).flatMap((piece): Told[] => {
      const { contributors = [] } = piece.statement;
      return contributors.length === 0
        ? []
        : [{ piece, contributors, line, signers, signer: signerOf(piece, signers) }];
    });
  });
};

const deed = ({ did, repository, revision }: Contributor): string =>
  `${did} ${did === 'wrote' ? 'commit ' : ''}${revision.slice(0, 12)} of ${shortened(repository)}`;

/** An entry names many people, each with a repository. */
const shortened = (text: string): string => (text.length > 150 ? `${text.slice(0, 150)}…` : text);

/** More statements never make fewer authors. */
export const sourceAuthorsOf = (s: SourcedRelease): SourceAuthors => {
  const told = toldBy(s);
  if (told.length === 0) return noSourceAuthors;
  const signed = told
    .filter(({ signer }) => signer !== undefined && signer !== '')
    .toSorted((a, b) => Number(a.piece.name > b.piece.name) - Number(a.piece.name < b.piece.name));
  const all = signed.flatMap(({ piece, contributors, line }) =>
    contributors.map((each) => ({
      author: { username: each.name, did: deed(each), evidence: `${piece.type} ${piece.name}` },
      isBlocking: line.unknownAuthors !== 'Report' && !line.bots.includes(each.name),
    })),
  );
  const isKnown = knownAmong(
    s,
    all.map(({ author }) => author.username),
  );
  const unknown = all.filter(({ author, isBlocking }) => isBlocking && !isKnown(author.username));
  return {
    known: once(all.map(({ author }) => author)),
    unknown: once(unknown.map(({ author }) => author)),
    unanswered: told.flatMap(({ piece, signer }) => (signer === undefined ? [`${piece.type} ${piece.name}`] : [])),
  };
};

const once = (authors: readonly SourceAuthor[]): readonly SourceAuthor[] =>
  [...new Map(authors.toReversed().map((each) => [each.username, each])).values()].toReversed();

/** Whether the policy says whose it is, or the API server stamped that very name. What else names people was typed by somebody. */
const knownAmong = ({ candidate, policy }: SourcedRelease, names: readonly string[]): ((name: string) => boolean) => {
  const { people } = policy.spec;
  const { username } = candidate.spec.author;
  const personOf = peopleAmong(people, [username, ...names]);
  const known = new Set([username, ...people.map(({ name }) => name)].map(personOf));
  return (name) => known.has(personOf(name));
};

/** Who signed what names people, as far as nobody has asked. */
export const sourceQuestions = (s: SourcedRelease, answers: Answers): readonly Question[] =>
  toldBy(s)
    .map(({ piece, signers }) => whoSigned(piece, signers))
    .filter((question) => !answers.has(questionKey(question)));
