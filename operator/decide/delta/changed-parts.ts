/** Which sorts of change a release makes, found in contents: what its delta says, without the values that people read, which take long. */
import type { DeltaClass } from '../../api/bundle.ts';
import type { Bundle, BundleObject } from '../bundle.ts';
import type { Before } from '../comparison.ts';
import { differences } from '../json/diff.ts';
import { outside } from '../json/field-path.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';
import { keyOf, kindIdOf, type ObjectKey } from '../objects.ts';
import { goesWithData, lostBy } from './data-loss.ts';
import { classOfChange, unnamed } from './delta.ts';

/** That a release changes something of a class, and the first object in which it does. */
export interface ChangedPart {
  readonly class: DeltaClass;
  readonly object: ObjectKey;
}

/** The first change of each class, in the order in which they come. */
export const firstOfEach = (entries: Iterable<ChangedPart>): readonly ChangedPart[] => {
  const first = new Map<DeltaClass, ChangedPart>();
  for (const { class: sort, object } of entries) if (!first.has(sort)) first.set(sort, { class: sort, object });
  return [...first.values()];
};

type Changed = Pick<Bundle, 'objects' | 'removed' | 'unmanaged' | 'irreversible'>;

/** One of each class that differs between what production runs and a bundle: those of `delta`, and no others. */
export const changedParts = (
  before: Before,
  { objects, removed, unmanaged, irreversible }: Changed,
): readonly ChangedPart[] => {
  const known = new Map(before.objects.map((object) => [keyOf(object.ref), object]));
  const written = objects.flatMap((object) => {
    const old = known.get(keyOf(object.ref));
    const left = old === undefined ? [] : unmanagedOf(unmanaged, object.ref);
    return old === undefined || before.foreign ? ofAdded(object, left) : ofChanged(old, object, left);
  });
  const gone = removed.map((ref): ChangedPart => ({
    class: goesWithData(ref, known.get(keyOf(ref))?.content, irreversible) ? 'data loss' : 'removed',
    object: keyOf(ref),
  }));
  return firstOfEach([...written, ...gone]);
};

const ofAdded = ({ ref, content }: BundleObject, left: readonly string[]): readonly ChangedPart[] => [
  { class: 'added', object: keyOf(ref) },
  ...differences(undefined, outside(unnamed(content), left)).map((one) => ({
    class: classOfChange(kindIdOf(ref), one, new Set()),
    object: keyOf(ref),
  })),
];

const ofChanged = (before: BundleObject, after: BundleObject, left: readonly string[]): readonly ChangedPart[] => {
  if (before.digest === after.digest) return [];
  const [was, is] = [outside(before.content, left), outside(after.content, left)];
  const lost = new Set(lostBy(kindIdOf(after.ref), was, is));
  return differences(was, is).map((one) => ({
    class: classOfChange(kindIdOf(after.ref), one, lost),
    object: keyOf(after.ref),
  }));
};
