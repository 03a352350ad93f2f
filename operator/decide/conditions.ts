/** Conditions by the API conventions: the transition time moves only when the status does. */
import type { Reason } from '../api/reasons.ts';
import type { Condition } from '../api/meta.ts';
import type { Instant } from './objects.ts';

export interface Wanted {
  readonly type: string;
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

export const rfc3339 = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

export const setConditions = (
  before: readonly Condition[],
  wanted: readonly Wanted[],
  { now, generation }: { readonly now: Instant; readonly generation: number },
): Condition[] =>
  wanted.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    const since = old?.status === condition.status ? old.lastTransitionTime : rfc3339(now);
    return { ...condition, lastTransitionTime: since, observedGeneration: generation };
  });
