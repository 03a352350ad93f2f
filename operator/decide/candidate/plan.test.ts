/** The plan of a candidate against a model of the cluster: effects are applied, and the plan is made again, until it has none. */
import { noEvidence } from '../evidence/piece.ts';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { ReleaseCandidate, ReleaseCandidateStatus } from '../../api/candidate.ts';
import type { Approval } from '../../api/approval.ts';
import { jsonObject, type JsonObject } from '../../api/meta.ts';
import {
  aCandidate,
  aDeployment,
  aLiveObject,
  anApproval,
  aNamespace,
  aPlace,
  aPolicy,
  aSibling,
  hour,
  minute,
  now,
  second,
} from '../../../test/support/builders/decide.ts';
import { recordAfter } from '../../../test/support/builders/record.ts';
import { emptyHead } from '../record/chain.ts';
import type { Bundle } from '../bundle.ts';
import { candidateStuck, planCandidate, planGone } from './plan.ts';
import { canonicalJson, digestOf } from '../json/canonical.ts';
import { objectAt } from '../json/json.ts';
import { keyOf, type Instant } from '../objects.ts';
import { builtIn } from '../schema/custom-type.ts';
import { nothingSelected } from '../selected.ts';
import type { Effect, Plan } from '../plan.ts';
import { questionKey, type Answer, type Question } from '../api-queries.ts';
import { emptyRecord, type NamespaceRecord } from '../record/record.ts';
import { normalForm } from '../manifest/normal-form.ts';
import { type CandidateSnapshot, noBindings, noHosts, type Place, type Sibling } from '../gates/snapshot.ts';

interface Given {
  /** What becomes of effects that are carried out while questions are asked. */
  readonly meanwhile?: 'Fails';
  readonly candidate?: ReleaseCandidate;
  readonly policy?: ReturnType<typeof aPolicy> | undefined;
  readonly target?: ReturnType<typeof aNamespace> | undefined;
  readonly siblings?: readonly Sibling[];
  readonly places?: readonly Place[];
  /** Who else changed the staged object. */
  readonly writer?: string;
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
  siblings: readonly Sibling[];
  readonly #given: Given;

