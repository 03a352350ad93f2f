/** How often in a row work on a key has failed, and what is said of that. */
import { isReason, type Reason } from '../api/reasons.ts';
import type { Failure, FailureKind } from '../kube/failures.ts';
import { BrokenLedger, Overtaken } from '../ledger/append.ts';

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

/** Repeating changes nothing: something is wrong with the object, or with us. */
const lasting: ReadonlySet<FailureKind> = new Set(['Bug', 'Invalid', 'TooLarge']);

/** What passes by itself has passed by then. */
const triesThatPass = 3;

/** How often in a row a key has failed. */
export const createTries = () => {
  const failing = new Map<string, number>();
  return {
    begin: (key: string) => void failing.set(key, (failing.get(key) ?? 0) + 1),
    forget: (key: string) => void failing.delete(key),
    /** What is to be said of a failure of the key; undefined = nothing: it is tried again, and that is all. */
    why(key: string, failure: Failure): Stuck | undefined {
      if (isWeather(failure)) return undefined;
      const { kind, message } = failure;
      if (lasting.has(kind)) return { kind, message, ...reasonOf(failure) };
      return (failing.get(key) ?? 0) > triesThatPass ? { kind, message, reason: 'TriesFail' } : undefined;
    },
  };
};

/** Who failed may know the word for it. */
const reasonOf = (failure: Failure): Pick<Stuck, 'reason'> =>
  'reason' in failure && typeof failure.reason === 'string' && isReason(failure.reason)
    ? { reason: failure.reason }
    : {};

/** Errors of ours that say that the world moved, or that it could not be asked. */
const isWeather = ({ cause }: Failure): boolean =>
  cause instanceof Unanswered || cause instanceof Overtaken || cause instanceof BrokenLedger;
