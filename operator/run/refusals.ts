/** What people are told of writes that the API server refuses: while they are tried again, and once none is any more. */
import type { Notice } from '../decide/plan.ts';
import type { Failure, FailureKind } from '../kube/failures.ts';

const refusals: ReadonlySet<FailureKind> = new Set(['Forbidden', 'Invalid', 'TooLarge']);

interface RefusedKind<K, Seen> {
  readonly textOf: (key: K) => string;
  readonly observe: (key: K) => Seen | undefined;
  readonly refused?: (key: K, failure: Failure | undefined) => Notice | undefined;
  readonly isRefused?: (seen: Seen) => boolean;
}

/** `tell`: told again and again while it lasts. */
export const createRefusals = <K, Seen>(kind: RefusedKind<K, Seen>, tell: (notice: Notice) => void) => {
  /** Keys of which people were told. */
  const told = new Set<string>();
  const say = (notice: Notice | undefined): boolean => {
    if (notice !== undefined) tell(notice);
    return notice !== undefined;
  };
  return {
    /** Says that a key failed, if it failed because something is refused. */
    tell(key: K, failure: Failure): void {
      if (refusals.has(failure.kind) && say(kind.refused?.(key, failure))) told.add(kind.textOf(key));
    },
    /** Says that nothing is refused any more, if that is so and people were told otherwise. */
    look(key: K): void {
      const text = kind.textOf(key);
      if (!told.has(text)) return;
      const seen = kind.observe(key);
      if (seen !== undefined && kind.isRefused?.(seen) === true) return;
      told.delete(text);
      say(kind.refused?.(key, undefined));
    },
  };
};
