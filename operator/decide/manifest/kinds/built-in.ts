/** Every kind with a row of its own here. To add one: write its file, and list it. */
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
import { certManagerKinds } from './custom/cert-manager.ts';
import { gatewayKinds } from './custom/gateway-api.ts';
import { istioKinds } from './custom/istio.ts';
import { kedaKinds } from './custom/keda.ts';
import { monitoringKinds } from './custom/prometheus-operator.ts';
import { rolloutKinds } from './custom/argo-rollouts.ts';
import { secretKinds } from './custom/secrets.ts';
import { statefulSet } from './stateful-set.ts';
import type { Kind } from './shared/kind.ts';

/** Within a wave, a release lists its kinds in this order. */
export const builtInKinds: readonly Kind[] = [
  serviceAccount,
  role,
  roleBinding,
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
  resourceQuota,
  limitRange,
  resourceClaim,
  resourceClaimTemplate,
  pod,
  secret,
  binding,
  csiStorageCapacity,
  ...secretKinds,
  ...certManagerKinds,
  ...monitoringKinds,
  ...kedaKinds,
  ...rolloutKinds,
  ...gatewayKinds,
  ...istioKinds,
];
