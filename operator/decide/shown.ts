/** How a value is shown to a signer: as it is when it is short, as what changes in it when it has lines, as a digest else. */
import { createHash } from 'node:crypto';
import type { Json } from '../api/meta.ts';
import { canonicalJson } from './digest.ts';
import { isList } from './json.ts';
import { hidden, holdsHidden, unmarked } from './secrets.ts';
import { textChange, type NumberedLine } from './text-change.ts';
import { visible } from './visible.ts';

export interface ShownChange {
  /** '' for absence. May have lines of its own: those of a text that change. */
  readonly from: string;
  readonly to: string;
}

/** Longest value and line that is shown as it is, in characters; how many lines of a text. */
const longest = 120;
const mostLines = 12;

type Maybe = Json | undefined;

/** Both values come from `masked`. `spell` makes text visible. */
export const shown = (from: Maybe, to: Maybe, spell: (text: string) => string = visible): ShownChange => {
  const lines = [linesOf(from), linesOf(to)] as const;
  const change = lines.some((text) => text !== undefined && text.length > 1)
    ? shownLines(lines, [from, to], spell)
    : { from: shownValue(from, spell), to: shownValue(to, spell) };
  // What is shown alike differs where it is hidden, or the line would look like no change at all.
  return change.from === change.to ? { ...change, to: changedUnseen(change.to) } : change;
};

const changedUnseen = (text: string): string => (text === hidden ? '(hidden, changed)' : `${text} (hidden, changed)`);

/** The lines of a text; of a list that is too long for one line, its items. */
const linesOf = (value: Maybe): readonly string[] | undefined => {
  if (typeof value === 'string') return value.split('\n');
  return isList(value) && unmarked(canonicalJson(value)).length > longest
    ? value.map((item) => (typeof item === 'string' ? item : canonicalJson(item)))
    : undefined;
};

const shownLines = (
  [from, to]: readonly [readonly string[] | undefined, readonly string[] | undefined],
  values: readonly [Maybe, Maybe],
  spell: (text: string) => string,
): ShownChange => {
  const change = textChange(from ?? [], to ?? []);
  return {
    from: from === undefined ? shownValue(values[0], spell) : summary(from, '-', change.removed, spell),
    to: to === undefined ? shownValue(values[1], spell) : summary(to, '+', change.added, spell),
  };
};

const summary = (
  all: readonly string[],
  sign: '-' | '+',
  changed: readonly NumberedLine[],
  spell: (text: string) => string,
): string => {
  const rest = changed.length - mostLines;
  return [
    `${all.length} ${all.length === 1 ? 'line' : 'lines'}`,
    ...changed.slice(0, mostLines).map(({ number, text }) => `${sign} ${number}: ${shownLine(text, spell)}`),
    ...(rest > 0 ? [`${sign} and ${rest} more lines of ${digestNote(all.join('\n'))}`] : []),
  ].join('\n');
};

const shownValue = (value: Maybe, spell: (text: string) => string): string => {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : canonicalJson(value);
  const spelt = spell(unmarked(text));
  if (spelt.length > longest) return digestNote(text);
  return typeof value === 'string' && ambiguous.test(value) ? `"${spelt.replaceAll('"', String.raw`\"`)}"` : spelt;
};

/** Text that could be taken for something else: for nothing, a number, a digest, or for two values. */
const ambiguous = /^$|^\s|\s$|^["([{]|→|^sha256:|^(?:true|false|null)$|^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

const shownLine = (text: string, spell: (text: string) => string): string => {
  const spelt = spell(unmarked(text));
  return spelt.length <= longest ? spelt : digestNote(text);
};

const digestNote = (text: string): string => {
  const size = `${Array.from(unmarked(text)).length} characters`;
  return holdsHidden(text)
    ? `(${size}, some hidden)`
    : `sha256:${createHash('sha256').update(text).digest('hex')} (${size})`;
};
