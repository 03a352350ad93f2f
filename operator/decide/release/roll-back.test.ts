/** How a rollback ends: when pods run the restored revision, or with a list of what is not as it should be. */
import { expect, test } from '@jest/globals';
import { minute, now } from '../../../test/support/builders/decide.ts';
import { began, caseOf, is, Model, pkg, type Case } from '../../../test/support/builders/release-model.ts';
import { packageRecord } from '../record/record.ts';
import { fieldManagers } from '../../api/field-managers.ts';
import type { ObjectKey } from '../objects.ts';
import { keyOf } from '../objects.ts';

const started = (had: readonly ObjectKey[], has: readonly ObjectKey[]): { model: Model; given: Case } => {
  const given = caseOf(had, has);
  const model = new Model([given.from, given.to], 'Crashing');
  began(model, given);
  for (const object of given.from.objects) model.put(object, keyOf(object.ref), 'before', now - 9 * minute);
  return { model, given };
};

test('a rollback is over when pods run the restored revision and are ready, not when the objects are written', () => {
  const { model, given } = started(['Deployment/d'], ['Deployment/d']);
  model.holdsPods = true;
  model.settle(now);
  expect(model.types.at(-1)).toBe('RollbackStarted');
  expect(is(model, given.from, given.to)).toEqual([]);

  model.releasePods();
  model.settle(now + minute);
  expect(model.types.at(-1)).toBe('RolledBack');
});

test('a rollback whose pods do not come ends when rollbackTimeout is over, and says of what', () => {
  const { model } = started(['Deployment/d'], ['Deployment/d']);
  model.holdsPods = true;
  model.settle(now);
  expect(model.plan(now + minute).wakeAt).toBe(now + 10 * minute);

  model.settle(now + 10 * minute);
  expect(model.types.at(-1)).toBe('RolledBack');
  expect(model.last()).toMatchObject({
    decision: 'Failed',
    data: { outcome: 'Failed', left: [{ object: 'Deployment/d' }] },
  });
  const { open, production, unfinished } = packageRecord(model.record, pkg);
  expect(open).toBeUndefined();
  expect(production?.how).toBe('Failed');
  expect(unfinished?.left).toEqual(['Deployment/d']);
  expect(model.plan(now + 11 * minute)).toMatchObject({ effects: [], wakeAt: undefined });
});

test('a refused restoring write does not stop the others, and is tried again until the rollback ends', () => {
  const { model, given } = started(['ConfigMap/a', 'ConfigMap/b'], ['ConfigMap/a', 'ConfigMap/b', 'Deployment/d']);
  for (const object of given.to.objects) model.put(object, keyOf(object.ref), fieldManagers.operator, now);
  model.crash('Deployment/d', now);
  model.refuses.set('ConfigMap/a', 'ConfigMap "a" is invalid: no');
  model.settle(now);
  expect(model.types.at(-1)).toBe('RollbackStarted');
  expect(is(model, given.from, given.to)).toEqual(['ConfigMap/a']);
  expect(model.plan(now).wakeAt).toBe(now + 1000);

  model.settle(now + 10 * minute);
  expect(model.last()).toMatchObject({
    decision: 'Failed',
    data: {
      type: 'RolledBack',
      outcome: 'Failed',
      left: [{ object: 'ConfigMap/a', why: expect.stringContaining('ConfigMap "a" is invalid: no') }],
    },
  });
});

test('a restoring write that is taken at a later try completes the rollback', () => {
  const { model, given } = started(['ConfigMap/a'], ['ConfigMap/a', 'Deployment/d']);
  for (const object of given.to.objects) model.put(object, keyOf(object.ref), fieldManagers.operator, now);
  model.crash('Deployment/d', now);
  model.refuses.set('ConfigMap/a', 'exceeded quota');
  model.settle(now);
  model.refuses.clear();
  expect(model.plan(now).effects).toEqual([]);
  model.settle(now + 1000);
  expect(model.last()).toMatchObject({ decision: 'Complete', data: { type: 'RolledBack', outcome: 'Complete' } });
});

test('a refused write of a promotion is an answer that the next plan enters, and the package goes back', () => {
  const given = caseOf(['ConfigMap/a', 'Deployment/d'], ['ConfigMap/a', 'Deployment/d']);
  const model = new Model([given.from, given.to]);
  began(model, given);
  for (const object of given.from.objects) model.put(object, keyOf(object.ref), 'before', now - 9 * minute);
  model.refuses.set('Deployment/d', 'Deployment "d" is invalid: no');
  model.step(now);
  expect(model.plan(now).effects).toMatchObject([
    { do: 'Append', draft: { data: { type: 'Refused', object: 'Deployment/d' } } },
  ]);
  model.refuses.clear();
  model.settle(now);
  expect(model.types.slice(3)).toEqual(['Refused', 'RollbackStarted', 'RolledBack']);
  expect(is(model, given.from, given.to)).toEqual([]);
});

