import type { JsonObject } from '../../../api/meta.ts';
import { listAt, numberAt, objectAt, textAt, withMember } from '../../json/json.ts';
import { byReleases } from './shared/guard.ts';
import { asManyAs, count, desired, isOnDelete, observed, progressing } from './shared/health.ts';
import { fixed } from './shared/immutable.ts';
import type { DataAfter, HealthRule, Kind } from './shared/kind.ts';
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

const retention = 'persistentVolumeClaimRetentionPolicy';

const deletesClaims = (set: JsonObject, when: 'whenDeleted' | 'whenScaled'): boolean =>
  textAt(set, 'spec', retention, when) === 'Delete';

/** No pod of it runs, so nothing writes where its successor does, and its controller lets go of the claims. */
const parked = (set: JsonObject, data: DataAfter): JsonObject =>
  withMember(set, 'spec', {
    ...objectAt(set, 'spec'),
    replicas: 0,
    [retention]: {
      whenDeleted: data === 'Released' && deletesClaims(set, 'whenDeleted') ? 'Delete' : 'Retain',
      whenScaled: 'Retain',
    },
  });

/** Named as its controller names them (k8s.io/kubernetes, getPersistentVolumeClaimName). */
const claims = (set: JsonObject, ordinal: number): readonly string[] =>
  listAt(set, 'spec', 'volumeClaimTemplates').map(
    (template) =>
      `${textAt(template, 'metadata', 'name') ?? ''}-${textAt(set, 'metadata', 'name') ?? ''}-${ordinal + firstOrdinal(set)}`,
  );

const losesData = (before: JsonObject, after: JsonObject | undefined): readonly string[] => {
  if (listAt(before, 'spec', 'volumeClaimTemplates').length === 0) return [];
  if (after === undefined) return deletesClaims(before, 'whenDeleted') ? [''] : [];
  const [was, is] = [before, after].map((set) => numberAt(set, 'spec', 'replicas') ?? 1);
  const shrinks = was !== undefined && is !== undefined && is < was;
  return shrinks && deletesClaims(after, 'whenScaled') ? ['spec.replicas'] : [];
};

export const statefulSet: Kind = {
  kind: 'StatefulSet',
  apiVersion: 'apps/v1',
  plural: 'statefulsets',
  namespaced: true,
  promotable: true,
  wave: 'Workloads',
  prune: 'AfterObservation',
  followed: 'Digest',
  workload: true,
  serverOwned: [
    ...restartableTemplate,
    { path: ['spec', 'volumeClaimTemplates', '*', 'metadata', 'creationTimestamp'], derived: true },
    { path: ['spec', 'volumeClaimTemplates', '*', 'status'], derived: true },
  ],
  parked,
  claims,
  losesData,
  endangersData: { [`spec.${retention}.whenDeleted`]: 'Delete', [`spec.${retention}.whenScaled`]: 'Delete' },
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
