/** Changes of the policy as decisions look at them: each with what was signed for it. */
import type { ChangeSnapshot } from '../decide/changes/plan.ts';
import { indexKey } from './caches.ts';
import type { Read } from './facts.ts';
import { byAge, policyIn } from './lookup.ts';

/** What `observeChange` reads. */
export type ChangeFacts = Read<'policyChanges' | 'approvals' | 'policies' | 'records' | 'followed'>;

/** @returns undefined when it is gone */
export const observeChange = (facts: ChangeFacts, namespace: string, name: string): ChangeSnapshot | undefined => {
  const change = facts.policyChanges.in()?.get(indexKey(namespace, name));
  if (change === undefined) return undefined;
  return {
    change,
    approvals: (facts.approvals.in()?.byIndex('subject', change.metadata.uid) ?? []).toSorted(byAge),
    policy: policyIn(facts, namespace),
    record: facts.records.get(namespace),
    complete: facts.followed.isClusterRead(),
  };
};
