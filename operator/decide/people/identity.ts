/** Who is who: which usernames are one human. Where it is doubtful, they are: a signature lost can be given again by somebody else. */

/** One human, as a policy declares them. */
export interface DeclaredPerson {
  readonly name: string;
  readonly identities: readonly string[];
}

/** Says which human a username is. Equal results are one human; the result means nothing else. */
export type PersonOf = (username: string) => string;

/**
 * Letters of other scripts that look like Latin ones, by the Latin letter. Compatibility forms (full width, mathematical)
 * need no row: NFKC has made them plain. After Unicode Technical Standard 39, the scripts that are on keyboards.
 */
const lookalikes: Readonly<Record<string, string>> = {
  a: 'аɑα',
  b: 'Ьʙƅ',
  c: 'сϲᴄ',
  d: 'ԁɗ',
  e: 'еҽє',
  f: 'ſƒ',
  g: 'ɡց',
  h: 'һհ',
  i: 'іıɩι',
  j: 'јϳ',
  k: 'кκᴋ',
  l: 'ӏǀ',
  m: 'мᴍ',
  n: 'ոռ',
  o: 'оοօσᴏ',
  p: 'рρ',
  q: 'ԛզ',
  r: 'гᴦ',
  s: 'ѕꜱ',
  t: 'тτᴛ',
  u: 'υսʋᴜ',
  v: 'ѵνᴠ',
  w: 'ԝωաᴡ',
  x: 'хχ',
  y: 'уγүʏ',
  z: 'ᴢʐ',
  A: 'АΑᎪ',
  B: 'ВΒᏴ',
  C: 'СϹᏟ',
  E: 'ЕΕᎬ',
  G: 'ԌᏀ',
  H: 'НΗᎻ',
  I: 'ІΙӀ',
  J: 'ЈᎫ',
  K: 'КΚᏦ',
  L: 'Ꮮ',
  M: 'МΜᎷ',
  N: 'Ν',
  O: 'ОΟՕ',
  P: 'РΡᏢ',
  S: 'ЅՏᏚ',
  T: 'ТΤᎢ',
  V: 'ѴᏙ',
  W: 'ԜᎳ',
  X: 'ХΧ',
  Y: 'УΥҮ',
  Z: 'ΖᏃ',
};

const latinOf = new Map(
  Object.entries(lookalikes).flatMap(([latin, others]) =>
    Array.from(others, (other): [string, string] => [other, latin]),
  ),
);

const asLatin = (text: string): string => Array.from(text, (char) => latinOf.get(char) ?? char).join('');

/** Upper case first: `ß` and final sigma have no lower case of their own. */
const caseless = (text: string): string => text.toUpperCase().toLowerCase();

/** Forms that two usernames of one human share. Two, because a capital and a small letter may resemble different letters. */
const formsOf = (username: string): readonly string[] => {
  const plain = username.normalize('NFKC').replace(/[\s\p{C}\p{Default_Ignorable_Code_Point}]/gu, '');
  return [caseless(asLatin(plain)), asLatin(caseless(plain))];
};

/**
 * Tells people apart among `usernames`. One human are: the identities of one declared person, and that person's name; usernames
 * that differ only by case, space, invisible characters, compatibility forms or letters that look alike; and whatever follows
 * from these.
 */
export const peopleAmong = (declared: readonly DeclaredPerson[], usernames: readonly string[]): PersonOf => {
  const sameAs = new Map<string, string>();
  const root = (form: string): string => {
    const next = sameAs.get(form);
    return next === undefined ? form : root(next);
  };
  const unite = (names: readonly string[]): void => {
    const [first, ...rest] = new Set(names.flatMap(formsOf).map(root));
    for (const other of rest) if (first !== undefined) sameAs.set(other, first);
  };
  for (const person of declared) unite([person.name, ...person.identities]);
  for (const username of usernames) unite([username]);
  return (username) => root(formsOf(username)[0] ?? '');
};

/** Names that the API server keeps for machines: they sign nothing. */
export const isSystemName = (username: string): boolean => formsOf(username).some((form) => form.startsWith('system:'));
