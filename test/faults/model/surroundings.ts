/** What the replicas of the operator in a history share, and what they tell of themselves. */
import type { ReleasePolicy } from '../../../operator/api/policy.ts';
import type { Rollback } from '../../../operator/api/rollback.ts';
import type { Answers } from '../../../operator/decide/api-queries.ts';
import type { Bundle } from '../../../operator/decide/bundle.ts';
import type { Instant } from '../../../operator/decide/objects.ts';
import type { ObjectEffect, Plan } from '../../../operator/decide/plan.ts';
import type { ReleaseSnapshot } from '../../../operator/decide/release/snapshot.ts';
import type { Cluster, Refused } from './cluster.ts';
import type { Ledger } from './ledger.ts';
import type { Nodes } from './nodes.ts';
import type { Chance, Timeline } from './timeline.ts';

export type PlanRelease = (s: ReleaseSnapshot, answers: Answers, now: Instant) => Plan;

/** Where one death strikes: at which of the effects to come, before or after the API server carried it out, or only its answer is lost. */
export interface Strike {
  at: number;
  readonly how: 'Before' | 'After' | 'AnswerLost';
  readonly downMs: number;
}

/** What the replicas of a history share. */
export interface Surroundings {
  readonly plan: PlanRelease;
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly nodes: Nodes;
  readonly time: Timeline;
  readonly chance: Chance;
  readonly policy: ReleasePolicy;
  readonly bundles: ReadonlyMap<string, Bundle>;
  readonly orders: readonly Rollback[];
  readonly isDown: () => boolean;
  readonly strike: () => Strike | undefined;
  readonly died: (downMs: number) => void;
  /** Of each plan, with the moment at which it was made, and since when something was not known to it. */
  readonly planned: (plan: Plan, now: Instant, knownAt: Instant) => void;
  /** An entry that rests on what was known at `knownAt`. */
  readonly entered: (knownAt: Instant) => void;
  /** A write that the API server was asked for, and what it said. */
  readonly wrote: (effect: ObjectEffect, refused: Refused) => void;
}
