/**
 * Releases against a model of a cluster that goes wrong in every way that the model knows. `make test` runs a part of the histories,
 * `make proofs` a hundred thousand, half of them in `model-more.test.ts`.
 */
import { describe, expect, test } from '@jest/globals';
import { calm } from './model/calm.ts';
import { doesNotPrune, doesNotWaitForPods, forgetsDeadline } from './model/mutants.ts';
import { half, prove, proveApart, storyOf, told, violationsOf } from './model/prove.ts';
import type { Script } from './model/script.ts';

test('every intent ends in time, its outcome is true, and production is one release', async () => {
  const proof = await proveApart(half, 1);
  process.stdout.write(`${told(proof)}\n`);
  expect(proof.wrong).toBeUndefined();
  expect(proof.histories).toBe(half);
}, 900_000);

describe('a fault that is put in on purpose is found within a thousand histories', () => {
  test.each([
    ['a deadline that is forgotten', forgetsDeadline, 'EndsInTime'],
    ['an outcome before the pods', doesNotWaitForPods, 'OutcomeIsTrue'],
    ['a prune that is lost', doesNotPrune, 'ProductionIsOneRelease'],
  ] as const)('%s', (_, plan, invariant) => {
    const { wrong } = prove(1_000, { seed: 3, plan });
    expect(wrong?.violations.map((violation) => violation.invariant)).toContain(invariant);
  });
});

/** Histories that once went wrong, as small as they get. */
const rows: readonly (readonly [sentence: string, script: Partial<Script>])[] = [
  [
    'a ConfigMap that became immutable is restored',
    {
      variant: { ...calm.variant, freezes: true },
      had: ['ConfigMap/frozen'],
      has: ['ConfigMap/frozen', 'StatefulSet/db'],
      fates: { 'StatefulSet/db': 'NeverReady' },
    },
  ],
  [
    'a claim that has grown does not hold a rollback up',
    {
      variant: { ...calm.variant, grows: true },
      had: ['PersistentVolumeClaim/data', 'Deployment/worker'],
      has: ['PersistentVolumeClaim/data', 'Deployment/worker'],
      fates: { 'Deployment/worker': 'CrashLoop' },
    },
  ],
  [
    'a restoring write that is refused does not hold a rollback up',
    {
      fates: { 'Deployment/web': 'NeverReady' },
      faults: [{ is: 'Refusal', at: 5_000, forMs: null, part: 1, of: 'Restorer', kind: 'Forbidden' }],
    },
  ],
  [
    'a finalizer on what a release added does not hold its rollback up',
    {
      has: ['ConfigMap/settings', 'Deployment/web', 'Service/web'],
      fates: { 'Deployment/web': 'NeverReady' },
      faults: [{ is: 'Finalizer', at: 5_000, forMs: null, part: 2 }],
    },
  ],
  [
    'what crashes twice and is well then stays',
    { had: [], has: ['StatefulSet/db', 'Service/web'], fates: { 'StatefulSet/db': 'CrashesTwice' } },
  ],
  ['a node that restarts takes no release back', { faults: [{ is: 'Reboot', at: 20_000, node: 'node-1' }] }],
  [
    'what was deleted and made again in a rollback is ready when that is over',
    {
      had: ['Deployment/worker', 'DaemonSet/agent'],
      has: ['StatefulSet/db'],
      faults: [{ is: 'Refusal', at: 0, forMs: null, part: 1, of: 'Operator', kind: 'Invalid' }],
    },
  ],
  [
    'the broken pod of an ordered StatefulSet does not outlive the rollback',
    { had: ['StatefulSet/db'], has: ['StatefulSet/db'], fates: { 'StatefulSet/db': 'NeverReady' } },
  ],
  [
    'a Job that is gone when it is done does not run again',
    {
      variant: { ...calm.variant, ttlSeconds: 0 },
      had: ['Deployment/worker'],
      has: ['ServiceAccount/runner', 'Job/migrate', 'Service/web'],
      seed: 153_928_495,
    },
  ],
  [
    'a DaemonSet is not complete because one node restarts while the others run what was before',
    {
      had: ['DaemonSet/agent'],
      has: ['DaemonSet/agent'],
      fates: { 'DaemonSet/agent': 'NeverReady' },
      observeForMs: 0,
      seed: 0,
      faults: [{ is: 'Reboot', at: 0, node: 'node-1' }],
    },
  ],
  [
    'what a release that failed left as it was is removed by the next one, which drops it',
    {
      had: ['Service/web'],
      has: ['Job/migrate', 'Service/web'],
      onFailure: 'Page',
      observeForMs: 0,
      fates: { 'Job/migrate': 'CrashLoop' },
      third: { at: 0, has: ['PersistentVolumeClaim/data'] },
      seed: 0,
    },
  ],
  [
    'the rollback of a release that did not remove in time what an earlier one dropped waits for the pods of that, too',
    {
      had: ['StatefulSet/db'],
      has: ['ConfigMap/settings', 'ServiceAccount/runner', 'Deployment/web', 'Service/web'],
      observeForMs: 0,
      third: { at: 0, has: ['ServiceAccount/runner'] },
      faults: [{ is: 'Refusal', at: 85, forMs: null, part: 2, of: 'Everybody', kind: 'Invalid' }],
      seed: 0,
    },
  ],
  [
    'a Job that somebody who led before wants to make once more, when it is complete, takes no release back',
    {
      had: [],
      has: ['Job/migrate', 'Service/web'],
      observeForMs: 0,
      faults: [
        { is: 'Handover', at: 34, heldMs: 7776 },
        { is: 'Crash', effect: 2, how: 'After', downMs: 200 },
      ],
      seed: 0,
    },
  ],
  [
    'a pod that is deleted as its release completes is replaced in its own time',
    {
      had: [],
      has: ['Deployment/worker'],
      fates: { 'Deployment/worker': 'CrashesTwice' },
      faults: [{ is: 'PodDeleted', at: 31590, part: 0 }],
      seed: 0,
    },
  ],
  [
    'data does not go with a StatefulSet that is dropped',
    {
      variant: { ...calm.variant, whenDeleted: 'Delete' },
      had: ['StatefulSet/db'],
      has: ['DaemonSet/agent'],
    },
  ],
];

describe('histories that once went wrong', () => {
  test.each(rows)('%s', (_, given) => {
    const script: Script = { ...calm, ...given };
    const violations = violationsOf(script);
    expect(violations.length === 0 ? '' : `${JSON.stringify(violations, null, 2)}\n${storyOf(script)}`).toBe('');
  });
});
