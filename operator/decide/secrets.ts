/**
 * What must not be shown to everybody who may read a delta. Secrets belong into Secrets, which are never copied; this is for
 * those that are elsewhere. Found too often rather than too seldom: a reader still sees that something hidden changed.
 */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../api/meta.ts';
import { canonicalJson } from './digest.ts';
import { isList, isObject, member } from './json.ts';

const secretName =
  /passw|passphrase|(?<!by|com|tres)pass(?!ive|through|enger|age)|pwd|secret|token|credential|(?<![a-z])creds?(?![a-z])|key|private|authorization|cookie|salt|dsn|connection[-_.]?string/i;

/** Whether the value of something with this name is likely a secret. */
export const looksSecret = (name: string): boolean => secretName.test(name);

/** Maps whose keys people choose; the keys of all others are field names of the API, such as `secretName`. */
const freelyNamed = new Set([
  'annotations',
  'binaryData',
  'data',
  'options',
  'parameters',
  'stringData',
  'volumeAttributes',
]);

/** Fields in which people write `name=value` themselves; in others it is part of a name, as in `registry/token:v1`. */
const freeText = new Set(['args', 'command']);

/** A private-use character, which JSON does not escape and no manifest has a use for. */
const edge = '\uE000';

/** Stands for a hidden value: equal exactly when the values are, and shown as `(hidden)`. */
const mark = (value: string): string => edge + createHash('sha256').update(value).digest('hex') + edge;

const marks = /\uE000[0-9a-f]{64}\uE000/g;

export const hidden = '(hidden)';

/** Text from `masked` as it may be shown. */
export const unmarked = (text: string): string => text.replaceAll(marks, hidden);

/** Whether something in text from `masked` is hidden. No digest of such text may be shown: a short secret is guessed from it. */
export const holdsHidden = (text: string): boolean => text.search(marks) >= 0;

/** The value with every likely secret in it replaced by a mark. */
export const masked = (value: Json): Json => maskedBy(maskedForms, value);

type Mask = (text: string) => string;

const maskedBy = (mask: Mask, value: Json): Json => {
  if (typeof value === 'string') return mask(value);
  if (isList(value)) return value.map((item, place) => (follows(value, place) ? whole(item) : maskedBy(mask, item)));
  return isObject(value) ? maskedFields(mask, value) : value;
};

const maskedFields = (mask: Mask, value: JsonObject): JsonObject => {
  const name = member(value, 'name');
  return mapped(value, (inner, field) => {
    // An environment variable, an HTTP header, a parameter.
    if (field === 'value' && typeof name === 'string')
      return looksSecret(name) ? whole(inner) : maskedBy(maskedText, inner);
    if (freelyNamed.has(field)) return maskedMap(inner);
    return maskedBy(freeText.has(field) ? maskedText : mask, inner);
  });
};

const maskedMap = (value: Json): Json =>
  isObject(value)
    ? mapped(value, (inner, name) => (looksSecret(name) ? whole(inner) : maskedBy(maskedText, inner)))
    : maskedBy(maskedText, value);

const mapped = (value: JsonObject, change: (inner: Json, name: string) => Json): JsonObject =>
  Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(inner, name)]));

const whole = (value: Json): Json => (value === '' ? value : mark(canonicalJson(value)));

const secretFlag = /^--?[\w.-]+$/;

/** Whether an argument is the one after `--password`. */
const follows = (items: readonly Json[], place: number): boolean => {
  const [before, item] = [items[place - 1], items[place]];
  return typeof before === 'string' && typeof item === 'string' && secretFlag.test(before) && looksSecret(before);
};

/** Secrets that are known by their form. */
const secretForms: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g,
  /(?<![\w-])eyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g,
  /\b(?:gh[oprsu]_|github_pat_|glpat-|xox[abprs]-|sk-|AIza)[\w-]{16,}/g,
  /(?<=:\/\/)[^\s/"'<>]+(?=@)/g,
];

/** `name = value`, `"name": "value"`, `<name>value`, `--name value`. */
const assignment = /(?<![\w./@-])(?<name>[\w.-]+)(?<sign>[\\"']*[ \t]*(?:=>|[:=>])[ \t]*|[ \t]+)/g;

/** A text that holds what looks like a mark must not become equal to one that holds the secret: its own edges are doubled. */
const maskedForms: Mask = (text) =>
  secretForms.reduce((left, form) => left.replaceAll(form, mark), text.replaceAll(edge, edge + edge));

const maskedText: Mask = (text) => {
  const known = maskedForms(text);
  let shown = '';
  let place = 0;
  for (const found of known.matchAll(assignment)) {
    const value = found.index + found[0].length;
    if (found.index < place || !assigns(found.groups?.['name'] ?? '', found.groups?.['sign'] ?? '')) continue;
    const end = value + valueAt(known, found.index, value).length;
    if (end === value) continue;
    shown += known.slice(place, value) + mark(known.slice(value, end));
    place = end;
  }
  return shown + known.slice(place);
};

const assigns = (name: string, sign: string): boolean =>
  (sign.trim() !== '' || name.startsWith('-')) && looksSecret(name) && !/^-?-?keys?$/i.test(name);

const blockScalar = /[|>][-+0-9]*[ \t]*\n(?<first>[ \t]+)[^\n]*(?:\n(?:\k<first>[^\n]*|[ \t]*(?=\n|$)))*/y;
const quotedValue = /(?<quote>\\*["'])(?:(?!\k<quote>)(?:\\.|[^\n]))*\k<quote>?/y;
const restOfLine = /[^\n]+/y;
const word = /[^\s"',;&<>}]+/y;

/** How far a value goes: a block, a quoted string, the line when it began with the name, else one word. */
const valueAt = (text: string, name: number, value: number): string => {
  const alone = /(?:^|\n)[ \t]*(?:- |export )?["']?$/.test(
    `${name < 64 ? '' : '.'}${text.slice(Math.max(0, name - 64), name)}`,
  );
  for (const form of [blockScalar, quotedValue, alone ? restOfLine : word]) {
    form.lastIndex = value;
    const found = form.exec(text);
    if (found !== null) return found[0];
  }
  return '';
};
