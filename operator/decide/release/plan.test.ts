/** The plan of a release against a model of production: effects are applied, all or some of them, and the plan is made again. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aCandidate, aPolicy, minute, now } from '../../../test/support/builders/decide.ts';
import {
  began,
  beganBack,
  bundleOf,
  caseOf,
  is,
  labelled,
  Model,
  part,
  pkg,
  type Case,
} from '../../../test/support/builders/release-model.ts';
import type { Bundle } from '../bundle.ts';
import { objectAt, withMember } from '../json/json.ts';
import { keyOf, type Instant, type ObjectKey } from '../objects.ts';
import { packageRecord } from '../record/record.ts';
import { finalizersOf, heldUp, heldUpText } from '../manifest/pending-deletion.ts';
import { planRelease } from './plan.ts';
import { fieldManagers } from '../../api/field-managers.ts';
import { leaving, undelivered } from './course.ts';
import { liveRef } from './steps.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import * as releaseEntries from './entries.ts';
import * as candidateEntries from '../candidate/entries.ts';
import * as findingsEntries from '../findings/entries.ts';

const keys: readonly ObjectKey[] = [
  'ConfigMap/a',
  'ConfigMap/b',
  'ServiceAccount/s',
  'Deployment/d',
  'Deployment/e',
  'Service/v',
];
const states = ['old', 'new', 'absent', 'foreign'] as const;

const older = fc.subarray([...keys], { minLength: 1 });
const newer = fc.subarray([...keys, 'Job/j' as const], { minLength: 1 });
const mixture = fc.array(fc.constantFrom(...states), { minLength: keys.length, maxLength: keys.length });
const deaths = fc.array(fc.nat({ max: 5 }), { maxLength: 12 });

/** Production half way: of each object the older or newer content, none, or somebody else's. */
const mixed = (model: Model, { from, to }: Case, mix: readonly (typeof states)[number][]): void => {
  for (const [i, key] of keys.entries()) {
    const before = from.objects.find(({ ref }) => keyOf(ref) === key);
    const after = to.objects.find(({ ref }) => keyOf(ref) === key);
    const object = { old: before, new: after, absent: undefined, foreign: before && part(key, 'f') }[
      mix[i] ?? 'absent'
    ];
    if (object === undefined) continue;
    model.put(object, key, fieldManagers.operator, mix[i] === 'new' ? now : now - 9 * minute);
    if (mix[i] === 'foreign') model.put(object, key, 'by-hand', now);
  }
};

test('from any mixture of old and new, and whenever the process dies, a healthy promotion ends with all that is new', () => {
  fc.assert(
    fc.property(older, newer, mixture, deaths, fc.boolean(), (had, has, mix, dies, takes) => {
      const given = caseOf(had, has);
      const model = new Model([given.from, given.to]);
      model.takesJobs = takes;
      began(model, given);
      mixed(
        model,
        given,
        mix.map((state) => (state === 'foreign' ? 'old' : state)),
      );

      model.settle(now, dies);

      expect(is(model, given.to, given.from)).toEqual([]);
      expect(model.types.slice(3)).toEqual(has.includes('Job/j') ? ['JobDone', 'Promoted'] : ['Promoted']);
      expect([...model.live.values()].filter((live) => finalizersOf(live).length > 0)).toEqual([]);
      expect(model.plan(now).effects).toEqual([]);
      expect(model.writes.filter((write) => write.startsWith('Create Job/')).length).toBe(
        has.includes('Job/j') ? 1 : 0,
      );
    }),
    { numRuns: 150 },
  );
});

