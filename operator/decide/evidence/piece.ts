/** Evidence as decisions use it: without the report, which is checked against its digest when it is read and is not kept. */
import { createHash } from 'node:crypto';
import { virtualResources } from '../../api/kinds.ts';
import type { Evidence } from '../../api/evidence.ts';
import type { Identity } from '../../api/meta.ts';
import type { RightQuestion } from '../api-queries.ts';
import type { Instant } from '../objects.ts';

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
}

/** Looks up evidence of the staging namespace. */
export interface KnownEvidence {
  /** All of that type about that subject, in no order. */
  readonly of: (type: string, subject: string) => readonly Piece[];
}

export const noEvidence: KnownEvidence = { of: () => [] };

/** The content of a candidate, as something that evidence is about. */
export const subjectOfContent = (uid: string, digest: string): string => `${uid} ${digest}`;

const isIntact = ({ report }: Evidence['spec']): boolean =>
  report?.inline === undefined ||
  `sha256:${createHash('sha256').update(report.inline).digest('hex')}` === report.sha256;

export const pieceOf = ({ metadata, spec }: Evidence): Piece => {
  const { candidate, images = [] } = spec.subject;
  const createdAt = Date.parse(metadata.creationTimestamp);
  // A time that nobody can read makes a passed one old and a failed one new.
  const performed = Date.parse(spec.performedAt);
  const unread = spec.result === 'Passed' ? -Infinity : createdAt;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    type: spec.type,
    subjects: candidate === undefined ? images : [subjectOfContent(candidate.uid, candidate.digest)],
    about: candidate && { uid: candidate.uid },
    passed: spec.result === 'Passed',
    counts: spec.summary,
    performedAt: Number.isNaN(performed) ? unread : Math.min(performed, createdAt),
    createdAt,
    reporter: spec.reporter,
    intact: isIntact(spec),
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
