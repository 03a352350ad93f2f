import { expect, test } from '@jest/globals';
import { isOpen, classOf } from './risk.ts';
import { isDefault } from './api-defaults.ts';
import { parsePath } from '../json/field-path.ts';

const at = (kind: string, path: string, value: string | number | boolean) =>
  isDefault(kind, parsePath(path) ?? [], value);

test.each([
  ['Deployment', 'spec.template.spec.containers[name=api].terminationMessagePath', '/dev/termination-log'],
  ['Deployment', 'spec.strategy.type', 'RollingUpdate'],
  ['CronJob', 'spec.jobTemplate.spec.template.spec.containers[name=api].imagePullPolicy', 'IfNotPresent'],
])('%s %s: %s says nothing', (kind, path, value) => {
  expect(at(kind, path, value)).toBe(true);
});

test.each<[string, string, string, string | number | boolean]>([
  ['another value', 'Deployment', 'spec.template.spec.restartPolicy', 'Never'],
  ['the value in another type', 'Deployment', 'spec.progressDeadlineSeconds', '600'],
  ['the same name elsewhere', 'Deployment', 'spec.template.spec.volumes[name=v].csi.defaultMode', 420],
  ['the same path in another kind', 'Widget', 'spec.strategy.type', 'RollingUpdate'],
  ['the end of a path', 'Widget', 'spec.job.restartPolicy', 'Always'],
  ['a key that people chose', 'ConfigMap', 'data.scheme', 'HTTP'],
  ['a key with dots in it', 'Deployment', "['spec.strategy.type']", 'RollingUpdate'],
  ['an annotation', 'Deployment', 'metadata.annotations.suspend', 'false'],
  ['the account', 'Deployment', 'spec.template.spec.serviceAccount', 'payments'],
])('%s is shown', (_, kind, path, value) => {
  expect(at(kind, path, value)).toBe(false);
});

test.each([
  'spec.template.spec.restartPolicy',
  'spec.template.spec.containers[name=api].imagePullPolicy',
  'spec.template.spec.containers[name=api].livenessProbe.periodSeconds',
])('%s is of a class in which something may be folded', (path) => {
  expect(isOpen(classOf('Deployment', parsePath(path) ?? []))).toBe(false);
});
