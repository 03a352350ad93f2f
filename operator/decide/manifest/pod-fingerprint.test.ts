import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../api/meta.ts';
import { programsOfPod, programsOfTemplate, runs, strayLabels } from './pod-fingerprint.ts';

const aPod = (labels: Readonly<Record<string, string>>, image = 'web:1'): JsonObject => ({
  metadata: { labels },
  spec: { containers: [{ name: 'app', image }] },
});

const inside = { containers: [{ name: 'app', image: 'web:1' }] };
const underAccount = (serviceAccountName: string): JsonObject => ({
  metadata: { labels: { app: 'web' } },
  spec: { ...inside, serviceAccountName },
});

const template = programsOfTemplate({ kind: 'Deployment', spec: { replicas: 1, template: aPod({ app: 'web' }) } });

test('is the same for a template wherever it stands', () => {
  expect(template).toEqual(programsOfPod(aPod({ app: 'web' })));
  expect(
    programsOfTemplate({ kind: 'CronJob', spec: { jobTemplate: { spec: { template: aPod({ app: 'web' }) } } } }),
  ).toEqual(template);
  expect(programsOfTemplate({ kind: 'PodTemplate', template: aPod({ app: 'web' }) })).toEqual(template);
  expect(programsOfTemplate({ kind: 'ConfigMap', data: {} })).toEqual([]);
});

describe('a pod of a template', () => {
  test.each<[string, JsonObject, boolean]>([
    ['as it was made', aPod({ app: 'web', 'pod-template-hash': 'x', 'topology.kubernetes.io/zone': 'a' }), true],
    ['that something was injected into', aPod({ app: 'web', mesh: 'on' }), true],
    ['with another image', aPod({ app: 'web' }, 'web:2'), false],
    ['with another label', aPod({ app: 'other' }), false],
    ['without its label', aPod({}), false],
    ['under another account', underAccount('admin'), false],
    ['under the account that it has by default', underAccount('default'), true],
    ['in the network of the node', { ...aPod({ app: 'web' }), spec: { ...inside, hostNetwork: true } }, false],
  ])('%s: %#', (_, pod, isOne) => {
    expect(runs(programsOfPod(pod), template)).toBe(isOne);
  });

  test('tells the labels that are not of its template', () => {
    const pod = programsOfPod(aPod({ app: 'web', role: 'db', 'example.dev/mesh': 'a=b', 'job-name': 'x' }));
    expect(strayLabels(pod, template)).toEqual(['example.dev/mesh', 'role']);
  });
});

test('a ReplicaSet of a Rollout runs what the Rollout says: the label with the hash of its template is its controller’s', () => {
  const labelled = aPod({ app: 'web', 'rollouts-pod-template-hash': '1dbe5958' });
  expect(programsOfTemplate({ kind: 'ReplicaSet', spec: { template: labelled } })).toEqual(template);
});
