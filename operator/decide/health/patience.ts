/** How long, and how often, something may go wrong before a release has failed: what the policy says, in milliseconds. */
import { milliseconds } from '../../api/duration.ts';
import type { ReleasePolicy } from '../../api/policy.ts';

export interface Patience {
  /** For every pod to be complete; then nothing is waited for any more. */
  readonly progressTimeout: number;
  /** How long every pod must have been ready. */
  readonly settle: number;
  /** After the last sign that a node is the cause. */
  readonly nodeGrace: number;
  /** Restarts of one container of a new pod that are no failure. */
  readonly mostRestarts: number;
  /** From the creation of a new pod, for its containers to start. */
  readonly within: number;
}

/** What holds where there is no policy is what its fields say by default. */
export const patienceOf = (policy: ReleasePolicy | undefined): Patience => {
  const health = policy?.spec.health;
  const progressTimeout = milliseconds(health?.progressTimeout ?? '10m');
  const within = health?.restarts.within;
  return {
    progressTimeout,
    settle: milliseconds(health?.settle ?? '5s'),
    nodeGrace: milliseconds(health?.nodeGrace ?? '60s'),
    mostRestarts: health?.restarts.most ?? 3,
    within: Math.min(progressTimeout, within === undefined ? progressTimeout : milliseconds(within)),
  };
};
