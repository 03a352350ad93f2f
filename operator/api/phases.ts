/** How a candidate ends, and where it stands. */
import type { Reason } from './reasons.ts';

/** How a candidate ends. `Finished` is `True` with one of these, always. */
export const finishedReasons = [
  'Promoted',
  'RolledBack',
  'Rejected',
  'Withdrawn',
  'Expired',
  'Superseded',
  'Failed',
] as const satisfies readonly Reason[];

/** Where a candidate stands. For display only: nothing decides by it. */
export const phases = [
  'Staging',
  'AwaitingGates',
  'Promoting',
  'Observing',
  'RollingBack',
  'Stalled',
  ...finishedReasons,
] as const;

export type Phase = (typeof phases)[number];
