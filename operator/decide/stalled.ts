/** That something cannot be worked on, as people are told: over what an object says of itself. */
import type { Condition } from '../api/meta.ts';
import type { Reason } from '../api/reasons.ts';
import { setConditions } from './conditions.ts';
import type { Instant } from './objects.ts';

/** Why a thing cannot be worked on. */
export interface StuckFailure {
  readonly message: string;
  /** Absent: the fault is ours. */
  readonly reason?: Reason;
}

const maxMessage = 4_000;

/** What the condition says. */
export const stalledBy = ({ message, reason = 'InternalError' }: StuckFailure) => {
  const text = `the operator cannot work on it, tries again, and works on everything else meanwhile: ${message}`;
  return {
    type: 'Stalled',
    status: 'True',
    reason,
    message: text.length <= maxMessage ? text : `${text.slice(0, maxMessage)}…`,
  } as const;
};

/** These conditions, but stalled. `before`: those that were reported last. */
export const withStalled = (
  conditions: readonly Condition[],
  failure: StuckFailure,
  at: { readonly before: readonly Condition[]; readonly now: Instant; readonly generation: number },
): Condition[] => [
  ...conditions.filter(({ type }) => type !== 'Stalled'),
  ...setConditions(at.before, [stalledBy(failure)], at),
];
