/**
 * One replica of the operator: looks, plans, acts, as `run/reconcile.ts` and `run/retry.ts` do. It dies before or after any of its effects,
 * and may be held up between its plan and what comes of it.
 */
import { fieldManagers } from '../../../operator/api/field-managers.ts';
import { type Answer, type Question, questionKey } from '../../../operator/decide/api-queries.ts';
import { digestOf } from '../../../operator/decide/json/canonical.ts';
import { normalForm } from '../../../operator/decide/manifest/normal-form.ts';
import { keyOf, type Instant } from '../../../operator/decide/objects.ts';
import type { Effect, ObjectEffect, Plan } from '../../../operator/decide/plan.ts';
import { packageRecord } from '../../../operator/decide/record/record.ts';
import type { ReleaseSnapshot } from '../../../operator/decide/release/snapshot.ts';
import { retryPolicy, type FailureKind } from '../../../operator/kube/failures.ts';
import { RefusedWritesOfPackages } from '../../../operator/observe/refused-writes.ts';
import { delayMs } from '../../../operator/time/backoff.ts';
import { aNamespace } from '../../support/builders/decide.ts';
import type { Refused } from './cluster.ts';
import type { Surroundings } from './surroundings.ts';
import { View } from './view.ts';

/** A release is tried again within this, whatever the failure (`run/controllers/release.ts`). */
const maxRetryMs = 10_000;
const maxRounds = 20;

