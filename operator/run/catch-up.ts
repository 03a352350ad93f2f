/** What the leader before wrote last may not have been told here yet: whoever begins to lead reads each ledger up to its newest entry first. */
import { type Failure, toFailure } from '../kube/failures.ts';
import type { LedgerStore } from '../ledger/append.ts';
import { sleep, type Clock } from '../time/clock.ts';
import { createLimit } from '../work/slices.ts';

export interface CatchUpTools {
  readonly store: LedgerStore;
  readonly namespaces: () => readonly string[];
  readonly clock: Clock;
  readonly isLeader: () => boolean;
}

/** Ledgers read at once. */
const atOnce = 16;
const againMs = 200;

/** Resolves when the record of every production namespace holds what its ledger held when this began, or when this process leads no more. */
export const catchUpAll = async ({ store, namespaces, clock, isLeader }: CatchUpTools): Promise<void> => {
  const limit = createLimit(atOnce);
  const one = async (namespace: string): Promise<void> => {
    while (isLeader()) {
      const { seq } = store.record(namespace).head;
      const failure = await store.catchUp(namespace, seq + 1).then(
        () => undefined,
        (error: unknown): Failure => toFailure(error),
      );
      if (failure?.kind === 'NotFound') return;
      if (failure !== undefined) await sleep(clock, againMs);
      // A record that does not go on with what is there is broken, and nothing is done on it.
      else if (store.record(namespace).head.seq === seq) return;
    }
  };
  await Promise.all(namespaces().map((namespace) => limit(() => one(namespace))));
};
