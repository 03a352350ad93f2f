/** From reports to the evidence that is created of them. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { inlineReportBytes } from '../../operator/api/evidence.ts';
import { apiVersion, kinds } from '../../operator/api/kinds.ts';
import { listed } from '../../operator/decide/messages.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { Problem } from '../exit.ts';
import type { Finding, Ignored, Outcome } from './outcome.ts';
import type { ReportFile } from './read.ts';

/** Reports that become one piece of evidence. */
export interface Group {
  readonly files: readonly ReportFile[];
  /** Digests of the images that it is about; empty = it is about the content of the candidate. */
  readonly images: readonly string[];
}

/** What the reports of a group say together. */
export interface Sum {
  readonly passed: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  readonly ignored: readonly Ignored[];
}

/** @throws Problem where tests, weaknesses and components are mixed */
export const sumOf = ({ files }: Group): Sum => {
  const outcomes = files.map((file) => file.outcome);
  const sorts = [...new Set(outcomes.map(({ sort }) => sort))];
  if (sorts.length > 1) {
    throw new Problem(
      `These reports are of several sorts: ${files.map(({ name, outcome }) => `${name} (${outcome.sort})`).join(', ')}`,
      'Report each sort with a command of its own',
    );
  }
  const counts: Record<string, number> = {};
  for (const outcome of outcomes)
    for (const [name, count] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + count;
  // One empty suite among others is no matter.
  if (counts['tests'] === 0 && counts['errors'] === 0) {
    throw new Problem(
      `There is no test in ${listed(files.map(({ name }) => name))}: nothing was tested`,
      'Name the reports that hold the tests',
    );
  }
  return {
    passed: outcomes.every(({ passed }) => passed),
    counts,
    findings: outcomes.flatMap(({ findings }) => findings),
    ignored: outcomes.flatMap(({ ignored }) => ignored),
  };
};

/** Of evidence about images, a piece for each set of images that reports name together. @throws Problem where one names none */
export const groupsOf = (
  files: readonly ReportFile[],
  about: 'Candidate' | 'Images',
  given: readonly string[],
): readonly Group[] => {
  if (about === 'Candidate') return [{ files, images: [] }];
  if (given.length > 0) return [{ files, images: given }];
  const groups = new Map<string, { files: ReportFile[]; images: readonly string[] }>();
  for (const file of files) {
    const { images } = file.outcome;
    if (images.length === 0) {
      throw new Problem(
        `${file.name} does not say which image it is about`,
        'Name it: --image sha256:<digest>; or, where it is about all of the candidate: --about Candidate',
      );
    }
    const group = groups.get(images.join()) ?? { files: [], images };
    groups.set(images.join(), group);
    group.files.push(file);
  }
  return [...groups.values()];
};

/** When the earliest of them was made: as the reports say, or the file system. */
export const performedAt = ({ files }: Group, now: number): number =>
  Math.min(
    now,
    ...files.map(({ name, outcome }) => outcome.at ?? (name === '-' ? now : Math.floor(statSync(name).mtimeMs))),
  );

/** The API server's limit on what a reporter has to say, in characters. */
const longestComment = 4_096;

const ignoredText = ({ id, where, because }: Ignored): string =>
  visible(`${id}${where === '' ? '' : ` in ${where}`}: ${because}`);

/** What was set aside goes with the evidence, for those who sign: as many as there is room for, and how many more. */
const commentOf = (said: string, ignored: readonly Ignored[]): string => {
  if (ignored.length === 0) return said;
  const lines = [...(said === '' ? [] : [said]), `Not counted, ${ignored.length}:`, ...ignored.map(ignoredText)];
  let kept = lines.length;
  const text = (): string =>
    [...lines.slice(0, kept), ...(kept < lines.length ? [`and ${lines.length - kept} more, in the report`] : [])].join(
      '\n',
    );
  while (text().length > longestComment && kept > 1) kept -= 1;
  return text().slice(0, longestComment);
};

interface Kept {
  readonly url: string | undefined;
  readonly inline: boolean;
}

/** The report itself; of several files, the list that `sha256sum` prints of them. @throws Problem where it is too long to be held */
const reportOf = ({ files }: Group, { url, inline }: Kept): Readonly<Record<string, string>> => {
  const [file] = files;
  const isOne = file !== undefined && files.length === 1;
  const list = files.map(({ name, sha256 }) => `${sha256.slice('sha256:'.length)}  ${basename(name)}\n`).join('');
  const text = isOne ? file.text : list;
  const holds = inline || !isOne;
  const bytes = Buffer.byteLength(text);
  if (holds && bytes > inlineReportBytes) {
    throw new Problem(
      `The report has ${bytes} bytes, and an object holds at most ${inlineReportBytes}`,
      'Leave out --inline, and say where it is kept: --url <address>',
    );
  }
  return {
    mediaType: isOne ? file.outcome.mediaType : 'text/plain',
    sha256: isOne ? file.sha256 : `sha256:${createHash('sha256').update(list).digest('hex')}`,
    ...(url === undefined ? {} : { url }),
    ...(holds ? { inline: text } : {}),
  };
};

/** What was signed, as it stands in the file; undefined = nothing was. @throws Problem where it is one of several */
const statementIn = ({ files }: Group): string | undefined => {
  const signed = files.find(({ outcome }) => outcome.sort === 'statement');
  if (signed === undefined || files.length === 1) return signed?.text;
  throw new Problem(
    `${signed.name} is a signed statement, and stands for itself`,
    'Report each with a command of its own',
  );
};

export interface Told extends Kept {
  readonly type: string;
  readonly comment: string;
  /** Milliseconds; undefined = as the reports say. */
  readonly performedAt: number | undefined;
}

/** The Evidence that is created. */
export const evidenceOf = (candidate: ReleaseCandidate, digest: string, group: Group, told: Told, now: number) => {
  const { name, namespace, uid } = candidate.metadata;
  const { passed, counts, ignored } = sumOf(group);
  const statement = statementIn(group);
  const comment = commentOf(told.comment, ignored);
  const at = told.performedAt ?? performedAt(group, now);
  return {
    apiVersion,
    kind: kinds.Evidence.kind,
    metadata: { generateName: `${told.type.toLowerCase()}-`, namespace },
    spec: {
      type: told.type,
      subject: group.images.length === 0 ? { candidate: { name, uid, digest } } : { images: [...group.images] },
      result: passed ? ('Passed' as const) : ('Failed' as const),
      summary: counts,
      // Whole seconds, and never later than now.
      performedAt: new Date(Math.floor(at / 1_000) * 1_000).toISOString().replace('.000Z', 'Z'),
      statement,
      ...(statement === undefined ? { report: reportOf(group, told) } : {}),
      ...(comment === '' ? {} : { comment }),
    },
  };
};

/** What a report says, in one line. */
export const outcomeText = ({ counts, format }: Outcome): string =>
  `${format}: ${
    listed(
      Object.entries(counts)
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${count} ${name}`),
    ) || 'nothing was found'
  }`;
