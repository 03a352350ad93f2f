/** The plan of a candidate against a model of the cluster: effects are applied, and the plan is made again, until it has none. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { ReleaseCandidate, ReleaseCandidateStatus } from '../api/candidate.ts';
import type { Approval } from '../api/approval.ts';
import { jsonObject, type JsonObject } from '../api/meta.ts';
import {
  aCandidate,
  aDeployment,
  aLiveObject,
  anApproval,
  aNamespace,
  aPolicy,
  hour,
  minute,
  now,
} from '../../test/builders/decide.ts';
import { emptyHead, entryHash, nextEntry } from '../ledger/chain.ts';
import type { Bundle } from './bundle.ts';
import { planCandidate, planGone } from './candidate.ts';
import { canonicalJson } from './digest.ts';
import { objectAt } from './json.ts';
import { keyOf, type Instant } from './objects.ts';
import type { Effect, Plan } from './plan.ts';
import { questionKey, type Answer, type Question } from './questions.ts';
import { emptyRecord, foldEntries, type NamespaceRecord } from './record.ts';
import { normalForm } from './render.ts';
import type { CandidateSnapshot, Sibling } from './snapshot.ts';

interface Given {
  /** What becomes of effects that are carried out while questions are asked. */
  readonly meanwhile?: 'Fails';
  readonly candidate?: ReleaseCandidate;
  readonly policy?: ReturnType<typeof aPolicy> | undefined;
  readonly target?: ReturnType<typeof aNamespace> | undefined;
  readonly siblings?: readonly Sibling[];
  /** What the API server says to a question about a right. */
  readonly right?: Answer;
  readonly preflight?: Answer;
  /** What staging really holds, when the watch has not told it yet. */
  readonly current?: JsonObject;
}

const staged = aDeployment('api', {});
const stagedLive = aLiveObject(staged, {
  namespace: 'payments-staging',
  createdAt: now - 24 * hour,
  changedBy: [{ username: 'developer-a', position: '0' }],
  generation: 1,
  status: { observedGeneration: 1, replicas: 6, updatedReplicas: 6, readyReplicas: 6, availableReplicas: 6 },
});

/** A cluster with one candidate whose component is staged and healthy. */
class Model {
  candidate: ReleaseCandidate;
  approvals: Approval[] = [];
  bundles: Bundle[] = [];
  record: NamespaceRecord = { ...emptyRecord, head: emptyHead };
  effects: Effect[] = [];
  staged = stagedLive;
  readonly #given: Given;

  constructor(given: Given = {}) {
    this.#given = given;
    this.candidate = given.candidate ?? aCandidate({ components: [{ kind: 'Deployment', name: 'api' }], overlay: [] });
  }

  snapshot(): CandidateSnapshot {
    const { uid } = this.candidate.metadata;
    return {
      candidate: this.candidate,
      policy: 'policy' in this.#given ? this.#given.policy : aPolicy({ windows: [] }),
      target: 'target' in this.#given ? this.#given.target : aNamespace(),
      source: aNamespace({ name: 'payments-staging', guarded: undefined, staging: true }),
      record: this.record,
      bundles: this.bundles.filter(({ candidate }) => candidate.uid === uid),
      production: undefined,
      staged: new Map([[keyOf(staged.ref), this.staged]]),
      stagedPods: new Map(),
      live: new Map(),
      claims: new Map(),
      approvals: this.approvals,
      autoscalers: [],
      siblings: this.#given.siblings ?? [],
      secrets: new Map(),
      configMaps: new Map(),
      release: undefined,
      integrity: [],
      serverVersion: 'v1.36.3',
      complete: true,
    };
  }

