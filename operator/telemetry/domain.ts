/** What the operator counts about releases. Labels are bounded, and never a person's name. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { ledgerTypes } from '../api/ledger.ts';

export interface DomainMetrics {
  /** An entry was folded into a record: by this process or another, and once more after a restart. */
  recorded(entry: { readonly type: string }): void;
  /** Something of others that is asked about writes came, changed or went, since it was first read. */
  mutatorChanged(): void;
  /** The API server took a write to production. */
  wrote(effect: { readonly do: string; readonly as: string }): void;
}

/** Open findings of a production namespace. */
export interface OpenFindings {
  readonly namespace: string;
  readonly open: number;
}

/** Emergency accesses of a production namespace, by how they stand in the record. */
export interface Emergencies {
  readonly namespace: string;
  readonly live: number;
  /** Over, and not closed: a review or a release is still to come. */
  readonly reviewOrFollowUpDue: number;
  readonly overdue: number;
}

export interface Counted {
  /** Exceptions that releases of a production namespace may pass by, as their status says. */
  readonly exceptions: () => readonly { readonly namespace: string; readonly granted: number }[];
  readonly findings: () => readonly OpenFindings[];
  readonly emergencies: () => readonly Emergencies[];
  /** How many namespaced kinds the cluster defines that nobody listed; undefined = not known yet. */
  readonly unlistedKinds: () => number | undefined;
  /** What of others can change a write to a production namespace on its way; `count` undefined = not known yet. */
  readonly mutators: () => readonly { readonly namespace: string; readonly count: number | undefined }[];
}

// oxlint-disable-next-line max-lines-per-function -- a table: one row for each metric
export const createDomainMetrics = (
  registry: Registry,
  { findings, emergencies, exceptions, unlistedKinds, mutators }: Counted,
): DomainMetrics => {
  void new Gauge({
    name: 'countersign_foreign_mutators',
    help: 'Mutating webhook configurations, mutating policies and API services of others that can change a write to a production namespace, by namespace.',
    labelNames: ['namespace'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { namespace, count } of mutators()) if (count !== undefined) this.set({ namespace }, count);
    },
  });
  void new Gauge({
    name: 'countersign_unlisted_kinds',
    help: 'Namespaced kinds that the cluster defines and that no list of the guard names: people do not write them in production, controllers may.',
    registers: [registry],
    collect() {
      const count = unlistedKinds();
      if (count !== undefined) this.set(count);
    },
  });
  void new Gauge({
    name: 'countersign_emergencies',
    help: 'Emergency accesses that are live, over and waiting for a review or a follow-up release (review_or_followup_due), or overdue, by namespace.',
    labelNames: ['namespace', 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { namespace, live, reviewOrFollowUpDue, overdue } of emergencies()) {
        this.set({ namespace, state: 'live' }, live);
        this.set({ namespace, state: 'review_or_followup_due' }, reviewOrFollowUpDue);
        this.set({ namespace, state: 'overdue' }, overdue);
      }
    },
  });
  void new Gauge({
    name: 'countersign_exceptions_granted',
    help: 'Exceptions by which releases may pass gates now, by namespace.',
    labelNames: ['namespace'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { namespace, granted } of exceptions()) this.set({ namespace }, granted);
    },
  });
  // Registering is all there is to do: it is read when it is scraped.
  void new Gauge({
    name: 'countersign_findings_open',
    help: 'Changes of production that nothing explains and nobody has signed for, by namespace.',
    labelNames: ['namespace'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { namespace, open } of findings()) this.set({ namespace }, open);
    },
  });
  const mutatorChanges = new Counter({
    name: 'countersign_foreign_mutator_changes_total',
    help: 'Times that a mutating webhook configuration, mutating policy, its binding or an API service of others came, changed or went since the process started.',
    registers: [registry],
  });
  const entries = new Counter({
    name: 'countersign_ledger_entries_total',
    help: 'Ledger entries seen since the process started, by type.',
    labelNames: ['type'],
    registers: [registry],
  });
  // What begins at 1 has no increase.
  for (const type of ledgerTypes) entries.inc({ type }, 0);
  const writes = new Counter({
    name: 'countersign_production_writes_total',
    help: 'Writes to production that the API server took, by verb and identity.',
    labelNames: ['verb', 'identity'],
    registers: [registry],
  });
  return {
    mutatorChanged: () => mutatorChanges.inc(),
    recorded: ({ type }) => entries.inc({ type }),
    wrote: ({ do: verb, as }) => writes.inc({ verb, identity: as }),
  };
};