  constructor(given: Given = {}) {
    this.#given = given;
    this.siblings = given.siblings ?? [];
    const { writer } = given;
    if (writer !== undefined) {
      this.staged = {
        ...stagedLive,
        changedBy: [...(stagedLive.changedBy ?? []), { username: writer, position: '1' }],
      };
    }
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
      neighbors: () => [],
      staged: new Map([[keyOf(staged.ref), this.staged]]),
      selection: () => nothingSelected,
      hosts: () => noHosts,
      classes: () => undefined,
      bindings: noBindings,
      stagedPods: new Map(),
      stagedControllers: { replicaSet: () => undefined, jobsOf: () => [] },
      live: new Map(),
      claims: new Map(),
      approvals: this.approvals,
      evidence: noEvidence,
      exceptions: [],
      reviews: [],
      autoscalers: [],
      stagedAutoscalers: [],
      unreadKinds: new Map(),
      siblings: this.siblings,
      places: () => this.#given.places ?? [],
      secrets: new Map(),
      configMaps: new Map(),
      release: undefined,
      integrity: () => [],
      mutators: () => [],
      typeOf: builtIn,
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
    if (question.ask === 'Statement') return { kind: 'Signer', name: question.signers.all[0]?.name ?? '' };
    if (question.ask === 'PolicyTrial') return { kind: 'Yes' };
    if (question.ask === 'Selection') return { kind: 'Selected', objects: [] };
    if (question.ask === 'Current')
      return {
        kind: 'Digest',
        digest: digestOf(normalForm(this.#given.current ?? this.staged.manifest, question.ref)),
      };
    return { kind: 'Object', manifest: question.stored(question.manifest) };
  }

  #apply(effect: Effect, at: Instant): void {
    this.effects.push(effect);
    if (effect.do === 'CreateBundle') this.bundles.push({ ...effect.bundle, createdAt: at });
    if (effect.do === 'Append') {
      this.record = recordAfter(this.record, effect.draft, { id: `id-${this.effects.length}`, at });
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

test('once content is frozen the API server is not asked again what the same staged object would become, but of another state it is', () => {
  const model = new Model();
  model.settle(now);
  const asked = () => planCandidate(model.snapshot(), new Map(), now).questions.map(({ ask }) => ask);

  expect(asked()).toEqual([]);
  model.edit('developer-b', 7);
  expect(asked()).toEqual(['NormalForm']);
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
      reason: 'AuthorUnrecorded',
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

describe('on a record that does not verify', () => {
  const why = 'entry 000000000001 (Promoted) does not follow: no promotion x is open';
  const auditor =
    /^the ledger of payments-prod does not verify: entry 000000000001 \(Promoted\).* an auditor finds out/;

  test('nothing is frozen, and it is said who can go on from there', () => {
    const model = new Model();
    model.record = { ...model.record, broken: why };
    model.settle(now);
    expect(model.types()).toEqual([]);
    expect(condition(model, 'Staged')).toMatchObject({
      reason: 'LedgerBroken',
      message: expect.stringMatching(auditor),
    });
  });

  test('what was frozen on another base is not frozen again', () => {
    const model = new Model();
    model.settle(now);
    model.bundles = model.bundles.map((bundle) => ({ ...bundle, digest: digestOf('on another base') }));
    model.record = { ...model.record, broken: why };
    model.settle(now);
    expect(model.types()).toEqual(['CreateBundle', 'Staged']);
    expect(condition(model, 'Stalled')).toMatchObject({
      reason: 'LedgerBroken',
      message: expect.stringMatching(auditor),
    });
  });

  test('signatures and rejections are not entered, and what waits for them says why', () => {
    const model = new Model();
    model.settle(now);
    sign(model, ...everybody(), anApproval('approver-c', { decision: 'Reject' }));
    model.record = { ...model.record, broken: why };
    model.settle(now);
    expect(model.types()).toEqual(['CreateBundle', 'Staged']);
    expect(condition(model, 'Stalled')).toMatchObject({ reason: 'LedgerBroken' });
  });
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
  const preflight = model.status()?.gates.find(({ name }) => name === 'Preflight');
  expect(preflight).toMatchObject({ outcome: 'Blocked' });
  expect(preflight?.message).toContain('exceeded quota: pods');
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

describe('spec.replaces', () => {
  const later = (given: Partial<Sibling> = {}): Sibling =>
    aSibling({ replaces: 'payments-2.4.0', staged: true, promoted: true, finished: true, ...given });
  const stranger = { username: 'developer-b', uid: '', groups: [] };
  const no: Answer = { kind: 'No', message: 'no' };

  test.each<[sentence: string, given: Given, ends: boolean]>([
    [
      'one that is staged, and not promoted, ends nothing',
      { siblings: [later({ promoted: false, finished: false })] },
      false,
    ],
    ['one that was rejected ends nothing', { siblings: [later({ promoted: false })] }, false],
    ['a promoted one of the same author ends it', { siblings: [later()], right: no }, true],
    ['a promoted one of somebody else ends nothing', { siblings: [later({ author: stranger })], right: no }, false],
    ['a promoted one of somebody who holds withdraw ends it', { siblings: [later({ author: stranger })] }, true],
    [
      'a machine is asked for no right',
      { siblings: [later({ author: { ...stranger, username: 'system:serviceaccount:ci:robot' } })] },
      false,
    ],
    [
      'an unanswered right ends nothing',
      { siblings: [later({ author: stranger })], right: { kind: 'Unavailable', message: '' } },
      false,
    ],
    ['an earlier one ends nothing', { siblings: [later({ createdAt: now - 24 * hour })] }, false],
    [
      'of the same second, the one that names it is the later',
      { siblings: [later({ createdAt: now - 3 * hour, uid: 'uid-z' })] },
      true,
    ],
    ['one that names another ends nothing', { siblings: [later({ replaces: 'payments-2.3.0' })] }, false],
    [
      'a promoted one of an author of the content ends it, who did not stage it',
      { siblings: [later({ author: { ...stranger, username: 'developer-c' } })], writer: 'developer-c', right: no },
      true,
    ],
    [
      'a name that only looks like the author ends nothing',
      { siblings: [later({ author: { ...stranger, username: 'develoрer-a' } })], right: no },
      false,
    ],
  ])('%s', (_, given, ends) => {
    const { siblings = [], ...others } = given;
    // First it is staged; then somebody's release with spec.replaces has got so far.
    const model = new Model({ ...others, siblings: [] });
    model.settle(now);
    model.siblings = siblings;
    model.settle(now);

    expect(condition(model, 'Finished')).toMatchObject(
      ends
        ? { status: 'True', reason: 'Superseded', message: 'replaced by next, which was promoted' }
        : { status: 'False' },
    );
  });

  const replacing = (sibling: Partial<Sibling>, given: Given = {}) => {
    const candidate = aCandidate({ components: [{ kind: 'Deployment', name: 'api' }], overlay: [], replaces: 'other' });
    const other = aSibling({ name: 'other', uid: 'o', createdAt: now - 24 * hour, ...sibling });
    const model = new Model({ candidate, siblings: [other], ...given });
    model.settle(now);
    return model;
  };

  test.each<[sentence: string, sibling: Partial<Sibling>, right: Answer, said: object]>([
    ['an own earlier one will be replaced', {}, no, { status: 'True', reason: 'WillReplace' }],
    [
      'the earlier one of others stays, and how it could go is said',
      { author: stranger },
      no,
      {
        status: 'False',
        reason: 'ReplacesRefused',
        message:
          'developer-a is no author of other and does not hold withdraw in payments-prod, so other stays open. Next: a holder of withdraw withdraws it: kubectl delete cand other -n payments-staging',
      },
    ],
    ['a holder of withdraw will replace it', { author: stranger }, { kind: 'Yes' }, { status: 'True' }],
    ['a later one is not replaced', { createdAt: now }, no, { status: 'False', reason: 'ReplacesNothing' }],
    ['one that is over is not replaced', { finished: true }, no, { status: 'False', reason: 'ReplacesNothing' }],
    ['one of another name is not replaced', { name: 'else' }, no, { status: 'False', reason: 'ReplacesNothing' }],
  ])('%s', (_, sibling, right, said) => {
    const model = replacing(sibling, { right });

    expect(condition(model, 'Staged')).toMatchObject({ status: 'True' });
    expect(condition(model, 'Replaces')).toMatchObject(said);
  });

  test('a candidate that somebody else names first is staged all the same', () => {
    const model = replacing({ replaces: 'payments-2.4.0', author: stranger }, { right: no });

    expect(condition(model, 'Staged')).toMatchObject({ status: 'True' });
  });
});

describe('places', () => {
  const many = (count: number, given: Partial<Place> = {}): Place[] =>
    Array.from({ length: count }, (_, index) =>
      aPlace({ name: `other-${index}`, uid: `uid-other-${index}`, ...given }),
    );
  const elsewhere = { package: 'billing' };
  const mib = 1024 * 1024;

  test.each<[sentence: string, places: Place[], reason: string]>([
    ['twenty of the package are staged', many(20), 'TooManyOpen'],
    ['nineteen of the package are staged', many(19), 'Staged'],
    ['twenty younger ones have their places', many(20, { createdAt: now }), 'TooManyOpen'],
    ['twenty that can never be staged were there first', many(20, { staged: false }), 'Staged'],
    ['twenty younger ones wait', many(20, { staged: false, createdAt: now }), 'Staged'],
    ['one author holds as many as one may, in other packages', many(100, elsewhere), 'TooManyOpen'],
    ['another author does', many(100, { ...elsewhere, author: 'developer-b' }), 'Staged'],
    ['the namespace is full', many(400, { ...elsewhere, author: 'developer-b' }), 'TooManyOpen'],
    [
      'one author holds as many bytes as one may, in a few packages',
      many(5, { ...elsewhere, bytes: 4.8 * mib }),
      'TooMuchOpen',
    ],
    ['another author holds them', many(5, { ...elsewhere, author: 'developer-b', bytes: 4.8 * mib }), 'Staged'],
    [
      'the namespace holds as many bytes as it may',
      many(12, { ...elsewhere, author: 'developer-b', bytes: 5.4 * mib }),
      'TooMuchOpen',
    ],
  ])('when %s: %s', (_, places, reason) => {
    const model = new Model({ places });
    model.settle(now);

    expect(condition(model, 'Staged')?.reason).toBe(reason);
  });

  test('who holds the places is said, and how one becomes free', () => {
    const model = new Model({ places: many(2, { ...elsewhere, author: 'developer-b', bytes: 32 * mib }) });
    model.settle(now);

    expect(condition(model, 'Stalled')?.message).toMatch(
      /^open candidates for payments-prod hold 67108864 bytes and this one has \d+; together at most 67108864 may be open, staged by developer-b\. Next: a holder of withdraw in payments-prod withdraws one that is not wanted any more \(other-0 and other-1\): kubectl delete cand other-0 -n payments-staging$/,
    );
  });

  test('those of which it is not known yet whether they can be staged have their turn first, and no longer', () => {
    const createdAt = now - 3 * hour;
    const model = new Model({ places: many(20, { staged: false, createdAt: createdAt - 10 * second }) });
    const plan = model.settle(createdAt + 5 * second);
    expect(condition(model, 'Staged')?.reason).toBe('TooManyOpen');
    expect(plan.wakeAt).toBe(createdAt + 20 * second);

    model.settle(createdAt + 20 * second);

    expect(condition(model, 'Staged')?.reason).toBe('Staged');
  });

  test('where many come, it is looked at again when enough of them have not come, and not for each', () => {
    const createdAt = now - 3 * hour;
    const places = many(25).map((place, i) => ({
      ...place,
      staged: false,
      createdAt: createdAt - 10 * second + i,
    }));
    const model = new Model({ places });
    const plan = model.settle(createdAt + 5 * second);
    expect(condition(model, 'Staged')?.reason).toBe('TooManyOpen');
    expect(plan.wakeAt).toBe(createdAt + 20 * second + 5);
  });

  test('where what is staged takes all the room, nothing is waited for of those that come', () => {
    const createdAt = now - 3 * hour;
    const model = new Model({
      places: [
        ...many(5, { ...elsewhere, bytes: 4.8 * mib }),
        ...many(3, { ...elsewhere, staged: false, createdAt: createdAt - second }),
      ],
    });
    const plan = model.settle(createdAt + 5 * second);
    expect(condition(model, 'Staged')?.reason).toBe('TooMuchOpen');
    // Nothing but its own end wakes it.
    expect(plan.wakeAt).toBeGreaterThan(createdAt + hour);
  });

  test('in a crowd a candidate waits until it can know who is older', () => {
    const createdAt = now - 3 * hour;
    const model = new Model({ places: many(10, { staged: false, createdAt }) });
    const plan = model.settle(createdAt + 1_999);
    expect(model.types()).toEqual([]);
    expect(plan.wakeAt).toBe(createdAt + 2_000);

    model.settle(createdAt + 2_000);

    expect(model.types()).toEqual(['CreateBundle', 'Staged']);
  });
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
      // What has begun is the release's to carry on.
      if (model.types().at(-1) !== 'PromotionStarted') model.round(now + minutes * minute);
      const conditions = new Map(model.status()?.conditions.map((each) => [each.type, each.status]));
      expect(conditions.has('Finished')).toBe(true);
      expect(conditions.get('Reconciling') === 'True' && conditions.get('Stalled') === 'True').toBe(false);
    }),
  );
});

test('what the operator cannot work on says so, instead of waiting without a word', () => {
  const model = new Model();
  const snapshot = model.snapshot();
  const says = (kind: string, message: string) =>
    candidateStuck(snapshot, { kind, message }, now).map(({ status }) => status)[0];
  expect(says('TooLarge', 'ConfigMap/huge has 9 bytes')).toMatchObject({
    phase: 'Stalled',
    reason: 'PackageTooLarge',
    conditions: expect.arrayContaining([
      expect.objectContaining({ type: 'Stalled', status: 'True', message: 'ConfigMap/huge has 9 bytes' }),
      expect.objectContaining({ type: 'Finished', status: 'False' }),
    ]),
  });
  expect(says('Bug', 'Maximum call stack size exceeded')).toMatchObject({ phase: 'Stalled', reason: 'InternalError' });
  expect(candidateStuck({ ...snapshot, complete: false }, { kind: 'Bug', message: '' }, now)).toEqual([]);
});
