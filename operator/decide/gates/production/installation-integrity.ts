/** Do the locks still hold as they did when somebody last signed for them? */
import type { ReleasePolicy } from '../../../api/policy.ts';
import type { Finding } from '../../record/expected-state.ts';
import { listed } from '../../messages.ts';
import { signFinding } from '../../findings/status.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';

const reads = ['policy', 'target', 'record', 'integrity'] as const;

/**
 * An upgrade takes back what the chart says, and leaves what somebody added beside it; so what may go, goes first. A definition may not: every
 * object of its kind would go with it.
 */
const putBack = (changed: readonly string[]): string => {
  const objects = changed.filter((key) => !key.startsWith('CustomResourceDefinition/')).map((key) => key.toLowerCase());
  const cleared = objects.length === 0 ? '' : `kubectl delete --ignore-not-found ${objects.join(' ')} && `;
  return `${cleared}helm upgrade countersign <chart> -n <its namespace> --reuse-values --force-conflicts`;
};

const signer = (policy: ReleasePolicy, { home, name }: Finding): string =>
  home === policy.metadata.namespace
    ? `somebody who holds an approval role in ${home} signs for finding ${name}`
    : `somebody who holds role installation in ${home}, and did not upgrade it, signs once for all production namespaces`;

/** Nothing is promoted past a lock that changed; a rollback asks no gate, and is never held. */
const judge = (s: Facts<typeof reads>) => {
  const findings = [...s.record.explained.findings.values()].filter(({ change }) => change === 'Integrity');
  const changed = [
    ...new Set([...s.integrity(), ...findings.flatMap(({ parts }) => parts.map(({ object }) => object))]),
  ];
  if (changed.length === 0) return passed('InstallationUnchanged', 'The installation of Countersign is unchanged');
  const finding = findings.at(-1); // the latest: a signature for it covers those before
  const back = `otherwise a platform admin puts it back: ${putBack(changed)}`;
  return blocked('InstallationChanged', {
    message: `The installation of Countersign changed: ${listed(changed.toSorted())}`,
    remedy:
      finding === undefined
        ? `Wait for the finding that names it: kubectl get relpol production -n ${s.target.name} -o yaml; ${back}`
        : `If it was an upgrade, ${signer(s.policy, finding)}: ${signFinding(s.policy, finding)}; ${back}`,
  });
};

export const installationIntegrity = defineGate({
  name: 'InstallationIntegrity',
  asks: 'Are our own policies, definitions and roles as the record knows them?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: 'Whether the locks are as they were has a signature of its own.',
  judge,
});
