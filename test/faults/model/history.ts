/** One history: from a script to its end, with everything that was not as it has to be. */
import { type Answers } from '../../../operator/decide/api-queries.ts';
import { type Instant, keyOf, type ObjectKey } from '../../../operator/decide/objects.ts';
import { emptyHead } from '../../../operator/decide/record/chain.ts';
import { emptyRecord, type NamespaceRecord, packageRecord } from '../../../operator/decide/record/record.ts';
import * as releaseEntries from '../../../operator/decide/release/entries.ts';
import { planRelease } from '../../../operator/decide/release/plan.ts';
import type { ReleaseSnapshot } from '../../../operator/decide/release/snapshot.ts';
import { fieldManagers } from '../../../operator/api/field-managers.ts';
import { aPolicy, now as someday } from '../../support/builders/decide.ts';
import type { Bundle } from '../../../operator/decide/bundle.ts';
import { Cluster, type LostData } from './cluster.ts';
import { bundleOf, type PartKey } from './content.ts';
import { Controllers } from './controllers/index.ts';
import { Faults } from './faults.ts';
import { judge } from './gate.ts';
import { Invariants, type Violation } from './invariants.ts';
import { Ledger, recordWith } from './ledger.ts';
import { Nodes } from './nodes.ts';
import { Operator } from './operator.ts';
import { beginning, People } from './people.ts';
import { type FaultKind, keepsPods, type Script } from './script.ts';
import type { PlanRelease, Surroundings } from './surroundings.ts';
import { Chance, Timeline } from './timeline.ts';
import { Truth } from './truth.ts';
import { isGood, type World } from './world.ts';

export const progressTimeout = 90_000;
const settledMs = 180_000;
/** Everything has ended by then, and nothing is written from the second moment on. */
const [endsMs, restMs] = [1_200_000, 600_000];
const mostSteps = 20_000;

export interface Result {
  readonly violations: readonly Violation[];
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly outcomes: readonly string[];
  readonly plans: number;
  readonly steps: number;
}

const policies = new Map(
  [0, 30_000, 60_000].map((ms) => [
    ms,
    aPolicy({ health: { progressTimeout: `${progressTimeout / 1000}s`, observeFor: `${ms / 1000}s` } }),
  ]),
);

const policyOf = ({ observeForMs }: Script) => {
  const policy = policies.get(observeForMs);
  if (policy === undefined) throw new Error(`no policy observes for ${observeForMs} ms`);
  return policy;
};

const firstRecords = new Map<string, NamespaceRecord>();
const nothingYet: NamespaceRecord = { ...emptyRecord, head: emptyHead };

/** The record of a first release that was complete long ago. */
const firstRecord = (bundle: Bundle, at: Instant): NamespaceRecord => {
  const known = firstRecords.get(bundle.digest);
  if (known !== undefined) return known;
  const begun = beginning(bundle, 'a', undefined).reduce((record, draft) => recordWith(record, draft, at), nothingYet);
  const { open } = packageRecord(begun, 'payments');
  if (open === undefined) throw new Error('the first release did not begin');
  const draft = releaseEntries.promoted(open, bundle, { observeUntil: at, healthy: true, reason: 'it is healthy' });
  const record = recordWith(begun, draft, at);
  if (firstRecords.size > 500) firstRecords.clear();
  firstRecords.set(bundle.digest, record);
  return record;
};

/** `plan`: of a release; another one than the real one is there to be found out. `tell`: is told what happens, a line each. */
export const runHistory = (
  script: Script,
  { plan = planRelease, tell }: { readonly plan?: PlanRelease; readonly tell?: (line: string) => void } = {},
): Result => new History(script, plan, tell).run();

class History {
  readonly #script: Script;
  readonly #time = new Timeline(someday - settledMs);
  readonly #cluster = new Cluster(this.#time);
  readonly #faults: Faults;
  readonly #controllers: Controllers;
  readonly #world: World;
  readonly #nodes = new Nodes();
  readonly #truth = new Truth(this.#cluster, this.#nodes);
  readonly #ledger: Ledger;
  readonly #people: People;
  readonly #invariants: Invariants;
  readonly #replicas: readonly Operator[];
  /** Tells what happens, for people. */
  readonly #story: ((line: string) => void) | undefined;
  #knownAt = 0;
  #plans = 0;
  #lastWrite = 0;

