/** What overlays change of what runs: images, commands and arguments that staging never ran so. */
import type { Json, JsonObject } from '../../api/meta.ts';
import type { OverlaidField } from '../bundle.ts';
import { differences } from '../json/diff.ts';
import { formatPath, type Path } from '../json/field-path.ts';
import type { ObjectRef } from '../objects.ts';
import { runsNothing } from './pod-spec.ts';

/** Longest value that is kept of a change, in characters. */
const longestValue = 500;
/** Fields of one bundle that are kept. One is enough for the gate; people read the first few. */
export const mostOverlaid = 100;

/** The fields of a kind of change between what an object was before an overlay and is after it. */
export const overlaidFields = (
  ref: ObjectRef,
  { from, to, by }: { readonly from: JsonObject; readonly to: JsonObject; readonly by: OverlaidField['by'] },
): readonly OverlaidField[] => {
  if (from === to || runsNothing(ref)) return [];
  return differences(from, to).flatMap(({ path, from: was, to: is }): OverlaidField[] => {
    const what = runs(path);
    if (what === undefined) return [];
    return [{ ...ref, field: formatPath(path).slice(0, longestValue), what, by, from: text(was), to: text(is) }];
  });
};

const text = (value: Json | undefined): string => {
  const whole = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  return whole.length <= longestValue ? whole : `${whole.slice(0, longestValue - 1)}…`;
};

/** What a field says of what runs. An image volume is an image; the command of a probe runs in the container, too. */
const runs = (path: Path): OverlaidField['what'] | undefined => {
  const [above, last] = [path.at(-2), path.at(-1)].map((step) =>
    step !== undefined && 'field' in step ? step.field : '',
  );
  if (last === 'image' || (above === 'image' && last === 'reference')) return 'Image';
  return last === 'command' || last === 'args' ? 'Command' : undefined;
};
