/** What becomes of a key whose reconcile failed: it is tried again, later each time, and whoever can help is told. */
import type { Notice } from '../decide/plan.ts';
import { Failure, retryPolicy, toFailure, type FailureKind } from '../kube/failures.ts';
import { BrokenLedger, Overtaken } from '../ledger/append.ts';
import type { Logger } from '../log.ts';
import type { WorkQueue } from '../work/queue.ts';
import { keyText, type Key } from './keys.ts';
import { Unanswered } from './tries.ts';
import type { RunningControllers } from './running.ts';

export interface RetryTools {
  readonly controllers: RunningControllers;
  readonly queue: Pick<WorkQueue<Key>, 'retry'>;
  readonly logger: Logger;
  /** Tells people that a write is refused. */
  readonly tell: (notice: Notice) => void;
}

/** A gate that is only missing for now must not keep a release for a minute. */
const unansweredMs = 10_000;

const refusals: ReadonlySet<FailureKind> = new Set(['Forbidden', 'Invalid', 'TooLarge']);

const failureOf = (error: unknown): Failure => {
  if (error instanceof Overtaken) return new Failure('Conflict', error.message);
  if (error instanceof BrokenLedger) return new Failure('Invalid', error.message);
  if (error instanceof Unanswered) return new Failure('Unavailable', error.message);
  return toFailure(error);
};

export const createRetry =
  ({ controllers, queue, logger, tell }: RetryTools) =>
  (key: Key, error: unknown): void => {
    const failure = failureOf(error);
    const policy = retryPolicy[failure.kind];
    const { priority, maxRetryMs, refused } = controllers[key.controller];
    logger[policy.log]({ key: keyText(key), err: failure }, 'reconcile failed');
    const notice = refusals.has(failure.kind) ? refused(key, failure) : undefined;
    if (notice !== undefined) tell(notice);
    const capMs = Math.min(policy.capMs, maxRetryMs, error instanceof Unanswered ? unansweredMs : Infinity);
    queue.retry(key, {
      priority,
      backoff: { firstMs: policy.firstMs, capMs },
      ...(failure.retryAfterMs === undefined ? {} : { atLeastMs: failure.retryAfterMs }),
    });
  };
