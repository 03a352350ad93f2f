/** Which format a report has, by what it holds and not by its name. */
import { readCycloneDx } from './cyclonedx.ts';
import { readGoTest } from './go-test.ts';
import { readGrype } from './grype.ts';
import { jsonIn } from './json.ts';
import { readJUnit } from './junit.ts';
import { readOpenVex } from './openvex.ts';
import { BadReport, type Outcome } from './outcome.ts';
import { readSarif } from './sarif.ts';
import { readStatement } from './statement.ts';
import { readTap } from './tap.ts';
import { readTrivy } from './trivy.ts';
import type { Vex } from './vex.ts';

/** What a file turned out to be. */
export type Content = { readonly is: 'Report'; readonly outcome: Outcome } | { readonly is: 'Vex'; readonly vex: Vex };

const known =
  'JUnit XML, TAP, go test -json, SARIF, Trivy, Grype, CycloneDX and OpenVEX (JSON), or a signed statement (DSSE)';

type Read = (value: unknown, text: string) => Promise<Content>;

const report =
  (read: (value: unknown, text: string) => Promise<Outcome>): Read =>
  async (value, text) => ({ is: 'Report', outcome: await read(value, text) });

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** By what only this format has. */
const ofJson: readonly { readonly fits: (value: Fields) => boolean; readonly read: Read }[] = [
  { fits: (value) => 'runs' in value, read: report(readSarif) },
  { fits: (value) => 'SchemaVersion' in value, read: report(readTrivy) },
  { fits: (value) => 'matches' in value, read: report(readGrype) },
  {
    fits: (value) => 'bomFormat' in value,
    read: async (value, text) => {
      const content = await readCycloneDx(value, text);
      return 'statements' in content ? { is: 'Vex', vex: content } : { is: 'Report', outcome: content };
    },
  },
  {
    fits: (value) => String(value['@context']).startsWith('https://openvex.dev/ns'),
    read: async (value, text) => ({ is: 'Vex', vex: await readOpenVex(value, text) }),
  },
];

/** An event a line, and the first of them is one of Go. */
const isGoTest = (text: string): boolean => /^\s*\{[^\n]*"Action"\s*:/.test(text);

/** @param type of the evidence that it is to be. @throws BadReport where it is of no format that is read, or not whole */
export const contentOf = async (text: string, type = 'TestReport'): Promise<Content> => {
  const start = text.trimStart();
  if (start === '') throw new BadReport(`it is empty; one of these was expected: ${known}`);
  if (start.startsWith('<')) return { is: 'Report', outcome: readJUnit(text) };
  if (isGoTest(text)) return { is: 'Report', outcome: readGoTest(text) };
  if (start.startsWith('{') || start.startsWith('[')) {
    const value = jsonIn(text);
    if (isFields(value) && ('dsseEnvelope' in value || 'payloadType' in value)) {
      return { is: 'Report', outcome: readStatement(text, type) };
    }
    const format = isFields(value) ? ofJson.find(({ fits }) => fits(value)) : undefined;
    if (format !== undefined) return format.read(value, text);
    const fields = isFields(value) ? `has the fields ${Object.keys(value).slice(0, 8).join(', ')}` : 'is a list';
    throw new BadReport(`it ${fields}, which no known report has; one of these was expected: ${known}`);
  }
  if (/^(TAP version \d|1\.\.\d|(not )?ok\b|#)/m.test(text)) return { is: 'Report', outcome: readTap(text) };
  throw new BadReport(
    `it begins with "${start.slice(0, 40).split('\n')[0] ?? ''}"; one of these was expected: ${known}`,
    1,
  );
};
