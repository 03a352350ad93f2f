/**
 * What is not shown in a delta, as a courtesy to whoever's credential it is: one word, after a name that is a credential by the list below.
 * Whatever could do something (blanks, quotes, shell characters, an address, a path, a flag) is no such word and is shown, and so is all of
 * what `isOpen` classes (`delta-class.ts`). Credentials belong into Secrets, which are never copied.
 */
import type { Json } from '../../api/meta.ts';
import type { Path } from '../json/field-path.ts';

/** The last words of a name that holds a credential, in lower case. `DB_PASSWORD`, `dbPassword` and `db.password` all end with `password`. */
const credentials: ReadonlySet<string> = new Set([
  'password',
  'passwd',
  'passphrase',
  'pgpassword',
  'pwd',
  'secret',
  'token',
  'api key',
  'apikey',
  'access key',
  'secret key',
  'private key',
  'signing key',
  'encryption key',
  'credential',
  'credentials',
]);

const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

/** Whether a name is that of a credential: by its last word or two, so `token-refresh.sh` is none. */
export const isCredential = (name: string): boolean => {
  const words = wordsOf(name.slice(-256));
  return credentials.has(words.slice(-1).join(' ')) || credentials.has(words.slice(-2).join(' '));
};

/** Maps whose keys people choose. */
const freelyNamed = new Set([
  'annotations',
  'binaryData',
  'data',
  'options',
  'parameters',
  'stringData',
  'volumeAttributes',
]);

/** Whether the value at a path is called a credential: the value of a named item, or a key of a map that people name. */
export const isNamedCredential = (path: Path): boolean => {
  const [above, last] = path.slice(-2);
  if (last === undefined || above === undefined || !('field' in last)) return false;
  if ('match' in above) {
    return last.field === 'value' && above.match.some(([key, value]) => key === 'name' && isCredential(value));
  }
  return 'field' in above && freelyNamed.has(above.field) && isCredential(last.field);
};

/** One word that does nothing: no blank, no quote, no sign of a shell, no colon, and no path or flag. */
const longestWord = 512;
const word = String.raw`[A-Za-z0-9+=_][A-Za-z0-9+/=_.~-]{0,${longestWord - 1}}`;
const wholeWord = new RegExp(`^${word}$`);

export const isHideable = (text: string): boolean => wholeWord.test(text);

/** `name=word`, `"name": "word"`: the word, where it ends with the line, a blank, a quote, or what separates it from the next. */
const assignment = new RegExp(
  String.raw`(?<![\w./@-])(?<name>[\w.-]{1,256})\\?["']?[ \t]{0,8}[:=][ \t]{0,8}\\?["']?(?<word>${word})`,
  'g',
);
const ending = /^[\s"'\\,;}\]]?$/;

/** Signs of a shell: in a text that has one, several hidden words could make up a command, so nothing in it is hidden. */
const shell = /[`$;|&]|#!/;

export const doesSomething = (value: Json | undefined): boolean => typeof value === 'string' && shell.test(value);

/** A piece of a text; `undefined` stands for a hidden word. */
export type Piece = string | undefined;

/** The text of one line in pieces, with the words that are hidden left out. */
export const pieces = (line: string): Piece[] => {
  const found: Piece[] = [];
  let place = 0;
  const search = new RegExp(assignment);
  for (let match = search.exec(line); match !== null; match = search.exec(line)) {
    const { name = '', word: value = '' } = match.groups ?? {};
    const end = match.index + match[0].length;
    if (!ending.test(line.charAt(end))) {
      // It may be the name of what follows. One that is too long to be hidden is not gone through again from each of its letters.
      if (value.length < longestWord) search.lastIndex = end - value.length;
      continue;
    }
    if (!isCredential(name)) continue;
    found.push(line.slice(place, end - value.length), undefined);
    place = end;
  }
  return [...found, line.slice(place)];
};
