/** What the ledger says of changes of a policy that takes others to change. */
import { group, kinds } from '../../api/kinds.ts';
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { EntryData } from '../ledger-entry.ts';

/** The word in the entry of an act by somebody who changed such a policy alone. */
export const administerAlone = 'AdministerAlone';

export interface PolicyActs {
  /** Uids of the PolicyChanges after which a later act found the policy as they were to leave it. The newest one may be missing. */
  readonly applied: ReadonlySet<string>;
  /** The last PolicyChange that the gate admitted, and the digest of what it was to leave: an attempt until a later act found that. */
  readonly last: { readonly uid: string; readonly after: string } | undefined;
  /** Usernames of those who changed it alone since. */
  readonly alone: readonly string[];
}

export const noPolicyActs: PolicyActs = { applied: new Set(), last: undefined, alone: [] };

const resource = `${kinds.ReleasePolicy.plural}.${group}`;

export const foldPolicyActs = (before: PolicyActs, entry: LedgerEntrySpec, data: EntryData): PolicyActs => {
  if (data.type !== 'Admitted' || data.resource !== resource || data.subresource !== '') return before;
  const { last } = before;
  const wasFound = last !== undefined && data.before === last.after;
  const applied = wasFound ? new Set([...before.applied, last.uid]) : before.applied;
  if (data.change !== undefined) return { applied, last: { uid: data.change.uid, after: data.after }, alone: [] };
  return {
    applied,
    last: wasFound ? undefined : last,
    alone: entry.decision === administerAlone ? [...before.alone, entry.actor.username] : before.alone,
  };
};
