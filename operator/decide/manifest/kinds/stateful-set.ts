import type { JsonObject } from '../../../api/meta.ts';
import { numberAt } from '../../json/json.ts';
import { byReleases } from './shared/guard.ts';
import { asManyAs, count, desired, isOnDelete, observed, progressing } from './shared/health.ts';
import { fixed } from './shared/immutable.ts';
import type { HealthRule, Kind } from './shared/kind.ts';
import { restartableTemplate, rolling, serviceDefaults } from './shared/pod-template.ts';

const partitionOf = (manifest: JsonObject): number =>
  isOnDelete(manifest) ? 0 : (numberAt(manifest, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0);

/** Pods are called by their ordinal, and those below the partition are not updated. */
const keepsEarlier = (manifest: JsonObject, pod: string): boolean =>
  Number(pod.slice(pod.lastIndexOf('-') + 1)) < partitionOf(manifest) + firstOrdinal(manifest);

const firstOrdinal = (manifest: JsonObject): number => numberAt(manifest, 'spec', 'ordinals', 'start') ?? 0;

const health: HealthRule = (object) => {
  const { manifest, status } = object;
  const partition = partitionOf(manifest);
  const updated = Math.max(0, desired(object) - partition);
  const counts = asManyAs([
    [count(status, 'updatedReplicas'), updated, 'updated'],
    [count(status, 'readyReplicas'), desired(object), 'ready'],
    [count(status, 'availableReplicas'), desired(object), 'available'],
  ]);
  const isRolling = !isOnDelete(manifest) && partition === 0 && status['currentRevision'] !== status['updateRevision'];
  return counts.state === 'Healthy' && isRolling
    ? progressing('RolloutInProgress', 'its controller has not completed the update')
    : counts;
};

export const statefulSet: Kind = {
  kind: 'StatefulSet',
  apiVersion: 'apps/v1',
  plural: 'statefulsets',
  namespaced: true,
  promotable: true,
  wave: 'Workloads',
  prune: 'WithPromotion',
  followed: 'Digest',
  workload: true,
  serverOwned: [
    ...restartableTemplate,
    { path: ['spec', 'volumeClaimTemplates', '*', 'metadata', 'creationTimestamp'], derived: true },
    { path: ['spec', 'volumeClaimTemplates', '*', 'status'], derived: true },
  ],
  immutable: {
    changed: fixed('selector', 'serviceName', 'volumeClaimTemplates', 'podManagementPolicy'),
    remedy:
      'leave these fields as they are in production, or give the StatefulSet another name and move its data, for volumes stay with the old name',
    wayBack: 'Replace',
  },
  health: observed(health),
  replacedByHand: isOnDelete,
  keepsEarlier,
  risk: {
    ...rolling,
    'spec.serviceName': 'network',
    'spec.volumeClaimTemplates': 'storage',
    'spec.persistentVolumeClaimRetentionPolicy': 'storage',
  },
  defaults: {
    ...serviceDefaults,
    'spec.podManagementPolicy': 'OrderedReady',
    'spec.revisionHistoryLimit': 10,
    'spec.updateStrategy.type': 'RollingUpdate',
    'spec.updateStrategy.rollingUpdate.partition': 0,
  },
  scaled: true,
  guard: { topic: 'workloads', ...byReleases },
  subresources: {
    scale: { guard: { topic: 'scale', update: ['horizontal-pod-autoscaler'] }, emergency: ['update'] },
    status: { guard: { topic: 'status', update: ['statefulset-controller'] } },
  },
  emergency: ['create', 'update', 'delete'],
  operate: ['restart', 'scale', 'free'],
};
