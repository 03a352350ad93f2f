/** What production held when it was looked at for the first time is recorded as the baseline. */
import { standing, stateOf } from './explain.ts';
import { unbound } from './lifetimes.ts';
import type { WatchSnapshot } from './snapshot.ts';
import type { Watched } from './view.ts';
import type { EntryData } from '../ledger-entry.ts';
import { listed } from '../messages.ts';
import type { ObjectKey } from '../objects.ts';
import { nothing, type Plan } from '../plan.ts';
import * as drafts from './entries.ts';
import type { State } from '../record/expected-state.ts';

/** Objects that one entry takes: 255 characters of name each, and a digest, in 256 KiB. */
export const maxAdopted = 400;
/** The same of finalizers and owners: 24 of them each at most, 400 characters long. */
const maxLifetimes = 20;

/** What a release wrote before anybody watched is measured by that release; the rest is taken as it is. */
export const adopt = (s: WatchSnapshot, kinds: readonly string[]): Plan => {
  const { objects, adopted } = s.record.explained;
  const isNew = new Set(kinds);
  const open = s
    .all()
    .filter(({ key, kind }) => isNew.has(kind) && !objects.has(key) && standing(s.scene, key).is === 'Unexplained')
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const entered = open.slice(0, maxAdopted);
  const lifetimes = lifetimesToAdopt(s, isNew, new Set(open.map(({ key }) => key)));
  const isMore = open.length > maxAdopted || lifetimes.length > maxLifetimes;
  const what =
    adopted.size === 0 ? 'production' : kinds.length === 0 ? 'when objects go (finalizers, owners)' : listed(kinds);
  const draft = drafts.adopted(s.namespace, {
    objects: entered.map((live) => adoptedAs(live, stateOf(s.scene, live))),
    kinds: [...kinds],
    more: isMore,
    ...(lifetimes.length === 0 ? {} : { lifetimes: lifetimes.slice(0, maxLifetimes) }),
    measuresLifetimes: true,
    reason: `${what} was looked at for the first time`,
  });
  return { ...nothing, effects: [{ do: 'Append', namespace: s.namespace, draft }] };
};

/** Of what is explained already, and of what controllers made: finalizers and owners that were there before anybody compared them. */
const lifetimesToAdopt = (
  s: WatchSnapshot,
  kinds: ReadonlySet<string>,
  entered: ReadonlySet<ObjectKey>,
): { readonly object: string; readonly lifetime: string[] }[] =>
  s
    .all()
    .filter(({ key, kind }) => !entered.has(key) && (kinds.has(kind) || !s.record.explained.measuresLifetimes))
    .flatMap((live) => {
      const lifetime = unbound(s.scene, live);
      return lifetime === undefined ? [] : [{ object: live.key, lifetime: [...lifetime] }];
    })
    .toSorted((a, b) => (a.object < b.object ? -1 : 1));

type AdoptedObject = Extract<EntryData, { type: 'Adopted' }>['objects'][number];

export const adoptedAs = (
  { key, replicas }: Watched,
  { digest, scale, without, lifetime = [] }: State,
): AdoptedObject => ({
  object: key,
  digest,
  replicas: scale === '' ? null : (replicas ?? null),
  without: [...(without ?? [])],
  ...(lifetime.length === 0 ? {} : { lifetime: [...lifetime] }),
});
