/** Where entries are kept. */
import { apiVersion } from '../api/kinds.ts';
import { entryName, parseLedgerEntry } from '../api/ledger.ts';
import type { Client } from '../kube/client.ts';
import { Failure, toFailure } from '../kube/failures.ts';
import type { KubeObject } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import type { LedgerStore } from '../ledger/append.ts';
import { isRestoring } from '../decide/record/batch.ts';
import type { Records } from '../ledger/records.ts';

/**
 * The ledger as the API server keeps it; what is written or read is in the records before the call resolves.
 * @param restoring writes what production waits for until it is as it was; `client` when absent
 */
export const ledgerStore = (client: Client, records: Records, restoring: Client = client): LedgerStore => {
  const resource = ourResource('LedgerEntry');
  const fold = (raw: KubeObject): string => {
    const parsed = parseLedgerEntry(raw);
    if (!parsed.ok) throw new Failure('Bug', `LedgerEntry ${raw.metadata.name}: ${parsed.problems.join('; ')}`);
    records.seen(parsed.value.metadata.namespace, parsed.value.spec);
    return parsed.value.spec.id;
  };
  return {
    record: (namespace) => records.get(namespace),
    async create(namespace, spec) {
      try {
        fold(
          await (isRestoring(spec.type) ? restoring : client).createResource(resource, {
            apiVersion,
            kind: 'LedgerEntry',
            metadata: { namespace, name: entryName(spec.seq) },
            spec,
          }),
        );
        return true;
      } catch (error) {
        const failure = toFailure(error);
        if (failure.kind === 'AlreadyExists') return false;
        throw failure;
      }
    },
    async catchUp(namespace, seq) {
      return (
        records.idAt(namespace, seq) ?? fold(await client.getResource(resource, { namespace, name: entryName(seq) }))
      );
    },
  };
};
