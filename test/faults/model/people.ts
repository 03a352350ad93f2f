/** What people do in a history: they release, reject and order rollbacks. What they are allowed is not judged here. */
import type { Rollback } from '../../../operator/api/rollback.ts';
import type { Bundle } from '../../../operator/decide/bundle.ts';
import * as candidateEntries from '../../../operator/decide/candidate/entries.ts';
import { asKey, keyOf } from '../../../operator/decide/objects.ts';
import { packageRecord } from '../../../operator/decide/record/record.ts';
import { aCandidate, anApproval, aRollback } from '../../support/builders/decide.ts';
import type { Cluster } from './cluster.ts';
import { bundleOf, type Letter, type PartKey, releaseNames } from './content.ts';
import type { Ledger } from './ledger.ts';
import type { Script } from './script.ts';

const candidates = new Map(Object.values(releaseNames).map((name) => [name, aCandidate({}, name)]));

const candidateOf = (letter: Letter) => {
  const candidate = candidates.get(releaseNames[letter]);
  if (candidate === undefined) throw new Error(`no candidate ${letter}`);
  return candidate;
};

const rejection = anApproval('approver-a', { decision: 'Reject', comment: 'not this one' });

/** The entries with which a promotion begins. */
export const beginning = (bundle: Bundle, letter: Letter, base: Bundle | undefined) => {
  const candidate = candidateOf(letter);
  return [
    candidateEntries.staged(candidate, bundle),
    candidateEntries.promotionStarted(candidate, bundle, {
      from: base?.name ?? '',
      fromDigest: base?.digest ?? '',
      fromObjects: base?.objects ?? [],
      quorum: '3/3',
      approvals: [],
      delivery: 'Countersign',
      followsUp: null,
    }),
  ] as const;
};

export class People {
  readonly orders: Rollback[] = [];
  readonly bundles = new Map<string, Bundle>();
  readonly #cluster: Cluster;
  readonly #ledger: Ledger;
  readonly #script: Script;
  #waiting: (() => void)[] = [];

  constructor(script: Script, cluster: Cluster, ledger: Ledger) {
    this.#script = script;
    this.#cluster = cluster;
    this.#ledger = ledger;
    ledger.followers.push(() => this.#goOn());
  }

  /** Now, or as soon as nothing of the package is in flight. */
  release(letter: Letter, parts: readonly PartKey[]): void {
    const { open, production, unfinished } = packageRecord(this.#ledger.record, 'payments');
    if (open !== undefined) {
      this.#waiting.push(() => this.release(letter, parts));
      return;
    }
    const base = this.bundles.get(production?.bundle ?? '');
    const { variant, onFailure } = this.#script;
    const dropped = (base?.removed ?? []).filter((ref) => this.#cluster.objects.has(keyOf(ref)));
    // As `decide/candidate/bundle-draft.ts` has it.
    const left = (unfinished?.left ?? []).flatMap((key) => this.#cluster.objects.get(asKey(key))?.ref ?? []);
    const lingering = [...dropped, ...left];
    const bundle = bundleOf(letter, parts, { base, lingering, variant, onFailure });
    this.bundles.set(bundle.name, bundle);
    for (const draft of beginning(bundle, letter, base)) this.#ledger.append(draft);
  }

  /** @returns whether there was something to reject */
  reject(letter: Letter): boolean {
    const { open } = packageRecord(this.#ledger.record, 'payments');
    if (open?.type !== 'Promotion' || open.candidate.name !== releaseNames[letter]) return false;
    return this.#ledger.append(candidateEntries.rejected(candidateOf(letter), rejection, true)) === undefined;
  }

  order(at: number): void {
    const name = `order-${this.orders.length + 1}`;
    this.orders.push(aRollback(name, at, 'customers complain'));
  }

  #goOn(): void {
    if (this.#waiting.length === 0 || packageRecord(this.#ledger.record, 'payments').open !== undefined) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }
}
