/** How the sinks of notices fare, by name: what people read of in the status of the policies that name them. */

import type { SinkState, SinkTrouble } from '../decide/notices/sinks.ts';

export class SinkStates {
  #declared: ReadonlyMap<string, SinkTrouble | undefined> | undefined;
  /** Said of every sink that is not declared. */
  #otherwise = '';
  readonly #failing = new Map<string, SinkTrouble>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  of(name: string): SinkState {
    if (this.#declared === undefined) return 'NotRead';
    if (!this.#declared.has(name)) return { is: 'NotDeclared', why: this.#otherwise };
    return this.#declared.get(name) ?? this.#failing.get(name);
  }

  /** The sinks there are, with what is wrong with those that nothing may be sent to. */
  declare(sinks: ReadonlyMap<string, SinkTrouble | undefined>, otherwise: string): void {
    this.#declared = sinks;
    this.#otherwise = otherwise;
    for (const name of this.#failing.keys()) if (!sinks.has(name)) this.#failing.delete(name);
    this.#changed();
  }

  /** `trouble` undefined = it takes notices again. Until then what was said first stays: tries differ, and nobody gains by that. */
  note(name: string, trouble: SinkTrouble | undefined): void {
    if (this.#failing.get(name)?.is === trouble?.is) return;
    if (trouble === undefined) this.#failing.delete(name);
    else this.#failing.set(name, trouble);
    this.#changed();
  }
}
