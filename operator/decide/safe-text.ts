/** Text as somebody who signs must see it: nothing invisible, nothing that moves the cursor, nothing that only looks like ASCII. */

/** Scripts in which people write today (Unicode TR 31, table 5). Of others no word is expected, and many of their letters look like Latin ones. */
const scripts =
  'Common Inherited Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan'.split(
    ' ',
  );

const manyBlanks = ' '.repeat(33);
const ascii = /^[\u0020-\u007e]*$/;

/**
 * Characters that show as nothing, as something else, or reorder their neighbors: controls, format and bidi characters
 * (Unicode TR 36 and 55), private and unassigned ones, spaces other than the space, long runs of the space, and scripts out of use.
 */
const misleading = new RegExp(
  [
    String.raw`[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]`,
    String.raw`(?! )\p{Zs}`,
    // So many blanks that what follows stands at the beginning of another row of the screen, or below it.
    `${manyBlanks}+`,
    `[^${scripts.map((script) => String.raw`\p{Script=${script}}`).join('')}]`,
  ].join('|'),
  'gu',
);

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
const lookAlikes = /^(?=.*\p{L})[ӀӏѴѵԌԍΙϒϹϲАВЕЗІЈКМНОРСТУХаеорсухіјѕһԁԛԝҮүΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυχοՕոսօ\P{L}]+$/u;

/** Alphabets that share shapes: a word of two of them is meant to read as a word of one. */
const alphabets = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u];

const asciiDigit = /\d/;
/** What could be taken for a digit, a point, a sign or a stroke of a number; the comma and the stop of Chinese and Japanese are not. */
const sign = /(?![、。])[\p{N}\p{S}\p{P}\p{Lm}]/u;

export interface Visible {
  readonly text: string;
  /** How many characters are written as `\u{…}` or `\n`. */
  readonly escaped: number;
}

/** Whether a character of a word is escaped. */
type Escapes = (character: string) => boolean;

const made = (text: string, escapesOf: (word: string) => Escapes): Visible => {
  if (ascii.test(text) && !text.includes(manyBlanks)) return { text, escaped: 0 };
  let escapedCount = 0;
  const escape = (character: string): string => {
    escapedCount += 1;
    return escaped(character);
  };
  const shown = text
    .replaceAll(misleading, (found) => Array.from(found, escape).join(''))
    .replaceAll(token, (word) => {
      if (plain.test(word)) return word;
      const isEscaped = escapesOf(word);
      return Array.from(word, (letter) => (isEscaped(letter) ? escape(letter) : letter)).join('');
    });
  return { text: shown, escaped: escapedCount };
};

/** The word is looked through once, and not once for each of its characters: it may be a megabyte. */
const misleadingIn = (word: string): Escapes => {
  const isMixed =
    asciiLetter.test(word) || lookAlikes.test(word) || alphabets.filter((alphabet) => alphabet.test(word)).length > 1;
  const isNumber = asciiDigit.test(word);
  return (character) =>
    !plain.test(character) &&
    (isMixed || character.normalize('NFKC') !== character || (isNumber && sign.test(character)));
};

const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text with what moves the cursor or shows as nothing written as `\u{…}`, for terminals; everything else stays, look-alikes too. */
export const printable = (text: string): string => text.replaceAll(unprintable, escaped);

/** For what people write: words of another script stay, words that mix it with ASCII, or look like it, do not. */
export const visibleProse = (text: string): Visible => made(text, misleadingIn);

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
