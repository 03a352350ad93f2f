/** What has to hold over a whole history, whatever happens in it. */
import type { Bundle, BundleObject } from '../../../operator/decide/bundle.ts';
import { jobName } from '../../../operator/decide/manifest/normal-form.ts';
import { asKey, keyOf, type ObjectKey } from '../../../operator/decide/objects.ts';
import type { LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import type { Plan } from '../../../operator/decide/plan.ts';
import { packageRecord } from '../../../operator/decide/record/record.ts';
import { contentText } from './cluster.ts';
import { isDroppedLate } from './content.ts';
import type { Entered } from './ledger.ts';
import type { Held, TruthView } from './truth.ts';

export type Invariant =
  | 'EndsInTime'
  | 'OutcomeIsTrue'
  | 'OneInFlight'
  | 'ProductionIsOneRelease'
  | 'DataIsKept'
  | 'JobsRunOnce'
  | 'RestsAtTheEnd'
  | 'WakesInTheFuture'
  | 'RollbackHasACause'
  | 'OrdersAreAnswered';

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

const texts = new WeakMap<BundleObject, string>();

const textOf = (object: BundleObject): string => {
  const text = texts.get(object) ?? contentText(object.content);
  texts.set(object, text);
  return text;
};

/** Objects that an outcome says are not as they should be. */
const namedIn = ({ data, reason }: LedgerDraft, keys: readonly ObjectKey[]): ReadonlySet<ObjectKey> => {
  const left = 'left' in data && Array.isArray(data.left) ? (data.left as readonly { object: string }[]) : [];
  const inReason = data.type === 'Promoted' ? keys.filter((key) => reason.includes(key)) : [];
  return new Set([...left.map(({ object }) => asKey(object)), ...inReason]);
};

/** What an object is to be: of a bundle, or gone. */
interface Wanted {
  readonly key: ObjectKey;
  readonly text: string | undefined;
}

/** Of the objects of `to`, and of those that only others had. Jobs are judged by themselves. */
export const wantedOf = (to: Bundle | undefined, others: readonly (Bundle | undefined)[]): readonly Wanted[] => {
  const objects = (to?.objects ?? []).filter(({ ref }) => ref.kind !== 'Job');
  const kept = new Set(objects.map(({ ref }) => keyOf(ref)));
  const gone = others.flatMap((other) => [...(other?.objects ?? []).map(({ ref }) => ref), ...(other?.removed ?? [])]);
  const added = new Set(gone.filter(({ kind }) => kind !== 'Job').map(keyOf));
  return [
    ...objects.map((object) => ({ key: keyOf(object.ref), text: textOf(object) })),
    ...[...added].filter((key) => !kept.has(key)).map((key) => ({ key, text: undefined })),
  ];
};

export const isAsWanted = ({ text }: Wanted, held: Held | undefined, pods: 'Ready' | 'Current' | 'Any'): boolean => {
  if (text === undefined || held === undefined) return text === held?.text;
  const isRolledOut = pods === 'Any' || (held.isCurrent && (pods === 'Current' || held.isReady));
  return held.text === text && !held.isDeleting && isRolledOut;
};

/** How a history ends. */
export interface Ends {
  readonly pods: 'Ready' | 'Current';
  /** Objects of which the API server refused a write. */
  readonly refused: ReadonlySet<ObjectKey>;
}

export interface Bounds {
  readonly progressTimeout: number;
  readonly rollbackTimeout: number;
}

/** What controllers take to report what they did: an outcome rests on their reports. */
const reportMs = 500;

/** How much older what is named as not right may be: pods count only when they have been ready for a while (`health.settle`). */
const toldMs = 7_000;

/** Beyond the bound, and beyond the time in which it could do nothing: retries, and what its controllers take. */
const slackMs = 15_000;

export class Invariants {
  readonly violations: Violation[] = [];
  readonly #truth: TruthView;
  readonly #bundles: ReadonlyMap<string, Bundle>;
  readonly #bounds: Bounds;

  constructor(truth: TruthView, bundles: ReadonlyMap<string, Bundle>, bounds: Bounds) {
    this.#truth = truth;
    this.#bundles = bundles;
    this.#bounds = bounds;
  }

  broken(invariant: Invariant, what: string): void {
    this.violations.push({ invariant, what });
  }

  planned(plan: Plan, now: number): void {
    if (plan.questions.length === 0 && plan.wakeAt !== undefined && plan.wakeAt <= now)
      this.broken('WakesInTheFuture', `a plan asks to be woken ${now - plan.wakeAt} ms ago`);
  }

  /** An outcome as it is entered; `knownAt`: everything older was known. */
  entered({ draft }: Entered, knownAt: number): void {
    const { data } = draft;
    if (data.type === 'Promoted' || data.type === 'RolledBack')
      this.#outcome(draft, { to: data.to, from: data.from, knownAt });
  }

  /** What it does not name is as it should be, and what it names is not. */
  #outcome(
    draft: LedgerDraft,
    { to, from, knownAt }: { readonly to: string; readonly from: string; readonly knownAt: number },
  ): void {
    const isForward = draft.data.type === 'Promoted';
    const bundle = this.#bundles.get(to);
    const all = wantedOf(bundle, [this.#bundles.get(from)]);
    // What is pruned only after observation is still there when a promotion is complete.
    const wanted = isForward ? all.filter(({ key, text }) => text !== undefined || !isDroppedLate(key)) : all;
    const since = knownAt - reportMs;
    const named = namedIn(
      draft,
      wanted.map(({ key }) => key),
    );
    for (const each of wanted) {
      const isSo = this.#truth.wasSince(each.key, since, (held) => isAsWanted(each, held, 'Ready'));
      if (!isSo && !named.has(each.key))
        this.broken('OutcomeIsTrue', `${draft.data.type} ${to}: ${each.key} is ${told(this.#truth.get(each.key))}`);
      // What people are told may be a little older: they look again.
      const isOther = this.#truth.wasSince(each.key, since - toldMs, (held) => !isAsWanted(each, held, 'Ready'));
      if (named.has(each.key) && !isOther)
        this.broken('OutcomeIsTrue', `${draft.data.type} ${to}: ${each.key} is named and is as it should be`);
    }
    if (draft.data.type === 'RolledBack') this.#nothingRuns(wanted, named, knownAt);
    if (draft.data.type !== 'Promoted' || !draft.data.healthy) return;
    for (const { ref } of bundle?.objects ?? []) {
      if (ref.kind !== 'Job' || bundle === undefined) continue;
      const key: ObjectKey = `Job/${jobName(ref.name, bundle.digest)}`;
      if (this.#truth.jobs.get(key)?.isComplete !== true) this.broken('OutcomeIsTrue', `${key} did not complete`);
    }
  }

  /** Of what a rollback took away. */
  #nothingRuns(wanted: readonly Wanted[], named: ReadonlySet<ObjectKey>, knownAt: number): void {
    for (const { key, text } of wanted) {
      const running = text === undefined && !named.has(key) ? this.#truth.running(key, knownAt) : [];
      if (running.length > 0) this.broken('OutcomeIsTrue', `RolledBack, and of ${key} still run ${running.join(', ')}`);
    }
  }

  /** Of the whole record, when the history is over. `troubleMs`: for so long the operator could do nothing. */
  record(entries: readonly Entered[], now: number, troubleMs: number): void {
    let open: { readonly type: 'Promotion' | 'Rollback'; readonly at: number } | undefined;
    for (const { at, draft } of entries) {
      const { type } = draft.data;
      if (type === 'PromotionStarted' || type === 'RollbackStarted') {
        if (open !== undefined && (type === 'PromotionStarted' || open.type === 'Rollback'))
          this.broken('OneInFlight', `${type} while a ${open.type} is open`);
        if (open !== undefined) this.#inTime(open, at, troubleMs);
        open = { type: type === 'PromotionStarted' ? 'Promotion' : 'Rollback', at };
      }
      if (type !== 'Promoted' && type !== 'RolledBack') continue;
      if (open === undefined) this.broken('OneInFlight', `${type} while nothing is open`);
      else this.#inTime(open, at, troubleMs);
      open = undefined;
    }
    if (open !== undefined) this.broken('EndsInTime', `a ${open.type} never ends, ${now - open.at} ms after it began`);
  }

  #inTime(
    { type, at }: { readonly type: 'Promotion' | 'Rollback'; readonly at: number },
    end: number,
    troubleMs: number,
  ) {
    const bound = type === 'Promotion' ? this.#bounds.progressTimeout : this.#bounds.rollbackTimeout;
    if (end - at > bound + troubleMs + slackMs) this.broken('EndsInTime', `a ${type} took ${end - at} ms`);
  }

  jobs(): void {
    for (const [key, { uids }] of this.#truth.jobs)
      if (uids.size > 1) this.broken('JobsRunOnce', `${key} ran ${uids.size} times`);
  }

  /** What production holds in the end. `last`: the newest outcome. */
  production(entries: readonly Entered[], record: Entered['before'], { pods, refused }: Ends): void {
    const { production, open } = packageRecord(record, 'payments');
    if (open !== undefined) return;
    const last = entries.findLast(({ draft }) => draft.data.type === 'Promoted' || draft.data.type === 'RolledBack');
    const bundle = this.#bundles.get(production?.bundle ?? '');
    const all = wantedOf(bundle, [...this.#bundles.values()]);
    // A release that failed and stays prunes nothing.
    const isPaged = production?.how === 'Failed' && last?.draft.data.type === 'Promoted';
    const wanted = isPaged ? all.filter(({ text }) => text !== undefined) : all;
    const named =
      last === undefined
        ? new Set()
        : namedIn(
            last.draft,
            all.map(({ key }) => key),
          );
    for (const each of wanted) {
      const held = this.#truth.get(each.key);
      // What still uses it may keep it, and what was refused after observation the next release removes.
      if (each.text === undefined && (held?.isDeleting === true || (isDroppedLate(each.key) && refused.has(each.key))))
        continue;
      if (!isAsWanted(each, held, isPaged ? 'Any' : pods) && !named.has(each.key))
        this.broken(
          'ProductionIsOneRelease',
          `in the end production runs ${production?.bundle ?? 'nothing'}, and ${each.key} is ${told(held)}`,
        );
    }
  }
}

const told = (held: Held | undefined): string =>
  held === undefined
    ? 'gone'
    : `there${held.isDeleting ? ', being deleted' : ''}${held.isReady ? '' : ', not ready'}${held.isCurrent ? '' : ', with pods of another revision'}: ${held.text.slice(0, 120)}`;
