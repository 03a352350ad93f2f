import { expect, test } from '@jest/globals';
import { isDefault } from './defaults.ts';

const line = (path: string, to: string, from = '') => ({
  object: 'Deployment/api',
  path,
  from,
  to,
  class: 'scale' as const,
});

test.each([
  ['spec.template.spec.containers[name=api].terminationMessagePath', '/dev/termination-log'],
  ['spec.strategy.type', 'RollingUpdate'],
  ['spec.template.spec.serviceAccount', 'payments'],
])('%s: %s says nothing', (path, to) => {
  expect(isDefault(line(path, to))).toBe(true);
});

test.each([
  ['another value', line('spec.template.spec.restartPolicy', 'Never')],
  ['a change', line('spec.progressDeadlineSeconds', '600', '30')],
  ['a key that people chose', line('data.scheme', 'HTTP')],
  ['an annotation', line('metadata.annotations.suspend', 'false')],
  ['another type', line('spec.type', 'LoadBalancer')],
  ['what runs', line('spec.template.spec.containers[name=api].image', 'IfNotPresent')],
  ['the account', line('spec.template.spec.serviceAccountName', 'payments')],
])('%s is shown', (_, shown) => {
  expect(isDefault(shown)).toBe(false);
});
