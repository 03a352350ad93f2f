/** Columns as kubectl prints them. */
import { textOf, widthOf, type Part } from './parts.ts';
import type { Terminal } from './terminal.ts';

const gap = 3;

/** Prints rows under their headings, each column as wide as its widest cell. The last column is not padded. */
export const printTable = (out: Terminal, headings: readonly string[], rows: readonly (readonly Part[])[]): void => {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => widthOf(textOf(row[column] ?? '')))),
  );
  const last = headings.length - 1;
  const lineOf = (cells: readonly Part[]): readonly Part[] =>
    cells.flatMap((cell, column) =>
      column === last ? [cell] : [cell, ' '.repeat((widths[column] ?? 0) - widthOf(textOf(cell)) + gap)],
    );
  out.line(...lineOf(headings));
  for (const row of rows) out.line(...lineOf(row));
};

/** How long ago, as kubectl says it: `12s`, `5m`, `3h`, `4d`. */
export const ageOf = (since: string | undefined, now: number): string => {
  const seconds = Math.max(0, Math.round((now - Date.parse(since ?? '')) / 1_000));
  if (Number.isNaN(seconds)) return '<unknown>';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
};
