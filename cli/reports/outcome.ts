/** What reports say, whatever their format: what was counted, what was found, and what was set aside. */
import { severities, type Severity } from '../../operator/decide/evidence/severity.ts';

/** What a report is about; reports of two sorts are no one piece of evidence. */
export type Sort = 'tests' | 'findings' | 'components' | 'statement';

/** A test that failed, or a weakness that was found. */
export interface Finding {
  /** The name of the test or of the weakness, such as CVE-2024-3094. */
  readonly id: string;
  /** The count under which it goes, such as critical or failed. */
  readonly count: string;
  /** Where it is: a package with its version, a file with its line; '' where the name says it. */
  readonly where: string;
  /** The address of the package, as `pkg:…`; undefined = the report gives none. */
  readonly purl?: string | undefined;
}

/** A finding that somebody decided not to count. */
export interface Ignored extends Finding {
  /** Who or what set it aside, and why. */
  readonly because: string;
}

export interface Outcome {
  /** Of the format, as people call it. */
  readonly format: string;
  readonly mediaType: string;
  readonly sort: Sort;
  readonly passed: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  readonly ignored: readonly Ignored[];
  /** Digests of the images that it says it is about, as `sha256:…`. */
  readonly images: readonly string[];
  /** When it was made, in milliseconds; undefined = it does not say so with a time zone. */
  readonly at: number | undefined;
}

/** A word of a report for how bad a finding is. What nobody knows is unknown, and is counted as that. */
export const severityOf = (word: string | undefined): Severity => {
  const lower = word?.toLowerCase() ?? '';
  if (lower === 'none' || lower === 'info' || lower === 'informational') return 'negligible';
  return severities.find((each) => each === lower) ?? 'unknown';
};

/** Numbers of each severity, zeros too: a policy asks for them by name. */
export const countedFindings = (
  findings: readonly Finding[],
  ignored: readonly Ignored[],
): Readonly<Record<string, number>> => ({
  ...Object.fromEntries(severities.map((each) => [each, findings.filter(({ count }) => count === each).length])),
  ignored: ignored.length,
});

/** What a scanner says that ran to its end: its counts are judged by the policy. */
export const scanned = (
  of: Pick<Outcome, 'format' | 'mediaType' | 'images' | 'at'>,
  findings: readonly Finding[],
  ignored: readonly Ignored[],
): Outcome => ({
  ...of,
  sort: 'findings',
  passed: true,
  counts: countedFindings(findings, ignored),
  findings,
  ignored,
});

/** A time with a zone, in milliseconds. One without a zone says nothing. */
export const instantIn = (text: string | undefined): number | undefined => {
  if (text === undefined || !/\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$/i.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
};

/** The digest in `repository@sha256:…`, or the digest itself; none where there is none. */
export const digestsIn = (references: readonly (string | undefined)[]): readonly string[] => [
  ...new Set(references.flatMap((each) => /(?:^|@)(sha256:[0-9a-f]{64})$/.exec(each ?? '')?.[1] ?? [])),
];

/** Something in a report that cannot be read: what is wrong, and what was expected instead. */
export class BadReport extends Error {
  override readonly name = 'BadReport';
  /** The line, counted from 1; undefined = it is about the whole. */
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}
