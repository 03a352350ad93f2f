import { expect, test } from '@jest/globals';
import { nothing, type Effect, type Plan, type StatusWrite } from '../decide/plan.ts';
import { Failure } from '../kube/failures.ts';
import type { Answer, Question } from '../decide/api-queries.ts';
import { questionKey } from '../decide/api-queries.ts';
import { ObjectAway } from '../observe/large.ts';
import { createReconcile, EndlessQuestions, type Shell } from './reconcile.ts';
import { Unanswered, type Stuck } from './tries.ts';
import { manualClock } from '../../test/support/builders/clock.ts';
import { systemClock } from '../time/clock.ts';

const question: Question = {
  ask: 'Right',
  who: { username: 'somebody', uid: '', groups: [] },
  namespace: 'n',
  resource: 'approvalroles',
  verb: 'approve',
  name: 'tester',
};

const effect: Effect = { do: 'Remove', kind: 'ReleaseBundle', namespace: 'n', name: 'b', uid: 'u' };

type Status = Extract<StatusWrite, { kind: 'Rollback' }>['status'];

const status: Status = { conditions: [] };

const stalled = (reason: string, message: string): Status => ({
  conditions: [{ type: 'Stalled', status: 'True', reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' }],
});

const write = (before: Status | undefined, status: Status): StatusWrite => ({
  kind: 'Rollback',
  namespace: 'n',
  name: 'c',
  uid: 'u',
  resourceVersion: '1',
  before,
  status,
});

/** A shell that only writes down what it was told. */
const shellThat = (given: Partial<Shell> = {}) => {
  const done: string[] = [];
  const shell: Shell = {
    clock: systemClock,
    ask: () => Promise.resolve<Answer>({ kind: 'Yes' }),
    act: ({ do: what }) => {
      done.push(`act ${what}`);
      return Promise.resolve('Done');
    },
    report: ({ name }) => Promise.resolve(void done.push(`report ${name}`)),
    tell: ({ note }) => void done.push(`tell ${note}`),
    load: () => Promise.resolve(),
    loadObject: () => Promise.resolve(),
    settleMs: 0,
    ...given,
  };
  return { shell, done };
};

const textOf = (key: string): string => key;

const reconcile = (plan: (answers: ReadonlyMap<string, Answer>) => Plan, shell: Shell) =>
  createReconcile({ name: 'thing', textOf, observe: (key) => key, plan: (_, answers) => plan(answers) }, shell)('k');

test('questions are answered before anything is done', async () => {
  const { shell, done } = shellThat();
  const plan = (answers: ReadonlyMap<string, Answer>): Plan =>
    answers.has(questionKey(question)) ? { ...nothing, effects: [effect] } : { ...nothing, questions: [question] };

  await expect(reconcile(plan, shell)).resolves.toBe('Again');
  expect(done).toEqual(['act Remove']);
});

test('what a plan asks more than once is asked once', async () => {
  const asked: Question[] = [];
  const { shell } = shellThat({
    ask: (one) => {
      asked.push(one);
      return Promise.resolve({ kind: 'Yes' });
    },
  });
  const plan = (answers: ReadonlyMap<string, Answer>): Plan =>
    answers.has(questionKey(question))
      ? nothing
      : { ...nothing, questions: [question, { ...question, name: 'approver' }, { ...question }] };
  await reconcile(plan, shell);
  expect(asked).toEqual([question, { ...question, name: 'approver' }]);
});

test('what no answer changes is done while questions are asked, and what fails there is an effect of the next plan', async () => {
  let fails = true;
  const { shell, done } = shellThat({
    ask: async () => {
      // Nothing waits for the answers.
      await new Promise((resolve) => setImmediate(resolve));
      done.push('answered');
      return { kind: 'Yes' };
    },
    act: ({ do: what }) => {
      done.push(`act ${what}${fails ? ' fails' : ''}`);
      return fails ? Promise.reject(new Error('refused')) : Promise.resolve('Done');
    },
  });
  const plan = (answers: ReadonlyMap<string, Answer>): Plan =>
    answers.size === 0
      ? { ...nothing, questions: [question], meanwhile: [effect] }
      : { ...nothing, effects: fails ? [effect] : [] };

  await expect(reconcile(plan, shell)).rejects.toThrow('refused');
  fails = false;
  await expect(reconcile(plan, shell)).resolves.toEqual({ wakeAt: undefined });
  expect(done).toEqual(['act Remove fails', 'answered', 'act Remove fails', 'act Remove', 'answered']);
});

test('a question that gets no answer is asked again later, and the status is written', async () => {
  const { shell, done } = shellThat({ ask: () => Promise.resolve({ kind: 'Unavailable', message: 'away' }) });
  const plan = (answers: ReadonlyMap<string, Answer>): Plan =>
    answers.size > 0 ? { ...nothing, statuses: [write(undefined, status)] } : { ...nothing, questions: [question] };

  await expect(reconcile(plan, shell)).rejects.toBeInstanceOf(Unanswered);
  expect(done).toEqual(['report c']);
});

test('a plan that asks without end is a bug', async () => {
  const { shell } = shellThat();
  await expect(reconcile(() => ({ ...nothing, questions: [question] }), shell)).rejects.toBeInstanceOf(
    EndlessQuestions,
  );
});

test('an equal status is not written', async () => {
  const { shell, done } = shellThat({ clock: manualClock(0) });
  const plan = (): Plan => ({
    ...nothing,
    statuses: [write({ to: 'b', conditions: [] }, { conditions: [], to: 'b' })],
    wakeAt: 5,
  });

  await expect(reconcile(plan, shell)).resolves.toEqual({ wakeAt: 5 });
  expect(done).toEqual([]);
});

test('status is not written in the round that acts: it tells of facts, not of attempts', async () => {
  const { shell, done } = shellThat();
  const plan = (): Plan => ({ ...nothing, effects: [effect], statuses: [write(undefined, status)] });

  await expect(reconcile(plan, shell)).resolves.toBe('Again');
  expect(done).toEqual(['act Remove']);
});

test('when an effect fails, later ones do not happen and the status is still told', async () => {
  const failing = { act: () => Promise.reject(new Error('refused')) };
  const { shell, done } = shellThat(failing);
  const plan = (): Plan => ({ ...nothing, effects: [effect, effect], statuses: [write(undefined, status)] });

  await expect(reconcile(plan, shell)).rejects.toThrow('refused');
  expect(done).toEqual(['report c']);
});

test('a changed status waits for what follows at once, and is written once', async () => {
  const clock = manualClock(1_000);
  const { shell, done } = shellThat({ clock, settleMs: 100 });
  const plan = (): Plan => ({ ...nothing, statuses: [write(undefined, status)], wakeAt: 9_000 });
  const again = createReconcile({ name: 'thing', textOf, observe: (key) => key, plan }, shell);

  await expect(again('k')).resolves.toEqual({ wakeAt: 1_100 });
  await clock.advance(99);
  await expect(again('k')).resolves.toEqual({ wakeAt: 1_100 });
  expect(done).toEqual([]);
  await clock.advance(1);
  await expect(again('k')).resolves.toEqual({ wakeAt: 9_000 });
  expect(done).toEqual(['report c']);
});

test('nothing of a key means nothing to do', async () => {
  const { shell } = shellThat();
  const gone = createReconcile({ name: 'thing', textOf, observe: () => undefined, plan: () => nothing }, shell);
  await expect(gone('k')).resolves.toEqual({ wakeAt: undefined });
});

test('a plan that asks to be woken at a moment that is over is said to be wrong, and not made again at once', async () => {
  const { shell } = shellThat({ clock: manualClock(1_000) });
  await expect(reconcile(() => ({ ...nothing, wakeAt: 999 }), shell)).resolves.toEqual({ wakeAt: 999, isOver: true });
  await expect(reconcile(() => ({ ...nothing, wakeAt: 1_001 }), shell)).resolves.toEqual({ wakeAt: 1_001 });
});

test('what cannot be worked on is reported, unless the plan had something to report', async () => {
  const { shell, done } = shellThat();
  const kind = {
    name: 'thing',
    textOf,
    observe: (key: string) => key,
    plan: (): Plan => {
      throw new RangeError('Maximum call stack size exceeded');
    },
    stuck: (_: string, { kind, message }: Stuck) => [write(status, stalled(kind, message))],
  };
  await expect(createReconcile(kind, shell)('k')).rejects.toThrow(RangeError);
  expect(done).toEqual(['report c', 'tell Stalled: Maximum call stack size exceeded']);
});

test('a bug that an effect runs into is reported in place of a status that knows nothing of it', async () => {
  const { shell, done } = shellThat({ act: () => Promise.reject(new TypeError('undefined is no function')) });
  const kind = {
    name: 'thing',
    textOf,
    observe: (key: string) => key,
    plan: (): Plan => ({ ...nothing, effects: [effect], statuses: [write(status, { conditions: [] })] }),
    stuck: (_: string, { kind, message }: Stuck) => [write(status, stalled(kind, message))],
  };
  await expect(createReconcile(kind, shell)('k')).rejects.toThrow(TypeError);
  expect(done).toEqual(['report c', 'tell Stalled: undefined is no function']);
});

test('what only has to be tried again is not reported as stuck', async () => {
  const { shell, done } = shellThat({ act: () => Promise.reject(new Failure('Unavailable', 'no answer')) });
  const kind = {
    name: 'thing',
    textOf,
    observe: (key: string) => key,
    plan: (): Plan => ({ ...nothing, effects: [effect] }),
    stuck: () => [write(status, stalled('Bug', 'stuck'))],
  };
  await expect(createReconcile(kind, shell)('k')).rejects.toThrow('no answer');
  expect(done).toEqual([]);
});

test('a failure that knows the reason for it says it', async () => {
  const { shell } = shellThat({
    act: () => Promise.reject(Object.assign(new Failure('TooLarge', 'too long'), { reason: 'DeltaTooLarge' })),
  });
  const said: Stuck[] = [];
  const kind = {
    name: 'thing',
    textOf,
    observe: (key: string) => key,
    plan: (): Plan => ({ ...nothing, effects: [effect] }),
    stuck(_: string, why: Stuck) {
      said.push(why);
      return [];
    },
  };
  await expect(createReconcile(kind, shell)('k')).rejects.toThrow('too long');
  expect(said).toEqual([{ kind: 'TooLarge', message: 'too long', reason: 'DeltaTooLarge' }]);
});

test('what fails more than three times is reported as stuck, in place of a status that knows nothing of it, until it passes', async () => {
  let fails = true;
  const { shell, done } = shellThat({
    act: () => (fails ? Promise.reject(new Failure('Unavailable', 'no answer')) : Promise.resolve('Done')),
  });
  const kind = {
    name: 'thing',
    textOf,
    observe: (key: string) => key,
    plan: (): Plan => ({ ...nothing, effects: [effect], statuses: [write(status, { conditions: [] })] }),
    stuck: (_: string, { message, reason }: Stuck) => [write(status, stalled(reason ?? '', message))],
  };
  const again = createReconcile(kind, shell);
  for (let tries = 1; tries <= 3; tries += 1) await expect(again('k')).rejects.toThrow('no answer');
  expect(done.filter((each) => each.startsWith('tell'))).toEqual([]);
  await expect(again('k')).rejects.toThrow('no answer');
  expect(done.at(-1)).toContain('tell Stalled: no answer');

  fails = false;
  await expect(again('k')).resolves.toBe('Again');
  fails = true;
  done.length = 0;
  await expect(again('k')).rejects.toThrow('no answer');
  expect(done.filter((each) => each.startsWith('tell'))).toEqual([]);
});

test('what is not answered more than three times is reported as stuck, over what the plan has to say', async () => {
  let isAnswered = false;
  const { shell } = shellThat({
    ask: () => Promise.resolve<Answer>(isAnswered ? { kind: 'Yes' } : { kind: 'Unavailable', message: 'away' }),
  });
  const reported: string[] = [];
  const telling: Shell = {
    ...shell,
    report: ({ status: { conditions } }) =>
      Promise.resolve(void reported.push(conditions.map(({ type, reason }) => `${type} ${reason}`).join(', '))),
  };
  const said = (type: string, reason: string) =>
    stalled(reason, 'as planned').conditions.map((each) => ({ ...each, type }));
  const plan = (_: string, answers: ReadonlyMap<string, Answer>): Plan =>
    answers.size === 0
      ? { ...nothing, questions: [question] }
      : {
          ...nothing,
          statuses: [write(undefined, { conditions: [...said('Ready', 'Fine'), ...said('Stalled', 'NotStalled')] })],
        };
  const again = createReconcile({ name: 'thing', textOf, observe: (key) => key, plan }, telling);
  for (let tries = 1; tries <= 4; tries += 1) await expect(again('k')).rejects.toBeInstanceOf(Unanswered);
  isAnswered = true;
  await again('k');
  expect(reported).toEqual([
    'Ready Fine, Stalled NotStalled',
    'Ready Fine, Stalled NotStalled',
    'Ready Fine, Stalled NotStalled',
    'Ready Fine, Stalled TriesFail',
    'Ready Fine, Stalled NotStalled',
  ]);
});

test('what the API server refuses for good is reported as stuck after three tries, though the plan has something to say', async () => {
  const { shell, done } = shellThat({ act: () => Promise.reject(new Failure('Invalid', 'spec.type: not supported')) });
  const kind = {
    name: 'thing',
    textOf,
    observe: (key: string) => key,
    plan: (): Plan => ({ ...nothing, effects: [effect], statuses: [write(status, { conditions: [] })] }),
    stuck: (_: string, { message, reason }: Stuck) => [write(status, stalled(reason ?? '', message))],
  };
  const again = createReconcile(kind, shell);
  for (let tries = 1; tries <= 3; tries += 1) await expect(again('k')).rejects.toThrow('not supported');
  expect(done.filter((each) => each.startsWith('tell'))).toEqual([]);
  await expect(again('k')).rejects.toThrow('not supported');
  expect(done.at(-1)).toContain('tell Stalled: spec.type: not supported');
});

test('others are told what a key fails at more than three times, and when it fails no more', async () => {
  let fails = true;
  const { shell } = shellThat({
    act: () => (fails ? Promise.reject(new Failure('Forbidden', 'a rule refuses it')) : Promise.resolve('Done')),
  });
  const told: string[] = [];
  const kind = {
    name: 'thing',
    textOf,
    observe: (key: string) => key,
    plan: (): Plan => ({ ...nothing, effects: [effect] }),
    failing: (key: string, why: Stuck | undefined) => void told.push(`${key} ${why?.reason ?? 'goes on'}`),
  };
  const again = createReconcile(kind, shell);
  for (let tries = 1; tries <= 4; tries += 1) await expect(again('k')).rejects.toThrow('a rule refuses it');
  fails = false;
  await again('k');
  expect(told).toEqual(['k TriesFail', 'k goes on']);
});

test('people are told of a refused write at each try, and once when none waits to be tried again', async () => {
  let [answer, waits]: ['Done' | Failure, boolean] = [new Failure('Forbidden', 'a rule refuses it'), true];
  const { shell, done } = shellThat({ act: () => Promise.resolve(answer) });
  const notice = (note: string) => ({
    type: 'Warning' as const,
    reason: 'ReleaseStuck',
    note,
    regarding: { apiVersion: 'v1', kind: 'Thing', namespace: 'n', name: 'k', uid: 'u' },
  });
  let effects: readonly Effect[] = [effect];
  const again = createReconcile(
    {
      name: 'thing',
      textOf,
      observe: (key: string) => key,
      plan: (): Plan => ({ ...nothing, effects }),
      isRefused: () => waits,
      refused: (_: string, failure: Failure | undefined) => notice(failure?.message ?? 'it goes on'),
    },
    shell,
  );
  await again('k');
  effects = []; // it is not due yet
  await again('k');
  effects = [effect];
  await again('k');
  expect(done).toEqual(['tell a rule refuses it', 'tell a rule refuses it']);
  [answer, waits] = ['Done', false];
  await again('k');
  await again('k');
  expect(done.slice(2)).toEqual(['tell it goes on']);
});

test('steps are taken before the plan, with turns of the loop between them', async () => {
  const { shell } = shellThat();
  const order: string[] = [];
  const kind = {
    name: 'thing',
    textOf,
    observe: (key: string) => key,
    *ahead() {
      order.push('step');
      yield;
      order.push('step');
    },
    plan: (): Plan => {
      order.push('plan');
      return nothing;
    },
  };
  await createReconcile(kind, shell)('k');
  expect(order).toEqual(['step', 'step', 'plan']);
});

test('of heavy plans one is worked on at a time, and another comes back later without keeping anybody waiting', async () => {
  const { shell } = shellThat();
  const open = Promise.withResolvers<void>();
  const begun: string[] = [];
  const heavy = createReconcile(
    {
      name: 'thing',
      textOf,
      observe: (key) => key,
      ahead: () => [],
      isHeavy: (key) => key !== 'light',
      plan: (key, answers) => {
        begun.push(key);
        return key === 'first' && !answers.has(questionKey(question)) ? { ...nothing, questions: [question] } : nothing;
      },
    },
    { ...shell, ask: () => open.promise.then((): Answer => ({ kind: 'Yes' })) },
  );
  const first = heavy('first');
  await expect(heavy('light')).resolves.toEqual({ wakeAt: undefined });
  await expect(heavy('second')).resolves.toEqual({ wakeAt: expect.any(Number) });
  expect(begun).not.toContain('second');
  open.resolve();
  await expect(first).resolves.toEqual({ wakeAt: undefined });
  await expect(heavy('second')).resolves.toEqual({ wakeAt: undefined });
  expect(begun).toContain('second');
});

test('of very many heavy plans each looks the more seldom for its turn, and at nothing else', async () => {
  const { shell } = shellThat({ clock: manualClock() });
  const open = Promise.withResolvers<void>();
  const observed: string[] = [];
  const heavy = createReconcile(
    {
      name: 'thing',
      textOf,
      observe: (key) => (observed.push(key), key),
      ahead: () => [],
      isHeavy: () => true,
      plan: (_, answers) => (answers.size === 0 ? { ...nothing, questions: [question] } : nothing),
    },
    { ...shell, ask: () => open.promise.then((): Answer => ({ kind: 'Yes' })) },
  );
  const first = heavy('first');
  const began = shell.clock.now();
  const others = Array.from({ length: 50 }, (_, i) => `other-${i}`);
  for (const key of others) await heavy(key);
  observed.length = 0;
  for (const key of others) await expect(heavy(key)).resolves.toEqual({ wakeAt: began + 50 * 200 });
  expect(observed).toEqual([]);
  open.resolve();
  await first;
  await expect(heavy('other-0')).resolves.toEqual({ wakeAt: undefined });
});

test('a heavy plan keeps its turn while what it needs is loaded', async () => {
  const loading = Promise.withResolvers<void>();
  let here = false;
  const { shell } = shellThat({ loadObject: () => loading.promise.then(() => void (here = true)) });
  const heavy = createReconcile(
    {
      name: 'thing',
      textOf,
      observe: (key) => key,
      ahead: () => [],
      isHeavy: () => true,
      plan: () => {
        if (!here) throw new ObjectAway({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'big' });
        return nothing;
      },
    },
    shell,
  );
  const first = heavy('first');
  await new Promise((resolve) => setImmediate(resolve));
  await expect(heavy('second')).resolves.toEqual({ wakeAt: expect.any(Number) });
  loading.resolve();
  await expect(first).resolves.toEqual({ wakeAt: undefined });
  await expect(heavy('second')).resolves.toEqual({ wakeAt: undefined });
});

test('what a large object holds is loaded when a plan needs it', async () => {
  let here = false;
  const loaded: string[] = [];
  const { shell } = shellThat({ loadObject: async ({ name }) => void (loaded.push(name), (here = true)) });
  const plan = (): Plan => {
    if (!here) throw new ObjectAway({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'big' });
    return nothing;
  };
  await expect(reconcile(plan, shell)).resolves.toEqual({ wakeAt: undefined });
  expect(loaded).toEqual(['big']);
});
