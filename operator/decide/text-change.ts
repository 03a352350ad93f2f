/** How one text becomes another, line by line. */

export interface TextChange {
  readonly removed: readonly NumberedLine[];
  readonly added: readonly NumberedLine[];
}

/** A line of a text, counted from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** The largest comparison that is worth its time, in pairs of lines; what is larger counts as replaced. */
const mostPairs = 250_000;

/** The lines that go and those that come: as few as possible, all between the first and the last change in a large text. */
export const textChange = (from: readonly string[], to: readonly string[]): TextChange => {
  const shorter = Math.min(from.length, to.length);
  let head = 0;
  while (head < shorter && from[head] === to[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && from.at(-1 - tail) === to.at(-1 - tail)) tail += 1;
  const [left, right] = [from.slice(head, from.length - tail), to.slice(head, to.length - tail)];
  const kept = left.length * right.length > mostPairs ? none : keptLines(left, right);
  return { removed: others(left, kept.left, head), added: others(right, kept.right, head) };
};

interface KeptLines {
  readonly left: ReadonlySet<number>;
  readonly right: ReadonlySet<number>;
}

const none: KeptLines = { left: new Set(), right: new Set() };

const others = (lines: readonly string[], kept: ReadonlySet<number>, head: number): NumberedLine[] =>
  lines.flatMap((text, place) => (kept.has(place) ? [] : [{ number: head + place + 1, text }]));

/** The places of a longest common subsequence (Wagner and Fischer's table, filled from the end). */
const keptLines = (left: readonly string[], right: readonly string[]): KeptLines => {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  const lengthAt = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        left[i] === right[j] ? lengthAt(i + 1, j + 1) + 1 : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
    }
  }
  const kept = { left: new Set<number>(), right: new Set<number>() };
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    if (left[i] === right[j]) {
      kept.left.add(i);
      kept.right.add(j);
      i += 1;
      j += 1;
    } else if (lengthAt(i + 1, j) >= lengthAt(i, j + 1)) i += 1;
    else j += 1;
  }
  return kept;
};
