/** Takes keys off the queue, has their controllers reconcile them, and puts them back when they are to be worked on again. */
import { Failure } from '../kube/failures.ts';
import type { Logger } from '../log.ts';
import type { Metrics, ReconcileResult } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { WorkQueue } from '../work/queue.ts';
import { urgently } from '../work/slices.ts';
import type { Wake } from './controller.ts';
import { keyText, type Key } from './keys.ts';
import { createMeasure } from './measure.ts';
import type { Outcome } from './reconcile.ts';
import { createRetry } from './retry.ts';
import type { RunningControllers } from './running.ts';

/** They wait for the API server most of the time; large contents they take one after the other. */
const workers = 24;
const reservedWorkers = 8;
/** A moment that passes while the plan is carried out is not waited for, but never less than this. */
const minWakeMs = 10;
/** What may wait is looked at together: a rollout tells hundreds of changes. */
const soonMs = 200;
/** A key whose effects never settle is a bug; it is slowed down instead of spinning. */
const maxAgain = 100;

export interface WorkerTools {
  readonly controllers: RunningControllers;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'queue' | 'reconcile'>;
}

export interface Worker {
  wake(wake: Wake): void;
  /** Lets work begin: keys that were woken before wait for it. */
  start(): void;
  /** Resolves when what is in hand is finished. */
  stop(): Promise<void>;
}

export const createWorker = ({ controllers, clock, random, logger, metrics }: WorkerTools): Worker => {
  const measure = createMeasure(metrics, clock);
  const again = new Map<string, number>();
  const queue = new WorkQueue<Key>({
    textOf: keyText,
    workers,
    reserved: reservedWorkers,
    clock,
    random,
    metrics: metrics.queue('countersign'),
    work: async (key) => {
      const measured = measure(key.controller);
      try {
        measured(settle(key, await reconcile(key)));
      } catch (error) {
        measured('error');
        retry(key, error);
      }
    },
    failed: (key, error) => logger.error({ key: keyText(key), err: error }, 'work failed unexpectedly'),
  });
  const retry = createRetry({ controllers, queue, logger });

  const reconcile = (key: Key): Promise<Outcome> => {
    const controller = controllers[key.controller];
    const run = () => controller.reconcile(key);
    return controller.priority === 'Rollback' ? urgently(run) : run();
  };

  const settle = (key: Key, outcome: Outcome): ReconcileResult => {
    const { priority } = controllers[key.controller];
    const text = keyText(key);
    if (outcome === 'Again') {
      queue.forget(key);
      const times = (again.get(text) ?? 0) + 1;
      again.set(text, times);
      if (times > maxAgain) throw new Failure('Bug', 'the effects of this plan do not settle');
      queue.add(key, priority);
      return 'requeue';
    }
    again.delete(text);
    const { wakeAt, isOver } = outcome;
    if (isOver === true)
      throw new Failure('Bug', `the plan asks to be woken at ${new Date(wakeAt ?? 0).toISOString()}, which is over`);
    queue.forget(key);
    if (wakeAt === undefined) return 'success';
    queue.addAfter(key, Math.max(wakeAt - clock.now(), minWakeMs), priority);
    return 'requeue_after';
  };

  return {
    wake: ({ key, priority, soon }) =>
      soon === true ? queue.addAfter(key, soonMs, priority) : queue.add(key, priority),
    start: () => queue.start(),
    stop: () => queue.stop(),
  };
};
