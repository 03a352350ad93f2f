/** What may happen in a history: what is released, how its pods do, and what goes wrong when. */
import * as fc from 'fast-check';
import { type PartKey, partKeys, type Variant } from './content.ts';
import { nodeNames } from './nodes.ts';
import { type Fate, fates } from './world.ts';

/** A moment is in milliseconds after the second release begins; `forMs` null = it does not end. */
export type Fault =
  | {
      readonly is: 'Crash';
      readonly effect: number;
      readonly how: 'Before' | 'After' | 'AnswerLost';
      readonly downMs: number;
    }
  | { readonly is: 'Handover'; readonly at: number; readonly heldMs: number }
  | { readonly is: 'WatchSlow' | 'WatchLost' | 'ApiDown'; readonly at: number; readonly forMs: number }
  | {
      readonly is: 'Refusal';
      readonly at: number;
      readonly forMs: number | null;
      readonly part: number;
      readonly of: 'Everybody' | 'Operator' | 'Restorer';
      readonly kind: 'Invalid' | 'Forbidden';
    }
  | { readonly is: 'Quota' | 'Finalizer'; readonly at: number; readonly forMs: number | null; readonly part: number }
  | { readonly is: 'Rejection' | 'Order' | 'DefaultClass'; readonly at: number }
  | { readonly is: 'PodDeleted'; readonly at: number; readonly part: number }
  | { readonly is: 'Reboot'; readonly at: number; readonly node: string }
  | { readonly is: 'NodeAway'; readonly at: number; readonly node: string; readonly forMs: number };

export type FaultKind = Fault['is'];

export interface Script {
  readonly seed: number;
  readonly variant: Variant;
  /** What production runs when it begins; empty = nothing. */
  readonly had: readonly PartKey[];
  readonly has: readonly PartKey[];
  readonly onFailure: 'Rollback' | 'Page';
  readonly observeForMs: number;
  /** Of the second release, by workload; absent = well. */
  readonly fates: Readonly<Partial<Record<PartKey, Fate>>>;
  /** Another release, as soon after this moment as nothing is in flight. */
  readonly third: { readonly at: number; readonly has: readonly PartKey[] } | null;
  readonly faults: readonly Fault[];
}

/** Most of a release happens in its first seconds. */
const moment = fc.oneof(fc.nat({ max: 8_000 }), fc.nat({ max: 40_000 }), fc.nat({ max: 150_000 }));
const span = fc.integer({ min: 500, max: 20_000 });
const spanOrEver = fc.option(fc.integer({ min: 500, max: 60_000 }), { freq: 3 });
/** Of the parts that either release has, which: counted round. */
const part = fc.nat({ max: 9 });
const node = fc.constantFrom(...nodeNames);

/** Whether pods of the second release run on under the third. */
export const keepsPods = ({ variant: { database } }: Script): boolean =>
  database === 'Partition' || database === 'OnDelete';

const fault: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant('Crash' as const),
      effect: fc.nat({ max: 12 }),
      how: fc.constantFrom('Before' as const, 'After' as const, 'AnswerLost' as const),
      downMs: fc.integer({ min: 200, max: 8_000 }),
    }),
  },
  fc.record({ is: fc.constant('Handover' as const), at: moment, heldMs: fc.nat({ max: 15_000 }) }),
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constantFrom('WatchSlow' as const, 'WatchLost' as const, 'ApiDown' as const),
      at: moment,
      forMs: span,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('Refusal' as const),
      at: moment,
      forMs: spanOrEver,
      part,
      of: fc.constantFrom('Everybody' as const, 'Operator' as const, 'Restorer' as const),
      kind: fc.constantFrom('Invalid' as const, 'Forbidden' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constantFrom('Quota' as const, 'Finalizer' as const),
      at: moment,
      forMs: spanOrEver,
      part,
    }),
  },
  fc.record({
    is: fc.constantFrom('Rejection' as const, 'Order' as const, 'DefaultClass' as const),
    at: moment,
  }),
  fc.record({ is: fc.constant('PodDeleted' as const), at: moment, part }),
  fc.record({ is: fc.constant('Reboot' as const), at: moment, node }),
  fc.record({ is: fc.constant('NodeAway' as const), at: moment, node, forMs: span }),
);

const variant: fc.Arbitrary<Variant> = fc.record({
  database: fc.constantFrom('RollingUpdate' as const, 'Partition' as const, 'OnDelete' as const, 'Parallel' as const),
  whenDeleted: fc.constantFrom('Retain' as const, 'Delete' as const),
  ttlSeconds: fc.constantFrom(null, 0, 5),
  grows: fc.boolean(),
  freezes: fc.boolean(),
  letsDataGo: fc.boolean(),
});

const parts = (minLength: number) => fc.subarray([...partKeys], { minLength, maxLength: 5 });
const fateOf = fc.option(fc.constantFrom(...fates), { freq: 2, nil: 'Well' as const });

export const script: fc.Arbitrary<Script> = fc.record({
  seed: fc.nat(),
  variant,
  had: parts(0),
  has: parts(1),
  onFailure: fc.constantFrom('Rollback' as const, 'Rollback' as const, 'Rollback' as const, 'Page' as const),
  observeForMs: fc.constantFrom(0, 30_000, 60_000),
  fates: fc.record({
    'Deployment/web': fateOf,
    'Deployment/worker': fateOf,
    'StatefulSet/db': fateOf,
    'DaemonSet/agent': fateOf,
    'Job/migrate': fateOf,
  }),
  third: fc.option(fc.record({ at: moment, has: parts(1) }), { freq: 2 }),
  faults: fc.array(fault, { maxLength: 4 }),
});
