/** A delta as a signer reads it, with nothing but `kubectl get … -o jsonpath={.spec.deltaText}`. */
import { maxDeltaTextBytes, type DeltaClass } from '../../api/bundle.ts';
import type { Change } from './delta.ts';
import { isOpen } from './risk.ts';
import { visible } from '../safe-text.ts';
import { argumentFor } from '../messages.ts';
import type { DeltaHeading } from '../comparison.ts';

/** A text, or how large one would be that shows everything that must be shown. */
export type DeltaText =
  { readonly is: 'Text'; readonly text: string } | { readonly is: 'TooLarge'; readonly bytes: number };

/** Riskiest first. */
export const risks = [
  'data loss',
  'rights',
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

/** Of the whole text, what the lines at its top may take. */
const topBytes = 40_000;

/**
 * Riskiest objects first, and in each the riskiest changes. Everything of the open classes is in the text, and the name of every object; of the
 * rest as much as there is room for, in that order. What is not in it, the top counts, with the command that shows it.
 */
export const deltaText = (all: readonly Change[], heading: DeltaHeading): DeltaText => {
  const objects = objectsOf(all.filter((change) => !change.isDefault));
  const must = objects.reduce(
    (sum, { title, changes }) =>
      sum +
      size(title) +
      leftBytes +
      changes.filter(mustShow).reduce((part, change) => part + size(spelt(change, heading)), 0),
    sections(heading).reduce((sum, line) => sum + size(visible(line)), 0),
  );
  if (must > maxDeltaTextBytes - topBytes) return { is: 'TooLarge', bytes: must };

  let room = maxDeltaTextBytes - topBytes - must;
  const shown: Change[] = [];
  const body = objects.flatMap(({ title, changes }) => {
    const fitting = changes.filter((change) => {
      const bytes = mustShow(change) ? 0 : size(spelt(change, heading));
      if (bytes > room) return false;
      room -= bytes;
      return true;
    });
    shown.push(...fitting);
    const left = changes.length - fitting.length;
    return [
      title,
      ...fitting.map((change) => spelt(change, heading)),
      ...(left === 0 ? [] : [`  … ${plural(left, 'more change')} of this object: see the command at the top`]),
    ];
  });
  return { is: 'Text', text: `${[...topOf(all, shown, heading), ...body].join('\n')}\n` };
};

/** For the line that says for how many changes of an object there is no room. */
const leftBytes = 90;

/** As JSON takes it. */
const size = (text: string): number => Buffer.byteLength(JSON.stringify(text));

const mustShow = (change: Change): boolean => isOpen(change.class) || change.path === '';

interface ObjectChanges {
  readonly title: string;
  readonly changes: readonly Change[];
}

const objectsOf = (changes: readonly Change[]): readonly ObjectChanges[] =>
  [...Map.groupBy(changes, ({ object }) => object).entries()]
    .toSorted(([, a], [, b]) => risk(a) - risk(b))
    .map(([object, of]) => ({
      title: `\n${visible(object)}`,
      changes: of.toSorted((a, b) => risk([a]) - risk([b])),
    }));

/** The place of the riskiest among `risks`. */
export const risk = (changes: readonly Change[]): number =>
  Math.min(...changes.map((change) => risks.indexOf(change.class)));

const topOf = (all: readonly Change[], shown: readonly Change[], heading: DeltaHeading): string[] => [
  ...titles(heading),
  ...sections(heading).map((line) => visible(line)),
  '',
  summary(all),
  ...whatIsMissing(all, shown, heading),
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

/** What signers must know of a release as a whole: under each title its lines, after an empty one. */
const sections = ({
  irreversible = [],
  leftOut = [],
  staging = [],
  held = [],
  needs = [],
  neededBy = [],
  overlays = [],
  restarts = [],
  images = [],
  replicas = [],
}: DeltaHeading): readonly string[] => [
  ...section('Cannot be taken back:', irreversible),
  ...section('Left out:', leftOut),
  ...section('Names the staging namespace:', staging),
  ...section('Held by staging:', held),
  ...section('Needs of production:', needs),
  ...section('Other packages refer to:', neededBy),
  ...[overlays, restarts, images, replicas].flatMap((lines) => (lines.length === 0 ? [] : ['', ...lines])),
];

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];

const summary = (changes: readonly Change[]): string => {
  if (changes.length === 0) return 'Nothing changes.';
  const counts = risks.flatMap((sort) => {
    const count = changes.filter((change) => change.class === sort).length;
    return count === 0 ? [] : [`${count} ${sort}`];
  });
  return `${plural(changes.length, 'change')}: ${counts.join(', ')}`;
};

const summaryLine = new RegExp(
  String.raw`^(?:Nothing changes\.|\d+ changes?: \d+ (?:${risks.join('|')})(?:, \d+ (?:${risks.join('|')}))*)$`,
  'm',
);

/** The line of a text that says how much changes of what: `3 changes: 1 image, 2 configuration`. '' = there is none. */
export const summaryIn = (text: string): string => summaryLine.exec(text)?.[0] ?? '';

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** What is in the delta and not in the text: how much of what, and the command that shows it. */
const whatIsMissing = (all: readonly Change[], shown: readonly Change[], heading: DeltaHeading): string[] => {
  const folded = all.filter((change) => change.isDefault).length;
  const left = all.length - folded - shown.length;
  const sum = (of: (change: Change) => number): number => shown.reduce((total, change) => total + of(change), 0);
  const [hidden, lines, characters] = [
    sum((change) => change.hidden),
    sum(({ cutLines }) => cutLines),
    sum(({ cutCharacters }) => cutCharacters),
  ];
  const missing = [
    row(hidden, 'hidden', `${plural(hidden, 'word')} after the name of a credential`),
    row(folded, 'folded', `${plural(folded, 'field')} of added objects at the API server's defaults`),
    row(lines, 'cut', `${plural(lines, 'changed line')} of long texts`),
    row(characters, 'cut', `${plural(characters, 'character')} of long values`),
    row(left, 'cut', `${plural(left, 'change')} for which there is no room`),
  ].flat();
  const foreign = shown.filter(isForeign).length;
  const escaped = sum((change) => change.escaped);
  return [
    ...(missing.length === 0
      ? ['Everything is shown: nothing is hidden, folded or cut.']
      : [...missing, `all of it  ${heading.command}`]),
    ...row(escaped, 'escaped', `${plural(escaped, 'character')} that cannot be seen, or look like others`),
    ...row(
      heading.unmanaged,
      'left alone',
      `${plural(heading.unmanaged, 'field')}, named in spec.unmanaged, as production has them`,
    ),
    ...row(
      foreign,
      'not shown',
      `what production holds now of ${plural(foreign, 'object')} that no release of this package wrote; the command for those who may read it stands with each`,
    ),
  ];
};

const row = (count: number, title: string, what: string): string[] =>
  count === 0 ? [] : [`${title.padEnd('follows up'.length)} ${what}`];

const isForeign = (change: Change): boolean => change.class === 'added' && change.path === '' && change.from !== '';

/** Lines of a text that changes stand below the path, deeper than anything that could be taken for a change of its own. */
const spelt = (change: Change, { command, target }: DeltaHeading): string => {
  const { path, from, to, lines, class: sort, cutLines } = change;
  const where = `  ${sort.padEnd('configuration'.length)}  ${path === '' ? '(the object)' : path}: `;
  return [
    `${where}${from || '(none)'} → ${to || '(none)'}`,
    ...lines.map((line) => `        ${line}`),
    ...(isForeign(change)
      ? [`        to compare: kubectl get ${argumentFor(change.object)} -n ${target} -o yaml`]
      : []),
    ...(cutLines === 0 ? [] : [`        … ${plural(cutLines, 'more line')}: ${command}`]),
  ].join('\n');
};
