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
