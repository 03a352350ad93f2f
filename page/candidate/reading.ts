/** What somebody reads, and so what they can sign: it stays as it was when they opened it, until they say that they read what it is now. */
import type { CandidateModel } from '../../cli/dashboard/models.ts';

export interface Reading {
  readonly uid: string;
  readonly digest: string;
  readonly bundle: string;
}

export const readingOf = ({ uid, digest, bundle }: CandidateModel): Reading => ({ uid, digest, bundle });
