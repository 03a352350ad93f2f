import { describe, expect, test } from '@jest/globals';
import { aDeployment, anObject } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject } from '../bundle.ts';
import {
  configMapsRead,
  configOf,
  restartLines,
  stagedDigest,
  withConfiguration,
  withConfigurationOf,
} from './config-digest.ts';

const settings = (MODE: string, name = 'settings'): BundleObject => anObject('ConfigMap', name, { data: { MODE } });

/** A Deployment whose container reads ConfigMap `settings` in one of the ways there are. */
const ways: Readonly<Record<string, JsonObject>> = {
  envFrom: { containers: [{ name: 'app', envFrom: [{ configMapRef: { name: 'settings' } }] }] },
  'an optional envFrom': {
    containers: [{ name: 'app', envFrom: [{ configMapRef: { name: 'settings', optional: true } }] }],
  },
  env: {
    containers: [
      { name: 'app', env: [{ name: 'M', valueFrom: { configMapKeyRef: { name: 'settings', key: 'MODE' } } }] },
    ],
  },
  'an init container': { initContainers: [{ name: 'i', envFrom: [{ configMapRef: { name: 'settings' } }] }] },
  'a volume': { containers: [{ name: 'app' }], volumes: [{ name: 'v', configMap: { name: 'settings' } }] },
  'a projected volume': {
    containers: [{ name: 'app' }],
    volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'settings' } }] } }],
  },
};
const reader = aDeployment('api', ways['envFrom']);

const configIn = (objects: readonly BundleObject[]): string | undefined => {
  const found = objects.find(({ ref }) => ref.kind === 'Deployment');
  return found && configOf(found.content);
};

test.each(Object.entries(ways))('a ConfigMap is read by %s', (_, podSpec) => {
  const { content } = aDeployment('api', podSpec);
  expect(configMapsRead(content)).toEqual(['settings']);
  const [one, other] = ['a', 'b'].map((mode) =>
    configIn(withConfiguration([settings(mode), aDeployment('api', podSpec)], [])),
  );
  expect(one).toMatch(/^sha256:/);
  expect(other).not.toBe(one);
});

describe('the digest of what is read', () => {
  const before = withConfiguration([settings('a'), reader], []);

  test('is the same without a change of configuration, whatever else changes', () => {
    const next = withConfiguration([settings('a'), aDeployment('api', { ...ways['envFrom'], hostname: 'x' })], before);
    expect(configIn(next)).toBe(configIn(before));
  });

  test('changes with the ConfigMap', () => {
    const next = withConfiguration([settings('b'), reader], before);
    expect(configIn(next)).not.toBe(configIn(before));
    expect(restartLines(next, before)).toEqual([
      'The pods of Deployment api are replaced: they read ConfigMap settings, which changes',
    ]);
    expect(restartLines(before, before)).toEqual([]);
  });

  test('is added by no release that leaves the configuration of an earlier Countersign as it is', () => {
    const old = [settings('a'), reader];
    expect(configIn(withConfiguration([settings('a'), reader], old))).toBeUndefined();
    expect(configIn(withConfiguration([settings('b'), reader], old))).toMatch(/^sha256:/);
  });

  test('stands on nothing that reads nothing of the package', () => {
    expect(configIn(withConfiguration([settings('a', 'other'), reader], []))).toBeUndefined();
    expect(configIn(withConfiguration([settings('a'), aDeployment()], before))).toBeUndefined();
  });

  test('stays as production has it where changes of configuration replace nothing', () => {
    expect(configIn(withConfigurationOf([settings('b'), reader], before))).toBe(configIn(before));
    expect(configIn(withConfigurationOf([settings('b'), reader], []))).toBeUndefined();
  });

  test('stands on no Job and no CronJob', () => {
    const jobs = ['Job', 'CronJob'].map((kind) =>
      anObject(kind, 'x', { spec: { template: { spec: ways['envFrom'] ?? {} } } }),
    );
    expect(withConfiguration([settings('a'), ...jobs], []).slice(1)).toEqual(jobs);
  });

  test('is no part of what staging is compared with', () => {
    const frozen = before.find(({ ref }) => ref.kind === 'Deployment');
    expect(frozen && stagedDigest(frozen)).toBe(reader.digest);
    expect(frozen?.digest).not.toBe(reader.digest);
  });
});
