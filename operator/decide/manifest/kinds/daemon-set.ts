import { textAt } from '../../json/json.ts';
import type { LiveObject, PodFacts } from '../../objects.ts';
import { byReleases } from './shared/guard.ts';
import { asManyAs, count, isOnDelete, observed } from './shared/health.ts';
import { fixedSelector } from './shared/immutable.ts';
import type { HealthRule, Kind } from './shared/kind.ts';
import { restartableTemplate, rolling, serviceDefaults } from './shared/pod-template.ts';

const health: HealthRule = ({ status }) => {
  const needed = count(status, 'desiredNumberScheduled');
  return asManyAs(
    [
      [count(status, 'currentNumberScheduled'), needed, 'given a pod'],
      [count(status, 'updatedNumberScheduled'), needed, 'updated'],
      [count(status, 'numberReady'), needed, 'ready'],
      [count(status, 'numberAvailable'), needed, 'available'],
    ],
    'nodes',
  );
};

/**
 * Its status names no revision. Pods made since its template last changed carry the generation of the template; when that only went back to
 * what it was, none do, and of its pods as many are up to date as it counts. '' = its controller counts none: no pod has that revision yet.
 */
const currentRevision = ({ manifest, status }: LiveObject, pods: readonly PodFacts[]): string | undefined => {
  const generation = textAt(manifest, 'metadata', 'annotations', 'deprecated.daemonset.template.generation');
  const made = pods.find(({ labels }) => generation !== undefined && labels['pod-template-generation'] === generation);
  if (made !== undefined) return made.labels['controller-revision-hash'];
  const standing = pods.filter(({ deleting }) => !deleting);
  const isCounted = count(status, 'observedGeneration') > 0 && count(status, 'currentNumberScheduled') > 0;
  if (isCounted && count(status, 'updatedNumberScheduled') === 0) return '';
  const fitting = [...new Set(standing.map(({ labels }) => labels['controller-revision-hash']))].filter(
    (hash) =>
      standing.filter(({ labels }) => labels['controller-revision-hash'] === hash).length ===
      count(status, 'updatedNumberScheduled'),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
};

export const daemonSet: Kind = {
  kind: 'DaemonSet',
  apiVersion: 'apps/v1',
  plural: 'daemonsets',
  namespaced: true,
  promotable: true,
  wave: 'Workloads',
  prune: 'WithPromotion',
  followed: 'Digest',
  workload: true,
  serverOwned: restartableTemplate,
  immutable: fixedSelector,
  health: observed(health),
  currentRevision,
  replacedByHand: isOnDelete,
  risk: rolling,
  defaults: {
    ...serviceDefaults,
    'spec.revisionHistoryLimit': 10,
    'spec.updateStrategy.type': 'RollingUpdate',
    'spec.updateStrategy.rollingUpdate.maxSurge': 0,
    'spec.updateStrategy.rollingUpdate.maxUnavailable': 1,
  },
  guard: { topic: 'workloads', ...byReleases },
  subresources: { status: { guard: { topic: 'status', update: ['daemon-set-controller'] } } },
  emergency: ['create', 'update', 'delete'],
  operate: ['restart', 'free'],
};
