/** Results of tests, one by one, as every format of them ends. */
import type { Finding, Outcome } from './outcome.ts';

export type Ending = 'passed' | 'failed' | 'errors' | 'skipped';

/** Adds up endings of tests. */
export class Tally {
  readonly #counts = { tests: 0, passed: 0, failed: 0, errors: 0, skipped: 0 };
  readonly #findings: Finding[] = [];

  /** @param id the name of the test */
  add(ending: Ending, id: string, where = ''): void {
    this.#counts.tests += 1;
    this.#end(ending, id, where);
  }

  /** Something that went wrong outside of any test: a suite that did not start, a crash. */
  broke(id: string, where = ''): void {
    this.#end('errors', id, where);
  }

  #end(ending: Ending, id: string, where: string): void {
    this.#counts[ending] += 1;
    if (ending === 'failed' || ending === 'errors') this.#findings.push({ id, count: ending, where });
  }

  get size(): number {
    return this.#counts.tests + this.#counts.errors;
  }

  outcome(of: Pick<Outcome, 'format' | 'mediaType' | 'at'>): Outcome {
    const { failed, errors } = this.#counts;
    return {
      ...of,
      sort: 'tests',
      passed: failed + errors === 0,
      counts: { ...this.#counts },
      findings: this.#findings,
      ignored: [],
      images: [],
    };
  }
}
