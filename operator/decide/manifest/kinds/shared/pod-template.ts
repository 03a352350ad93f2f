/** What kinds have in common that describe pods in a template. */
import type { Defaults, RiskClasses, ServerOwnedField } from './kind.ts';

export const podTemplate = (...path: readonly string[]): readonly ServerOwnedField[] => [
  // Older API servers print the empty timestamp of every embedded object.
  { path: [...path, 'metadata', 'creationTimestamp'], derived: true },
];

/** `kubectl rollout restart` notes the moment here: an act of operating, and nothing that a release says. */
export const restartableTemplate: readonly ServerOwnedField[] = [
  ...podTemplate('spec', 'template'),
  { path: ['spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt'] },
];

export const rolling: RiskClasses = {
  'spec.strategy': 'scale',
  'spec.updateStrategy': 'scale',
  'spec.minReadySeconds': 'scale',
};

// --- what the API server fills in (Kubernetes API reference, v1.36) ---------------------------------------------------

/** The same under a path. */
export const below = (prefix: string, defaults: Defaults): Defaults =>
  Object.fromEntries(Object.entries(defaults).map(([path, value]) => [`${prefix}.${path}`, value]));

const probe: Defaults = { successThreshold: 1, failureThreshold: 3, periodSeconds: 10, timeoutSeconds: 1 };

const container: Defaults = {
  imagePullPolicy: 'IfNotPresent',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  ...below('livenessProbe', probe),
  ...below('readinessProbe', probe),
  ...below('startupProbe', probe),
};

const pod: Defaults = {
  schedulerName: 'default-scheduler',
  terminationGracePeriodSeconds: 30,
  'volumes.configMap.defaultMode': 420,
  'volumes.downwardAPI.defaultMode': 420,
  'volumes.projected.defaultMode': 420,
  'volumes.secret.defaultMode': 420,
  ...below('containers', container),
  ...below('initContainers', container),
};

/** Of pods that run until they are replaced. */
export const serviceDefaults: Defaults = below('spec.template.spec', { ...pod, restartPolicy: 'Always' });

/** Of the `spec` of a Job, and of no template of one (pkg/apis/batch/v1/defaults.go). */
export const jobSpecDefaults: Defaults = {
  backoffLimit: 6,
  completionMode: 'NonIndexed',
  completions: 1,
  manualSelector: false,
  parallelism: 1,
  podReplacementPolicy: 'TerminatingOrFailed',
  suspend: false,
};

/** The same, with what is filled in for its pods. */
export const jobDefaults: Defaults = { ...jobSpecDefaults, ...below('template.spec', pod) };
