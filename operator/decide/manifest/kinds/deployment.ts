import { at, listAt, textAt } from '../../json/json.ts';
import type { Instant, LiveObject, PodFacts } from '../../objects.ts';
import { byReleases } from './shared/guard.ts';
import { asManyAs, condition, count, desired, failed, observed, progressing } from './shared/health.ts';
import { fixedSelector } from './shared/immutable.ts';
import type { HealthRule, Kind } from './shared/kind.ts';
import { restartableTemplate, rolling, serviceDefaults } from './shared/pod-template.ts';

const health: HealthRule = (object, since) => {
  if (deadlineExceeded(object, since)) {
    return failed('ProgressDeadlineExceeded', 'its rollout made no progress within progressDeadlineSeconds');
  }
  if (at(object.manifest, 'spec', 'paused') === true)
    return progressing('Paused', 'its rollout is paused by spec.paused');
  const { status } = object;
  const updated = count(status, 'updatedReplicas');
  const old = count(status, 'replicas') - updated;
  const counts = asManyAs([
    [updated, desired(object), 'updated'],
    [count(status, 'readyReplicas'), desired(object), 'ready'],
    [count(status, 'availableReplicas'), desired(object), 'available'],
  ]);
  return counts.state === 'Healthy' && old > 0
    ? progressing('RolloutInProgress', `${old} replicas of the earlier revision still run`)
    : counts;
};

/** The condition outlives its rollout when the next change leaves the template alone, so its time matters. */
const deadlineExceeded = (object: LiveObject, since: Instant): boolean => {
  const progress = condition(object, 'Progressing');
  const time = Date.parse(textAt(progress, 'lastUpdateTime') ?? textAt(progress, 'lastTransitionTime') ?? '');
  return textAt(progress, 'reason') === 'ProgressDeadlineExceeded' && !(time < since);
};

/**
 * It names its newest ReplicaSet in quotes (k8s.io/kubernetes, pkg/controller/deployment/progress.go), and goes on naming it when it only goes back
 * to an older one with as many replicas. Once it counts all replicas as updated, they tell.
 */
const currentRevision = ({ status, generation }: LiveObject, pods: readonly PodFacts[]): string | undefined => {
  const all = count(status, 'replicas');
  const isUpdated = all > 0 && count(status, 'updatedReplicas') === all;
  if (isUpdated && count(status, 'observedGeneration') >= generation) {
    const hashes = new Set(
      pods.filter(({ deleting }) => !deleting).map(({ labels }) => labels['pod-template-hash'] ?? ''),
    );
    const [only] = hashes;
    if (hashes.size === 1 && only !== '') return only;
  }
  const progress = listAt(status, 'conditions').find((each) => textAt(each, 'type') === 'Progressing');
  return /"[^"]*-([^"-]+)"/.exec(textAt(progress, 'message') ?? '')?.[1];
};

export const deployment: Kind = {
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  plural: 'deployments',
  namespaced: true,
  promotable: true,
  wave: 'Workloads',
  prune: 'WithPromotion',
  followed: 'Digest',
  workload: true,
  podHashLabel: 'pod-template-hash',
  serverOwned: restartableTemplate,
  immutable: fixedSelector,
  health: observed(health),
  currentRevision,
  risk: rolling,
  defaults: {
    ...serviceDefaults,
    'spec.progressDeadlineSeconds': 600,
    'spec.revisionHistoryLimit': 10,
    'spec.strategy.type': 'RollingUpdate',
    'spec.strategy.rollingUpdate.maxSurge': '25%',
    'spec.strategy.rollingUpdate.maxUnavailable': '25%',
  },
  scaled: true,
  guard: { topic: 'workloads', ...byReleases },
  subresources: {
    scale: { guard: { topic: 'scale', update: ['horizontal-pod-autoscaler'] }, emergency: ['update'] },
    status: { guard: { topic: 'status', update: ['deployment-controller'] } },
  },
  emergency: ['create', 'update', 'delete'],
  operate: ['restart', 'scale', 'free'],
};
