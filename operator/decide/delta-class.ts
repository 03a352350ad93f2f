/** What sort of change it is when a field changes: what a signer looks at first. A field without a row counts as configuration. */
import type { DeltaClass } from '../api/bundle.ts';
import type { Path } from './paths.ts';

type Classes = Readonly<Record<string, DeltaClass>>;

/** Fields below a pod's spec; the longest path wins. Init and ephemeral containers are containers. */
const podClasses: Classes = {
  'containers.image': 'image',
  'containers.imagePullPolicy': 'image',
  'containers.command': 'command',
  'containers.args': 'command',
  'containers.workingDir': 'command',
  'containers.lifecycle': 'command',
  'containers.livenessProbe': 'command',
  'containers.readinessProbe': 'command',
  'containers.startupProbe': 'command',
  'containers.restartPolicy': 'command',
  'containers.stdin': 'command',
  'containers.tty': 'command',
  'containers.securityContext': 'identity',
  'containers.ports': 'network',
  'containers.volumeMounts': 'storage',
  'containers.volumeDevices': 'storage',
  'containers.resources': 'scale',
  'containers.resizePolicy': 'scale',
  activeDeadlineSeconds: 'command',
  restartPolicy: 'command',
  terminationGracePeriodSeconds: 'command',
  automountServiceAccountToken: 'identity',
  hostIPC: 'identity',
  hostPID: 'identity',
  hostUsers: 'identity',
  imagePullSecrets: 'identity',
  runtimeClassName: 'identity',
  securityContext: 'identity',
  serviceAccount: 'identity',
  serviceAccountName: 'identity',
  shareProcessNamespace: 'identity',
  dnsConfig: 'network',
  dnsPolicy: 'network',
  hostAliases: 'network',
  hostNetwork: 'network',
  hostname: 'network',
  setHostnameAsFQDN: 'network',
  subdomain: 'network',
  volumes: 'storage',
  // The node's own files, an image as a file system, a token of the ServiceAccount: more than storage.
  'volumes.hostPath': 'identity',
  'volumes.image': 'image',
  'volumes.projected.sources.serviceAccountToken': 'identity',
  affinity: 'scale',
  nodeName: 'scale',
  nodeSelector: 'scale',
  overhead: 'scale',
  preemptionPolicy: 'scale',
  priority: 'scale',
  priorityClassName: 'scale',
  resourceClaims: 'scale',
  resources: 'scale',
  schedulerName: 'scale',
  schedulingGates: 'scale',
  tolerations: 'scale',
  topologySpreadConstraints: 'scale',
};

/** Fields of every kind; labels of pods decide which Services and NetworkPolicies reach them. */
const commonClasses: Classes = {
  'metadata.labels': 'metadata',
  'metadata.annotations': 'metadata',
  'spec.template.metadata.labels': 'network',
  'spec.jobTemplate.spec.template.metadata.labels': 'network',
  'spec.replicas': 'scale',
};

const schedulingOfJobs: Classes = { 'spec.parallelism': 'scale', 'spec.completions': 'scale' };
const rolling: Classes = { 'spec.strategy': 'scale', 'spec.updateStrategy': 'scale', 'spec.minReadySeconds': 'scale' };

/** Fields by kind, where they mean something else there. */
const kindClasses: Readonly<Record<string, Classes>> = {
  Deployment: rolling,
  DaemonSet: rolling,
  StatefulSet: {
    ...rolling,
    'spec.serviceName': 'network',
    'spec.volumeClaimTemplates': 'storage',
    'spec.persistentVolumeClaimRetentionPolicy': 'storage',
  },
  Job: schedulingOfJobs,
  CronJob: {
    'spec.jobTemplate.spec.parallelism': 'scale',
    'spec.jobTemplate.spec.completions': 'scale',
    'spec.schedule': 'command',
    'spec.timeZone': 'command',
    'spec.suspend': 'command',
    'spec.concurrencyPolicy': 'command',
  },
  // Controllers of load balancers and ingresses are configured through annotations, clouds bind identities by them.
  Service: { spec: 'network', 'metadata.annotations': 'network' },
  Ingress: { spec: 'network', 'metadata.annotations': 'network' },
  NetworkPolicy: { spec: 'network' },
  HorizontalPodAutoscaler: { spec: 'scale' },
  PodDisruptionBudget: { spec: 'scale' },
  PersistentVolumeClaim: { spec: 'storage' },
  ServiceAccount: {
    'metadata.annotations': 'identity',
    automountServiceAccountToken: 'identity',
    imagePullSecrets: 'identity',
  },
  Role: { rules: 'identity' },
  RoleBinding: { roleRef: 'identity', subjects: 'identity' },
};

export const classOf = (kind: string, path: Path): DeltaClass => {
  const names = path.flatMap((step) => ('field' in step ? [step.field] : []));
  const pod = podFields(names);
  if (pod !== undefined) return longest(podClasses, pod) ?? 'configuration';
  const own = Object.hasOwn(kindClasses, kind) ? (kindClasses[kind] ?? {}) : {};
  return longest({ ...commonClasses, ...own }, names) ?? 'configuration';
};

/** The names below the pod's spec of any kind that has a pod template. */
const podFields = (names: readonly string[]): readonly string[] | undefined => {
  const template = names.findIndex((name, place) => name === 'template' && names[place + 1] === 'spec');
  if (names[0] !== 'spec' || template < 0) return undefined;
  const [first = '', ...rest] = names.slice(template + 2);
  return [['initContainers', 'ephemeralContainers'].includes(first) ? 'containers' : first, ...rest];
};

const longest = (classes: Classes, names: readonly string[]): DeltaClass | undefined => {
  for (let length = names.length; length > 0; length -= 1) {
    const prefix = names.slice(0, length).join('.');
    if (Object.hasOwn(classes, prefix)) return classes[prefix];
  }
  return undefined;
};
