/** Which entries about a candidate may follow. */
import { begun, finished, firstOf, isOpenFor, notStaged, type Row, signature, type Type } from './transition.ts';

export const candidates = {
  Staged: ({ entry, candidate }) =>
    firstOf([entry.digest === '', 'it names no digest'], finished(candidate), begun(candidate), [
      candidate?.stagedDigests.has(entry.digest) === true,
      'that content was staged before',
    ]),
  Tested: ({ entry, candidate }) =>
    firstOf(
      finished(candidate),
      [candidate?.stagedDigests.has(entry.digest) !== true, 'that content was never staged'],
      [candidate?.tested === true, 'its candidate was tested before'],
    ),
  Signed: (given) => firstOf(notStaged(given.candidate), finished(given.candidate), ...signature(given)),
  Rejected: (given) =>
    firstOf(
      [given.candidate === undefined, 'the record does not know its candidate'],
      finished(given.candidate),
      [
        given.data.inFlight !== (given.candidate?.intent !== undefined),
        given.data.inFlight ? 'no promotion of its candidate has begun' : 'the promotion of its candidate has begun',
      ],
      ...signature(given),
    ),
  Withdrawn: ({ entry, pkg, candidate }) =>
    firstOf([candidate === undefined, 'the record does not know its candidate'], finished(candidate), [
      candidate?.promoted !== undefined || isOpenFor(pkg, entry),
      'its candidate is in production or on its way there',
    ]),
} satisfies { readonly [T in Type]?: Row<T> };
