/** Every kind with a row. To add one: write its file, and register it here. */
import type { JsonObject } from '../../../api/meta.ts';
import { binding } from './binding.ts';
import { configMap } from './config-map.ts';
import { controllerRevision } from './controller-revision.ts';
import { cronJob } from './cron-job.ts';
import { csiStorageCapacity } from './csi-storage-capacity.ts';
import { daemonSet } from './daemon-set.ts';
import { deployment } from './deployment.ts';
import { endpointSlice } from './endpoint-slice.ts';
import { endpoints } from './endpoints.ts';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
import { ingress } from './ingress.ts';
import { job } from './job.ts';
import { limitRange } from './limit-range.ts';
import { networkPolicy } from './network-policy.ts';
import { persistentVolumeClaim } from './persistent-volume-claim.ts';
import { podDisruptionBudget } from './pod-disruption-budget.ts';
import { podTemplate } from './pod-template.ts';
import { pod } from './pod.ts';
import { replicaSet } from './replica-set.ts';
import { replicationController } from './replication-controller.ts';
import { resourceClaimTemplate } from './resource-claim-template.ts';
import { resourceClaim } from './resource-claim.ts';
import { resourceQuota } from './resource-quota.ts';
import { roleBinding } from './role-binding.ts';
import { role } from './role.ts';
import { secret } from './secret.ts';
import { serviceAccount } from './service-account.ts';
import { service } from './service.ts';
import type { Kind, PromotableKind, Wave } from './shared/kind.ts';
import { statefulSet } from './stateful-set.ts';

/** All rows. Within a wave, a release lists its kinds in this order. */
export const kindRows: readonly Kind[] = [
  serviceAccount,
  configMap,
  persistentVolumeClaim,
  networkPolicy,
  podDisruptionBudget,
  job,
  deployment,
  statefulSet,
  daemonSet,
  cronJob,
  horizontalPodAutoscaler,
  service,
  ingress,
  replicaSet,
  controllerRevision,
  replicationController,
  podTemplate,
  endpoints,
  endpointSlice,
  role,
  roleBinding,
  resourceQuota,
  limitRange,
  resourceClaim,
  resourceClaimTemplate,
  pod,
  secret,
  binding,
  csiStorageCapacity,
];

const byKind = new Map(kindRows.map((row) => [row.kind, row]));

/** The row of a kind; undefined = a kind without one, such as a custom resource. */
export const kindRow = (kind: string): Kind | undefined => byKind.get(kind);

/** Every kind that may be promoted without the chart naming it. Secrets are never among them. */
export const promotableKinds: readonly PromotableKind[] = kindRows.filter((row) => row.promotable);

/** Kinds that are followed in a guarded namespace only to explain what changes there, beside promotable ones, pods and Secrets. */
export const watchedKinds: readonly Kind[] = kindRows.filter((row) => !row.promotable && row.followed === 'Digest');

/** Kinds of which every change in a guarded namespace is to be explained, beside what the chart adds. */
export const followedKinds: readonly Kind[] = kindRows.filter((row) => row.promotable || row.followed !== 'Never');

/** `content`: what the object says; undefined = the wave of its kind. */
export const waveOf = (kind: string, content?: JsonObject): Wave => {
  const row = kindRow(kind);
  return (content && row?.waveOf?.(content)) ?? row?.wave ?? 'Foundation';
};

/** Whether objects of a kind run once for each bundle, under a name of their own. */
export const runsOncePerBundle = (kind: string): boolean => kindRow(kind)?.wave === 'Jobs';

/** Whether it runs pods, so that its health is watched. */
export const isWorkload = (kind: string): boolean => kindRow(kind)?.workload ?? false;

/** Whether it decides how many replicas a workload has. */
export const isAutoscaler = (kind: string): boolean => kindRow(kind)?.scales !== undefined;

/** How the API server calls a promotable kind. @throws RangeError for any other: nothing else is ever written to production */
export const promotableResource = (kind: string): Pick<Kind, 'apiVersion' | 'kind' | 'plural' | 'namespaced'> => {
  const row = kindRow(kind);
  if (row?.promotable !== true) throw new RangeError(`${kind} is no promotable kind`);
  const { apiVersion, plural, namespaced } = row;
  return { apiVersion, kind, plural, namespaced };
};
