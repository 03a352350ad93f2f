/** Two texts line by line, as people read them. */
import { structuredPatch } from 'diff';

export interface Hunk {
  readonly oldStart: number;
  readonly newStart: number;
  /** Each with `+`, `-` or a blank before it. */
  readonly lines: readonly string[];
}

/** Looking for the shortest way costs the square of its length: a developer may stage texts that differ in tens of thousands of lines. */
const mostEdits = 2_000;

/**
 * Where two texts differ, with so many lines around. Of texts that differ in very many lines not the shortest way is told: what lies between their
 * common beginning and end goes, and comes.
 */
export const hunksBetween = (before: string, after: string, context: number): readonly Hunk[] => {
  const patch = structuredPatch('', '', before, after, '', '', { context, maxEditLength: mostEdits });
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- undefined where there are more edits, whatever its type says
  return patch?.hunks ?? [replaced(before.split('\n'), after.split('\n'), context)];
};

const marked = (sign: string, lines: readonly string[]): readonly string[] => lines.map((line) => `${sign}${line}`);

const replaced = (before: readonly string[], after: readonly string[], context: number): Hunk => {
  const most = Math.min(before.length, after.length);
  let [head, tail] = [0, 0];
  while (head < most && before[head] === after[head]) head += 1;
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const from = Math.max(0, head - context);
  const end = before.length - tail;
  return {
    oldStart: from + 1,
    newStart: from + 1,
    lines: [
      ...marked(' ', before.slice(from, head)),
      ...marked('-', before.slice(head, end)),
      ...marked('+', after.slice(head, after.length - tail)),
      ...marked(' ', before.slice(end, end + Math.min(tail, context))),
    ],
  };
};
