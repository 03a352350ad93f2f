/** How one text becomes another, line by line: the shortest way there is. */
import { diffArrays } from 'diff';

/** A line that goes or comes, counted from 1 in the text that has it. */
export interface ChangedLine {
  readonly sign: '-' | '+';
  readonly number: number;
  readonly text: string;
}

/**
 * The most lines that may go or come for the shortest way to be looked for. Texts that differ in more count as replaced between what they
 * begin and end with in common: who reads them is told of a cut either way.
 */
const mostEdits = 2_000;

/**
 * How much looking for shortest ways there may be altogether, in squares of edits, which is what each costs: a package of megabytes has
 * thousands of texts, and nothing else is compared meanwhile. What comes after it is used up counts as replaced.
 */
export interface Search {
  left: number;
}

/** Four texts that differ wholly, and very many that differ in little. */
export const newSearch = (): Search => ({ left: 4 * mostEdits ** 2 });

/** The lines that change, in their order: those that go before those that come in their place. Takes what it costs off `search`. */
export const textChange = (
  from: readonly string[],
  to: readonly string[],
  search: Search = newSearch(),
): ChangedLine[] => {
  const shorter = Math.min(from.length, to.length);
  let head = 0;
  while (head < shorter && from[head] === to[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && from.at(-1 - tail) === to.at(-1 - tail)) tail += 1;
  const [left, right] = [from.slice(head, from.length - tail), to.slice(head, to.length - tail)];
  const parts = shortest(left, right, search) ?? [
    { value: left, removed: true, added: false },
    { value: right, removed: false, added: true },
  ];
  const changes: ChangedLine[] = [];
  const place = { '-': head, '+': head };
  for (const { value, removed, added } of parts) {
    for (const text of value) {
      if (!added) place['-'] += 1;
      if (!removed) place['+'] += 1;
      const sign = removed ? '-' : '+';
      if (removed || added) changes.push({ sign, number: place[sign], text });
    }
  }
  return changes;
};

const shortest = (left: readonly string[], right: readonly string[], search: Search) => {
  const most = Math.min(mostEdits, Math.floor(Math.sqrt(search.left)), left.length + right.length);
  if (left.length === 0 || right.length === 0 || most < 1) return undefined;
  const parts = diffArrays([...left], [...right], { maxEditLength: most });
  const edits = parts?.reduce((sum, { added, removed, count }) => (added || removed ? sum + count : sum), 0) ?? most;
  search.left -= edits ** 2;
  return parts;
};