export class Operator {
  readonly view: View;
  isLeading = false;
  /** Planned again when it is done with what it does. */
  #isAgain = false;
  #isWorking = false;
  #isDue = false;
  #failures = 0;
  /** Changes whenever the process dies, so that nothing of its life goes on after it. */
  #life = 0;
  #wake: Instant | undefined;
  /** Changes what is planned next, which a refusal is followed by in any case. */
  #refused = new RefusedWritesOfPackages(() => {});
  readonly #our: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#our = surroundings;
    const { time, chance, ledger } = surroundings;
    this.view = new View({ time, chance, record: ledger.record }, () => this.look());
  }

  get wakesAt(): Instant | undefined {
    return this.#wake;
  }

  /** Soon: what comes within a few milliseconds is looked at together. */
  look(): void {
    if (!this.isLeading || this.#isDue) return;
    if (this.#isWorking) {
      this.#isAgain = true;
      return;
    }
    this.#isDue = true;
    const life = this.#life;
    this.#our.time.after(this.#our.chance.between(2, 50), () => {
      if (life !== this.#life) return;
      this.#isDue = false;
      if (this.isLeading) this.#work(life);
    });
  }

  /** Whoever begins to lead reads the ledger up to its newest entry first (`run/catch-up.ts`). */
  lead(): void {
    this.isLeading = true;
    this.view.knows(this.#our.ledger.record);
    this.look();
  }

  /** It is not told, and what it planned it does. */
  yieldLead(heldMs: number): void {
    const life = this.#life;
    const effects = this.#plan()?.effects ?? [];
    const knownAt = this.view.catchUp();
    this.isLeading = false;
    this.#our.time.after(heldMs, () => {
      if (life === this.#life) this.#act(effects, { life, knownAt, done: () => {} });
    });
  }

  die(): void {
    this.#life += 1;
    this.isLeading = false;
    this.#isWorking = false;
    this.#isDue = false;
    this.#isAgain = false;
    this.#failures = 0;
    this.#wake = undefined;
    this.#refused = new RefusedWritesOfPackages(() => {});
  }

  begin(): void {
    this.view.list(this.#our.cluster, this.#our.ledger.record, this.#our.nodes);
  }

  #snapshot(): ReleaseSnapshot {
    const { policy, bundles, orders } = this.#our;
    const { record } = this.view;
    const { open, production } = packageRecord(record, 'payments');
    return {
      namespace: 'payments-prod',
      package: 'payments',
      policy,
      target,
      record,
      bundles,
      live: this.view.live,
      pods: this.view.pods,
      around: { nodes: this.view.nodes, others: new Map() },
      checks: noChecks,
      refused: this.#refused.facts('payments-prod', 'payments', open?.id ?? production?.bundle),
      rollbacks: orders,
      complete: true,
    };
  }

  /** undefined = what it asks the API server is not answered. */
  #plan(): Plan | undefined {
    const { plan, time, isDown } = this.#our;
    const knownAt = this.view.catchUp();
    const answers = new Map<string, Answer>();
    for (let round = 0; round < maxRounds; round += 1) {
      const made = plan(this.#snapshot(), answers, time.now);
      this.#our.planned(made, time.now, knownAt);
      if (made.questions.length === 0) return isUnanswered(answers) ? undefined : made;
      for (const question of made.questions)
        answers.set(
          questionKey(question),
          isDown() ? { kind: 'Unavailable', message: 'the API server is away' } : this.#answer(question),
        );
    }
    throw new Error('the plan asks without end');
  }

  /** Everybody has every right. */
  #answer(question: Question): Answer {
    if (question.ask !== 'Current') return { kind: 'Yes' };
    const live = this.#our.cluster.objects.get(keyOf(question.ref));
    return live === undefined
      ? { kind: 'No', message: 'not found' }
      : { kind: 'Digest', digest: digestOf(normalForm(live.manifest, question.ref)) };
  }

  #work(life: number): void {
    const knownAt = this.view.catchUp();
    const plan = this.#plan();
    this.#isWorking = true;
    const done = (failure: FailureKind | undefined): void => this.#done(life, failure);
    if (plan === undefined) {
      done('Unavailable');
      return;
    }
    this.#wake = plan.wakeAt;
    if (plan.effects.length > 0)
      this.#act(plan.effects, { life, knownAt, done: (failure) => this.#acted(life, failure) });
    else {
      if (plan.wakeAt !== undefined) this.#wakeAt(plan.wakeAt, life);
      done(undefined);
    }
  }

  #wakeAt(at: Instant, life: number): void {
    this.#our.time.at(at, () => {
      if (life === this.#life && this.isLeading && this.#wake !== undefined && this.#wake <= this.#our.time.now)
        this.look();
    });
  }

  #acted(life: number, failure: FailureKind | undefined): void {
    // What came of it is looked at again.
    if (failure === undefined) this.#isAgain = true;
    this.#done(life, failure);
  }

  #done(life: number, failure: FailureKind | undefined): void {
    if (life !== this.#life) return;
    this.#isWorking = false;
    if (failure === undefined) this.#failures = 0;
    else this.#retry(failure, life);
    if (this.#isAgain) {
      this.#isAgain = false;
      this.look();
    }
  }

  #retry(failure: FailureKind, life: number): void {
    this.#failures += 1;
    const { firstMs, capMs } = retryPolicy[failure];
    const backoff = { firstMs, capMs: Math.min(capMs, maxRetryMs) };
    this.#our.time.after(delayMs(backoff, this.#failures, this.#our.chance.unit()), () => {
      if (life === this.#life) this.look();
    });
  }

  /** One effect after the other, each some time after the one before; the first failure ends it. A refusal is for the next plan to answer. */
  #act(effects: readonly Effect[], run: Run): void {
    const [effect, ...rest] = effects;
    if (run.life !== this.#life) return;
    if (effect === undefined) {
      run.done(undefined);
      return;
    }
    this.#our.time.after(this.#our.chance.between(3, 30), () => {
      if (run.life !== this.#life) return;
      const failure = this.#carryOut(effect, run);
      if (run.life !== this.#life) return;
      if (failure === undefined) this.#act(rest, run);
      else run.done(final.has(failure) ? undefined : failure);
    });
  }

  #carryOut(effect: Effect, run: Run): FailureKind | undefined {
    if (effect.do === 'Append') return this.#struck(() => this.#append(effect, run.knownAt));
    if ('pod' in effect) return this.#struck(() => this.#deletePod(effect));
    if (effect.do !== 'Together') throw new Error(`the model does not know ${effect.do}`);
    const failures: FailureKind[] = [];
    for (const each of effect.effects) {
      const failure = this.#struck(() => this.#write(each));
      if (run.life !== this.#life) return failure;
      if (failure !== undefined) failures.push(failure);
    }
    return failures.find((kind) => !final.has(kind)) ?? failures[0];
  }

  /** The process may die here, or never learn what came of it. */
  #struck(write: () => FailureKind | undefined): FailureKind | undefined {
    const strike = this.#our.strike();
    if (strike === undefined) return write();
    if (strike.how !== 'Before') write();
    if (strike.how === 'AnswerLost') return 'Unavailable';
    this.die();
    this.#our.died(strike.downMs);
    return 'Unavailable';
  }

  #append({ draft, packageSeq }: Extract<Effect, { do: 'Append' }>, knownAt: Instant): FailureKind | undefined {
    const { ledger, isDown } = this.#our;
    if (isDown()) return 'Unavailable';
    this.#our.entered(knownAt);
    if (ledger.append(draft, packageSeq) !== undefined) return 'Conflict';
    this.view.knows(ledger.record);
    return undefined;
  }

  #deletePod({ pod, uid }: { readonly pod: string; readonly uid: string }): FailureKind | undefined {
    if (this.#our.isDown()) return 'Unavailable';
    if (this.#our.cluster.pods.get(pod)?.facts.uid === uid) this.#our.cluster.pods.delete(pod);
    return undefined;
  }

  #write(effect: ObjectEffect): FailureKind | undefined {
    const { isDown, time, wrote } = this.#our;
    const refused: Refused = isDown() ? { kind: 'Unavailable', message: 'no answer' } : this.#send(effect);
    wrote(effect, refused);
    if (refused === undefined) this.#refused.taken(effect);
    else this.#refused.note(effect, { message: refused.message, isFinal: final.has(refused.kind), at: time.now });
    return refused?.kind;
  }

  #send(effect: ObjectEffect): Refused {
    const { cluster } = this.#our;
    const manager = fieldManagers[effect.as];
    switch (effect.do) {
      case 'Create':
        return cluster.create(effect.ref, effect.manifest, manager);
      case 'Replace':
        return cluster.replace(effect.ref, effect.manifest, manager);
      case 'Delete': {
        const refused = cluster.delete(effect.ref, manager, effect);
        return refused?.kind === 'NotFound' ? undefined : refused;
      }
    }
  }
}

interface Run {
  readonly life: number;
  readonly knownAt: Instant;
  readonly done: (failure: FailureKind | undefined) => void;
}

const final: ReadonlySet<FailureKind> = new Set(['Invalid', 'TooLarge', 'Forbidden']);

const isUnanswered = (answers: ReadonlyMap<string, Answer>): boolean =>
  [...answers.values()].some(({ kind }) => kind === 'Unavailable');

const target = aNamespace();
const noChecks: ReleaseSnapshot['checks'] = new Map();
