/** Text as somebody who signs must see it: nothing invisible, nothing that moves the cursor, nothing that only looks like ASCII. */

/**
 * Characters that show as nothing, as something else, or reorder their neighbours: controls, format and bidi characters
 * (Unicode TR 36 and 55), private and unassigned ones, spaces other than the space, and compatibility look-alikes.
 */
const misleading = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu;

const token = /[^\s]+/gu;
const asciiLetter = /[A-Za-z]/;
/** ASCII and the letters of western European words; the rest of Unicode has look-alikes of both. */
const plain = /^[\u0020-\u007e\u00a1-\u00ff]*$/;

const named: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` };

const escaped = (character: string): string =>
  named[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** The text with what misleads the eye written as `\u{…}`. Words of another script stay, words that mix it with ASCII do not. */
export const visible = (text: string): string =>
  text
    .replaceAll(misleading, escaped)
    .replaceAll(token, (word) =>
      plain.test(word) ? word : Array.from(word, (letter) => legible(letter, word)).join(''),
    );

const legible = (character: string, word: string): string => {
  if (plain.test(character)) return character;
  const lookAlike = character.normalize('NFKC') !== character;
  return lookAlike || asciiLetter.test(word) ? escaped(character) : character;
};

/** The text with everything outside ASCII written as `\u{…}`: for names that machines read, such as images. */
export const visibleAscii = (text: string): string => visible(text).replaceAll(/[^\u0020-\u007e]/gu, escaped);
