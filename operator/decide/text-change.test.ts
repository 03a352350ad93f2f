import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { textChange } from './text-change.ts';

const line = fc.constantFrom('a', 'b', 'c', '');
const text = fc.array(line, { maxLength: 8 });

const rest = (lines: readonly string[], gone: readonly { number: number }[]): string[] =>
  lines.filter((_, place) => !gone.some(({ number }) => number === place + 1));

describe('the change of a text', () => {
  it('leaves the same lines on both sides', () => {
    fc.assert(
      fc.property(text, text, (from, to) => {
        const { removed, added } = textChange(from, to);
        expect(rest(from, removed)).toEqual(rest(to, added));
        expect([...removed, ...added].length === 0).toBe(
          from.join('\n') === to.join('\n') && from.length === to.length,
        );
      }),
    );
  });

  it('is as small as it can be', () => {
    expect(textChange(['a', 'b', 'c', 'd'], ['a', 'x', 'b', 'd'])).toEqual({
      removed: [{ number: 3, text: 'c' }],
      added: [{ number: 2, text: 'x' }],
    });
  });

  it('of two large texts is the part between what they share at both ends', () => {
    const from = Array.from({ length: 2000 }, (_, n) => `old ${n}`);
    const to = Array.from({ length: 2000 }, (_, n) => `new ${n}`);
    const { removed, added } = textChange(['first', ...from, 'last'], ['first', ...to, 'last']);
    expect([removed.length, added.length]).toEqual([2000, 2000]);
  });
});