test('after a rollback that failed, a release goes on from what is there, and an order tries again', () => {
  const { model, given } = started(['ConfigMap/a'], ['ConfigMap/a', 'Deployment/d']);
  for (const object of given.to.objects) model.put(object, keyOf(object.ref), fieldManagers.operator, now);
  model.crash('Deployment/d', now);
  model.refuses.set('ConfigMap/a', 'no');
  model.settle(now);
  model.settle(now + 10 * minute);
  model.refuses.clear();
  const { unfinished } = packageRecord(model.record, pkg);
  expect(unfinished).toMatchObject({ from: 'second', to: 'first', left: ['ConfigMap/a'] });

  model.orders(now + 11 * minute);
  model.settle(now + 11 * minute);
  expect(model.types.slice(-2)).toEqual(['RollbackStarted', 'RolledBack']);
  expect(model.last()).toMatchObject({ decision: 'Complete' });
  expect(is(model, given.from, given.to)).toEqual([]);
  expect(packageRecord(model.record, pkg).unfinished).toBeUndefined();
});

test('where the bundle to go back to is missing, the rollback ends and says so', () => {
  const { model, given } = started(['ConfigMap/a'], ['ConfigMap/a', 'Deployment/d']);
  for (const object of given.to.objects) model.put(object, keyOf(object.ref), fieldManagers.operator, now);
  model.crash('Deployment/d', now);
  model.step(now);
  expect(model.types.at(-1)).toBe('RollbackStarted');
  model.forget('first');
  expect(model.plan(now)).toMatchObject({ effects: [], wakeAt: now + 10 * minute });
  model.settle(now + 10 * minute);
  expect(model.last()).toMatchObject({ decision: 'Failed', data: { left: [{ object: 'ReleaseBundle/first' }] } });
});

test('a release that pages instead of going back says what production holds, object by object', () => {
  const given = caseOf(['ConfigMap/a', 'Deployment/d'], ['ConfigMap/a', 'Deployment/d']);
  const to = { ...given.to, onFailure: 'Page' as const };
  const model = new Model([given.from, to], 'Crashing');
  began(model, { from: given.from, to });
  for (const object of given.from.objects) model.put(object, keyOf(object.ref), 'before', now - 9 * minute);
  model.settle(now);
  expect(model.last()).toMatchObject({
    data: { type: 'Promoted', healthy: false, left: [{ object: 'Deployment/d' }] },
  });
});

test('what is removed after observation and refused is tried as long as a promotion may take, and not for ever', () => {
  const given = caseOf(['ConfigMap/a', 'Service/v'], ['ConfigMap/a']);
  const model = new Model([given.from, given.to]);
  began(model, given);
  for (const object of given.from.objects) model.put(object, keyOf(object.ref), fieldManagers.operator, now - minute);
  model.refuses.set('Service/v', 'no');
  model.settle(now);
  expect(model.types.at(-1)).toBe('Promoted');
  expect(model.plan(now + 1).wakeAt).toBe(now + 1000);

  model.settle(now + minute);
  expect(model.plan(now + 11 * minute)).toMatchObject({ effects: [], wakeAt: undefined });
});

test('an order that comes while the package goes back is done when that is done, and takes no other release back', () => {
  const { model, given } = started(['ConfigMap/a'], ['ConfigMap/a', 'Deployment/d']);
  for (const object of given.to.objects) model.put(object, keyOf(object.ref), fieldManagers.operator, now);
  model.crash('Deployment/d', now);
  model.step(now);
  expect(model.types.at(-1)).toBe('RollbackStarted');
  model.orders(now + 1000);

  model.settle(now + 2000);
  expect(model.types.slice(-2)).toEqual(['RolledBack', 'Refused']);
  expect(model.last()).toMatchObject({ decision: 'AlreadyAtTarget' });
  expect(is(model, given.from, given.to)).toEqual([]);

  // Nor does one that comes later: whoever wants to go further names the bundle.
  model.orders(now + minute);
  model.settle(now + minute);
  expect(model.last()).toMatchObject({ decision: 'AlreadyAtTarget', reason: expect.stringContaining('spec.to') });
});
