/** What the operator counts about releases. Labels are bounded, and never a person's name. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface DomainMetrics {
  /** An entry was folded into a record: by this process or another, and once more after a restart. */
  recorded(entry: { readonly type: string }): void;
  /** The API server took a write to production. */
  wrote(effect: { readonly do: string; readonly as: string }): void;
}

/** Open findings of a production namespace. */
export interface OpenFindings {
  readonly namespace: string;
  readonly open: number;
}

export const createDomainMetrics = (registry: Registry, findings: () => readonly OpenFindings[]): DomainMetrics => {
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
  const entries = new Counter({
    name: 'countersign_ledger_entries_total',
    help: 'Ledger entries seen since the process started, by type.',
    labelNames: ['type'],
    registers: [registry],
  });
  const writes = new Counter({
    name: 'countersign_production_writes_total',
    help: 'Writes to production that the API server took, by verb and identity.',
    labelNames: ['verb', 'identity'],
    registers: [registry],
  });
  return {
    recorded: ({ type }) => entries.inc({ type }),
    wrote: ({ do: verb, as }) => writes.inc({ verb, identity: as }),
  };
};
