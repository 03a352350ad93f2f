/** What an emergency left changed, and what became of it since. */
import type { EmergencyAccessStatus } from '../../api/emergency.ts';
import { asKey, type Instant } from '../objects.ts';
import type { NamespaceRecord } from '../record/record.ts';
import { holdsNow } from '../findings/explain.ts';
import { isBoundBy } from '../findings/lifetimes.ts';
import type { Scene } from '../findings/view.ts';
import { isReleasable } from './follow-up.ts';
import type { Drift, EmergencyRecord } from '../record/emergency.ts';

/** Objects that are not as they were before the first act on them. */
export const driftNow = ({ touched }: EmergencyRecord, scene: Scene): readonly Drift[] =>
  [...touched]
    .flatMap(([object, before]): Drift[] => {
      const live = scene.get(object);
      const wasThere = before.digest !== '';
      const after = live === undefined || live.deleting ? '' : live.digest(scene.unmanaged(object));
      if (after === '') return wasThere ? [{ object, change: 'Deleted', before: before.digest, after }] : [];
      if (live !== undefined && wasThere && holdsNow(scene, live, before) && isBoundBy(scene, live, before)) return [];
      return [{ object, change: wasThere ? 'Changed' : 'Created', before: before.digest, after }];
    })
    .toSorted((a, b) => (a.object < b.object ? -1 : 1));

export type Settled = EmergencyAccessStatus['drift'][number]['settled'];

/**
 * What became of one changed object. A release says it for what a release can hold; anything else is put back as it was, or kept by the signature of
 * whoever reviews the access.
 */
export const settledHow = (emergency: EmergencyRecord, { object }: Drift, scene: Scene): Settled => {
  const by = emergency.settled.get(object);
  if (by !== undefined) return by.how;
  if (isReleasable(object)) return 'Open';
  const before = emergency.touched.get(asKey(object));
  const live = scene.get(asKey(object));
  const isBack =
    before !== undefined &&
    (live === undefined ? before.digest === '' : holdsNow(scene, live, before) && isBoundBy(scene, live, before));
  if (isBack) return 'Restored';
  return emergency.reviewed === undefined ? 'Open' : 'Reviewed';
};

/** A release settles nothing for good while it may still go back. Infinity = it is going back now. */
export const observedUntil = ({ packages }: NamespaceRecord, { settled }: EmergencyRecord): Instant => {
  const bundles = new Set([...settled.values()].map(({ bundle }) => bundle));
  return Math.max(
    0,
    ...[...packages.values()].map(({ open, production }) => {
      if (open?.type === 'Rollback' && bundles.has(open.from)) return Infinity;
      const isObserved = production !== undefined && bundles.has(production.bundle) && production.how === 'Promoted';
      return isObserved ? production.observeUntil : 0;
    }),
  );
};
