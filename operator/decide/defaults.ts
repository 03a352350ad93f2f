/** Fields of a new object that hold what the API server would put there anyway: true, and in the way of whoever reads what matters. */
import type { DeltaEntry } from '../api/bundle.ts';

/** The end of a path, and the value that the API server gives it (Kubernetes API reference, v1.36). `undefined` = any value. */
const defaults: ReadonlyMap<string, string | undefined> = new Map([
  // The alias of serviceAccountName, which is shown.
  ['serviceAccount', undefined],
  ['securityContext', '{}'],
  ['resources', '{}'],
  ['imagePullPolicy', 'IfNotPresent'],
  ['restartPolicy', 'Always'],
  ['terminationGracePeriodSeconds', '30'],
  ['terminationMessagePath', '/dev/termination-log'],
  ['terminationMessagePolicy', 'File'],
  ['dnsPolicy', 'ClusterFirst'],
  ['schedulerName', 'default-scheduler'],
  ['progressDeadlineSeconds', '600'],
  ['revisionHistoryLimit', '10'],
  ['maxSurge', '25%'],
  ['maxUnavailable', '25%'],
  ['strategy.type', 'RollingUpdate'],
  ['successThreshold', '1'],
  ['failureThreshold', '3'],
  ['periodSeconds', '10'],
  ['timeoutSeconds', '1'],
  ['scheme', 'HTTP'],
  ['defaultMode', '420'],
  ['backoffLimit', '6'],
  ['completionMode', 'NonIndexed'],
  ['manualSelector', 'false'],
  ['podReplacementPolicy', 'TerminatingOrFailed'],
  ['suspend', 'false'],
  ['completions', '1'],
  ['parallelism', '1'],
  ['internalTrafficPolicy', 'Cluster'],
  ['sessionAffinity', 'None'],
  ['spec.type', 'ClusterIP'],
]);

/** Whether a line of an added object says nothing but a default. Only fields count, never names that people choose. */
export const isDefault = ({ path, from, to }: Readonly<DeltaEntry>): boolean => {
  if (from !== '' || path.startsWith('data.') || path.startsWith('metadata.')) return false;
  const names = path.split('.');
  return [names.slice(-2).join('.'), names.at(-1) ?? ''].some(
    (end) => defaults.has(end) && (defaults.get(end) === undefined || defaults.get(end) === to),
  );
};
