/** Production of one package as an API server would keep it, and its ledger: plans of a release are applied to it, all or some of their effects. */
import { expect } from '@jest/globals';
import { fieldManagers } from '../../../operator/api/field-managers.ts';
import type { JsonObject } from '../../../operator/api/meta.ts';
import type { Rollback } from '../../../operator/api/rollback.ts';
import { type Answer, type Question, questionKey } from '../../../operator/decide/api-queries.ts';
import { RefusedWritesOfPackages } from '../../../operator/observe/refused-writes.ts';
import type { Bundle, BundleObject } from '../../../operator/decide/bundle.ts';
import * as candidateEntries from '../../../operator/decide/candidate/entries.ts';
import { digestOf as digest } from '../../../operator/decide/json/canonical.ts';
import { finalizersOf } from '../../../operator/decide/manifest/pending-deletion.ts';
import { normalForm } from '../../../operator/decide/manifest/normal-form.ts';
import { replicasOf } from '../../../operator/decide/manifest/content-digest.ts';
import { objectAt, withMember } from '../../../operator/decide/json/json.ts';
import type { LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import {
  keyOf,
  type Instant,
  type LiveObject,
  type ObjectKey,
  type PodFacts,
} from '../../../operator/decide/objects.ts';
import type { Effect, ObjectEffect, Plan } from '../../../operator/decide/plan.ts';
import { emptyHead } from '../../../operator/decide/record/chain.ts';
import { emptyRecord, packageRecord, type NamespaceRecord } from '../../../operator/decide/record/record.ts';
import * as releaseEntries from '../../../operator/decide/release/entries.ts';
import { planRelease } from '../../../operator/decide/release/plan.ts';
import type { ReleaseSnapshot } from '../../../operator/decide/release/snapshot.ts';
import { holds } from '../../../operator/decide/release/steps.ts';
import {
  aBundle,
  aCandidate,
  aDeployment,
  aLiveObject,
  aNamespace,
  anObject,
  aPolicy,
  aRollback,
  minute,
  now,
} from './decide.ts';
import { recordAsTold, recordStarting } from './record.ts';

export const pkg = 'payments';

/** One object of a bundle; the letter tells contents apart. */
export const part = (key: ObjectKey, letter: string): BundleObject => {
  const [kind = '', name = ''] = key.split('/');
  const object =
    kind === 'Deployment'
      ? aDeployment(name, { schedulerName: letter })
      : anObject(kind, name, kind === 'Job' ? { spec: { parallelism: 1 } } : { data: { letter } });
  return { ...object, digest: digest(object.content) };
};

/** As Helm leaves it. */
export const labelled = (object: BundleObject): BundleObject => ({
  ...object,
  content: withMember(object.content, 'metadata', {
    ...objectAt(object.content, 'metadata'),
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  }),
});

export const bundleOf = (name: string, objects: readonly BundleObject[], given: Partial<Bundle> = {}): Bundle =>
  aBundle({
    name,
    candidate: { name, uid: `uid-${name}`, namespace: 'payments-staging' },
    digest: digest(objects.map((each) => each.digest).concat(name)),
    objects,
    previous: '',
    ...given,
  });

/** How the workloads of the newer release do. */
type Fate = 'Healthy' | 'Crashing';

/** Production as the API server would keep it, and its ledger. */
export class Model {
  readonly live = new Map<ObjectKey, LiveObject>();
  readonly pods = new Map<ObjectKey, readonly PodFacts[]>();
  readonly writes: string[] = [];
  readonly types: string[] = [];
  /** What the API server says to writes of these objects. */
  readonly refuses = new Map<ObjectKey, string>();
  record: NamespaceRecord = { ...emptyRecord, head: emptyHead };
  /** Pods of what is restored do not come up. */
  holdsPods = false;
  /** A controller takes Jobs away as soon as they are complete. */
  takesJobs = false;
  readonly #drafts: LedgerDraft[] = [];
  readonly #refused = new RefusedWritesOfPackages(() => {});
  #rollbacks: readonly Rollback[] = [];
  #bundles: readonly Bundle[];
  readonly #fate: Fate;
  readonly #observeFor: string;
  #versions = 1;

  constructor(bundles: readonly Bundle[], fate: Fate = 'Healthy', observeFor = '0s') {
    this.#bundles = bundles;
    this.#fate = fate;
    this.#observeFor = observeFor;
  }

  put(object: BundleObject, key: ObjectKey, manager: string, at: Instant): void {
    const name = key.slice(key.indexOf('/') + 1);
    const generation = (this.live.get(key)?.generation ?? 0) + 1;
    const done = ready(generation);
    const isHeld = this.holdsPods && manager === fieldManagers.restorer;
    const complete = { conditions: [{ type: 'Complete', status: 'True' }] };
    const { kind } = object.ref;
    this.live.set(
      key,
      aLiveObject(object, {
        ref: { ...object.ref, name },
        uid: this.live.get(key)?.uid ?? `uid-${key}-${(this.#versions += 1)}`,
        resourceVersion: String((this.#versions += 1)),
        generation,
        manifest: withMember(object.content, 'metadata', { ...objectAt(object.content, 'metadata'), name }),
        status:
          kind === 'Deployment' ? (isHeld ? { ...done, readyReplicas: 0 } : done) : kind === 'Job' ? complete : {},
        writers: [{ manager, operation: 'Update', at }, ...(this.live.get(key)?.writers ?? [])],
      }),
    );
    // What ran before the newer release ran well.
    const crashes = this.#fate === 'Crashing' && manager === fieldManagers.operator && at >= now - minute;
    if (kind === 'Deployment')
      this.pods.set(
        key,
        Array.from({ length: replicasOf(object.content) ?? 1 }, () =>
          podOf(key, crashes ? 'CrashLoopBackOff' : '', at),
        ),
      );
  }

  /** The pods of a workload, replaced by ones that crash. */
  crash(key: ObjectKey, at: Instant): void {
    this.pods.set(key, [podOf(key, 'CrashLoopBackOff', at)]);
  }

  /** Pods of what was restored come up. */
  releasePods(): void {
    this.holdsPods = false;
    for (const [key, live] of this.live) {
      if (live.ref.kind === 'Deployment') this.live.set(key, { ...live, status: ready(live.generation) });
    }
  }

  /** The newest entry. */
  last(): LedgerDraft | undefined {
    return this.#drafts.at(-1);
  }

  /** Somebody takes a bundle away. */
  forget(name: string): void {
    this.#bundles = this.#bundles.filter((bundle) => bundle.name !== name);
  }

  /** Somebody with the right orders a rollback. */
  orders(at: Instant): void {
    this.#rollbacks = [...this.#rollbacks, aRollback(`order-${this.#rollbacks.length}`, at, 'again')];
  }

  append(draft: LedgerDraft, at: Instant): void {
    this.types.push(draft.data.type);
    this.#drafts.push(draft);
    this.record = recordStarting(this.record, draft, { at });
  }

  /** Whatever came before it. */
  tell(draft: LedgerDraft, at: Instant): void {
    this.types.push(draft.data.type);
    this.record = recordAsTold(this.record, draft, { at });
  }

  snapshot(): ReleaseSnapshot {
    const { open, production } = packageRecord(this.record, pkg);
    return {
      namespace: 'payments-prod',
      package: pkg,
      policy: aPolicy({ health: { progressTimeout: '10m', observeFor: this.#observeFor } }),
      target: aNamespace(),
      record: this.record,
      bundles: new Map(this.#bundles.map((bundle) => [bundle.name, bundle])),
      live: this.live,
      pods: this.pods,
      checks: new Map(),
      refused: this.#refused.facts('payments-prod', pkg, open?.id ?? production?.bundle),
      rollbacks: this.#rollbacks,
      complete: true,
    };
  }

  plan(at: Instant): Plan {
    return this.planOf(this.snapshot(), at);
  }

  /** Of a snapshot of it, with what it asks answered. */
  planOf(s: ReleaseSnapshot, at: Instant): Plan {
    const { questions } = planRelease(s, new Map(), at);
    return planRelease(s, new Map(questions.map((question) => [questionKey(question), this.#answer(question)])), at);
  }

  /** Everybody has every right, and what is seen is what is there. */
  #answer(question: Question): Answer {
    if (question.ask !== 'Current') return { kind: 'Yes' };
    const live = this.live.get(keyOf(question.ref));
    return live === undefined
      ? { kind: 'No', message: 'not found' }
      : { kind: 'Digest', digest: digest(normalForm(live.manifest, question.ref)) };
  }

  /** One plan, carried out. */
  step(at: Instant): void {
    this.apply(this.plan(at).effects, Infinity, at);
  }

  /** Applies effects until `reach` of them are done: then the process dies. */
  apply(effects: readonly Effect[], reach: number, at: Instant): void {
    let left = reach;
    for (const effect of effects) {
      if (effect.do === 'Append') {
        if (left <= 0) return;
        left -= 1;
        // What somebody ordered is refused whatever the package has become.
        expect(packageRecord(this.record, pkg).seq).toBe(effect.packageSeq ?? packageRecord(this.record, pkg).seq);
        this.append(effect.draft, at);
      }
      if (effect.do !== 'Together') continue;
      let isRefused = false;
      for (const each of effect.effects) {
        if (left <= 0) return;
        left -= 1;
        const message = this.refuses.get(keyOf(each.ref));
        if (message === undefined) {
          this.#refused.taken(each);
          this.#write(each, at);
        } else {
          isRefused = true;
          this.#refused.note(each, { message, isFinal: true, at });
        }
      }
      if (isRefused) return;
    }
  }

  #write(effect: ObjectEffect, at: Instant): void {
    const key = keyOf(effect.ref);
    const before = this.live.get(key);
    this.writes.push(`${effect.do} ${key}`);
    if (effect.do === 'Delete') {
      expect([effect.uid, effect.resourceVersion]).toEqual([before?.uid, before?.resourceVersion]);
      this.live.delete(key);
      this.pods.delete(key);
      return;
    }
    const { metadata, ...content } = effect.manifest;
    const { uid, resourceVersion, namespace, ...kept } = objectAt({ metadata: metadata ?? {} }, 'metadata');
    expect(namespace).toBe('payments-prod');
    // A create meets nothing, and a replacement what it was made from.
    expect([uid, resourceVersion]).toEqual([before?.uid, before?.resourceVersion]);
    this.put(
      { ref: effect.ref, digest: '', content: { ...content, metadata: kept } },
      key,
      fieldManagers[effect.as],
      at,
    );
    if (effect.ref.kind === 'Job' && this.takesJobs) this.take(key);
  }

  /** Somebody deletes an object: it stays for as long as a finalizer holds it. */
  take(key: ObjectKey): void {
    const live = this.live.get(key);
    if (live === undefined || finalizersOf(live).length === 0) this.live.delete(key);
    else this.live.set(key, { ...live, deleting: true });
  }

  /** Until the plan has no effects; `deaths`: how many effects the process of each round lives to carry out. */
  settle(at: Instant, deaths: readonly number[] = []): void {
    for (let round = 0; round < 60; round += 1) {
      const { effects } = this.plan(at);
      if (effects.length === 0) return;
      this.apply(effects, deaths[round] ?? Infinity, at);
    }
    throw new Error('the effects of this plan do not settle');
  }
}

const ready = (generation: number): JsonObject => ({
  observedGeneration: generation,
  replicas: 6,
  updatedReplicas: 6,
  readyReplicas: 6,
  availableReplicas: 6,
});

const podOf = (key: ObjectKey, waiting: string, createdAt: Instant): PodFacts => ({
  name: `pod-of-${key}`,
  namespace: 'payments-prod',
  uid: `uid-pod-${key}`,
  createdAt,
  deleting: false,
  phase: 'Running',
  ready: waiting === '',
  readySince: undefined,
  labels: { 'pod-template-hash': 'a' },
  ownerKind: 'Deployment',
  ownerName: key,
  controller: undefined,
  programs: [],
  lifetime: [],
  manager: '',
  ownerUid: '',
  containers: [
    {
      name: 'app',
      ready: waiting === '',
      started: true,
      restarts: 4,
      waiting,
      message: '',
      lastEndedAt: waiting === '' ? undefined : createdAt,
    },
  ],
});

/** Whether production is exactly a bundle, as far as the objects of either are concerned; Jobs run once and are left out. */
export const is = (model: Model, bundle: Bundle | undefined, other: Bundle): string[] => {
  const wanted = new Map((bundle?.objects ?? []).map((object) => [keyOf(object.ref), object]));
  const all = [...new Set([...wanted.keys(), ...other.objects.map(({ ref }) => keyOf(ref))])].filter(
    (key) => !key.startsWith('Job/'),
  );
  return all.filter((key) => {
    const live = model.live.get(key);
    const object = wanted.get(key);
    return object === undefined ? live !== undefined : live === undefined || !holds(live, object, []);
  });
};

export interface Case {
  readonly from: Bundle;
  readonly to: Bundle;
}

export const caseOf = (had: readonly ObjectKey[], has: readonly ObjectKey[]): Case => {
  const from = bundleOf(
    'first',
    had.map((key) => part(key, 'o')),
  );
  const removed = from.objects.map(({ ref }) => ref).filter((ref) => !has.includes(keyOf(ref)));
  const to = bundleOf(
    'second',
    has.map((key) => part(key, 'n')),
    { base: from.digest, previous: from.name, removed },
  );
  return { from, to };
};

export const began = (model: Model, { from, to }: Case): void => {
  model.append(
    candidateEntries.promotionStarted(aCandidate({}, 'first'), from, {
      from: '',
      fromDigest: '',
      quorum: '3/3',
      approvals: [],
      delivery: 'Countersign',
      followsUp: null,
    }),
    now - 9 * minute,
  );
  const first = packageRecord(model.record, pkg).open;
  if (first === undefined) throw new Error('no intent');
  model.append(
    releaseEntries.promoted(first, from, { observeUntil: now - 8 * minute, healthy: true, reason: '' }),
    now - 8 * minute,
  );
  model.append(
    candidateEntries.promotionStarted(aCandidate({}, 'second'), to, {
      from: from.name,
      fromDigest: from.digest,
      quorum: '3/3',
      approvals: [],
      delivery: 'Countersign',
      followsUp: null,
    }),
    now - minute,
  );
};

/** The newer release has failed, and is being taken back. */
export const beganBack = (model: Model, { from, to }: Case, at: Instant): void =>
  model.append(
    releaseEntries.rollbackStarted(
      {
        candidate: to.candidate,
        package: pkg,
        from: to.name,
        fromDigest: to.digest,
        to: from.name,
        toDigest: from.digest,
        delivery: 'Countersign',
      },
      { cause: 'it failed', overwrites: [], order: undefined, restores: from, removes: [] },
    ),
    at,
  );
