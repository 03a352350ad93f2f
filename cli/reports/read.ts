/** Files of reports, read within bounds. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Problem } from '../exit.ts';
import { contentOf } from './format.ts';
import { setAsideBy, type Vex } from './vex.ts';
import { BadReport, type Outcome } from './outcome.ts';

const megabytes = 1_048_576;
const mostOfOne = 64 * megabytes;
const mostOfAll = 256 * megabytes;
const mostFiles = 2_000;

/** One file, and what it says. */
export interface ReportFile {
  readonly name: string;
  /** `sha256:…` of its bytes. */
  readonly sha256: string;
  readonly text: string;
  readonly outcome: Outcome;
}

/** Its bytes; `-` is standard input. @throws Problem */
const bytesOf = async (name: string, room: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  const stream = name === '-' ? process.stdin : createReadStream(name);
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      size += bytes.length;
      if (size > Math.min(mostOfOne, room)) {
        const limit = size > mostOfOne ? 'it is larger than 64 MiB' : 'all files together are larger than 256 MiB';
        throw new Problem(`${name}: ${limit}`, 'Report in several pieces, or write a shorter report');
      }
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'Name the files of the report: kubectl countersign report <candidate> <type> reports/*.xml',
    );
  }
  return Buffer.concat(chunks);
};

const textIn = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new BadReport('it is no UTF-8 text');
  }
};

const problemOf = (name: string, error: unknown): unknown =>
  error instanceof BadReport
    ? new Problem(`${name}${error.line === undefined ? '' : `:${error.line}`}: ${error.message}`)
    : error;

/** Every file that is a report; documents of OpenVEX among them set findings aside. @throws Problem with file, line and what was expected */
export const readReports = async (names: readonly string[], type: string): Promise<readonly ReportFile[]> => {
  if (names.length > mostFiles) throw new Problem(`${names.length} files are more than ${mostFiles}`);
  let room = mostOfAll;
  const files: ReportFile[] = [];
  const documents: {
    readonly name: string;
    readonly text: string;
    readonly vex: Vex;
  }[] = [];
  for (const name of names) {
    const bytes = await bytesOf(name, room);
    room -= bytes.length;
    try {
      const text = textIn(bytes);
      const content = await contentOf(text, type);
      if (content.is === 'Vex') documents.push({ name, text, vex: content.vex });
      else {
        const sha256 = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
        files.push({ name, sha256, text, outcome: content.outcome });
      }
    } catch (error) {
      throw problemOf(name, error);
    }
  }
  if (files.length === 0) {
    throw new Problem(
      `${names.join(', ')}: OpenVEX judges what a scan found, and there is no scan`,
      'Give the report of the scan, too: kubectl countersign report <candidate> VulnerabilityAssessment scan.json vex.json',
    );
  }
  const vex = documents.map((each) => each.vex);
  return files.map((file) => ({ ...file, outcome: setAsideBy(file.outcome, vex) }));
};
