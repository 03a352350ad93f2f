/** When production is back, and which pods keep it from being so. */
import { expect, test } from '@jest/globals';
import { aCandidate, minute, now } from '../../../test/support/builders/decide.ts';
import { began, beganBack, bundleOf, caseOf, Model, part } from '../../../test/support/builders/release-model.ts';
import { fieldManagers } from '../../api/field-managers.ts';
import type { JsonObject } from '../../api/meta.ts';
import { type Answer, questionKey } from '../api-queries.ts';
import * as candidateEntries from '../candidate/entries.ts';
import type { ObjectKey, PodFacts } from '../objects.ts';
import type { Plan } from '../plan.ts';
import { restoredHealth } from './health.ts';
import { planRelease } from './plan.ts';

const db: ObjectKey = 'StatefulSet/db';

const nothingBefore = {
  from: '',
  fromDigest: '',
  quorum: '3/3',
  approvals: [],
  delivery: 'Countersign',
  followsUp: null,
} as const;

const aPod = (name: string, revision: string, ready: boolean): PodFacts => ({
  name,
  namespace: 'payments-prod',
  uid: `uid-${name}-${revision}`,
  createdAt: now - minute,
  deleting: false,
  phase: 'Running',
  ready,
  readySince: ready ? now - minute : undefined,
  labels: { 'controller-revision-hash': revision },
  ownerKind: 'StatefulSet',
  ownerName: 'db',
  ownerUid: '',
  controller: undefined,
  programs: [],
  lifetime: [],
  manager: '',
  containers: [],
});

const status = (model: Model, key: ObjectKey, more: JsonObject = {}): void => {
  const live = model.live.get(key);
  if (live === undefined) throw new Error(`${key} is not there`);
  const counts = { observedGeneration: live.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1 };
  const revisions = { availableReplicas: 1, currentRevision: 'old', updateRevision: 'old' };
  model.live.set(key, { ...live, status: { ...counts, ...revisions, ...more } });
};

/** A rollback is open; production holds the content of before again. */
const goingBack = (
  added: readonly ObjectKey[] = [],
): { readonly model: Model; readonly plan: (at?: number) => Plan } => {
  const given = caseOf([db], [db, ...added]);
  const model = new Model([given.from, given.to]);
  began(model, given);
  beganBack(model, given, now);
  for (const object of given.from.objects) model.put(object, db, fieldManagers.restorer, now);
  status(model, db);
  return { model, plan: (at = now + minute) => model.plan(at) };
};

test('a pod of the refused revision that keeps its StatefulSet from going back is deleted, by its uid, and no other', () => {
  const { model, plan } = goingBack();
  status(model, db, { readyReplicas: 0, currentRevision: 'new' });
  model.pods.set(db, [aPod('db-0', 'old', true), aPod('db-1', 'new', false)]);
  expect(plan()).toMatchObject({
    effects: [{ do: 'DeletePod', namespace: 'payments-prod', pod: 'db-1', uid: 'uid-db-1-new' }],
    wakeAt: now + 10 * minute,
  });

  model.pods.set(db, [aPod('db-0', 'old', true), { ...aPod('db-1', 'new', false), deleting: true }]);
  expect(plan().effects).toEqual([]);
  model.pods.set(db, [aPod('db-0', 'old', true), aPod('db-1', 'old', true)]);
  status(model, db);
  expect(plan().effects).toMatchObject([{ do: 'Append', draft: { data: { type: 'RolledBack' } } }]);
});

test('no pod is deleted before its StatefulSet is what it was, nor when the time of the rollback is over', () => {
  const { model, plan } = goingBack();
  model.pods.set(db, [aPod('db-1', 'new', false)]);
  status(model, db, { readyReplicas: 0, currentRevision: 'new' });
  expect(plan(now + 10 * minute).effects).toMatchObject([{ do: 'Append', draft: { decision: 'Failed' } }]);

  const { to } = caseOf([db], [db]);
  for (const object of to.objects) model.put(object, db, fieldManagers.operator, now);
  status(model, db, { updateRevision: 'new', readyReplicas: 0 });
  model.pods.set(db, [aPod('db-1', 'old', false)]);
  expect(plan().effects).toMatchObject([{ do: 'Together', effects: [{ do: 'Replace' }] }]);
});

test('production is not back while a pod of the refused revision runs, or of a workload that it brought', () => {
  const { model } = goingBack(['Deployment/extra']);
  const health = () => {
    const s = model.snapshot();
    const bundle = [...s.bundles.values()].find(({ name }) => name === 'first');
    if (bundle === undefined) throw new Error('no bundle');
    return restoredHealth(s, bundle, now + minute);
  };
  model.pods.set(db, [aPod('db-0', 'old', true)]);
  expect(health().state).toBe('Healthy');
  model.pods.set(db, [aPod('db-0', 'old', true), { ...aPod('db-1', 'new', true), deleting: true }]);
  expect(health().message).toBe('StatefulSet/db: db-1 (revision new, being deleted) still runs');
  model.pods.set(db, [aPod('db-0', 'old', true)]);
  model.pods.set('Deployment/extra', [aPod('extra-1', 'new', true)]);
  expect(health().message).toBe('Deployment/extra: extra-1 still runs');
});