test('from any mixture, with content of others in it too, a promotion that fails ends with all that was before', () => {
  fc.assert(
    fc.property(older, newer, mixture, deaths, (had, has, mix, dies) => {
      fc.pre(has.includes('Deployment/d'));
      const given = caseOf(had, has);
      const model = new Model([given.from, given.to], 'Crashing');
      began(model, given);
      mixed(
        model,
        given,
        mix.map((state, i) => (state === 'new' && keys[i] === 'Deployment/d' ? 'old' : state)),
      );

      model.settle(now, dies);

      expect(is(model, given.from, given.to)).toEqual([]);
      expect(model.types.slice(3).filter((type) => type !== 'JobDone')).toEqual(['RollbackStarted', 'RolledBack']);
      expect(model.plan(now).effects).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test('a rollback ends with all that was before, whatever it meets', () => {
  fc.assert(
    fc.property(older, newer, mixture, deaths, (had, has, mix, dies) => {
      const given = caseOf(had, has);
      const model = new Model([given.from, given.to]);
      began(model, given);
      mixed(model, given, mix);
      const { from, to } = given;
      beganBack(model, given, now);

      model.settle(now, dies);

      expect(is(model, from, to)).toEqual([]);
      expect(model.types.slice(3)).toEqual(['RollbackStarted', 'RolledBack']);
      expect([...packageRecord(model.record, pkg).held.keys()]).toEqual([to.digest]);
    }),
    { numRuns: 150 },
  );
});

// --- rows: each is a bug that a scenario found ------------------------------------------------------------------------

const two = (had: readonly ObjectKey[], has: readonly ObjectKey[]): { readonly model: Model; readonly given: Case } => {
  const given = caseOf(had, has);
  const model = new Model([given.from, given.to]);
  began(model, given);
  for (const object of given.from.objects)
    model.put(object, keyOf(object.ref), fieldManagers.operator, now - 9 * minute);
  return { model, given };
};

test('while a Job runs, the workloads of the release before do not make the promotion complete', () => {
  const { model, given } = two(['ConfigMap/a', 'Deployment/d'], ['ConfigMap/a', 'Deployment/d', 'Job/j']);
  model.apply(model.plan(now).effects, Infinity, now);
  const job = given.to.objects.find(({ ref }) => ref.kind === 'Job');
  const key = job === undefined ? undefined : keyOf(liveRef(job, given.to));
  const live = key === undefined ? undefined : model.live.get(key);
  if (key === undefined || live === undefined) throw new Error('no Job was created');
  model.live.set(key, { ...live, status: { active: 1 } });

  expect(model.plan(now)).toMatchObject({ effects: [], wakeAt: now + 9 * minute });
  expect(model.writes).toEqual(['Replace ConfigMap/a', `Create ${key}`]);

  model.live.set(key, live);
  model.settle(now);
  expect(model.types.at(-1)).toBe('Promoted');
  expect(is(model, given.to, given.from)).toEqual([]);
});

test.each([
  { type: 'FailureTarget', left: true },
  { type: 'Failed', left: true },
  { type: 'Suspended', left: false },
])('a Job with condition $type is left by a rollback: $left', ({ type, left }) => {
  const { model, given } = two(['ConfigMap/a'], ['ConfigMap/a', 'Job/j']);
  model.apply(model.plan(now).effects, Infinity, now);
  const [key, live] = [...model.live].find(([each]) => each.startsWith('Job/')) ?? [];
  if (key === undefined || live === undefined) throw new Error('no Job was created');
  model.live.set(key, { ...live, status: { conditions: [{ type, status: 'True' }] } });

  model.settle(now + 20 * minute);

  expect(is(model, given.from, given.to)).toEqual([]);
  expect(model.types.at(-1)).toBe('RolledBack');
  expect(model.live.has(key)).toBe(left);
});

test('going back deletes an added object of ours that sets no field, and leaves one that somebody else wrote', () => {
  const { model, given } = two(['ConfigMap/a'], ['ConfigMap/a', 'ServiceAccount/s', 'ConfigMap/b']);
  model.put(part('ServiceAccount/s', 'n'), 'ServiceAccount/s', fieldManagers.operator, now);
  const live = model.live.get('ServiceAccount/s');
  if (live !== undefined) model.live.set('ServiceAccount/s', { ...live, writers: [] });
  model.put(part('ConfigMap/b', 'f'), 'ConfigMap/b', 'by-hand', now);

  model.settle(now);

  expect(model.types.slice(3)).toEqual(['RollbackStarted', 'RolledBack']);
  expect([...model.live.keys()]).toEqual(['ConfigMap/a', 'ConfigMap/b']);
  expect(given.to.removed).toEqual([]);
});

test('where the candidate says to page, nothing that the failed release dropped is deleted', () => {
  const given = caseOf(['ConfigMap/a', 'Service/v', 'Deployment/d'], ['ConfigMap/a', 'Deployment/d']);
  const to: Bundle = { ...given.to, onFailure: 'Page' };
  const model = new Model([given.from, to], 'Crashing');
  began(model, { from: given.from, to });
  for (const object of given.from.objects) model.put(object, keyOf(object.ref), 'before', now - 9 * minute);

  model.settle(now);

  expect(model.types.at(-1)).toBe('Promoted');
  expect(packageRecord(model.record, pkg).production?.how).toBe('Failed');
  expect(model.live.has('Service/v')).toBe(true);
  expect(model.plan(now + 60 * minute).effects).toEqual([]);
});

test('where the candidate says to page, a release that fails while it is observed has failed, and takes nothing away', () => {
  const given = caseOf(['ConfigMap/a', 'Service/v', 'Deployment/d'], ['ConfigMap/a', 'Deployment/d']);
  const to: Bundle = { ...given.to, onFailure: 'Page' };
  const model = new Model([given.from, to], 'Healthy', '15m');
  began(model, { from: given.from, to });
  for (const object of given.from.objects) model.put(object, keyOf(object.ref), 'before', now - 9 * minute);
  model.settle(now);
  expect(model.types.at(-1)).toBe('Promoted');

  model.crash('Deployment/d', now + minute);
  model.settle(now + minute);

  expect(model.types.at(-1)).toBe('Refused');
  expect(packageRecord(model.record, pkg).production?.how).toBe('Failed');
  expect(model.record.candidates.get(to.candidate.uid)?.finished?.reason).toBe('Failed');
  expect(model.live.has('Service/v')).toBe(true);
  expect(model.plan(now + 60 * minute).effects).toEqual([]);
});

test('going back over two releases deletes what the newest dropped and had not deleted yet', () => {
  const bare = bundleOf('bare', [part('ConfigMap/a', 'o')]);
  const given = caseOf(['ConfigMap/a', 'Service/v'], ['ConfigMap/a']);
  const model = new Model([bare, given.from, given.to]);
  began(model, given);
  model.put(part('ConfigMap/a', 'n'), 'ConfigMap/a', fieldManagers.operator, now);
  model.put(part('Service/v', 'o'), 'Service/v', fieldManagers.operator, now - 9 * minute);
  const { to } = given;
  model.tell(
    releaseEntries.rollbackStarted(
      {
        candidate: to.candidate,
        package: pkg,
        from: to.name,
        fromDigest: to.digest,
        to: bare.name,
        toDigest: bare.digest,
        delivery: 'Countersign',
      },
      { cause: 'ordered', overwrites: [], order: undefined, restores: bare, removes: [] },
    ),
    now,
  );

  model.settle(now);

  expect([...model.live.keys()]).toEqual(['ConfigMap/a']);
  expect(model.types.at(-1)).toBe('RolledBack');
});

test('an added object that somebody changed is told among what going back overwrites', () => {
  const { model } = two(['ConfigMap/a'], ['ConfigMap/a', 'ConfigMap/b']);
  model.put(part('ConfigMap/b', 'n'), 'ConfigMap/b', fieldManagers.operator, now);
  model.put(part('ConfigMap/b', 'f'), 'ConfigMap/b', 'by-hand', now);

  const [effect] = model.plan(now).effects;

  const data: unknown = effect?.do === 'Append' ? effect.draft.data : undefined;
  expect(data).toMatchObject({ type: 'RollbackStarted', overwrites: ['ConfigMap/b'] });
});

describe('delivered by a GitOps tool', () => {
  const policy = aPolicy({ deliveredBy: 'GitOps', gitOpsWriters: ['system:serviceaccount:argocd:controller'] });
  const opened = (given: ReturnType<typeof caseOf>): Model => {
    const model = new Model([given.from, given.to]);
    model.tell(
      candidateEntries.promotionStarted(aCandidate({}, given.to.name), given.to, {
        from: given.from.name,
        fromDigest: given.from.digest,
        quorum: '3/3',
        approvals: [],
        delivery: 'GitOps',
        followsUp: null,
      }),
      now,
    );
    for (const object of given.from.objects) model.put(object, keyOf(object.ref), 'argocd-controller', now - minute);
    return model;
  };
  const look = (model: Model): ReleaseSnapshot => ({ ...model.snapshot(), policy });

  test('nothing is written for it, and what it has not written is named', () => {
    const given = caseOf(['ConfigMap/a', 'Deployment/b'], ['ConfigMap/a', 'Deployment/b']);
    const model = opened(given);
    expect(planRelease(look(model), new Map(), now + 1).effects).toEqual([]);
    const { open } = packageRecord(model.record, pkg);
    expect(open && undelivered(look(model), open)).toEqual(['ConfigMap/a', 'Deployment/b']);
  });

  test('it is complete when the tool has written everything', () => {
    const given = caseOf(['ConfigMap/a'], ['ConfigMap/a']);
    const model = opened(given);
    for (const object of given.to.objects) model.put(object, keyOf(object.ref), 'argocd-controller', now);
    expect(planRelease(look(model), new Map(), now + 1).effects).toMatchObject([
      { do: 'Append', draft: { data: { type: 'Promoted' } } },
    ]);
  });

  test('what does not come in time is taken back: the bundle before is opened, and still nothing written', () => {
    const given = caseOf(['ConfigMap/a', 'ConfigMap/b'], ['ConfigMap/a', 'ConfigMap/b']);
    const model = opened(given);
    const [first] = given.to.objects;
    if (first !== undefined) model.put(first, keyOf(first.ref), 'argocd-controller', now);
    const [effect] = planRelease(look(model), new Map(), now + 11 * minute).effects;
    expect(effect).toMatchObject({ do: 'Append', draft: { data: { type: 'RollbackStarted', delivery: 'GitOps' } } });
    if (effect?.do === 'Append') model.append(effect.draft, now + 11 * minute);
    expect(planRelease(look(model), new Map(), now + 11 * minute).effects).toEqual([]);
    for (const object of given.from.objects) {
      model.put(object, keyOf(object.ref), 'argocd-controller', now + 12 * minute);
    }
    expect(model.planOf(look(model), now + 12 * minute).effects).toMatchObject([
      { do: 'Append', draft: { data: { type: 'RolledBack' } } },
    ]);
  });

  test('labels of the tool on what a release drops are no foreign content', () => {
    const given = caseOf(['ConfigMap/a', 'ConfigMap/b'], ['ConfigMap/a']);
    const labels = ["metadata.labels['app.kubernetes.io/managed-by']"];
    const from = { ...given.from, unmanaged: [{ kind: 'ConfigMap', name: 'b', fields: labels }] };
    const model = opened({ ...given, from });
    for (const object of given.to.objects) model.put(object, keyOf(object.ref), 'helm', now);
    const dropped = given.from.objects.find(({ ref }) => ref.name === 'b');
    if (dropped !== undefined) model.put(labelled(dropped), 'ConfigMap/b', 'helm', now);
    const plan = planRelease(look(model), new Map(), now + 1);
    expect(plan.effects).toEqual([]);
    model.live.delete('ConfigMap/b');
    expect(planRelease(look(model), new Map(), now + 1).effects).toMatchObject([
      { do: 'Append', draft: { data: { type: 'Promoted' } } },
    ]);
  });

  test('going back is over when the tool has taken away what the release added', () => {
    const given = caseOf(['ConfigMap/a'], ['ConfigMap/a', 'ConfigMap/b']);
    const model = opened(given);
    for (const object of given.to.objects) model.put(object, keyOf(object.ref), 'helm', now);
    const back = {
      candidate: given.to.candidate,
      package: pkg,
      from: given.to.name,
      fromDigest: given.to.digest,
      to: given.from.name,
      toDigest: given.from.digest,
      delivery: 'GitOps' as const,
    };
    model.append(
      releaseEntries.rollbackStarted(back, {
        cause: 'x',
        overwrites: [],
        order: undefined,
        restores: given.from,
        removes: [],
      }),
      now,
    );
    for (const object of given.from.objects) model.put(object, keyOf(object.ref), 'helm', now);
    expect(planRelease(look(model), new Map(), now + 1).effects).toEqual([]);
    model.live.delete('ConfigMap/b');
    expect(model.planOf(look(model), now + 1).effects).toMatchObject([
      { do: 'Append', draft: { data: { type: 'RolledBack' } } },
    ]);
  });
});

describe('an object that is dropped and whose finalizer nobody serves', () => {
  const finalizer = 'elb.example.com/resources';

  /** It was deleted, and is still there. */
  const leave = (model: Model, key: ObjectKey, at: Instant, finalizers: readonly string[] = [finalizer]): void => {
    const live = model.live.get(key);
    if (live === undefined) throw new Error(`no ${key}`);
    const metadata = {
      ...objectAt(live.manifest, 'metadata'),
      deletionTimestamp: new Date(at).toISOString(),
      finalizers: [...finalizers],
    };
    model.live.set(key, { ...live, deleting: true, manifest: withMember(live.manifest, 'metadata', metadata) });
  };

  /** All is written, and the old object is on its way out. */
  const pruning = (): Model => {
    const given = caseOf(['ConfigMap/a', 'ConfigMap/b'], ['ConfigMap/a']);
    const model = new Model([given.from, given.to]);
    began(model, given);
    for (const object of given.to.objects) model.put(object, keyOf(object.ref), fieldManagers.operator, now);
    const dropped = given.from.objects.find(({ ref }) => ref.name === 'b');
    if (dropped !== undefined) model.put(dropped, 'ConfigMap/b', fieldManagers.operator, now - minute);
    leave(model, 'ConfigMap/b', now);
    return model;
  };

  test('is waited for until progressTimeout, and no plan asks to be woken in the past', () => {
    const model = pruning();
    const plan = model.plan(now + minute);
    expect(plan.effects).toEqual([]);
    expect(plan.wakeAt).toBeGreaterThan(now + minute);
  });

  test('does not hold the promotion up for longer: it ends, and says what keeps the object and who takes that off', () => {
    const model = pruning();
    const [effect] = model.plan(now + 10 * minute).effects;
    expect(effect).toMatchObject({ do: 'Append', draft: { data: { type: 'Promoted' }, decision: 'Complete' } });
    const reason = effect?.do === 'Append' ? effect.draft.reason : '';
    expect(reason).toContain(
      `a holder of operate in payments-prod does: kubectl patch configmap b -n payments-prod --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]'`,
    );
    model.settle(now + 10 * minute);
    expect(model.plan(now + 11 * minute)).toMatchObject({ effects: [], wakeAt: undefined });
  });

  test('is named where it holds up what has to be made again, and the promotion goes back when its time is over', () => {
    const given = caseOf(['ConfigMap/a'], ['ConfigMap/a']);
    const model = new Model([given.from, given.to]);
    began(model, given);
    for (const object of given.from.objects) model.put(object, keyOf(object.ref), fieldManagers.operator, now - minute);
    leave(model, 'ConfigMap/a', now);
    expect(heldUp(leaving(model.snapshot()), now + minute).objects).toHaveLength(1);
    expect(model.plan(now + minute)).toMatchObject({ effects: [], wakeAt: now + 9 * minute });
    const [effect] = model.plan(now + 9 * minute).effects;
    expect(effect).toMatchObject({ do: 'Append', draft: { data: { type: 'RollbackStarted' } } });
    if (effect?.do === 'Append') model.append(effect.draft, now + 9 * minute);
    // The rollback waits for the object to go, as long as a rollback may take.
    expect(model.plan(now + 9 * minute)).toMatchObject({ effects: [], wakeAt: now + 19 * minute });
    const [end] = model.plan(now + 19 * minute).effects;
    expect(end).toMatchObject({
      draft: { decision: 'Failed', data: { left: [{ object: 'ConfigMap/a', found: 'being deleted' }] } },
    });
    expect(heldUpText(leaving(model.snapshot()))).toContain(finalizer);
  });

  test('leaves those of the control plane to it, and takes the others off by their place', () => {
    const model = pruning();
    leave(model, 'ConfigMap/b', now, ['foregroundDeletion', finalizer, 'b.example.com/x']);
    const text = heldUpText(leaving(model.snapshot()));
    expect(text).toContain(
      `-p '[{"op":"remove","path":"/metadata/finalizers/2"},{"op":"remove","path":"/metadata/finalizers/1"}]'`,
    );
    expect(text).toContain('foregroundDeletion waits for the deletion of everything that the object owns');
  });
});

test('writes that never get through end with the promotion, too', () => {
  const given = caseOf(['ConfigMap/a'], ['ConfigMap/a']);
  const model = new Model([given.from, given.to]);
  began(model, given);
  for (const object of given.from.objects) model.put(object, keyOf(object.ref), fieldManagers.operator, now - minute);
  expect(model.plan(now).effects).toMatchObject([{ do: 'Together' }]);
  expect(model.plan(now + 10 * minute).effects).toMatchObject([
    { do: 'Append', draft: { data: { type: 'RollbackStarted' } } },
  ]);
});

describe('a finalizer that nothing explains', () => {
  const lone = (name: string, letter: 'o' | 'n') => bundleOf(name, [part('ConfigMap/a', letter)]);
  const given: Case = { from: lone('first', 'o'), to: { ...lone('second', 'n'), previous: 'first' } };
  const planted = 'planted.example.com/x';

  /** Production goes back from the second release to the first, and holds the first already, with a planted finalizer. */
  const goingBack = (): Model => {
    const model = new Model([given.from, given.to]);
    model.append(
      findingsEntries.adopted('payments-prod', {
        objects: [],
        kinds: [],
        more: false,
        measuresLifetimes: true,
        reason: '',
      }),
      now - 10 * minute,
    );
    began(model, given);
    const { open } = packageRecord(model.record, pkg);
    if (open === undefined) throw new Error('no intent');
    model.append(
      releaseEntries.promoted(open, given.to, { observeUntil: now, healthy: true, reason: '' }),
      now - minute,
    );
    const { candidate } = given.to;
    model.append(
      releaseEntries.rollbackStarted(
        {
          candidate,
          package: pkg,
          from: 'second',
          fromDigest: given.to.digest,
          to: 'first',
          toDigest: given.from.digest,
          delivery: 'Countersign',
        },
        { cause: '', overwrites: [], order: undefined, restores: given.from, takesBack: given.to, removes: [] },
      ),
      now,
    );
    return model;
  };

  const plant = (model: Model): void => {
    const [object] = given.from.objects;
    if (object === undefined) throw new Error('one object');
    const metadata = { ...objectAt(object.content, 'metadata'), finalizers: [planted] };
    model.put({ ...object, content: withMember(object.content, 'metadata', metadata) }, 'ConfigMap/a', 'by-hand', now);
  };

  const finalizers = (model: Model) => objectAt(model.live.get('ConfigMap/a')?.manifest, 'metadata')['finalizers'];

  test('is taken off by a rollback, also where it writes nothing else', () => {
    const model = goingBack();
    plant(model);
    model.settle(now + 1_000);
    expect(model.writes).toEqual(['Replace ConfigMap/a']);
    expect(finalizers(model)).toBeUndefined();
    expect(model.types.at(-1)).toBe('RolledBack');
  });

  test('holds up no rollback, when its controller sets it again and again', () => {
    const model = goingBack();
    for (let at = now; at < now + 10_000; at += 1_000) {
      plant(model);
      model.apply(model.plan(at).effects, Infinity, at);
      expect(model.types.at(-1)).toBe('RollbackStarted');
    }
    plant(model);
    expect(model.plan(now + 9_999).wakeAt).toBe(now + 10_000);
    model.settle(now + 10_000);
    expect(model.types.at(-1)).toBe('RolledBack');
    expect(finalizers(model)).toEqual([planted]);
  });
});
