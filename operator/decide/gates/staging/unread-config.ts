/** Whether staging's pods started with the configuration that they are tested with. */
import type { Bundle } from '../../bundle.ts';
import { configMapsRead, isRolled } from '../../manifest/config-digest.ts';
import { keyOf, type Instant, type ObjectKey } from '../../objects.ts';
import type { GateSnapshot } from '../gate.ts';
import type { CandidateSnapshot } from '../snapshot.ts';
import { writtenAt } from './staged-since.ts';

/**
 * Workloads of a bundle with pods that are older than the last write of a ConfigMap that they read, where production would replace them for it.
 * The API server's times have whole seconds: a pod of the same second counts as started afterwards, as with everything applied at once.
 */
export const unreadConfig = (
  s: CandidateSnapshot & Pick<GateSnapshot, 'policy'>,
  bundle: Bundle,
): GateSnapshot['unread'] => {
  if (!s.policy.spec.restartOnConfigChange) return [];
  const written = new Map<string, Instant>(
    bundle.objects.flatMap(({ ref }) => {
      const live = ref.kind === 'ConfigMap' ? s.staged.get(keyOf(ref)) : undefined;
      return live === undefined ? [] : [[ref.name, writtenAt(live)] as const];
    }),
  );
  return bundle.objects.flatMap(({ ref, content }) => {
    if (!isRolled(ref)) return [];
    const key: ObjectKey = keyOf(ref);
    const pods = (s.stagedPods.get(key) ?? []).filter(({ deleting }) => !deleting);
    const oldest = Math.min(...pods.map(({ createdAt }) => createdAt));
    const configMaps = configMapsRead(content).filter((name) => oldest < (written.get(name) ?? -Infinity));
    return configMaps.length === 0 ? [] : [{ workload: key, configMaps }];
  });
};
