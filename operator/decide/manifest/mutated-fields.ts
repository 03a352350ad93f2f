/** What something of the cluster changes of a write on its way. */
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject } from '../bundle.ts';
import { getPath, parsePath } from '../json/field-path.ts';
import { digestOf } from '../json/canonical.ts';
import type { LiveObject } from '../objects.ts';
import { withFilledIn } from './live-values.ts';
import { differingPaths, normalForm } from './normal-form.ts';
import { mayBeMutated } from './unmanaged-fields.ts';

interface Write {
  readonly object: BundleObject | undefined;
  readonly live: LiveObject | undefined;
  readonly unmanaged: readonly string[];
}

/** Where what the API server would store departs from what is released, or changes what the release leaves to others. */
export const mutatedFields = (stored: JsonObject, { object, live, unmanaged }: Write): readonly string[] => {
  if (object === undefined) return [];
  const wanted = withFilledIn(object.content, live?.manifest ?? stored);
  const [others, kept] = [unmanaged.filter(mayBeMutated), unmanaged.filter((path) => !mayBeMutated(path))];
  const same = (path: string): boolean => {
    const steps = parsePath(path) ?? [];
    return digestOf([getPath(stored, steps) ?? null]) === digestOf([getPath(live?.manifest ?? {}, steps) ?? null]);
  };
  return live === undefined
    ? differingPaths(normalForm(stored, object.ref), wanted, others)
    : [...differingPaths(normalForm(stored, object.ref), wanted, unmanaged), ...kept.filter((path) => !same(path))];
};
