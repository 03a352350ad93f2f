/** What releases do not do right yet: the histories do without it, or what comes of it is forgiven. Each row goes when its reason does. */
import type { Violation } from './invariants.ts';
import type { Script } from './script.ts';

interface NotYet {
  readonly why: string;
  readonly without?: (script: Script) => Script;
  readonly forgives?: (violation: Violation) => boolean;
}

const notYet: readonly NotYet[] = [
  {
    why: 'with a partition, a pod of a StatefulSet that is being deleted counts as ready in a promotion',
    forgives: ({ invariant, what }) =>
      invariant === 'OutcomeIsTrue' && /^Promoted .*StatefulSet\/db is there, not ready/.test(what),
  },
  {
    why: 'a rollback may begin and end before the watch shows what the promotion wrote last',
    forgives: ({ invariant, what }) =>
      (invariant === 'ProductionIsOneRelease' && / is (there: |gone$)/.test(what)) ||
      (invariant === 'RollbackHasACause' && what.startsWith('OwnershipConflict')),
  },
];

/** Histories without what cannot go well yet. */
export const without = (script: Script): Script =>
  notYet.reduce((left, { without }) => without?.(left) ?? left, script);

export const isForgiven = (violation: Violation): boolean =>
  notYet.some(({ forgives }) => forgives?.(violation) === true);
