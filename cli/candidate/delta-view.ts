/** The text of a delta as objects and their changes: what signers read, taken apart to be filtered and searched. Nothing is left out. */
import { deltaClasses, type DeltaClass } from '../../operator/api/bundle.ts';

export interface ChangeSeen {
  readonly class: DeltaClass;
  readonly path: string;
  readonly from: string;
  readonly to: string;
  /** Lines of a text that changes, and remarks below the change. */
  readonly lines: readonly string[];
}

export interface ObjectChanges {
  readonly title: string;
  readonly changes: readonly ChangeSeen[];
  /** What is said of the object as a whole, such as how many changes there is no room for. */
  readonly remarks: readonly string[];
}

export interface DeltaView {
  /** What is said of the release as a whole: everything before the first object. */
  readonly top: readonly string[];
  readonly objects: readonly ObjectChanges[];
}

/** The longest first: none of them begins another one. */
const classes = [...deltaClasses].sort((a, b) => b.length - a.length);

/** The class that a line of the delta begins with; undefined = it is no change. */
export const classOf = (line: string): DeltaClass | undefined => {
  if (!line.startsWith('  ') || line.startsWith('   ')) return undefined;
  return classes.find((each) => line.startsWith(`${each} `, 2));
};

/** The title of an object stands at the margin, after an empty line, and its changes follow at once. */
const isTitle = (lines: readonly string[], at: number): boolean =>
  lines[at - 1] === '' && /^\S/.test(lines[at] ?? '') && classOf(lines[at + 1] ?? '') !== undefined;

/** Where a path ends and its values begin. A value may look like anything, so what cannot be told apart stays together as `to`. */
const changeOf = (sort: DeltaClass, line: string): Omit<ChangeSeen, 'lines'> => {
  const rest = line.slice(2 + sort.length).trimStart();
  const colon = rest.indexOf(': ');
  if (colon < 0) return { class: sort, path: '', from: '', to: rest };
  const values = rest.slice(colon + 2).split(' → ');
  const path = rest.slice(0, colon);
  return values.length === 2
    ? { class: sort, path, from: values[0] ?? '', to: values[1] ?? '' }
    : { class: sort, path, from: '', to: values.join(' → ') };
};

const objectOf = (lines: readonly string[]): ObjectChanges => {
  const [title = '', ...below] = lines;
  const changes: { -readonly [K in keyof ChangeSeen]: ChangeSeen[K] }[] = [];
  const remarks: string[] = [];
  for (const line of below) {
    const sort = classOf(line);
    const last = changes.at(-1);
    if (sort !== undefined) changes.push({ ...changeOf(sort, line), lines: [] });
    else if (line.startsWith('        ') && last !== undefined) last.lines = [...last.lines, line.slice(8)];
    else if (line !== '') remarks.push(line.trim());
  }
  return { title, changes, remarks };
};

/** Takes a delta apart, as `deltaText` of the operator put it together. */
export const deltaView = (text: string): DeltaView => {
  const lines = text.replace(/\n$/, '').split('\n');
  const starts = lines.flatMap((_, at) => (isTitle(lines, at) ? [at] : []));
  return {
    top: lines.slice(0, starts[0] ?? lines.length),
    objects: starts.map((start, index) => objectOf(lines.slice(start, starts[index + 1] ?? lines.length))),
  };
};
