/** Release notes as Markdown: what people say, and what is computed, so that they need not. What they say is shown as they typed it, and is no markup. */
import { maxNotesBytes } from '../../api/bundle.ts';
import type { DeltaHeading, NotesGiven } from '../comparison.ts';
import { objectNamed } from '../messages.ts';
import { literal } from '../markdown.ts';
import type { Change } from './delta.ts';
import { risk, risks } from './text.ts';

/** Rows of the table of changes, and lines of any list. */
const mostRows = 100;

/** What people typed of one thing, in characters. */
const longestText = 4_000;

const list = (lines: readonly string[], nothing: string): readonly string[] =>
  lines.length === 0
    ? [nothing]
    : [
        ...lines.slice(0, mostRows).map((line) => `- ${literal(line)}`),
        ...(lines.length > mostRows ? [`- and ${lines.length - mostRows} more, in the delta`] : []),
      ];

/** A text that somebody typed, line by line as it is; '' = nobody did. */
const typed = (text: string): readonly string[] => {
  if (text.trim() === '') return [];
  const cut = text.slice(0, longestText);
  const more = text.length - cut.length;
  return [
    ...cut.split('\n').map((line) => `> ${literal(line)}`),
    ...(more > 0 ? [`> … ${more} more characters, in spec.notes of the candidate`] : []),
  ];
};

const section = (title: string, lines: readonly string[]): readonly string[] => ['', `## ${title}`, '', ...lines];

/** Which objects change, how much of each risk: riskiest first. */
const changesTable = (changes: readonly Change[]): readonly string[] => {
  const seen = changes.filter((change) => !change.isDefault);
  if (seen.length === 0) return ['Nothing changes.'];
  const objects = [...Map.groupBy(seen, ({ object }) => object)].toSorted(([, a], [, b]) => risk(a) - risk(b));
  const rows = objects.slice(0, mostRows).map(([object, of]) => {
    const counts = risks.flatMap((sort) => {
      const count = of.filter((change) => change.class === sort).length;
      return count === 0 ? [] : [`${count} ${sort}`];
    });
    return `| ${literal(objectNamed(object))} | ${counts.join(', ')} |`;
  });
  return [
    '| component | changes, riskiest first |',
    '| --- | --- |',
    ...rows,
    ...(objects.length > mostRows ? ['', `${objects.length - mostRows} more components, in the delta.`] : []),
  ];
};

const wayBack = ({ base, irreversible = [] }: Heading, { onFailure, notes }: NotesGiven): readonly string[] => [
  onFailure === 'Page'
    ? 'When its health fails, people are called and decide: it is not rolled back automatically.'
    : base === 'none'
      ? 'When its health fails, everything that it created is removed automatically: nothing of the package ran before.'
      : `When its health fails, everything is rolled back automatically to ${literal(base.split(' ')[0] ?? base)}.`,
  ...(irreversible.length === 0
    ? ['Nothing in it is known to be beyond taking back.']
    : ['', 'Cannot be taken back:', '', ...list(irreversible, '')]),
  ...(isNone(notes.rollbackPlan) ? [] : ['', ...typed(notes.rollbackPlan)]),
];

/** What people write where they have nothing to say. */
const isNone = (text: string): boolean => /^(|none|nothing|n\/a|-)\.?$/i.test(text.trim());

type Heading = Omit<DeltaHeading, 'command'>;

const composed = (changes: readonly Change[], heading: Heading, given: NotesGiven): string => {
  const { notes } = given;
  const said = notes.dependencies.filter((line) => !isNone(line));
  const lines = [
    `# ${literal(heading.package)} ${literal(heading.version)}`,
    '',
    ...typed(notes.summary),
    ...section('What changes', [
      ...(notes.changes.length === 0 ? [] : [...list(notes.changes, ''), '']),
      ...changesTable(changes),
    ]),
    ...section('What it needs', list([...said, ...(heading.needs ?? [])], 'Nothing that it does not hold.')),
    ...section('Who depends on it', list(heading.neededBy ?? [], 'No other package refers to what it holds.')),
    ...section('What to do and to watch', isNone(notes.installation) ? ['Nothing.'] : typed(notes.installation)),
    ...section('The way back', wayBack(heading, given)),
    ...(notes.analysis.trim() === '' ? [] : section('After the rollback before it', typed(notes.analysis))),
  ];
  return `${lines.join('\n')}\n`;
};

/** As JSON takes it. */
const size = (text: string): number => Buffer.byteLength(JSON.stringify(text));

/** Cut where it takes more room than a bundle has for it, and says so. */
export const releaseNotes = (changes: readonly Change[], heading: Heading, given: NotesGiven): string => {
  const text = composed(changes, heading, given);
  if (size(text) <= maxNotesBytes) return text;
  const lines = text.split('\n');
  let bytes = 200;
  const kept = lines.findIndex((line) => (bytes += size(line)) > maxNotesBytes);
  return `${lines.slice(0, kept).join('\n')}\n\n${lines.length - kept} more lines: a bundle has no room for them.\n`;
};
