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

/**
 * Words that consist of nothing but letters which look like Latin ones (Cyrillic, Greek, Armenian): a whole word of them reads as another.
 */
const lookAlikes = /^(?=.*\p{L})[АВЕЗІЈКМНОРСТУХаеорсухіјѕһԁԛԝҮүΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυχοՕոսօ\P{L}]+$/u;

export interface Visible {
  readonly text: string;
  /** How many characters are written as `\u{…}` or `\n`. */
  readonly escaped: number;
}

const made = (text: string, isEscaped: (character: string, word: string) => boolean): Visible => {
  let escapedCount = 0;
  const escape = (character: string): string => {
    escapedCount += 1;
    return escaped(character);
  };
  const shown = text
    .replaceAll(misleading, escape)
    .replaceAll(token, (word) =>
      plain.test(word)
        ? word
        : Array.from(word, (letter) => (isEscaped(letter, word) ? escape(letter) : letter)).join(''),
    );
  return { text: shown, escaped: escapedCount };
};

const misleads = (character: string, word: string): boolean =>
  !plain.test(character) &&
  (character.normalize('NFKC') !== character || asciiLetter.test(word) || lookAlikes.test(word));

/** For what people write: words of another script stay, words that mix it with ASCII, or look like it, do not. */
export const visibleProse = (text: string): Visible => made(text, misleads);

/** For what machines read, such as images: everything outside ASCII is escaped. */
export const visibleName = (text: string): Visible => {
  let count = 0;
  const prose = visibleProse(text);
  const shown = prose.text.replaceAll(/[^\u0020-\u007e]/gu, (character) => {
    count += 1;
    return escaped(character);
  });
  return { text: shown, escaped: prose.escaped + count };
};

/** The text with what misleads the eye written as `\u{…}`. */
export const visible = (text: string): string => visibleProse(text).text;

/** The text with everything outside ASCII written as `\u{…}`: for names that machines read. */
export const visibleAscii = (text: string): string => visibleName(text).text;
