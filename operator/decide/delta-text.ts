/** A delta as a signer reads it, with nothing but `kubectl get … -o jsonpath={.spec.deltaText}`. */
import type { DeltaClass, DeltaEntry } from '../api/bundle.ts';
import { isDefault } from './defaults.ts';
import { visible } from './visible.ts';

type Line = Readonly<DeltaEntry>;

export interface DeltaHeading {
  readonly candidate: string;
  readonly version: string;
  readonly package: string;
  /** The production namespace. */
  readonly target: string;
  /** What it is compared with; `none` when production runs nothing of the package. */
  readonly base: string;
  readonly digest: string;
  /** A line of the candidate's own words. */
  readonly notes?: string;
  /** What it does with what an emergency changed; absent when it follows none up. */
  readonly followsUp?: string;
}

/** Riskiest first. */
const risks = [
  'identity',
  'image',
  'command',
  'network',
  'storage',
  'configuration',
  'scale',
  'removed',
  'added',
  'metadata',
] as const satisfies readonly DeltaClass[];

/** Longest text, in bytes of UTF-8: a bundle holds it beside the delta itself. */
const mostBytes = 200_000;

/** Riskiest objects first, so that what no longer fits is what matters least; how much that is, it says. */
export const deltaText = (all: readonly Line[], heading: DeltaHeading): string => {
  const added = new Set(all.filter((line) => line.class === 'added').map(({ object }) => object));
  const lines = all.filter((line) => !added.has(line.object) || !isDefault(line));
  const top = [...titles(heading), '', summary(lines), ...folded(all.length - lines.length)];
  const objects = [...Map.groupBy(lines, ({ object }) => object).entries()]
    .toSorted(([, a], [, b]) => risk(a) - risk(b))
    .flatMap(([object, changes]) => [
      { text: `\n${visible(object)}`, lines: 0 },
      ...changes.toSorted((a, b) => risk([a]) - risk([b])).map((line) => ({ text: spelt(line), lines: 1 })),
    ]);
  return fitted(top.join('\n'), objects);
};

/** What was left out is said, and where it is. */
const folded = (count: number): string[] =>
  count === 0
    ? []
    : [
        `${plural(count, 'field')} of added objects at the API server's defaults: not shown here, read spec.delta of this bundle.`,
      ];

const titles = ({
  candidate,
  version,
  package: name,
  target,
  base,
  digest,
  notes,
  followsUp,
}: DeltaHeading): string[] => [
  visible(`${name} ${version} into ${target}`),
  visible(`candidate  ${candidate}`),
  visible(`digest     ${digest}`),
  visible(`against    ${base === 'none' ? 'nothing: production runs nothing of this package' : base}`),
  ...(notes === undefined ? [] : [visible(`notes      ${notes}`)]),
  ...(followsUp === undefined ? [] : [visible(`follows up ${followsUp}`)]),
];

const risk = (lines: readonly Line[]): number => Math.min(...lines.map((line) => risks.indexOf(line.class)));

const summary = (lines: readonly Line[]): string => {
  if (lines.length === 0) return 'Nothing changes.';
  const counts = risks.flatMap((sort) => {
    const count = lines.filter((line) => line.class === sort).length;
    return count === 0 ? [] : [`${count} ${sort}`];
  });
  return `${plural(lines.length, 'change')}: ${counts.join(', ')}`;
};

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Lines of a text that changes stand below the path, deeper than anything that could be taken for a change of its own. */
const spelt = ({ path, from, to, class: sort }: Line): string => {
  const where = `  ${sort.padEnd('configuration'.length)}  ${path === '' ? '(the object)' : path}: `;
  const [before, ...removed] = from.split('\n');
  const [after, ...added] = to.split('\n');
  const below = [...removed, ...added].map((line) => `\n        ${line}`);
  return `${where}${before || '(none)'} → ${after || '(none)'}${below.join('')}`;
};

interface Piece {
  readonly text: string;
  /** How many changes it tells. */
  readonly lines: number;
}

const fitted = (top: string, pieces: readonly Piece[]): string => {
  const room = mostBytes - 200;
  let bytes = Buffer.byteLength(top);
  const fit = pieces.findIndex(({ text }) => (bytes += Buffer.byteLength(text) + 1) > room);
  const kept = (fit < 0 ? pieces : pieces.slice(0, fit)).map(({ text }) => text);
  const left = fit < 0 ? 0 : pieces.slice(fit).reduce((sum, { lines }) => sum + lines, 0);
  const note =
    left === 0 ? [] : [`\n… and ${plural(left, 'more change')}, not shown here: read spec.delta of this bundle.`];
  return `${[top, ...kept, ...note].join('\n')}\n`;
};
