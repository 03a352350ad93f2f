/** What was measured, beside what was promised. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: '' | 'ms' | 's' | 'MB';
  /** The most it may be; undefined = it is told and not judged. */
  readonly target?: number;
}

const shown = ({ unit }: Figure, value: number | undefined): string =>
  value === undefined ? '' : `${value.toFixed(Number.isInteger(value) ? 0 : 1)}${unit === '' ? '' : ` ${unit}`}`;

const verdict = ({ value, target }: Figure): string => (target === undefined ? '' : value <= target ? 'met' : 'MISSED');

export const table = (figures: readonly Figure[]): string => {
  const rows = [
    ['', 'measured', 'at most', ''],
    ...figures.map((figure) => [
      figure.name,
      shown(figure, figure.value),
      shown(figure, figure.target),
      verdict(figure),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

/** The smallest value that at least `percent` of all do not exceed. */
export const percentile = (values: readonly number[], percent: number): number => {
  const ascending = values.toSorted((a, b) => a - b);
  return ascending[Math.max(0, Math.ceil((percent / 100) * ascending.length) - 1)] ?? NaN;
};
