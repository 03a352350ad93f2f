import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { visible, visibleAscii } from './safe-text.ts';

describe('visible text', () => {
  it.each<[string, string, string]>([
    ['plain text stays', 'registry.example/api:v1 --flag="x"', 'registry.example/api:v1 --flag="x"'],
    ['words of people stay', 'Größe café naïve 価格 цена', 'Größe café naïve 価格 цена'],
    ['a line break', 'a\nb\r\tc', String.raw`a\nb\r\tc`],
    ['an ANSI escape', '\u001b[2K\u001b[1Aok', String.raw`\u{1b}[2K\u{1b}[1Aok`],
    ['a bidi override', 'user\u202etxt.exe', String.raw`user\u{202e}txt.exe`],
    ['bidi isolates', '\u2066a\u2069', String.raw`\u{2066}a\u{2069}`],
    ['what has no width', 'pay\u200bments\ufeff', String.raw`pay\u{200b}ments\u{feff}`],
    ['spaces that are none', 'a\u00a0b\u3000c', String.raw`a\u{a0}b\u{3000}c`],
    ['fillers', 'a\u3164b\u115f', String.raw`a\u{3164}b\u{115f}`],
    ['Cyrillic among Latin', 'p\u0430yments', String.raw`p\u{430}yments`],
    ['Cyrillic in a path of Latin', 'registry.example/\u0440\u0430/x', String.raw`registry.example/\u{440}\u{430}/x`],
    ['full-width and mathematical letters', '\uff41 \u{1d429}', String.raw`\u{ff41} \u{1d429}`],
    ['tags', 'a\u{e0041}', String.raw`a\u{e0041}`],
    ['a pattern of Braille without dots', 'a \u2800 b', String.raw`a \u{2800} b`],
    ['letters of scripts that nobody writes in today', '\u13aa\u13e2 \ua4d0', String.raw`\u{13aa}\u{13e2} \u{a4d0}`],
    ['a Cyrillic word that reads as a Latin one', '\u0455\u0430\u04cf\u0435', String.raw`\u{455}\u{430}\u{4cf}\u{435}`],
    ['a word of two alphabets', '\u0251\u0440\u0456 \u0431\u03c9', String.raw`\u{251}\u{440}\u{456} \u{431}\u{3c9}`],
    ['a sign of another script in a number', '10.0.0.0\u22158 1\u09e60', String.raw`10.0.0.0\u{2215}8 1\u{9e6}0`],
    ['words and numbers of one script stay', 'Ελλάδα 第3章 2026年3月、次 ١٢٣', 'Ελλάδα 第3章 2026年3月、次 ١٢٣'],
  ])('%s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('holds no control, format or line character, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
      }),
    );
  });

  it('looks through a word once, and not once for each of its letters', () => {
    for (const letter of ['ж', 'а', 'a\u0430', '1\u0663', '価'])
      expect(visible(letter.repeat(200_000)).length).toBeGreaterThanOrEqual(200_000);
  });

  it('is only ASCII where machines read', () => {
    expect(visibleAscii('größe ра')).toBe(String.raw`gr\u{f6}\u{df}e \u{440}\u{430}`);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visibleAscii(text)).toMatch(/^[ -~]*$/);
      }),
    );
  });
});