  /** One round of the shell: questions answered, effects applied, status written. */
  round(at: Instant): Plan {
    const answers = new Map<string, Answer>();
    for (;;) {
      const plan = planCandidate(this.snapshot(), answers, at);
      if (plan.questions.length === 0) {
        for (const effect of plan.effects) this.#apply(effect, at);
        if (plan.effects.length === 0) this.#report(plan);
        return plan;
      }
      for (const question of plan.questions) answers.set(questionKey(question), this.#answer(question));
      if (this.#given.meanwhile !== 'Fails') for (const effect of plan.meanwhile) this.#apply(effect, at);
    }
  }

  /** Somebody changes the staged object, to that many replicas. */
  edit(username: string, replicas = 6): void {
    const { manifest, changedBy = [], resourceVersion } = this.staged;
    this.staged = {
      ...this.staged,
      manifest: { ...manifest, spec: { ...objectAt(manifest, 'spec'), replicas } },
      changedBy: [...changedBy, { username, position: resourceVersion }],
      resourceVersion: String(Number(resourceVersion) + 1),
    };
  }

  /** Rounds until a plan has no effects; that plan. */
  settle(at: Instant): Plan {
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const plan = this.round(at);
      if (plan.effects.length === 0) return plan;
    }
    throw new Error('the plan does not settle');
  }

  types(): string[] {
    return this.effects.map((effect) => (effect.do === 'Append' ? effect.draft.data.type : effect.do));
  }

  status(): ReleaseCandidateStatus | undefined {
    return this.candidate.status;
  }

  #answer(question: Question): Answer {
    if (question.ask === 'Right') return this.#given.right ?? { kind: 'Yes' };
    if (question.ask === 'Preflight') return this.#given.preflight ?? { kind: 'Yes' };
    if (question.ask === 'Current') return { kind: 'Object', manifest: this.#given.current ?? this.staged.manifest };
    return { kind: 'Object', manifest: normalForm(question.content, question.ref) };
  }

  #apply(effect: Effect, at: Instant): void {
    this.effects.push(effect);
    if (effect.do === 'CreateBundle') this.bundles.push({ ...effect.bundle, createdAt: at });
    if (effect.do === 'Append') {
      const entry = nextEntry(this.record.head, effect.draft, {
        id: `id-${this.effects.length}`,
        now: at,
        self: { username: 'operator', uid: '', groups: [] },
      });
      this.record = foldEntries(this.record, [{ entry, hash: entryHash(entry), broken: undefined }]);
    }
  }

  #report({ statuses }: Plan): void {
    const [write] = statuses;
    if (write?.kind === 'ReleaseCandidate') {
      this.candidate = { ...this.candidate, status: write.status };
    }
  }
}

const sign = (model: Model, ...approvals: readonly Approval[]): void => {
  const digest = model.bundles[0]?.digest ?? '';
  model.approvals.push(...approvals.map((each) => ({ ...each, spec: { ...each.spec, digest } })));
};

const everybody = (): readonly Approval[] => [
  anApproval('tester-a', { role: 'tester' }),
  anApproval('approver-a', { groups: ['payments-owners'] }),
  anApproval('approver-b', { groups: ['change-board'] }),
];

const plain = (status: ReleaseCandidateStatus | undefined): string =>
  canonicalJson(jsonObject(JSON.parse(JSON.stringify(status ?? {}))));

const condition = (model: Model, type: string) => model.status()?.conditions.find((each) => each.type === type);

test('a new candidate is frozen, then entered, then waits for people', () => {
  const model = new Model();
  model.settle(now);

  expect(model.types()).toEqual(['CreateBundle', 'Staged']);
  expect(condition(model, 'Staged')?.status).toBe('True');
  expect(model.status()?.approvals).toBe('0/3');
});

test.each<Given>([{}, { meanwhile: 'Fails' }])(
  'each signature is entered once and before the promotion, whether that went well while rights were asked about or not: %j',
  (given) => {
    const model = new Model(given);
    model.settle(now);
    sign(model, ...everybody());
    model.round(now);
    expect(model.types().slice(2)).toEqual(['Signed', 'Signed', 'Signed', 'PromotionStarted']);
  },
);

test('what staging held a moment ago is not frozen', () => {
  const model = new Model({ current: { ...stagedLive.manifest, spec: { replicas: 7 } } });
  model.settle(now);

  expect(model.types()).toEqual([]);
  expect(condition(model, 'Staged')?.reason).toBe('Rendering');
});

