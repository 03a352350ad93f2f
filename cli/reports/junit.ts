/** JUnit XML, as test runners of every language write it. Nothing in it is looked up: a document type is refused, and with it every entity of its own. */
import sax, { type SAXParser, type Tag } from 'sax';
import { BadReport, instantIn, type Outcome } from './outcome.ts';
import { Tally } from './tests.ts';

/** Elements within elements. */
const deepest = 64;

interface Suite {
  readonly name: string;
  /** What its head says of tests that failed or broke, its own suites included. */
  readonly announced: number;
  /** What was seen of them. */
  seen: number;
}

interface Case {
  readonly name: string;
  readonly where: string;
  ending: 'passed' | 'failed' | 'errors' | 'skipped';
}

const attribute = ({ attributes }: Tag, name: string): string => attributes[name] ?? '';

const numberIn = (tag: Tag, name: string, line: number): number => {
  const text = attribute(tag, name);
  if (text === '') return 0;
  if (!/^\d{1,9}$/.test(text)) {
    throw new BadReport(`<${tag.name}> says ${name}="${text.slice(0, 40)}", where a number was expected`, line);
  }
  return Number(text);
};

/** Reads one document from its first to its last element. */
class Reading {
  readonly tally = new Tally();
  /** The earliest time that a suite gives, in milliseconds. */
  at: number | undefined;
  readonly #suites: Suite[] = [];
  #case: Case | undefined;
  #depth = 0;

  open(tag: Tag, line: number): void {
    if (this.#depth === 0 && tag.name !== 'testsuites' && tag.name !== 'testsuite') {
      throw new BadReport(
        `its root is <${tag.name.slice(0, 40)}>, where <testsuites> or <testsuite> was expected`,
        line,
      );
    }
    this.#depth += 1;
    if (this.#depth > deepest) throw new BadReport(`its elements are nested more than ${deepest} deep`, line);
    switch (tag.name) {
      case 'testsuite':
        this.#openSuite(tag, line);
        break;
      case 'testcase':
        if (this.#case !== undefined) throw new BadReport('a <testcase> is inside of another one', line);
        this.#case = { name: attribute(tag, 'name'), where: attribute(tag, 'classname'), ending: 'passed' };
        break;
      case 'failure':
      case 'error':
        this.#went(tag.name === 'failure' ? 'failed' : 'errors');
        break;
      case 'skipped':
        if (this.#case?.ending === 'passed') this.#case.ending = 'skipped';
        break;
    }
  }

  #openSuite(tag: Tag, line: number): void {
    const at = instantIn(attribute(tag, 'timestamp'));
    if (at !== undefined) this.at = Math.min(this.at ?? at, at);
    this.#suites.push({
      name: attribute(tag, 'name'),
      announced: numberIn(tag, 'failures', line) + numberIn(tag, 'errors', line),
      seen: 0,
    });
  }

  /** Of a test, or of a suite whose tests did not begin. */
  #went(ending: 'failed' | 'errors'): void {
    if (this.#case === undefined) {
      const suite = this.#suites.at(-1);
      if (suite !== undefined) suite.seen += 1;
      this.tally.broke(suite?.name ?? 'the run');
    } else if (this.#case.ending !== 'errors') this.#case.ending = ending;
  }

  close(name: string): void {
    this.#depth -= 1;
    if (name === 'testcase' && this.#case !== undefined) {
      const { ending, name: id, where } = this.#case;
      this.tally.add(ending, id, where);
      const suite = this.#suites.at(-1);
      if (suite !== undefined && (ending === 'failed' || ending === 'errors')) suite.seen += 1;
      this.#case = undefined;
    }
    if (name !== 'testsuite') return;
    const suite = this.#suites.pop();
    if (suite === undefined) return;
    // A head that counts more failures than there are tests that failed: the others broke without a trace.
    for (; suite.seen < suite.announced; suite.seen += 1) this.tally.broke(`${suite.name} (counted, not listed)`);
    const outer = this.#suites.at(-1);
    if (outer !== undefined) outer.seen += suite.seen;
  }
}

// Messages of failures are long attributes; how long a file may be is bounded where it is read.
Object.assign(sax, { MAX_BUFFER_LENGTH: Infinity });

/** @throws BadReport */
export const readJUnit = (text: string): Outcome => {
  const reading = new Reading();
  const xml = sax.parser(true, { position: true });
  const line = (): number => xml.line + 1;
  Object.assign(xml, {
    onopentag: (tag: Tag): void => {
      reading.open(tag, line());
    },
    onclosetag: (name: string): void => {
      reading.close(name);
    },
    ondoctype: (): never => {
      throw new BadReport('it has a document type (<!DOCTYPE …>), which no report of tests needs: remove it', line());
    },
    onerror: (error: Error): never => {
      throw new BadReport(`it is no well-formed XML: ${error.message.split('\n')[0] ?? ''}`, line());
    },
  } satisfies Partial<SAXParser>);
  xml.write(text).close();
  return reading.tally.outcome({ format: 'JUnit XML', mediaType: 'application/xml', at: reading.at });
};
