/**
 * What sort of change it is when a field changes: what a signer looks at first, and of what nothing is ever hidden, folded or cut. One table
 * by path, and what the rows of kinds say; a field of neither counts as configuration. Of kinds that say nothing, the fields of pods count wherever they are.
 */
import type { DeltaClass } from '../../api/bundle.ts';
import type { Path } from '../json/field-path.ts';
import { kindRow } from '../manifest/kinds/index.ts';
import type { RiskClasses } from '../manifest/kinds/shared/kind.ts';
import { loadsCode } from './loads-code.ts';

/** RiskClasses that say what runs, as whom, with which rights, and who reaches it. A signer sees all of it, whatever its length. */
const open: ReadonlySet<DeltaClass> = new Set(['data loss', 'rights', 'identity', 'image', 'command', 'network']);

export const isOpen = (sort: DeltaClass): boolean => open.has(sort);

const each = (above: string, names: readonly string[], sort: DeltaClass): RiskClasses =>
  Object.fromEntries(names.map((name) => [`${above}.${name}`, sort]));

const probes: readonly string[] = ['containers.livenessProbe', 'containers.readinessProbe', 'containers.startupProbe'];
const probed = ['exec', 'grpc', 'httpGet', 'tcpSocket', 'terminationGracePeriodSeconds'];
const probeTimes = ['failureThreshold', 'initialDelaySeconds', 'periodSeconds', 'successThreshold', 'timeoutSeconds'];

const probeParts: RiskClasses = Object.fromEntries(
  probes.flatMap((probe) => [
    ...Object.entries(each(probe, probed, 'command')),
    ...Object.entries(each(probe, probeTimes, 'configuration')),
  ]),
);

/** Of a container, beside what gives it rights. */
const identities = [
  'appArmorProfile',
  'readOnlyRootFilesystem',
  'runAsGroup',
  'runAsNonRoot',
  'runAsUser',
  'seLinuxOptions',
  'seccompProfile',
  'windowsOptions',
];

/** Sources of volumes that are storage and nothing else. */
const storages =
  'awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI emptyDir ephemeral fc flexVolume flocker gcePersistentDisk gitRepo glusterfs iscsi name nfs persistentVolumeClaim photonPersistentDisk portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume'.split(
    ' ',
  );

/**
 * Fields below a pod's spec; the longest path wins. Init and ephemeral containers are containers. Every field that the API server knows has
 * a row, and so has each part of a field whose parts differ (test/api-server/pod-fields.test.ts).
 */
export const podClasses: RiskClasses = {
  'containers.image': 'image',
  'containers.imagePullPolicy': 'configuration',
  'containers.command': 'command',
  'containers.args': 'command',
  'containers.workingDir': 'command',
  'containers.lifecycle': 'command',
  'containers.livenessProbe': 'command',
  'containers.readinessProbe': 'command',
  'containers.startupProbe': 'command',
  'containers.restartPolicy': 'command',
  'containers.restartPolicyRules': 'command',
  ...probeParts,
  'containers.stdin': 'command',
  'containers.stdinOnce': 'command',
  'containers.tty': 'command',
  ...each(
    'containers',
    ['env', 'envFrom', 'name', 'terminationMessagePath', 'terminationMessagePolicy', 'targetContainerName'],
    'configuration',
  ),
  'containers.securityContext': 'identity',
  ...each('containers.securityContext', identities, 'identity'),
  'containers.securityContext.allowPrivilegeEscalation': 'rights',
  'containers.securityContext.capabilities': 'rights',
  'containers.securityContext.privileged': 'rights',
  'containers.securityContext.procMount': 'rights',
  'containers.ports': 'network',
  'containers.volumeMounts': 'storage',
  'containers.volumeDevices': 'storage',
  'containers.resources': 'scale',
  'containers.resizePolicy': 'scale',
  activeDeadlineSeconds: 'configuration',
  enableServiceLinks: 'configuration',
  os: 'configuration',
  readinessGates: 'configuration',
  restartPolicy: 'configuration',
  terminationGracePeriodSeconds: 'configuration',
  automountServiceAccountToken: 'identity',
  hostIPC: 'rights',
  hostNetwork: 'rights',
  hostPID: 'rights',
  hostUsers: 'rights',
  imagePullSecrets: 'identity',
  runtimeClassName: 'identity',
  securityContext: 'identity',
  serviceAccount: 'identity',
  serviceAccountName: 'identity',
  shareProcessNamespace: 'identity',
  dnsConfig: 'network',
  dnsPolicy: 'network',
  hostAliases: 'network',
  hostname: 'network',
  hostnameOverride: 'network',
  setHostnameAsFQDN: 'network',
  subdomain: 'network',
  volumes: 'storage',
  ...each('volumes', storages, 'storage'),
  // The node's own files, an image as a file system, what a pod shows for itself, and whom it trusts: more than storage.
  'volumes.hostPath': 'rights',
  'volumes.image': 'image',
  ...each('volumes.projected.sources', ['configMap', 'downwardAPI', 'secret'], 'storage'),
  ...each('volumes.projected.sources', ['clusterTrustBundle', 'podCertificate', 'serviceAccountToken'], 'identity'),
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
  schedulingGroup: 'scale',
  tolerations: 'scale',
  topologySpreadConstraints: 'scale',
};