describe('who changed staging', () => {
  const counted = (model: Model): readonly string[] =>
    model.effects.flatMap((effect) =>
      effect.do === 'Append' && effect.draft.data.type === 'PromotionStarted'
        ? effect.draft.data.approvals.map(({ username }) => username)
        : [],
    );
  const approverC = anApproval('approver-c', { groups: ['payments-owners'] });
  const [testerA, approverA, approverB] = everybody();

  test('before it was frozen is an author, in bundle and record', () => {
    const model = new Model();
    model.edit('approver-a');
    model.settle(now);
    const authors = ['approver-a', 'developer-a'];
    expect(model.bundles[0]).toMatchObject({
      authors,
      objects: [{ source: { uid: 'uid-api', resourceVersion: '2' } }],
    });
    expect(model.effects.at(-1)).toMatchObject({ draft: { data: { type: 'Staged', authors } } });

    sign(model, ...everybody(), approverC);
    model.round(now);
    expect(counted(model)).toEqual(['tester-a', 'approver-b', 'approver-c']);
  });

  test('afterwards and changed it back is an author, too, and stays one when staging moves on', () => {
    const model = new Model();
    model.settle(now);
    model.edit('approver-a', 7);
    model.edit('approver-a', 6);
    sign(model, ...everybody());
    model.settle(now);
    expect(model.types().at(-1)).toBe('Tested');
    expect(model.status()?.approvals).toBe('2/3');

    model.staged = { ...stagedLive, uid: 'another' };
    model.edit('developer-b', 7);
    model.settle(now);
    expect(model.status()?.approvals).toBe('2/3');
    sign(model, approverC);
    model.round(now);
    expect(counted(model)).toEqual(['tester-a', 'approver-b', 'approver-c']);
  });

  test('once it may move on, changed it for another release', () => {
    const model = new Model();
    model.settle(now);
    sign(model, ...[testerA].flatMap((each) => each ?? []));
    model.settle(now);
    expect(model.types().at(-1)).toBe('Tested');

    model.edit('approver-a', 7);
    sign(model, ...[approverA, approverB].flatMap((each) => each ?? []));
    model.round(now);
    expect(counted(model)).toEqual(['tester-a', 'approver-a', 'approver-b']);
  });

  test('is not known: nothing is frozen, and it is said what to do', () => {
    const model = new Model();
    model.staged = { ...stagedLive, changedBy: undefined };
    model.settle(now);
    expect(model.types()).toEqual([]);
    expect(condition(model, 'Stalled')).toMatchObject({
      status: 'True',
      reason: 'WriterUnknown',
      message:
        'It is not recorded who wrote Deployment api in payments-staging. Somebody who answers for it sends it again as it is: kubectl get deployment/api -n payments-staging -o yaml | kubectl replace -f -',
    });
  });

  test('is more than a bundle can list', () => {
    const model = new Model();
    for (let n = 0; n < 401; n += 1) model.edit(`developer-${n}`);
    model.settle(now);
    expect(condition(model, 'Staged')).toMatchObject({ status: 'False', reason: 'PackageTooLarge' });
  });
});

test('with every signature the promotion begins, resting on exactly those that counted', () => {
  const model = new Model();
  model.settle(now);
  sign(model, ...everybody(), anApproval('developer-a'));
  model.round(now);

  const begun = model.effects.flatMap((effect) =>
    effect.do === 'Append' && effect.draft.data.type === 'PromotionStarted' ? [effect.draft.data] : [],
  );
  expect(begun).toHaveLength(1);
  expect(begun[0]?.approvals.map(({ username }) => username).toSorted()).toEqual([
    'approver-a',
    'approver-b',
    'tester-a',
  ]);
});