  constructor(script: Script, plan: PlanRelease, tell: ((line: string) => void) | undefined) {
    this.#script = script;
    this.#story = tell && ((line) => tell(`${((this.#time.now - someday) / 1000).toFixed(3)} ${line}`));
    this.#faults = new Faults(script);
    const chance = new Chance(script.seed);
    const fates = script.fates;
    this.#world = {
      cluster: this.#cluster,
      nodes: this.#nodes,
      time: this.#time,
      chance,
      fateOf: (owner, letter) => (letter === 'b' ? (fates[workloadOf(owner)] ?? 'Well') : 'Well'),
      quotaOn: (key) => this.#faults.quotaOn(key),
    };
    this.#controllers = new Controllers(this.#world);
    this.#cluster.watchers.push(this.#truth, this.#controllers);
    const first = this.#first();
    this.#ledger = new Ledger(this.#time, first === undefined ? nothingYet : firstRecord(first, someday - settledMs));
    this.#people = new People(script, this.#cluster, this.#ledger);
    if (first !== undefined) this.#people.bundles.set(first.name, first);
    const { bundles } = this.#people;
    this.#invariants = new Invariants(this.#truth, bundles, { progressTimeout, rollbackTimeout: progressTimeout });
    const replicas = [0, 1].map((place) => new Operator(this.#surroundings(plan, chance, place)));
    this.#replicas = replicas;
    this.#ledger.followers.push((record) => {
      for (const { view } of this.#replicas) view.entered(record);
      const entered = this.#ledger.entries.at(-1);
      if (entered === undefined) return;
      this.#story?.(`${entered.draft.data.type}: ${entered.draft.reason}`);
      this.#invariants.entered(entered, this.#knownAt);
    });
  }

