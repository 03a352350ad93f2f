/**
 * How a change of a value is shown to a signer. A value stands as it is; what could be taken for something else stands in quotes; a text of
 * several lines as the lines that change. What cannot be told apart is never shown alike: two different changes have two different texts.
 */
import type { Json } from '../../api/meta.ts';
import { canonicalJson } from '../json/canonical.ts';
import { isList } from '../json/json.ts';
import { decoded, type Decoded } from './binary-data.ts';
import { doesSomething, isHideable, pieces, type Piece } from './redact.ts';
import { textChange, type Search } from './text-change.ts';
import { visibleName, visibleProse, type Visible } from '../safe-text.ts';

export interface ShownChange {
  /** On one line; '' for absence, `(n lines)` for a text of several. */
  readonly from: string;
  readonly to: string;
  /** The lines that change, in the order of the text: `- 2: …`, `+ 2: …`. */
  readonly lines: readonly string[];
  /** How many words are hidden in it. */
  readonly hidden: number;
  /** How many characters are written as an escape. */
  readonly escaped: number;
  /** How many changed lines, and characters of long lines, are not shown. */
  readonly cutLines: number;
  readonly cutCharacters: number;
}

export interface Showing {
  /** Nothing is hidden and nothing cut, whatever its length. */
  readonly open: boolean;
  /** The value is called a credential. */
  readonly credential: boolean;
  /** It is base64 of what pods read. */
  readonly binary: boolean;
  /** Only machines read it: everything outside ASCII is escaped. */
  readonly name: boolean;
  /** Of the whole delta. */
  readonly search: Search;
}

/** Of what is not open: the most characters of a value or line, and the most changed lines of a text. */
const mostCharacters = 1_000;
const mostLines = 200;
/** A list that is longer than this is shown item by item. */
const longList = 120;

type Maybe = Json | undefined;

/** Bytes that are no text are told by their size and digest, and counted as cut. */
export const shown = (from: Maybe, to: Maybe, showing: Showing): ShownChange => {
  if (!showing.binary) return shownAsIs(from, to, showing);
  const [before, after] = [decoded(from), decoded(to)];
  const texts = shownAsIs(textOf(from, before), textOf(to, after), showing);
  return {
    ...texts,
    from: insteadOf(before) ?? texts.from,
    to: insteadOf(after) ?? texts.to,
    cutCharacters: texts.cutCharacters + unread(from, before) + unread(to, after),
  };
};

const textOf = (value: Maybe, found: Decoded | undefined): Maybe =>
  found === undefined ? value : 'text' in found ? found.text : undefined;
const insteadOf = (found: Decoded | undefined): string | undefined =>
  found !== undefined && 'instead' in found ? found.instead : undefined;
const unread = (value: Maybe, found: Decoded | undefined): number =>
  insteadOf(found) !== undefined && typeof value === 'string' ? value.length : 0;

const shownAsIs = (from: Maybe, to: Maybe, showing: Showing): ShownChange => {
  const writer = new Writer(showing, [from, to].some(doesSomething));
  const byItem = [from, to].some(isLongList);
  const lines = [linesOf(from, byItem), linesOf(to, byItem)] as const;
  const change = lines.some((text) => text !== undefined && text.length > 1)
    ? writer.texts([from, to], lines)
    : (writer.inside(from, to) ?? { from: writer.value(from), to: writer.value(to), lines: [] });
  const { hidden, escaped, cutCharacters } = writer;
  const alike = change.from === change.to && change.lines.length === 0;
  return {
    ...change,
    to: alike ? `${change.to} ${changedUnseen}` : change.to,
    lines: change.lines.slice(0, writer.mostLines),
    hidden,
    escaped,
    cutCharacters,
    cutLines: Math.max(0, change.lines.length - writer.mostLines),
  };
};

/** Stands for a hidden word. */
export const hiddenWord = '(hidden)';
/** Stands behind what looks the same because the difference is where it is hidden or cut. */
export const changedUnseen = '(changed)';

/** A line to compare, and to show. */
interface Line {
  readonly text: string;
  /** It goes on with the item of a list that began before it. */
  readonly continued: boolean;
  /** An item of a list that is no text, or one of a single line. */
  readonly item: Json | undefined;
}

/** The lines of a text; of a list the items, if it is shown by item. */
const linesOf = (value: Maybe, byItem: boolean): readonly Line[] | undefined => {
  if (typeof value === 'string') return value.split('\n').map((text) => ({ text, continued: false, item: undefined }));
  return isList(value) && byItem ? value.flatMap(linesOfItem) : undefined;
};

const isLongList = (value: Maybe): boolean =>
  isList(value) &&
  (value.some((item) => typeof item === 'string' && item.includes('\n')) || canonicalJson(value).length > longList);

const linesOfItem = (item: Json): readonly Line[] => {
  if (typeof item !== 'string' || !item.includes('\n')) return [{ text: '', continued: false, item }];
  return item.split('\n').map((text, place) => ({ text, continued: place > 0, item: undefined }));
};