/** Fields of every kind; labels of pods decide which Services and NetworkPolicies reach them. */
const commonClasses: RiskClasses = {
  'metadata.labels': 'metadata',
  'metadata.annotations': 'metadata',
  'metadata.finalizers': 'metadata',
  'spec.template.metadata.labels': 'network',
  'spec.jobTemplate.spec.template.metadata.labels': 'network',
  'spec.replicas': 'scale',
  'spec.selector': 'network',
};

/** Names that say in any other kind what they say in a pod or a Service, wherever they stand. */
const byName: RiskClasses = {
  ...Object.fromEntries(Object.entries(podClasses).filter(([path, sort]) => !path.includes('.') && open.has(sort))),
  args: 'command',
  capabilities: 'rights',
  clusterRole: 'rights',
  command: 'command',
  egress: 'network',
  entrypoint: 'command',
  exec: 'command',
  host: 'network',
  hostPath: 'rights',
  hosts: 'network',
  image: 'image',
  images: 'image',
  ingress: 'network',
  lifecycle: 'command',
  podSelector: 'network',
  ports: 'network',
  privileged: 'rights',
  role: 'rights',
  roleRef: 'rights',
  routes: 'network',
  rules: 'network',
  script: 'command',
  selector: 'network',
  serviceAccountRef: 'identity',
  subjects: 'rights',
  url: 'network',
  urls: 'network',
};

export const classOf = (kind: string, path: Path): DeltaClass => {
  if (loadsCode(kind, path)) return 'command';
  const names = path.flatMap((step) => ('field' in step ? [step.field] : []));
  const pod = podFields(kind, names);
  // The list itself is the order in which they are started.
  if (pod?.length === 1 && pod[0] === 'containers') return 'command';
  if (pod !== undefined) return longest(podClasses, pod) ?? 'configuration';
  const own = kindRow(kind)?.risk;
  const listed = longest({ ...commonClasses, ...own }, names);
  if (listed !== undefined || own !== undefined) return listed ?? 'configuration';
  const telling = names.find((name) => Object.hasOwn(byName, name));
  return (telling === undefined ? undefined : byName[telling]) ?? 'configuration';
};

const containers: ReadonlySet<string> = new Set(['containers', 'initContainers', 'ephemeralContainers']);

/** The names below the pod's spec of any kind that has a pod template; of an unknown kind also where containers are listed. */
const podFields = (kind: string, names: readonly string[]): readonly string[] | undefined => {
  if (kindRow(kind)?.data === true) return undefined;
  const template = names.findIndex(
    (name, place) => /template$/i.test(name) && names[place + 1] === 'spec' && !isJobTemplate(names, place),
  );
  const listed = kindRow(kind)?.risk !== undefined ? -1 : names.findIndex((name) => containers.has(name));
  const start = template >= 0 ? template + 2 : listed;
  if (start < 0) return undefined;
  const [first = '', ...rest] = names.slice(start);
  return [containers.has(first) ? 'containers' : first, ...rest];
};

/** A template of Jobs holds a template of pods. */
const isJobTemplate = (names: readonly string[], place: number): boolean =>
  names[place] === 'jobTemplate' || names[place] === 'volumeClaimTemplate';

const longest = (classes: RiskClasses, names: readonly string[]): DeltaClass | undefined => {
  for (let length = names.length; length > 0; length -= 1) {
    const prefix = names.slice(0, length).join('.');
    if (Object.hasOwn(classes, prefix)) return classes[prefix];
  }
  return undefined;
};