test('nothing begins when the API server would refuse a write, and its words are shown', () => {
  // What follows the first line of such an answer quotes what production holds.
  const model = new Model({
    preflight: { kind: 'No', message: 'exceeded quota: pods\n- storageClassName: of-production' },
  });
  model.settle(now);
  sign(model, ...everybody());
  model.settle(now);

  expect(model.types()).not.toContain('PromotionStarted');
  const applicable = model.status()?.gates.find(({ name }) => name === 'Applicable');
  expect(applicable).toMatchObject({ outcome: 'Blocked' });
  expect(applicable?.message).toContain('exceeded quota: pods');
  expect(JSON.stringify([model.status(), model.effects])).not.toContain('of-production');
});

test.each([
  ['the right is gone', { kind: 'No', message: 'not any more' }],
  ['the right could not be asked for', { kind: 'Unavailable', message: 'away' }],
] as const)('nothing begins when %s', (_, right) => {
  const model = new Model({ right });
  model.settle(now);
  sign(model, ...everybody());
  model.settle(now);

  expect(model.types()).not.toContain('PromotionStarted');
  expect(model.status()?.approvals).toBe('0/3');
});

test('a refusal by somebody who may sign is final, whatever anybody signs afterwards', () => {
  const model = new Model();
  model.settle(now);
  sign(model, anApproval('approver-a', { decision: 'Reject' }));
  model.settle(now);
  sign(model, ...everybody());
  model.settle(now);

  expect(condition(model, 'Finished')).toMatchObject({ status: 'True', reason: 'Rejected' });
  expect(model.types()).not.toContain('PromotionStarted');
});

test('a refusal by somebody without the right stops nobody', () => {
  const model = new Model({ right: { kind: 'No', message: 'no' } });
  model.settle(now);
  sign(model, anApproval('stranger', { decision: 'Reject' }));
  model.settle(now);

  expect(condition(model, 'Finished')?.status).toBe('False');
});

test('a candidate that waited too long is expired, and stays so when the policy becomes kinder', () => {
  const model = new Model();
  model.settle(now);
  model.settle(now + 337 * hour);
  expect(condition(model, 'Finished')).toMatchObject({ status: 'True', reason: 'Expired' });

  model.settle(now);
  expect(condition(model, 'Finished')).toMatchObject({ status: 'True', reason: 'Expired' });
});

test.each([
  ['has no policy', { policy: undefined }],
  ['is not there', { target: undefined }],
  ['is being deleted', { target: aNamespace({ terminating: true }) }],
] as const)(
  'a candidate whose production namespace %s expires all the same, though nothing can be entered',
  (_, given) => {
    const model = new Model(given);
    model.settle(now);
    expect(condition(model, 'Finished')?.status).toBe('False');

    model.settle(now + 337 * hour);

    expect(condition(model, 'Finished')).toMatchObject({ status: 'True', reason: 'Expired' });
    expect(model.types()).toEqual([]);
  },
);

test('what people can do is shown before what comes by itself', () => {
  const model = new Model();
  model.settle(now);

  expect(model.status()?.reason).toBe('ApprovalsMissing');
});

test('a candidate is superseded once the one that replaces it is staged, not before', () => {
  const successor = (isStaged: boolean): Sibling => ({
    name: 'next',
    uid: 'next',
    replaces: 'payments-2.4.0',
    createdAt: now,
    staged: isStaged,
    finished: false,
  });
  const waiting = new Model({ siblings: [successor(false)] });
  waiting.settle(now);
  expect(condition(waiting, 'Finished')?.status).toBe('False');

  const replaced = new Model({ siblings: [successor(true)] });
  replaced.settle(now);
  expect(condition(replaced, 'Finished')).toMatchObject({ status: 'True', reason: 'Superseded' });
});

const others = (count: number, given: (index: number) => Partial<Sibling>): Sibling[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `other-${index}`,
    uid: `uid-other-${index}`,
    replaces: '',
    createdAt: now - 24 * hour,
    staged: false,
    finished: false,
    ...given(index),
  }));

