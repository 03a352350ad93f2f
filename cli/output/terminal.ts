/** The terminal of the person who typed the command: lines, color, questions, progress. Nothing that comes from objects moves its cursor. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { printable } from '../../operator/decide/safe-text.ts';
import { Problem } from '../exit.ts';
import { painted, textOf, type Part } from './parts.ts';

interface Screen extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Columns where nobody says how many there are. */
const defaultColumns = 120;

/** https://no-color.org; FORCE_COLOR is for pipes into a pager that shows color. */
const hasColor = (screen: Screen, { NO_COLOR = '', FORCE_COLOR = '', TERM }: Streams['env']): boolean => {
  if (NO_COLOR !== '') return false;
  if (FORCE_COLOR !== '' && FORCE_COLOR !== '0') return true;
  return screen.isTTY === true && TERM !== 'dumb';
};

export class Terminal {
  readonly #streams: Streams;
  readonly #color: boolean;
  readonly #errorColor: boolean;
  #progress = '';

  constructor(streams: Streams) {
    this.#streams = streams;
    this.#color = hasColor(streams.stdout, streams.env);
    this.#errorColor = hasColor(streams.stderr, streams.env);
  }

  /** Whether somebody looks at the output, and not a program. */
  get isInteractive(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  get columns(): number {
    // A terminal that does not know its size says 0.
    return this.#streams.stdout.columns || defaultColumns;
  }

  /** One line on standard output. Control and format characters in it are written as `\u{…}`. */
  line(...parts: readonly Part[]): void {
    this.clearProgress();
    this.#streams.stdout.write(`${joined(parts, this.#color)}\n`);
  }

  /** A text of several lines, each made harmless. */
  text(text: string): void {
    for (const line of text.replace(/\n$/, '').split('\n')) this.line(line);
  }

  /** Output for programs. On a screen it is made harmless like everything else; a pipe gets every byte. */
  document(text: string): void {
    if (this.isInteractive) this.text(text);
    else this.#streams.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** One line on standard error. */
  note(...parts: readonly Part[]): void {
    this.clearProgress();
    this.#streams.stderr.write(`${joined(parts, this.#errorColor)}\n`);
  }

  /** Says what is being done for now; only where somebody looks. The next output replaces it. */
  progress(text: string): void {
    if (this.#streams.stderr.isTTY !== true) return;
    const shown = printable(text).slice(0, this.columns - 1);
    if (shown === this.#progress) return;
    this.#streams.stderr.write(`\r\x1b[2K${shown}`);
    this.#progress = shown;
  }

  clearProgress(): void {
    if (this.#progress === '') return;
    this.#streams.stderr.write('\r\x1b[2K');
    this.#progress = '';
  }

  /** Puts the cursor where the last `rows` lines began and wipes them: for a view that is drawn again and again. */
  rewind(rows: number): void {
    if (this.isInteractive && rows > 0) this.#streams.stdout.write(`\x1b[${rows}A\r\x1b[J`);
  }

  /** Asks a question that takes yes or no; anything but yes is no. @throws Problem where nobody can answer */
  async confirm(question: string): Promise<boolean> {
    this.clearProgress();
    const { stdin, stderr } = this.#streams;
    if (stdin.isTTY !== true) {
      throw new Problem(
        'Nothing was done: this asks before it acts, and nobody is there to answer',
        'Run it in a terminal, or add --yes',
      );
    }
    const lines = createInterface({ input: stdin, output: stderr });
    try {
      const answer = await new Promise<string>((resolve) => {
        lines.once('close', () => resolve(''));
        lines.question(`${printable(question)} [y/N] `, resolve);
      });
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      lines.close();
    }
  }
}

const joined = (parts: readonly Part[], color: boolean): string =>
  parts.map((part) => (color ? painted(part, printable) : printable(textOf(part)))).join('');
