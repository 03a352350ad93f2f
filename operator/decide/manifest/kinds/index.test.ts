import { expect, test } from '@jest/globals';
import { promotableKinds } from './index.ts';
import { waves } from './shared/kind.ts';

const kindsOf = (pick: (row: (typeof promotableKinds)[number]) => boolean) =>
  promotableKinds.filter(pick).map(({ kind }) => kind);

test('each promotable kind has its wave', () => {
  expect(Object.fromEntries(waves.map((wave) => [wave, kindsOf((row) => row.wave === wave)]))).toEqual({
    Foundation: ['ServiceAccount', 'ConfigMap', 'PersistentVolumeClaim', 'NetworkPolicy', 'PodDisruptionBudget'],
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
    'PersistentVolumeClaim',
    'StatefulSet',
    'Service',
  ]);
});

test('no Secret is ever promoted', () => {
  expect(kindsOf(({ kind }) => kind === 'Secret')).toEqual([]);
});
