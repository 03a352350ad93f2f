/**
 * Fields of a new object that hold what the API server would put there anyway (Kubernetes API reference, v1.36): true, and in the way of
 * whoever reads what matters. By kind and whole path; the same name elsewhere, or in a kind that is not here, is shown.
 */
import type { Json } from '../../api/meta.ts';
import { canonicalJson } from '../json/canonical.ts';
import type { Path } from '../json/field-path.ts';

type Defaults = Readonly<Record<string, Json>>;

const below = (prefix: string, defaults: Defaults): Defaults =>
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

const service: Defaults = below('spec.template.spec', { ...pod, restartPolicy: 'Always' });

const job: Defaults = {
  backoffLimit: 6,
  completionMode: 'NonIndexed',
  completions: 1,
  manualSelector: false,
  parallelism: 1,
  podReplacementPolicy: 'TerminatingOrFailed',
  suspend: false,
  ...below('template.spec', pod),
};

const byKind: Readonly<Record<string, Defaults>> = {
  Deployment: {
    ...service,
    'spec.progressDeadlineSeconds': 600,
    'spec.revisionHistoryLimit': 10,
    'spec.strategy.type': 'RollingUpdate',
    'spec.strategy.rollingUpdate.maxSurge': '25%',
    'spec.strategy.rollingUpdate.maxUnavailable': '25%',
  },
  StatefulSet: {
    ...service,
    'spec.podManagementPolicy': 'OrderedReady',
    'spec.revisionHistoryLimit': 10,
    'spec.updateStrategy.type': 'RollingUpdate',
    'spec.updateStrategy.rollingUpdate.partition': 0,
  },
  DaemonSet: {
    ...service,
    'spec.revisionHistoryLimit': 10,
    'spec.updateStrategy.type': 'RollingUpdate',
    'spec.updateStrategy.rollingUpdate.maxSurge': 0,
    'spec.updateStrategy.rollingUpdate.maxUnavailable': 1,
  },
  Job: below('spec', job),
  CronJob: {
    ...below('spec.jobTemplate.spec', job),
    'spec.failedJobsHistoryLimit': 1,
    'spec.successfulJobsHistoryLimit': 3,
  },
};

/** A name of the API; a name that people choose may hold anything. */
const fieldName = /^[A-Za-z]+$/;

/** Whether a field of an added object holds what the API server gives it. */
export const isDefault = (kind: string, path: Path, value: Json | undefined): boolean => {
  const defaults = Object.hasOwn(byKind, kind) ? (byKind[kind] ?? {}) : {};
  const names = path.flatMap((step) => ('field' in step ? [step.field] : []));
  if (value === undefined || !names.every((name) => fieldName.test(name))) return false;
  const whole = names.join('.');
  const usual = Object.hasOwn(defaults, whole) ? defaults[whole] : undefined;
  return usual !== undefined && canonicalJson(usual) === canonicalJson(value);
};