  run(): Result {
    this.#settle();
    const start = this.#time.now;
    const { bundles } = this.#people;
    this.#cluster.refuses = (verb, key, manager) =>
      this.#faults.refuses(verb, key, manager) ??
      judge(
        { verb, key, manager },
        {
          record: this.#ledger.record,
          bundles,
          now: this.#time.now,
          live: this.#cluster.objects,
        },
      );
    const { seed: _, third, has } = this.#script;
    for (const replica of this.#replicas) {
      replica.begin();
      this.#cluster.watchers.push(replica.view);
      this.#nodes.followers.push((facts) => replica.view.node(facts));
    }
    this.#replicas[0]?.lead();
    this.#faults.begin(
      {
        world: this.#world,
        controllers: this.#controllers,
        people: this.#people,
        replicas: this.#replicas,
        start,
      },
      this.#script,
    );
    this.#people.release('b', has);
    if (third !== null) this.#time.at(start + third.at, () => this.#people.release('c', third.has));
    this.#time.run(start + endsMs, mostSteps);
    this.#judge(start);
    return {
      violations: this.#invariants.violations,
      faults: this.#faults.struck,
      outcomes: this.#ledger.entries.map(({ draft }) => draft.data.type),
      plans: this.#plans,
      steps: this.#time.steps,
    };
  }

  #first(): Bundle | undefined {
    const { had, variant } = this.#script;
    return had.length === 0
      ? undefined
      : bundleOf('a', had, { base: undefined, lingering: [], variant, onFailure: 'Rollback' });
  }

  /** The first release runs, for as long as it takes to be ready. */
  #settle(): void {
    for (const { ref, content } of this.#first()?.objects ?? [])
      if (ref.kind !== 'Job') this.#cluster.create(ref, content, fieldManagers.operator);
    this.#time.run(someday, mostSteps);
    this.#time.steps = 0;
  }

  #surroundings(plan: PlanRelease, chance: Chance, place: number): Surroundings {
    return {
      plan: (s: ReleaseSnapshot, answers: Answers, now: Instant) => {
        this.#plans += 1;
        return plan(s, answers, now);
      },
      cluster: this.#cluster,
      nodes: this.#nodes,
      ledger: this.#ledger,
      time: this.#time,
      chance,
      policy: policyOf(this.#script),
      bundles: this.#people.bundles,
      orders: this.#people.orders,
      isDown: () => this.#faults.isDown(),
      strike: () => this.#faults.strike(),
      died: (downMs) => this.#died(this.#replicas[place], downMs),
      planned: (made, now) => this.#invariants.planned(made, now),
      entered: (knownAt) => {
        this.#knownAt = knownAt;
      },
      wrote: (effect, refused) => {
        this.#lastWrite = this.#time.now;
        this.#story?.(`${effect.do} ${keyOf(effect.ref)} as ${effect.as}: ${refused?.message ?? 'done'}`);
      },
    };
  }

  /** The other replica takes over at once if it is there; the dead one comes back as a standby, or to lead. */
  #died(dead: Operator | undefined, downMs: number): void {
    this.#story?.(`a replica died, for ${downMs} ms`);
    const other = this.#replicas.find((replica) => replica !== dead);
    const isAlone = this.#world.chance.unit() < 0.5;
    if (!isAlone) this.#time.after(Math.min(downMs, 1_000), () => this.#leadIfNobody(other));
    this.#time.after(downMs, () => {
      dead?.begin();
      this.#leadIfNobody(dead);
    });
  }

  #leadIfNobody(replica: Operator | undefined): void {
    if (replica !== undefined && !this.#replicas.some(({ isLeading }) => isLeading)) replica.lead();
  }

  #judge(start: Instant): void {
    const { now, steps } = this.#time;
    const { entries, record } = this.#ledger;
    const invariants = this.#invariants;
    if (steps > mostSteps) invariants.broken('RestsAtTheEnd', `more than ${mostSteps} things happened`);
    invariants.record(entries, now, this.#faults.troubleMs);
    invariants.jobs();
    invariants.production(entries, record, {
      pods: this.#endsWell() ? 'Ready' : 'Current',
      refused: this.#faults.refused,
    });
    const wake = this.#replicas.find(({ isLeading }) => isLeading)?.wakesAt;
    if (wake !== undefined) invariants.broken('RestsAtTheEnd', `it is to be woken ${wake - now} ms after the end`);
    if (this.#lastWrite > start + restMs)
      invariants.broken('RestsAtTheEnd', `it writes ${this.#lastWrite - start} ms after the release began`);
    const { orders } = packageRecord(record, 'payments');
    for (const { metadata } of this.#people.orders)
      if (!orders.has(metadata.uid)) invariants.broken('OrdersAreAnswered', `${metadata.name} was never answered`);
    for (const lost of this.#cluster.lost)
      if (!this.#mayGo(lost)) invariants.broken('DataIsKept', `${lost.key} is gone`);
    this.#causes();
  }

  #endsWell(): boolean {
    return !this.#faults.hasQuota && !this.#isBad();
  }

  /** The second release does not run well. */
  #isBad(): boolean {
    const { has, fates } = this.#script;
    return has.some((key) => !isGood(fates[key] ?? 'Well'));
  }

  /** A signer read that it goes, or it came with a release that was taken back. */
  #mayGo({ key, createdAt }: LostData): boolean {
    const isDropped = [...this.#people.bundles.values()].some(
      ({ removed, irreversible }) =>
        removed.some((ref) => keyOf(ref) === key) || irreversible.some(({ name }) => key.includes(`-${name}-`)),
    );
    const { entries } = this.#ledger;
    const back = entries.findIndex(({ draft }) => draft.data.type === 'RollbackStarted');
    const began = entries.slice(0, back).findLast(({ draft }) => draft.data.type === 'PromotionStarted');
    return isDropped || (back >= 0 && began !== undefined && createdAt >= Math.floor(began.at / 1000) * 1000);
  }

  #causes(): void {
    for (const { at, draft, before } of this.#ledger.entries) {
      if (draft.data.type !== 'RollbackStarted' || draft.data.rollback !== '') continue;
      const { open, production } = packageRecord(before, 'payments');
      const since = open?.at ?? production?.at ?? 0;
      const isBad = this.#isBad() && (draft.data.from === 'second' || keepsPods(this.#script));
      const isExcused =
        isBad ||
        this.#faults.showsPodsFirst ||
        open?.rejected === true ||
        this.#faults.refused.size > 0 ||
        at >= since + progressTimeout;
      if (!isExcused) this.#invariants.broken('RollbackHasACause', draft.reason);
    }
  }
}

/** Jobs have names of their own in each release. */
const workloadOf = (owner: ObjectKey): PartKey => (owner.startsWith('Job/') ? 'Job/migrate' : (owner as PartKey));
