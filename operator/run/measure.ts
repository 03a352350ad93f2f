/** How long each controller takes for a key, and how it ends. */
import type { Metrics, ReconcileMetrics, ReconcileResult } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { ControllerName } from './keys.ts';

/** Begins to measure; call what it returns with the result. */
export type Measure = (controller: ControllerName) => (result: ReconcileResult) => void;

export const createMeasure = (metrics: Pick<Metrics, 'reconcile'>, clock: Pick<Clock, 'monotonic'>): Measure => {
  const known = new Map<ControllerName, ReconcileMetrics>();
  return (controller) => {
    const measured = known.get(controller) ?? metrics.reconcile(controller);
    known.set(controller, measured);
    const began = clock.monotonic();
    return (result) => measured.reconciled(result, (clock.monotonic() - began) / 1_000);
  };
};
