/** What `go test -json` prints: one event a line. */
import { z } from 'zod';
import { BadReport, instantIn, type Outcome } from './outcome.ts';
import { Tally } from './tests.ts';

const event = z.object({
  Action: z.string(),
  Package: z.string().optional(),
  ImportPath: z.string().optional(),
  Test: z.string().optional(),
  Time: z.string().optional(),
});

const endings = { pass: 'passed', fail: 'failed', skip: 'skipped' } as const;

const endingOf = (action: string): (typeof endings)[keyof typeof endings] | undefined =>
  action === 'pass' || action === 'fail' || action === 'skip' ? endings[action] : undefined;

const eventIn = (line: string, at: number): z.infer<typeof event> => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new BadReport(`"${line.slice(0, 60)}" is no event of go test -json: an object in JSON was expected`, at);
  }
  const parsed = event.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BadReport('it is no event of go test -json: text under Action, Package, Test and Time was expected', at);
};

/** What is known of one package. */
interface Package {
  readonly open: Set<string>;
  failed: number;
  ended: boolean;
}

/** Adds up the events of one run. */
class Reading {
  readonly tally = new Tally();
  at: number | undefined;
  readonly #packages = new Map<string, Package>();

  take({ Action: action, Package: name = '', Test: test, Time: time }: z.infer<typeof event>): void {
    const at = instantIn(time);
    if (at !== undefined) this.at = Math.min(this.at ?? at, at);
    // Events of a build are told by the failure of the package.
    if (name === '') return;
    const seen = this.#packages.get(name) ?? { open: new Set(), failed: 0, ended: false };
    this.#packages.set(name, seen);
    const ending = endingOf(action);
    if (test === undefined) {
      if (ending !== undefined) this.#end(name, seen, ending);
    } else if (ending === undefined) {
      if (action === 'run') seen.open.add(test);
    } else {
      seen.open.delete(test);
      if (ending === 'failed') seen.failed += 1;
      this.tally.add(ending, test, name);
    }
  }

  #end(name: string, seen: Package, ending: 'passed' | 'failed' | 'skipped'): void {
    seen.ended = true;
    // It crashed while they ran.
    for (const test of seen.open) this.tally.add('errors', test, name);
    if (ending === 'failed' && seen.failed === 0 && seen.open.size === 0) {
      this.tally.broke(`${name} did not build, or broke outside of its tests`);
    }
    seen.open.clear();
  }

  whole(): void {
    const open = [...this.#packages].find(([, { ended }]) => !ended);
    if (open !== undefined) {
      throw new BadReport(`package ${open[0]} begins and does not end (pass, fail or skip): the report is cut off`);
    }
  }
}

/** @throws BadReport */
export const readGoTest = (text: string): Outcome => {
  const reading = new Reading();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() !== '') reading.take(eventIn(line, index + 1));
  }
  reading.whole();
  return reading.tally.outcome({ format: 'go test -json', mediaType: 'application/x-ndjson', at: reading.at });
};
