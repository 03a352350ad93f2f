/** The policies of the guard: a topic of files/guard.yaml each, and those beside them. Their world is that of guard-world.ts. */
import { startPlaces } from '../../admission-policies/guard/check-binding.ts';
import { prepareContents } from '../../admission-policies/guard/check-content.ts';
import { prepareFreeing } from '../../admission-policies/guard/check-freeing.ts';
import type { Check } from '../../admission-policies/world/check.ts';
import { letEverybodyIn } from '../../admission-policies/world/emergency-world.ts';
import { guard } from '../../admission-policies/world/guard-file.ts';
import { startGuardWorld, type GuardWorld } from '../../admission-policies/world/guard-world.ts';
import { checksFor, ownChecks } from './mutant-checks.ts';
import type { BoundCheck, Suite } from './suite.ts';

export const guardTopics: readonly string[] = [...Object.keys(guard.topics), 'additional', 'unlisted', 'namespaces'];

/** Starts a world, with people let in for an emergency, and what the checks need in it. */
export async function startGuardSuites(
  topics: readonly string[],
): Promise<{ readonly world: GuardWorld; readonly suites: readonly Suite[] }> {
  const world = await startGuardWorld();
  try {
    await letEverybodyIn(world);
    const places = await startPlaces(world);
    await prepareContents(world);
    await prepareFreeing(world);
    // What the checks leave behind would keep it busy: autoscalers alone ask for more than all checks do.
    await world.cluster.controlPlane.stopComponent('kube-controller-manager');
    const bound = (checks: readonly Check[]): readonly BoundCheck[] =>
      checks.map(({ name, passes }) => ({ name, passes: () => passes(world, places) }));
    const suites = topics.map((topic) => ({
      topic,
      policy: `countersign-guard-${topic}`,
      kind: 'ValidatingAdmissionPolicy' as const,
      checks: (mutant: Parameters<Suite['checks']>[0]) => bound(checksFor(topic, mutant)),
      own: bound(ownChecks(topic)),
    }));
    return { world, suites };
  } catch (error) {
    await world.stop();
    throw error;
  }
}
