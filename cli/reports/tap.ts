/** The Test Anything Protocol, versions 12 to 14. Only the outermost test points count: each stands for its subtests. */
import { BadReport, type Outcome } from './outcome.ts';
import { Tally } from './tests.ts';

const point = /^(not )?ok\b(?:\s+(\d{1,9}))?(?:\s+(?:- )?((?:[^#\\]|\\.)*))?(?:#\s*(\S+)\s*(.*))?$/;
const plan = /^1\.\.(\d{1,9})\s*(?:#.*)?$/;

/** Lines that say nothing about a test. */
const besides = /^(?:$|#|pragma\b|TAP version 1[234]\s*$)/;

/** @throws BadReport */
export const readTap = (text: string): Outcome => {
  const tally = new Tally();
  let planned: number | undefined;
  let bailed = false;
  let inBlock = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const [line, at] = [raw.trimEnd(), index + 1];
    // Diagnostics and subtests are indented.
    if (/^\s+\S/.test(line)) {
      if (/^ {2}---$/.test(line)) inBlock = true;
      if (/^ {2}\.\.\.$/.test(line)) inBlock = false;
      continue;
    }
    if (besides.test(line) || bailed) continue;
    inBlock = false;
    const [, count] = plan.exec(line) ?? [];
    const [matched, not, , description = '', directive = ''] = point.exec(line) ?? [];
    if (count !== undefined) {
      if (planned !== undefined) throw new BadReport('it has a second plan; one 1..N was expected', at);
      planned = Number(count);
    } else if (line.startsWith('Bail out!')) {
      bailed = true;
      tally.broke(line);
    } else if (matched !== undefined) {
      const id = description.trim() || `test ${tally.size + 1}`;
      const word = directive.toUpperCase();
      const isSpared = word.startsWith('SKIP') || word === 'TODO';
      tally.add(isSpared ? 'skipped' : not === undefined ? 'passed' : 'failed', id);
    } else {
      throw new BadReport(
        `"${line.slice(0, 60)}" is no line of TAP; a plan (1..N), ok, not ok, a comment (#) or Bail out! was expected`,
        at,
      );
    }
  }
  if (inBlock) throw new BadReport('a block of diagnostics (---) is not closed by ...: the report is cut off');
  if (bailed) return tally.outcome({ format: 'TAP', mediaType: 'text/x-tap', at: undefined });
  if (planned === undefined) throw new BadReport('it has no plan (1..N), so nobody knows whether it is whole');
  if (planned !== tally.size) throw new BadReport(`it plans ${planned} tests and holds ${tally.size}`);
  return tally.outcome({ format: 'TAP', mediaType: 'text/x-tap', at: undefined });
};
