/** What becomes of a key whose reconcile failed: it is tried again, later each time. */
import { retryPolicy } from '../kube/failures.ts';
import type { Logger } from '../log.ts';
import type { WorkQueue } from '../work/queue.ts';
import { keyText, type Key } from './keys.ts';
import { failureOf, Unanswered } from './tries.ts';
import type { RunningControllers } from './running.ts';

export interface RetryTools {
  readonly controllers: RunningControllers;
  readonly queue: Pick<WorkQueue<Key>, 'retry'>;
  readonly logger: Logger;
}

/** A gate that is only missing for now must not keep a release for a minute. */
const unansweredMs = 10_000;

export const createRetry =
  ({ controllers, queue, logger }: RetryTools) =>
  (key: Key, error: unknown): void => {
    const failure = failureOf(error);
    const policy = retryPolicy[failure.kind];
    const { priority, maxRetryMs } = controllers[key.controller];
    logger[policy.log]({ key: keyText(key), err: failure }, 'reconcile failed');
    const capMs = Math.min(policy.capMs, maxRetryMs, error instanceof Unanswered ? unansweredMs : Infinity);
    queue.retry(key, {
      priority,
      backoff: { firstMs: policy.firstMs, capMs },
      ...(failure.retryAfterMs === undefined ? {} : { atLeastMs: failure.retryAfterMs }),
    });
  };
