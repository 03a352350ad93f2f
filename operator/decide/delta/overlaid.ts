/** What overlays change between staging and production: what runs there, which a gate judges, and everything else, which signers read. */
import type { Json, JsonObject } from '../../api/meta.ts';
import type { OverlaidField } from '../bundle.ts';
import { differences } from '../json/diff.ts';
import { formatPath, type Path } from '../json/field-path.ts';
import { kindIdOf, type ObjectRef } from '../objects.ts';
import { isNamedCredential, pieces } from './redact.ts';
import { classOf } from './risk.ts';

/** Longest value that is kept of what runs, and of anything else, in characters. */
const longestValue = 500;
const longestOther = 100;
/** A bundle has room for so many fields. */
export const mostOverlaid = 100;

/** The fields that differ between what an object was before an overlay and is after it. */
export const overlaidFields = (
  ref: ObjectRef,
  { from, to, by }: { readonly from: JsonObject; readonly to: JsonObject; readonly by: OverlaidField['by'] },
): readonly OverlaidField[] => {
  if (from === to) return [];
  return differences(from, to).map(({ path, from: was, to: is }): OverlaidField => {
    const what = runs(ref, path);
    const [before, after] = what === 'Other' ? [brief(path, was), brief(path, is)] : [text(was), text(is)];
    return { ...ref, field: formatPath(path).slice(0, longestValue), what, by, from: before, to: after };
  });
};

/**
 * As many as a bundle has room for, in their order. Of each sort, by whomever, one is among them, for what is judged depends on which sorts there
 * are and not on how many fields.
 */
export const keptOverlaid = (all: readonly OverlaidField[]): readonly OverlaidField[] => {
  if (all.length <= mostOverlaid) return all;
  const bySort = [...Map.groupBy(all, ({ by, what }) => `${what === 'Other' ? 1 : 0} ${by} ${what}`)].toSorted(
    ([a], [b]) => (a < b ? -1 : 1),
  );
  const firsts = bySort.flatMap(([, fields]) => fields.slice(0, 1));
  const kept = new Set([...firsts, ...bySort.flatMap(([, fields]) => fields.slice(1))].slice(0, mostOverlaid));
  return all.filter((field) => kept.has(field));
};

const text = (value: Json | undefined): string => {
  const whole = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  return whole.length <= longestValue ? whole : `${whole.slice(0, longestValue - 1)}…`;
};

/** Of what is no command a short text that holds no credential; '' = none, or nothing to be shown. */
const brief = (path: Path, value: Json | undefined): string => {
  if (value === undefined || typeof value === 'object' || isNamedCredential(path)) return '';
  const whole = String(value);
  const isShown = whole.length <= longestOther && !whole.includes('\n') && !pieces(whole).includes(undefined);
  return isShown ? whole : '';
};

/** What runs by what the delta calls it, and by the names of fields wherever they stand, for a custom resource may describe pods in its own way. */
const runs = (ref: ObjectRef, path: Path): OverlaidField['what'] => {
  const sort = classOf(kindIdOf(ref), path);
  if (sort === 'image') return 'Image';
  if ((sort === 'command' && !isMoment(ref, path)) || bringsVariables(path)) return 'Command';
  const [above, last] = [path.at(-2), path.at(-1)].map((step) =>
    step !== undefined && 'field' in step ? step.field : '',
  );
  if (last === 'image' || (above === 'image' && last === 'reference')) return 'Image';
  return last === 'command' || last === 'args' ? 'Command' : 'Other';
};

const moments: ReadonlySet<string> = new Set([
  'spec.concurrencyPolicy',
  'spec.schedule',
  'spec.suspend',
  'spec.timeZone',
]);

/** When a CronJob runs. It is a command to signers, and no code that staging never ran. */
const isMoment = (ref: ObjectRef, path: Path): boolean => kindIdOf(ref) === 'CronJob' && moments.has(formatPath(path));

/** Variables that have no names here: any of them may be one that programs load code by. */
const bringsVariables = (path: Path): boolean => path.some((step) => 'field' in step && step.field === 'envFrom');
