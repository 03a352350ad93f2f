import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { newSearch, textChange, type ChangedLine } from './text-change.ts';

const line = fc.constantFrom('a', 'b', 'c', '');
const text = fc.array(line, { maxLength: 8 });

const rest = (lines: readonly string[], changes: readonly ChangedLine[], sign: string): string[] =>
  lines.filter((_, place) => !changes.some((one) => one.sign === sign && one.number === place + 1));

describe('the change of a text', () => {
  it('leaves the same lines on both sides', () => {
    fc.assert(
      fc.property(text, text, (from, to) => {
        const changes = textChange(from, to);
        expect(rest(from, changes, '-')).toEqual(rest(to, changes, '+'));
        expect(changes.length === 0).toBe(from.join('\n') === to.join('\n') && from.length === to.length);
        for (const { sign, number, text: shown } of changes) expect((sign === '-' ? from : to)[number - 1]).toBe(shown);
      }),
    );
  });

  it('is as small as it can be, in the order of the text', () => {
    expect(textChange(['a', 'b', 'c', 'd'], ['a', 'x', 'b', 'e'])).toEqual([
      { sign: '+', number: 2, text: 'x' },
      { sign: '-', number: 3, text: 'c' },
      { sign: '-', number: 4, text: 'd' },
      { sign: '+', number: 4, text: 'e' },
    ]);
  });

  it('finds few changes in a large text', () => {
    const from = Array.from({ length: 20_000 }, (_, n) => `line ${n}`);
    expect(textChange(from, from.with(0, 'x').with(10_000, 'y').with(19_999, 'z'))).toHaveLength(6);
  });

  it('of two large texts is the part between what they share at both ends', () => {
    const from = Array.from({ length: 5000 }, (_, n) => `old ${n}`);
    const to = Array.from({ length: 5000 }, (_, n) => `new ${n}`);
    expect(textChange(['first', ...from, 'last'], ['first', ...to, 'last'])).toHaveLength(10_000);
  });

  it('is looked for no longer than is left of what all texts together may take', () => {
    const [from, to] = ['old', 'new'].map((word) => Array.from({ length: 1_000 }, (_, n) => `${word} ${n % 500}`));
    const search = newSearch();
    const before = search.left;
    for (let text = 0; text < 20; text += 1) expect(textChange(from ?? [], to ?? [], search)).toHaveLength(2_000);
    expect(search.left).toBeGreaterThanOrEqual(0);
    expect(before - search.left).toBeGreaterThan(before / 2);
    expect(textChange(['a', 'b'], ['b', 'c'], { left: 0 })).toHaveLength(4);
  });
});