/** Text that could be taken for something else: for nothing, a number, a list, one of our words, or for two values. */
const ambiguous = /^$|^\s|\s$|^["([{]|→|^(?:true|false|null)$|^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const ambiguousLine = /^$|\s$|^"|^↳/;

/** Goes before the second line of an item of a list, and those after it. */
const goesOn = '↳ ';

class Writer {
  hidden = 0;
  escaped = 0;
  cutCharacters = 0;
  readonly mostLines: number;
  readonly #showing: Showing;
  readonly #isScript: boolean;

  constructor(showing: Showing, isScript: boolean) {
    this.#showing = showing;
    this.#isScript = isScript;
    this.mostLines = showing.open ? Infinity : mostLines;
  }

  value(value: Maybe): string {
    if (value === undefined) return '';
    if (typeof value === 'string') {
      return this.#showing.credential && !this.#showing.open && isHideable(value)
        ? this.#hide()
        : this.#text(value, ambiguous);
    }
    return this.#cut(this.#visible(canonicalJson(value).replaceAll(hiddenBeginning, escapedHidden)));
  }

  texts(
    values: readonly [Maybe, Maybe],
    lines: readonly [readonly Line[] | undefined, readonly Line[] | undefined],
  ): Pick<ShownChange, 'from' | 'to' | 'lines'> {
    const [from, to] = [this.#total(values[0], lines[0]), this.#total(values[1], lines[1])];
    const known = { '-': lines[0] ?? [], '+': lines[1] ?? [] };
    const changes = textChange(known['-'].map(keyOf), known['+'].map(keyOf), this.#showing.search);
    return {
      from,
      to,
      lines: changes.map(({ sign, number }, place) => {
        const line = known[sign][number - 1];
        // What is cut is only counted.
        return line === undefined || place >= this.mostLines ? '' : `${sign} ${number}: ${this.#line(line)}`;
      }),
    };
  }

  /** What changes inside a long line; undefined = it is short, or to be shown in another way. */
  inside(from: Maybe, to: Maybe): Pick<ShownChange, 'from' | 'to' | 'lines'> | undefined {
    if (this.#showing.open || typeof from !== 'string' || typeof to !== 'string') return undefined;
    const shorter = Math.min(from.length, to.length);
    if (Math.max(from.length, to.length) <= mostCharacters || shorter === 0) return undefined;
    if ([from, to].some((text) => this.#pieces(text).length > 1)) return undefined;
    let head = 0;
    while (head < shorter && from[head] === to[head]) head += 1;
    let tail = 0;
    while (tail < shorter - head && from.at(-1 - tail) === to.at(-1 - tail)) tail += 1;
    const middle = (text: string): string => this.#quoted([text.slice(head, text.length - tail)]);
    return {
      from: `(${from.length} characters)`,
      to: `(${to.length} characters)`,
      lines: [`- at ${head + 1}: ${middle(from)}`, `+ at ${head + 1}: ${middle(to)}`],
    };
  }

  #total(value: Maybe, lines: readonly Line[] | undefined): string {
    return lines === undefined ? this.value(value) : `(${lines.length} ${lines.length === 1 ? 'line' : 'lines'})`;
  }

  #line({ text, continued, item }: Line): string {
    if (item !== undefined) return this.value(item);
    return `${continued ? goesOn : ''}${this.#text(text, ambiguousLine)}`;
  }

  #text(text: string, isAmbiguous: RegExp): string {
    const parts = this.#pieces(text);
    const plain =
      text.length <= mostCharacters || this.#showing.open
        ? parts.every((part) => part === undefined || this.#isPlain(part)) && !isAmbiguous.test(text)
        : false;
    return plain ? this.#joined(parts) : this.#quoted(parts);
  }

  #pieces(text: string): readonly Piece[] {
    return this.#showing.open || this.#isScript ? [text] : pieces(text);
  }

  #isPlain(text: string): boolean {
    return !text.includes(hiddenBeginning) && visibleOf(this.#showing, text).escaped === 0;
  }

  #joined(parts: readonly Piece[]): string {
    return parts.map((part) => part ?? this.#hide()).join('');
  }

  #hide(): string {
    this.hidden += 1;
    return hiddenWord;
  }

  #quoted(parts: readonly Piece[]): string {
    let room = this.#showing.open ? Infinity : mostCharacters;
    let left = 0;
    const shownParts = parts.map((part) => {
      if (part === undefined) return room > 0 ? this.#hide() : '';
      const kept = beginning(part, room);
      room -= kept.length;
      left += part.length - kept.length;
      return this.#visible(
        kept
          .replaceAll('\\', String.raw`\\`)
          .replaceAll('"', String.raw`\"`)
          .replaceAll(hiddenBeginning, escapedHidden),
      );
    });
    this.cutCharacters += left;
    return `"${shownParts.join('')}"${left === 0 ? '' : more(left)}`;
  }

  /** JSON: no text that stands for itself begins like it. */
  #cut(text: string): string {
    if (this.#showing.open || text.length <= mostCharacters) return text;
    const kept = beginning(text, mostCharacters);
    this.cutCharacters += text.length - kept.length;
    return `${kept}${more(text.length - kept.length)}`;
  }

  #visible(text: string): string {
    const found = visibleOf(this.#showing, text);
    this.escaped += found.escaped;
    return found.text;
  }
}

const keyOf = ({ text, continued, item }: Line): string =>
  item === undefined ? `${continued ? '>' : '='}${text}` : `:${canonicalJson(item)}`;

const visibleOf = ({ name }: Showing, text: string): Visible => (name ? visibleName(text) : visibleProse(text));

/** No text may look as if something were hidden in it. */
const hiddenBeginning = '(hidden';
const escapedHidden = String.raw`\u{28}hidden`;

const more = (count: number): string => `… (${count} more ${count === 1 ? 'character' : 'characters'})`;

/** At most so many characters, and no half of one. */
const beginning = (text: string, most: number): string => {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
};
