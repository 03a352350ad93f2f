/** What a promotion or rollback explains: contents that it brings, and what is settled when it ends. */
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { Left, Written } from '../ledger-entry.ts';
import { scaleDigest } from '../manifest/content-digest.ts';
import { released, sameLifetime } from '../manifest/lifetime.ts';
import { jobName } from '../manifest/normal-form.ts';
import { asKey, type ObjectKey } from '../objects.ts';
import {
  absent,
  boundByNothing,
  type Expected,
  type ExplainedRecord,
  type Intent,
  isLeftOpen,
  type State,
  unknown,
} from './expected-state.ts';

const stateOf = ({ content, replicas, without }: Written): State => ({
  digest: content,
  scale: replicas === null ? '' : scaleDigest(replicas),
  without,
});

export const writesOf = (
  { objects }: ExplainedRecord,
  writes: readonly Written[],
  keyFor: (object: string) => ObjectKey,
): ReadonlyMap<ObjectKey, State> =>
  new Map(
    writes.map((each) => {
      const key = keyFor(each.object);
      const { finalizers: sets = [], frees = [], replaced = false } = each;
      // What is made again has what the release sets, and nothing else.
      const before = replaced ? [] : ((objects.get(key) ?? unknown).lifetimes[0] ?? []);
      const lifetime = released(before, { sets, frees });
      return [key, { ...stateOf(each), lifetime }];
    }),
  );

export const passingOf = (writes: readonly Written[]): Intent['passing'] =>
  writes.flatMap(({ object, replaced, parked }) =>
    replaced === true
      ? [absent, ...(parked === undefined ? [] : [{ ...absent, digest: parked }])].map(
          (state) => [asKey(object), state] as const,
        )
      : [],
  );

/** A Job runs under the name of its bundle. */
export const liveKey = (object: string, bundleDigest: string): ObjectKey => {
  const key = asKey(object);
  return key.startsWith('Job/') ? `Job/${jobName(key.slice('Job/'.length), bundleDigest)}` : key;
};

export const begun = (before: ExplainedRecord, { package: pkg }: LedgerEntrySpec, intent: Intent): ExplainedRecord => {
  const objects = new Map(before.objects);
  const coming = (key: ObjectKey, state: State): void => {
    const was = objects.get(key) ?? unknown;
    objects.set(key, { ...was, coming: [...was.coming, state] });
  };
  for (const [key, state] of intent.writes) {
    coming(key, state);
    // An autoscaler that goes with the release decides its replicas until then.
    if (state.scale !== '' && isUnscaled(objects.get(key))) coming(key, { ...state, scale: '' });
  }
  for (const key of intent.removes) coming(key, absent);
  for (const [key, state] of intent.passing) coming(key, state);
  return { ...before, objects, intents: new Map(before.intents).set(pkg, withRest(before.intents.get(pkg), intent)) };
};

/** Whether the replicas of an object were left to others. */
const isUnscaled = (was: Expected | undefined): boolean =>
  was !== undefined &&
  was.settled.length > 0 &&
  was.settled.every(({ digest, without = [] }) => digest !== '' && without.includes('spec.replicas'));

/** A rollback takes over what the promotion before it left open, so that nothing of it stays open for ever. */
const withRest = (earlier: Intent | undefined, intent: Intent): Intent => {
  const known = new Set<ObjectKey>([...intent.writes.keys(), ...intent.removes]);
  const rest = [...(earlier?.writes.keys() ?? []), ...(earlier?.removes ?? [])].filter((key) => !known.has(key));
  return { ...intent, removes: [...intent.removes, ...rest] };
};

/** `left`: what the entry says is not as its intent wanted: both are explained then. */
export const ended = (
  before: ExplainedRecord,
  { package: pkg, seq }: LedgerEntrySpec,
  left: readonly Left[] = [],
): ExplainedRecord => {
  const intent = before.intents.get(pkg);
  if (intent === undefined) return before;
  const objects = new Map(before.objects);
  const release = { seq, bundle: intent.bundle };
  for (const [key, { lifetime = [], ...state }] of intent.writes) {
    const { lifetimes } = objects.get(key) ?? unknown;
    objects.set(key, {
      settled: [state],
      coming: [],
      lifetimes: intent.byTool ? distinctLifetimes([lifetime, ...lifetimes]).slice(0, maxByTool) : [lifetime],
      release,
    });
  }
  for (const key of intent.removes) {
    const { settled, coming, lifetimes, release: earlier } = objects.get(key) ?? unknown;
    const isJob = key.startsWith('Job/');
    // What a rollback finds under an added name, and no release wrote, is somebody else's and stays.
    const foreign = intent.type === 'Rollback' && earlier === undefined;
    const isLeft = left.some(({ object }) => object === key);
    const stays = foreign || isLeft || isLeftOpen(key.slice(0, key.indexOf('/')));
    objects.set(key, {
      settled: stays ? distinct([...settled, ...(isJob ? coming : []), absent]) : [absent],
      coming: [],
      lifetimes: stays ? lifetimes : boundByNothing,
      release,
    });
  }
  const intents = new Map(before.intents);
  intents.delete(pkg);
  return { ...before, objects, intents };
};

const distinct = (states: readonly State[]): readonly State[] =>
  states.filter(
    (state, i) => states.findIndex((each) => each.digest === state.digest && each.scale === state.scale) === i,
  );

/** What a tool left of the releases before. */
const maxByTool = 4;

const distinctLifetimes = (all: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  all.filter((lifetime, i) => all.findIndex((each) => sameLifetime(each, lifetime)) === i);
