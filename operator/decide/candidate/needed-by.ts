/** Who depends on a release: what other packages in production refer to of what it holds or removes. */
import type { Bundle } from '../bundle.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { listed, objectNamed } from '../messages.ts';
import { keyOf } from '../objects.ts';

/** A delta has room for so many. */
const mostLines = 200;

/** For signers: what goes while somebody refers to it first, and then what changes under them. */
export const neededByLines = (
  { neighbors }: Pick<CandidateSnapshot, 'neighbors'>,
  draft: Pick<Bundle, 'objects' | 'removed'>,
): readonly string[] => {
  const held = new Set(draft.objects.map(({ ref }) => keyOf(ref)));
  const removed = new Set(draft.removed.map(keyOf));
  const found = neighbors().flatMap(({ package: name, version, dependencies }) =>
    dependencies
      .filter((need) => need.namespace === '' && (held.has(keyOf(need)) || removed.has(keyOf(need))))
      .map((need) => {
        const goes = removed.has(keyOf(need));
        const by = `${name} ${version}, for ${listed(need.by.map(objectNamed))}`;
        return { goes, line: `${objectNamed(keyOf(need))}${goes ? ' (removed by this release)' : ''}: ${by}` };
      }),
  );
  const lines = found.toSorted((a, b) => Number(b.goes) - Number(a.goes) || (a.line < b.line ? -1 : 1));
  return [
    ...lines.slice(0, mostLines).map(({ line }) => line),
    ...(lines.length > mostLines ? [`${lines.length - mostLines} more`] : []),
  ];
};
