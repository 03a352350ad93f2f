/** What is printed: plain text, which is made harmless when it is printed, and parts with a style, which only this program makes. */

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;
export type Style = keyof typeof codes;

export interface Styled {
  readonly style: Style;
  readonly text: string;
}
export type Part = string | Styled;

export const styled = (style: Style, text: string): Styled => ({ style, text });
export const bold = (text: string): Styled => styled('bold', text);
export const dim = (text: string): Styled => styled('dim', text);

/** What a part shows, without its style. */
export const textOf = (part: Part): string => (typeof part === 'string' ? part : part.text);

/** A part with its style as a terminal takes it. */
export const painted = (part: Part, clean: (text: string) => string): string => {
  if (typeof part === 'string') return clean(part);
  const [on, off] = codes[part.style];
  return `\x1b[${on}m${clean(part.text)}\x1b[${off}m`;
};

/** Characters that East Asian fonts and emoji draw over two columns of a terminal. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3ffff}]|\p{Emoji_Presentation}/u;

/** Columns of a terminal that a text takes. */
export const widthOf = (text: string): number => {
  // Most of what is printed is ASCII, where each character takes one.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
};

/** Columns that a line takes. */
export const lineWidth = (line: readonly Part[]): number => line.reduce((sum, part) => sum + widthOf(textOf(part)), 0);

const partLike = (part: Part, text: string): Part => (typeof part === 'string' ? text : { ...part, text });

/** A line as several that are no wider, broken between words. A command stays whole, for people copy it; so does a word. */
export const folded = (line: readonly Part[], columns: number): readonly (readonly Part[])[] => {
  if (lineWidth(line) <= columns || line.some((part) => textOf(part).includes('kubectl '))) return [line];
  const lines: Part[][] = [[]];
  let width = 0;
  for (const part of line) {
    for (const word of textOf(part).split(/(?<= )(?! )/)) {
      const bare = widthOf(word.trimEnd());
      if (width > 0 && width + bare > columns) {
        const ended = lines.at(-1) ?? [];
        const last = ended.pop() ?? '';
        lines.splice(-1, 1, [...ended, partLike(last, textOf(last).trimEnd())], []);
        width = 0;
      }
      lines.at(-1)?.push(partLike(part, word));
      width += widthOf(word);
    }
  }
  return lines;
};
