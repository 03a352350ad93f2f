/** Histories of the model that a real control plane can replay: the same generator, fixed seeds, and of the faults those that somebody can bring about. */
import * as fc from 'fast-check';
import type { FaultKind, Script } from '../model/script.ts';
import { script } from '../model/script.ts';

const replayed: ReadonlySet<FaultKind> = new Set([
  'Crash',
  'Handover',
  'Refusal',
  'Quota',
  'Finalizer',
  'Rejection',
  'Order',
  'PodDeleted',
]);

/**
 * Nodes and watches belong to all histories, and are as they are. What OnDelete leaves waits for people: it is rolled out. A claim that is dropped goes
 * with its data, which signers read there as they do here.
 */
const adapted = (given: Script): Script => ({
  ...given,
  faults: given.faults.filter(({ is }) => replayed.has(is)),
  variant: {
    ...given.variant,
    database: given.variant.database === 'OnDelete' ? 'RollingUpdate' : given.variant.database,
  },
});

/** The first of each seed in which something goes wrong. */
export const scriptOf = (seed: number): Script => {
  const found = fc
    .sample(script, { seed, numRuns: 50 })
    .map(adapted)
    .find(({ faults }) => faults.length > 0);
  if (found === undefined) throw new Error(`seed ${seed} has no history to replay`);
  return found;
};
