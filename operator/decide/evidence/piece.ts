/** Evidence as decisions use it: without the report, which is checked against its digest when it is read and is not kept. */
import { createHash } from 'node:crypto';
import { virtualResources } from '../../api/kinds.ts';
import type { Evidence } from '../../api/evidence.ts';
import type { Identity } from '../../api/meta.ts';
import type { RightQuestion, Signers, StatementQuestion } from '../api-queries.ts';
import type { Instant } from '../objects.ts';
import { statementOf, type Statement } from './signed/statement.ts';

/** One thing that somebody found out. */
export interface Piece {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly type: string;
  /** What it is about, as `subjectOfContent` and digests of images. */
  readonly subjects: readonly string[];
  /** The candidate that it is about; undefined = it is about images. */
  readonly about: { readonly uid: string } | undefined;
  readonly passed: boolean;
  readonly counts: Readonly<Record<string, number>>;
  /** When it was performed, and never after it was created. */
  readonly performedAt: Instant;
  readonly createdAt: Instant;
  readonly reporter: Identity;
  /** The report that it holds is the one whose digest it gives; true of one that holds none. */
  readonly intact: boolean;
  /** What it brings that somebody signed; undefined = nothing. */
  readonly statement?: Statement;
}

/** A piece that brings a statement. */
export type StatedPiece = Piece & { readonly statement: Statement };

/** Looks up evidence of the staging namespace. */
export interface KnownEvidence {
  /** All of that type about that subject, in no order. */
  readonly of: (type: string, subject: string) => readonly Piece[];
}

export const noEvidence: KnownEvidence = { of: () => [] };

/** Types of evidence that say where content comes from. */
export const provenanceType = 'Provenance';
export const sourceType = 'Source';

/** The content of a candidate, as something that evidence is about. */
export const subjectOfContent = (uid: string, digest: string): string => `${uid} ${digest}`;

const isIntact = ({ report }: Evidence['spec']): boolean =>
  report?.inline === undefined ||
  `sha256:${createHash('sha256').update(report.inline).digest('hex')}` === report.sha256;

/**
 * When it was performed, and never after it was created. Where a statement says another time than was typed, and where nobody can read a
 * time, what passed is as old, and what failed as new, as it may be.
 */
const performedAtOf = (spec: Evidence['spec'], statement: Statement | undefined, createdAt: Instant): Instant => {
  const passed = isPassed(spec, statement);
  const unread = passed ? -Infinity : createdAt;
  const told = [Date.parse(spec.performedAt), ...(statement?.performedAt === undefined ? [] : [statement.performedAt])];
  const readable = told.map((each) => (Number.isNaN(each) ? unread : each));
  return Math.min(passed ? Math.min(...readable) : Math.max(...readable), createdAt);
};

/** What is signed wins over what is typed, and of two that differ the one that failed. */
const isPassed = ({ result }: Evidence['spec'], statement: Statement | undefined): boolean =>
  result === 'Passed' && statement?.failed !== true;

export const pieceOf = ({ metadata, spec }: Evidence): Piece => {
  const { candidate, images = [] } = spec.subject;
  const createdAt = Date.parse(metadata.creationTimestamp);
  const statement = statementOf(spec);
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    type: spec.type,
    subjects: candidate === undefined ? images : [subjectOfContent(candidate.uid, candidate.digest)],
    about: candidate && { uid: candidate.uid },
    passed: isPassed(spec, statement),
    counts: { ...spec.summary, ...statement?.counts },
    performedAt: performedAtOf(spec, statement, createdAt),
    createdAt,
    reporter: spec.reporter,
    intact: isIntact(spec),
    ...(statement === undefined ? {} : { statement }),
  };
};

/** May the reporter report such evidence now? */
export const rightToReport = ({ reporter, namespace, type }: Piece): RightQuestion => ({
  ask: 'Right',
  who: reporter,
  namespace,
  resource: virtualResources.evidenceTypes,
  verb: 'report',
  name: type,
});

/** Did one of these sign the statement that it brings? */
export const whoSigned = (piece: StatedPiece, signers: Signers): StatementQuestion => ({
  ask: 'Statement',
  namespace: piece.namespace,
  name: piece.name,
  uid: piece.uid,
  digest: piece.statement.digest,
  signers,
});