test.each([
  ['twenty older ones are open', others(20, () => ({})), 'TooManyOpen'],
  ['nineteen older ones are open', others(19, () => ({})), 'Staged'],
  ['twenty younger ones have their places', others(20, () => ({ createdAt: now, staged: true })), 'TooManyOpen'],
  ['twenty younger ones wait', others(20, () => ({ createdAt: now })), 'Staged'],
  ['twenty older ones are over', others(20, () => ({ finished: true })), 'Staged'],
  [
    'the places are taken by older and younger ones together',
    others(20, (index) => (index < 10 ? {} : { createdAt: now, staged: true })),
    'TooManyOpen',
  ],
])('when %s: %s', (_, siblings, reason) => {
  const model = new Model({ siblings });
  model.settle(now);

  expect(condition(model, 'Staged')?.reason).toBe(reason);
});

test('in a crowd a candidate waits until it can know who is older', () => {
  const model = new Model({ siblings: others(10, () => ({ createdAt: now })) });
  const createdAt = Date.parse(model.candidate.metadata.creationTimestamp);
  const plan = model.settle(createdAt + 1_999);
  expect(model.types()).toEqual([]);
  expect(plan.wakeAt).toBe(createdAt + 2_000);

  model.settle(createdAt + 2_000);

  expect(model.types()).toEqual(['CreateBundle', 'Staged']);
});

test('candidates that replace each other are refused', () => {
  const candidate = aCandidate({ components: [{ kind: 'Deployment', name: 'api' }], overlay: [], replaces: 'other' });
  const other: Sibling = {
    name: 'other',
    uid: 'o',
    replaces: candidate.metadata.name,
    createdAt: now,
    staged: false,
    finished: false,
  };
  const model = new Model({ candidate, siblings: [other] });
  model.settle(now);

  expect(condition(model, 'Staged')).toMatchObject({ status: 'False', reason: 'ReplacesCycle' });
});

test('no policy: nothing is staged, and the condition says who can help', () => {
  const model = new Model({ policy: undefined });
  model.settle(now);

  expect(model.types()).toEqual([]);
  expect(condition(model, 'Stalled')).toMatchObject({ status: 'True', reason: 'PolicyMissing' });
});

test('a candidate that is gone before its end is entered as withdrawn, once', () => {
  const model = new Model();
  model.settle(now);
  const known = model.record.candidates.get(model.candidate.metadata.uid);
  if (known === undefined) throw new Error('not in the record');

  expect(planGone('payments-prod', known, false).effects).toHaveLength(1);
  expect(planGone('payments-prod', known, true).effects).toEqual([]);
  const ended = { ...known, finished: { reason: 'Withdrawn' as const, message: '', at: now } };
  expect(planGone('payments-prod', ended, false).effects).toEqual([]);
});

const signing = fc.subarray([
  ...everybody(),
  anApproval('developer-a'),
  anApproval('approver-a', { decision: 'Reject' }),
]);

test('applying a plan and planning again changes nothing', () => {
  fc.assert(
    fc.property(signing, fc.nat({ max: 400 * 60 }), (approvals, minutes) => {
      const model = new Model();
      model.settle(now);
      sign(model, ...approvals);
      const at = now + minutes * minute;
      if (
        model
          .round(at)
          .effects.some((effect) => effect.do === 'Append' && effect.draft.data.type === 'PromotionStarted')
      )
        return;
      model.settle(at);
      const told = plain(model.status());
      const again = model.round(at);
      expect(again.effects).toEqual([]);
      expect(plain(model.status())).toBe(told);
    }),
  );
});

test('Finished is always there, and Reconciling and Stalled are never both true', () => {
  fc.assert(
    fc.property(signing, fc.nat({ max: 400 * 60 }), (approvals, minutes) => {
      const model = new Model();
      model.settle(now);
      sign(model, ...approvals);
      model.round(now + minutes * minute);
      model.round(now + minutes * minute);
      const conditions = new Map(model.status()?.conditions.map((each) => [each.type, each.status]));
      expect(conditions.has('Finished')).toBe(true);
      expect(conditions.get('Reconciling') === 'True' && conditions.get('Stalled') === 'True').toBe(false);
    }),
  );
});
