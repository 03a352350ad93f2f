/** What is counted about releases, read off the facts when it is scraped. */
import { countEmergencies } from '../decide/record/emergency.ts';
import type { OnChange } from '../observe/changes.ts';
import type { Facts } from '../observe/facts.ts';
import { foreignMutators } from '../observe/foreign-mutators.ts';
import { namespaceIn } from '../observe/lookup.ts';
import { unlistedKinds } from '../observe/unlisted-kinds.ts';
import { createDomainMetrics, type DomainMetrics } from '../telemetry/domain.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Counts entries and mutators as they change; writes are told by whoever writes. */
export const countFacts = (facts: Facts, on: OnChange, registry: Metrics['registry']): Pick<DomainMetrics, 'wrote'> => {
  const { records } = facts;
  const ofEach = <T>(count: (namespace: string) => T) => records.namespaces().map(count);
  const metrics = createDomainMetrics(registry, {
    findings: () => ofEach((namespace) => ({ namespace, open: records.get(namespace).explained.findings.size })),
    unlistedKinds: () => unlistedKinds(facts)?.length,
    mutators: () =>
      ofEach((namespace) => ({
        namespace,
        count: foreignMutators(facts, namespaceIn(facts, namespace)?.labels ?? {})?.length,
      })),
    exceptions: () =>
      ofEach((namespace) => ({
        namespace,
        granted: (facts.exceptions.in()?.byIndex('namespace', namespace) ?? []).filter(({ status }) =>
          status?.conditions.some(({ type, status: is }) => type === 'Granted' && is === 'True'),
        ).length,
      })),
    emergencies: () => ofEach((namespace) => ({ namespace, ...countEmergencies(records.get(namespace).emergencies) })),
  });
  on.records(({ entry }) => {
    if (entry !== undefined) metrics.recorded(entry);
  });
  for (const family of Object.values(facts.mutators)) {
    family.onChange((_, { old, new: now }) => {
      if (family.in()?.isSynced() === true && old?.version !== now?.version) metrics.mutatorChanged();
    });
  }
  return metrics;
};