test('a rollback to nothing is over when no pod of what it takes back is left, and names those that are', () => {
  const given = caseOf([], [db]);
  const model = new Model([given.to]);
  model.append(
    candidateEntries.promotionStarted(aCandidate({}, 'second'), given.to, { ...nothingBefore }),
    now - minute,
  );
  beganBack(model, { ...given, from: bundleOf('', [], { digest: '' }) }, now);
  model.pods.set(db, [{ ...aPod('db-0', 'new', true), deleting: true }]);
  expect(model.plan(now).effects).toEqual([]);
  expect(model.plan(now).wakeAt).toBe(now + 10 * minute);

  const [late] = model.plan(now + 10 * minute).effects;
  expect(late).toMatchObject({
    draft: {
      decision: 'Failed',
      data: {
        left: [{ object: db, wanted: 'none of its pods runs', found: 'db-0 still runs', why: 'PodsRemain' }],
      },
    },
  });
  model.pods.delete(db);
  expect(model.plan(now).effects).toMatchObject([
    { do: 'Append', draft: { decision: 'Complete', data: { type: 'RolledBack', to: '' } } },
  ]);
});

const settings: ObjectKey = 'ConfigMap/settings';

test('a rollback does not end on what a late watch shows: it asks for what the release changed, and looks again', () => {
  const given = caseOf([settings], [settings]);
  const model = new Model([given.from, given.to]);
  began(model, given);
  beganBack(model, given, now);
  for (const object of given.from.objects) model.put(object, settings, fieldManagers.operator, now - 8 * minute);
  const { questions } = planRelease(model.snapshot(), new Map(), now);
  expect(questions).toMatchObject([{ ask: 'Current', ref: { kind: 'ConfigMap', name: 'settings' } }]);

  const answered = (answer: Answer): Plan =>
    planRelease(model.snapshot(), new Map(questions.map((question) => [questionKey(question), answer])), now);
  expect(answered({ kind: 'Digest', digest: 'of what the release wrote' })).toMatchObject({
    effects: [],
    wakeAt: now + 1000,
  });
  expect(answered({ kind: 'No', message: 'not found' })).toMatchObject({ effects: [], wakeAt: now + 1000 });
  expect(answered({ kind: 'Unavailable', message: 'away' }).effects).toEqual([]);
  expect(model.plan(now).effects).toMatchObject([{ do: 'Append', draft: { decision: 'Complete' } }]);
});

test('a rollback that still cannot see what production holds when its time is over ends and says so', () => {
  const given = caseOf([settings], [settings]);
  const model = new Model([given.from, given.to]);
  began(model, given);
  beganBack(model, given, now);
  for (const object of given.from.objects) model.put(object, settings, fieldManagers.operator, now - 8 * minute);
  const at = now + 10 * minute;
  const { questions } = planRelease(model.snapshot(), new Map(), at);
  const other = new Map(questions.map((question) => [questionKey(question), { kind: 'Digest', digest: 'x' } as const]));
  expect(planRelease(model.snapshot(), other, at).effects).toMatchObject([
    { draft: { decision: 'Failed', data: { left: [{ object: settings, found: 'not known' }] } } },
  ]);
});

test('a rollback does not ask for what it wrote itself', () => {
  const given = caseOf([settings], [settings]);
  const model = new Model([given.from, given.to]);
  began(model, given);
  beganBack(model, given, now);
  for (const object of given.from.objects) model.put(object, settings, fieldManagers.restorer, now);
  expect(planRelease(model.snapshot(), new Map(), now).effects).toMatchObject([{ draft: { decision: 'Complete' } }]);
});

test('a release is not taken back for foreign content that only a late watch shows', () => {
  const given = caseOf([settings], [settings]);
  const model = new Model([given.from, given.to]);
  began(model, given);
  model.put(part(settings, 'older'), settings, fieldManagers.operator, now - 9 * minute);
  const { questions } = planRelease(model.snapshot(), new Map(), now);
  expect(questions).toMatchObject([{ ask: 'Current', ref: { name: 'settings' } }]);
  const other = new Map(questions.map((question) => [questionKey(question), { kind: 'Digest', digest: 'x' } as const]));
  expect(planRelease(model.snapshot(), other, now)).toMatchObject({ effects: [], wakeAt: now + 1000 });
  expect(model.plan(now).effects).toMatchObject([{ draft: { data: { type: 'RollbackStarted' } } }]);
});
