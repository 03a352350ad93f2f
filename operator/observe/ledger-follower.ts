/** Keeps the records in line with the copy of the ledger: one follower for operator and gate. */
import type { Records } from '../ledger/records.ts';
import type { Caches } from './caches.ts';

export interface LedgerFollowerOptions extends Pick<Caches, 'ledger' | 'namespaces'> {
  readonly records: Records;
  /** An entry went or was written over. Entries that come are told by the records. */
  readonly damaged?: (namespace: string) => void;
}

/** Call it before the copies are filled. */
export const followLedger = ({ ledger, namespaces, records, damaged }: LedgerFollowerOptions): void => {
  /** In a namespace that is going, the record goes with everything else; anywhere else a missing entry breaks it. */
  const gone = (namespace: string, seq: number): void => {
    const facts = namespaces.in()?.get(namespace);
    if (facts === undefined || facts.terminating) records.forget(namespace);
    else records.gone(namespace, seq);
    damaged?.(namespace);
  };
  ledger.onChange((_, { new: now, old }) => {
    if (now === undefined && old !== undefined) gone(old.metadata.namespace, old.spec.seq);
    if (now === undefined) return;
    const { namespace } = now.metadata;
    if (old !== undefined && records.changed(namespace, old.spec, now.spec)) damaged?.(namespace);
    records.seen(namespace, now.spec);
  });
  namespaces.onChange((name, change) => {
    if (change.new === undefined) records.forget(name);
  });
};
