/** Jobs of a release against the model of production: what ran is done by the record, whatever becomes of the object. */
import { expect, test } from '@jest/globals';
import { minute, now } from '../../../test/support/builders/decide.ts';
import { began, bundleOf, is, Model, part, pkg } from '../../../test/support/builders/release-model.ts';
import { fieldManagers } from '../../api/field-managers.ts';
import { objectAt } from '../json/json.ts';
import { finalizersOf } from '../manifest/pending-deletion.ts';
import type { LiveObject, ObjectKey } from '../objects.ts';
import { packageRecord } from '../record/record.ts';
import { jobState } from './jobs.ts';

const jobOf = (model: Model): readonly [ObjectKey, LiveObject] => {
  const found = [...model.live].find(([each]) => each.startsWith('Job/'));
  if (found === undefined) throw new Error('no Job was created');
  return found;
};

/** An open promotion that has made its Job, which runs. */
const withJobRunning = (wave = 'Before') => {
  const { content, ...rest } = part('Job/j', 'n');
  const metadata = { ...objectAt(content, 'metadata'), annotations: { 'countersign.dev/wave': wave } };
  const job = { ...rest, content: { ...content, metadata } };
  const from = bundleOf('first', [part('ConfigMap/a', 'o')]);
  const to = bundleOf('second', [part('ConfigMap/a', 'n'), part('Deployment/d', 'n'), part('Service/v', 'n'), job], {
    base: from.digest,
    previous: from.name,
  });
  const model = new Model([from, to]);
  began(model, { from, to });
  model.put(part('ConfigMap/a', 'o'), 'ConfigMap/a', fieldManagers.operator, now - 9 * minute);
  return { model, to, from };
};

const running = (
  model: Model,
  conditions: readonly { type: string; status: string; reason?: string }[] = [],
): ObjectKey => {
  const [key, live] = jobOf(model);
  model.live.set(key, { ...live, status: { active: 1, conditions } });
  return key;
};

test('a Job that was complete once never runs again: not when its object is gone, nor when its wave is looked at again', () => {
  const { model } = withJobRunning();
  model.takesJobs = true;
  model.apply(model.plan(now).effects, Infinity, now);
  const [key] = jobOf(model);
  model.apply(model.plan(now).effects, Infinity, now);
  expect(model.types.at(-1)).toBe('JobDone');
  // Somebody lets go of it before the operator does.
  model.live.delete(key);

  model.settle(now);

  expect(model.types.at(-1)).toBe('Promoted');
  expect(model.writes.filter((write) => write === `Create ${key}`)).toHaveLength(1);
});

test('a Job that somebody deletes while it runs has failed, and is not made again', () => {
  const { model, from, to } = withJobRunning();
  model.apply(model.plan(now).effects, Infinity, now);
  const key = running(model);
  model.take(key);

  for (let round = 0; round < 20; round += 1) {
    model.apply(model.plan(now).effects, Infinity, now);
    // As the API server does it: what nothing holds any more is gone.
    const live = model.live.get(key);
    if (live !== undefined && finalizersOf(live).length === 0) model.live.delete(key);
  }

  expect(model.types.slice(3)).toEqual(['JobDone', 'RollbackStarted', 'RolledBack']);
  expect(model.record.packages.get(pkg)?.jobs.get(key)).toMatchObject({
    outcome: 'Failed',
    message: 'the Job failed: it was deleted before it was complete',
  });
  expect(is(model, from, to)).toEqual([]);
  expect(model.writes.filter((write) => write === `Create ${key}`)).toHaveLength(1);
});

test('a Job that runs after the workloads is made when these are ready and everything that leads to them is written', () => {
  const { model } = withJobRunning('After');
  const steps: string[][] = [];
  for (let round = 0; round < 4 && ![...model.live.keys()].some((key) => key.startsWith('Job/')); round += 1) {
    const from = model.writes.length;
    model.apply(model.plan(now).effects, Infinity, now);
    steps.push(model.writes.slice(from));
  }
  expect(steps).toEqual([
    ['Replace ConfigMap/a', 'Create Deployment/d', 'Create Service/v'],
    [expect.stringMatching(/^Create Job\/j-/)],
  ]);
  const key = running(model);
  expect(model.plan(now).effects).toEqual([]);

  running(model, [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }]);
  model.settle(now);
  expect(model.types.slice(3)).toEqual(['JobDone', 'RollbackStarted', 'RolledBack']);
  expect(model.record.packages.get(pkg)?.jobs.get(key)?.message).toBe(
    'the Job failed (BackoffLimitExceeded): no message is given',
  );
});

test('a Job that waits for what its own release brings takes the release back, and it is said how such a Job runs later', () => {
  const { model } = withJobRunning('');
  model.apply(model.plan(now).effects, Infinity, now);
  running(model);
  const hint = expect.stringContaining('has the annotation countersign.dev/wave: After');
  expect(model.plan(now + 11 * minute).effects).toMatchObject([{ draft: { reason: hint } }]);

  running(model, [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }]);
  model.apply(model.plan(now).effects, Infinity, now);
  expect(model.types.at(-1)).toBe('JobDone');
  expect(model.plan(now).effects).toMatchObject([{ draft: { reason: hint } }]);
});

test('where the candidate says to page, a release that fails lets go of a Job that still runs', () => {
  const { model, to } = withJobRunning();
  const paged = new Model([{ ...to, onFailure: 'Page' }]);
  paged.record = model.record;
  paged.apply(paged.plan(now).effects, Infinity, now);
  const key = running(paged);
  expect(finalizersOf(jobOf(paged)[1])).not.toEqual([]);

  paged.settle(now + 20 * minute);

  expect(paged.types.at(-1)).toBe('Promoted');
  expect(paged.writes.at(-1)).toBe(`Replace ${key}`);
  expect(finalizersOf(jobOf(paged)[1])).toEqual([]);
});

test('a Job that failed under an earlier promotion of the same content runs again, and one that was complete does not', () => {
  const { model } = withJobRunning();
  model.apply(model.plan(now).effects, Infinity, now);
  const key = running(model, [{ type: 'Failed', status: 'True' }]);
  model.apply(model.plan(now).effects, Infinity, now);
  const record = packageRecord(model.record, pkg);
  const live = { ...jobOf(model)[1], createdAt: now };
  expect(jobState(record, { id: record.open?.id ?? '', at: now + minute }, { key, live })).toBe('Runs');
  expect(jobState(record, { id: 'next', at: now + minute }, { key, live })).toBe('RunsAgain');
  // The one that is made again.
  expect(jobState(record, { id: 'next', at: now - minute }, { key, live })).toBe('Runs');
  const done = { ...record, jobs: new Map([[key, { outcome: 'Complete' as const, intent: 'before', message: '' }]]) };
  expect(jobState(done, { id: 'next', at: now + minute }, { key, live })).toBe('Done');
});
