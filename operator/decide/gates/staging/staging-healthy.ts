/** Is staging healthy with this content? */
import { hasMoved, mustHold, stagingDifference } from './staging-hold.ts';
import { keyOf } from '../../objects.ts';
import { argumentFor, listed, objectNamed } from '../../messages.ts';
import { isJudged } from '../../manifest/kinds/index.ts';
import { blocked, defineGate, type Facts, passed, unknown, waiting, type WorkloadHealth } from '../gate.ts';

const reads = [
  'candidate',
  'policy',
  'record',
  'bundle',
  'stagedNow',
  'stagedHealth',
  'unread',
  'imagesMoved',
] as const;

const unseen: WorkloadHealth = { state: 'Unknown', message: 'not observed' };

/** What to say of the worst state that is met, the worst first. */
const verdicts = [
  { state: 'Failed', say: blocked, reason: 'StagingUnhealthy' },
  { state: 'Unknown', say: unknown, reason: 'HealthUnknown' },
  { state: 'Progressing', say: waiting, reason: 'StagingUnhealthy' },
] as const;

/** Once staging was allowed to move on, and did, its health says nothing about this content any more. */
const judge = (s: Facts<typeof reads>) => {
  if (!mustHold(s) && hasMoved(stagingDifference(s))) {
    return passed('HoldOver', 'Staging was healthy with this content for as long as the policy asks, and has moved on');
  }
  const workloads = s.bundle.objects
    .filter(({ ref }) => isJudged(ref))
    .map(({ ref }) => ({ key: keyOf(ref), health: s.stagedHealth.get(keyOf(ref)) ?? unseen }));
  const namespace = s.candidate.metadata.namespace;
  for (const { state, say, reason } of verdicts) {
    const met = workloads.filter(({ health }) => health.state === state);
    const [first] = met;
    if (first !== undefined) {
      return say(reason, {
        message: `Not healthy in ${namespace}: ${listed(met.map(({ key, health }) => `${objectNamed(key)} (${health.message})`))}`,
        remedy: `The developer looks at it and fixes it: kubectl describe ${argumentFor(first.key)} -n ${namespace}`,
      });
    }
  }
  const [unread] = s.unread;
  if (unread !== undefined) {
    return waiting('StagingNotRestarted', {
      message: `Pods of ${objectNamed(unread.workload)} in ${namespace} have not been restarted since ConfigMap ${listed(unread.configMaps)} changed, so they do not run what is released`,
      remedy: `The developer restarts them: ${s.unread.map(({ workload }) => `kubectl rollout restart ${argumentFor(workload)} -n ${namespace}`).join('; ')}`,
    });
  }
  return passed('StagingHealthy', `Every workload of the package is healthy in ${namespace}`);
};

export const stagingHealthy = defineGate({
  name: 'StagingHealthy',
  asks: 'Is staging healthy with this content?',
  reads,
  rejudgedAtAdmission:
    'It is about staging, which the webhook does not follow; the record says that the content was staged.',
  exceptable: true,
  judge,
});
