/** The entries of a delta for programs, inside the bounds of one bundle: the largest objects are told by class instead of by field. */
import { deltaClasses, longestDeltaValue, type DeltaEntry } from '../../api/bundle.ts';
import type { Change } from './delta.ts';

type Entry = Readonly<DeltaEntry>;

/** The bounds of `spec.delta`, so that the text, the content and the rest of the bundle stay below the 1.5 MiB that etcd takes. */
const mostEntries = 5_000;
const mostBytes = 250_000;
const longestPath = 4_000;

/** The entries, or fewer that say how many fields of which class change: which ones is in the text. */
export const entriesOf = (changes: readonly Change[]): Entry[] => {
  const groups = [...Map.groupBy(changes.map(entry), ({ object }) => object).values()].map(sized);
  let count = changes.length;
  let bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
  const short = new Map<SizedGroup, SizedGroup>();
  for (const group of groups.toSorted((a, b) => b.bytes - a.bytes)) {
    if (count <= mostEntries && bytes <= mostBytes) break;
    const summary = sized(byClass(group.entries));
    count -= group.entries.length - summary.entries.length;
    bytes -= group.bytes - summary.bytes;
    short.set(group, summary);
  }
  return groups.flatMap((group) => (short.get(group) ?? group).entries);
};

const entry = ({ object, path, from, to, lines, class: sort }: Change): Entry => ({
  object,
  path: cut(path, longestPath),
  from: cut([from, ...lines.filter((line) => line.startsWith('-'))].join('\n'), longestDeltaValue),
  to: cut([to, ...lines.filter((line) => line.startsWith('+'))].join('\n'), longestDeltaValue),
  class: sort,
});

const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters: read spec.deltaText)`;

interface SizedGroup {
  readonly entries: readonly Entry[];
  /** As JSON. */
  readonly bytes: number;
}

const sized = (entries: readonly Entry[]): SizedGroup => ({
  entries,
  bytes: entries.reduce((sum, each) => sum + Buffer.byteLength(JSON.stringify(each)) + 1, 0),
});

const byClass = (group: readonly Entry[]): Entry[] =>
  deltaClasses.flatMap((sort): Entry[] => {
    const entries = group.filter((each) => each.class === sort);
    const [first] = entries;
    if (first === undefined) return [];
    const fields = `${entries.length} ${entries.length === 1 ? 'field' : 'fields'}: read spec.deltaText`;
    return [{ object: first.object, path: '', from: '', to: fields, class: sort }];
  });
