import { expect, test } from '@jest/globals';
import { kindIdOf } from '../../objects.ts';
import { kindRows, promotableKinds, rowNamed } from './index.ts';
import { waves } from './shared/kind.ts';

const kindsOf = (pick: (row: (typeof promotableKinds)[number]) => boolean) =>
  promotableKinds
    .filter(({ custom }) => custom === undefined)
    .filter(pick)
    .map(({ kind }) => kind);

test('each promotable kind has its wave', () => {
  expect(Object.fromEntries(waves.map((wave) => [wave, kindsOf((row) => row.wave === wave)]))).toEqual({
    Foundation: [
      'ServiceAccount',
      'Role',
      'RoleBinding',
      'ConfigMap',
      'PersistentVolumeClaim',
      'NetworkPolicy',
      'PodDisruptionBudget',
    ],
    Jobs: ['Job'],
    // One that says so itself.
    JobsAfter: [],
    Workloads: ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'],
    Scaling: ['HorizontalPodAutoscaler'],
    Traffic: ['Service', 'Ingress'],
  });
});

test('what a running release may still need is deleted late', () => {
  expect(kindsOf((row) => row.prune === 'AfterObservation')).toEqual([
    'ServiceAccount',
    'Role',
    'RoleBinding',
    'PersistentVolumeClaim',
    'StatefulSet',
    'Service',
  ]);
});

test('no two kinds have one id, and every kind of a definition has the name of its group in it', () => {
  const ids = kindRows.map(kindIdOf);
  expect(new Set(ids).size).toBe(ids.length);
  for (const row of kindRows)
    expect([kindIdOf(row), kindIdOf(row).includes('.')]).toEqual([kindIdOf(row), row.custom !== undefined]);
});

test.each([
  ['a kind that one group has', { kind: 'HTTPRoute' }, 'HTTPRoute.gateway.networking.k8s.io'],
  ['a kind of Kubernetes', { kind: 'Deployment' }, 'Deployment'],
  [
    'a kind that two groups have, by its group',
    { kind: 'Gateway', apiVersion: 'networking.istio.io/v1' },
    'Gateway.networking.istio.io',
  ],
  ['the same, by its group alone', { kind: 'Gateway', group: 'networking.istio.io' }, 'Gateway.networking.istio.io'],
  ['a kind of Kubernetes by its group', { kind: 'Deployment', group: 'apps' }, 'Deployment'],
  ['a kind of a group that has none of this name', { kind: 'ConfigMap', group: 'apps' }, undefined],
  ['a kind by its id', { kind: 'Gateway.networking.istio.io' }, 'Gateway.networking.istio.io'],
  ['a kind that two groups have', { kind: 'Gateway' }, undefined],
  [
    'a kind of another group that has the name of one of Kubernetes',
    { kind: 'Service', apiVersion: 'serving.knative.dev/v1' },
    undefined,
  ],
])('%s is what people mean, or nothing', (_, named, id) => {
  const row = rowNamed(named);
  expect(row && kindIdOf(row)).toBe(id);
});

test('no Secret is ever promoted', () => {
  expect(kindsOf(({ kind }) => kind === 'Secret')).toEqual([]);
});
