import { expect, test } from '@jest/globals';
import { hunksBetween } from './lines.ts';

const text = (lines: readonly string[]): string => lines.join('\n');
const many = (word: string): readonly string[] => Array.from({ length: 50_000 }, (_, i) => `${word} ${i}`);

test('what differs is told with the lines around it', () => {
  const hunks = hunksBetween(text(['a', 'b', 'c', 'd', '']), text(['a', 'b', 'x', 'd', '']), 1);
  expect(hunks).toMatchObject([{ oldStart: 2, newStart: 2, lines: [' b', '-c', '+x', ' d'] }]);
});

test('a text that differs in fifty thousand lines is told all the same, each line of it, and keeps no signer waiting', () => {
  const [old, now] = [many('old'), many('new')];
  const hunks = hunksBetween(text(['begins', ...old, 'ends']), text(['begins', ...now, 'ends']), Infinity);
  expect(hunks).toEqual([
    {
      oldStart: 1,
      newStart: 1,
      lines: [' begins', ...old.map((line) => `-${line}`), ...now.map((line) => `+${line}`), ' ends'],
    },
  ]);
  expect(hunksBetween(text(['a', 'b', ...old, 'c', 'd']), text(['a', 'b', ...now, 'c', 'd']), 1)).toMatchObject([
    { oldStart: 2, newStart: 2, lines: { length: 100_002 } },
  ]);
});
