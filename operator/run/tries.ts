/** How often in a row work on a key has failed, and what is said of that. */
import { isReason, type Reason } from '../api/reasons.ts';
import { Failure, toFailure, type FailureKind } from '../kube/failures.ts';
import { BrokenLedger, Overtaken } from '../ledger/append.ts';
import { maxQuietFailures } from '../time/backoff.ts';

/** Why a thing cannot be worked on. */
export interface Stuck {
  readonly kind: FailureKind;
  readonly message: string;
  /** Said of what may pass by itself, and has not for several tries. */
  readonly reason?: Reason;
}

/** The API server could not say something that the plan asked: it is asked again, later. */
export class Unanswered extends Error {
  constructor(why: string) {
    super(`a question was not answered: ${why}`);
    this.name = 'Unanswered';
  }
}

/** An error of a reconcile, as a failure that says how it is tried again. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof Overtaken) return new Failure('Conflict', error.message);
  if (error instanceof BrokenLedger) return new Failure('Invalid', error.message);
  if (error instanceof Unanswered) return new Failure('Unavailable', error.message);
  return toFailure(error);
};

/** Repeating changes nothing: something is wrong with the object, or with us. */
const lasting: ReadonlySet<FailureKind> = new Set(['Bug', 'Invalid', 'TooLarge']);

/** How often in a row a key has failed. */
export const createTries = () => {
  const failing = new Map<string, number>();
  const isLong = (key: string): boolean => (failing.get(key) ?? 0) > maxQuietFailures;
  return {
    begin: (key: string) => void failing.set(key, (failing.get(key) ?? 0) + 1),
    forget: (key: string) => void failing.delete(key),
    /** Whether it has failed more often than passes by itself. */
    isLong,
    /** What is to be said of a question that was not answered; undefined = nothing. */
    whyUnanswered: (key: string, message: string): Stuck | undefined =>
      isLong(key) ? triesFail('Unavailable', message) : undefined,
    /** What is to be said of a failure of the key; undefined = nothing: it is tried again, and that is all. */
    why(key: string, failure: Failure): Stuck | undefined {
      if (isWeather(failure)) return undefined;
      const { kind, message } = failure;
      if (lasting.has(kind)) return { kind, message, ...reasonOf(failure) };
      return isLong(key) ? triesFail(kind, message) : undefined;
    },
  };
};

const triesFail = (kind: FailureKind, message: string): Stuck => ({
  kind,
  message: `${message}. It has failed more than ${maxQuietFailures} times; if it lasts, a platform admin fixes what it names`,
  reason: 'TriesFail',
});

/** Who failed may know the word for it. */
const reasonOf = (failure: Failure): Pick<Stuck, 'reason'> =>
  'reason' in failure && typeof failure.reason === 'string' && isReason(failure.reason)
    ? { reason: failure.reason }
    : {};

/** Errors of ours that say that the world moved, or that it could not be asked. */
const isWeather = ({ cause }: Failure): boolean =>
  cause instanceof Unanswered || cause instanceof Overtaken || cause instanceof BrokenLedger;
