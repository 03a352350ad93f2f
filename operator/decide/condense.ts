/** Keeping a delta inside one bundle object: the largest objects are told by class instead of by field. */
import { deltaClasses, type DeltaEntry } from '../api/bundle.ts';

type Line = Readonly<DeltaEntry>;

/** The bounds of `spec.delta`, with room for the rest of the bundle below the 1.5 MiB that etcd takes. */
const mostLines = 5000;
const mostCharacters = 500_000;

/** The lines, or fewer that say how many fields of which class change: which ones is in `spec.objects`, under the digest. */
export const condensed = (lines: readonly Line[]): Line[] => {
  const groups = [...Map.groupBy(lines, ({ object }) => object).values()];
  const largestFirst = groups.toSorted((a, b) => size(b) - size(a));
  let [count, characters] = [lines.length, size(lines)];
  const short = new Map<readonly Line[], readonly Line[]>();
  for (const group of largestFirst) {
    if (count <= mostLines && characters <= mostCharacters) break;
    const summary = byClass(group);
    count -= group.length - summary.length;
    characters -= size(group) - size(summary);
    short.set(group, summary);
  }
  return groups.flatMap((group) => short.get(group) ?? group);
};

const size = (lines: readonly Line[]): number =>
  lines.reduce(
    (sum, { object, path, from, to }) => sum + object.length + path.length + from.length + to.length + 60,
    0,
  );

const byClass = (group: readonly Line[]): Line[] =>
  deltaClasses.flatMap((sort): Line[] => {
    const lines = group.filter((line) => line.class === sort);
    const [first] = lines;
    if (first === undefined || lines.length === 1) return lines;
    return [{ object: first.object, path: '', from: '', to: `${lines.length} fields; see spec.objects`, class: sort }];
  });
