/** What this process fails at again and again, by the package that waits for it. A process that dies forgets it, and the next one finds out by trying. */
import type { StuckFailure } from '../decide/stalled.ts';

export class FailingWork {
  readonly #failing = new Map<string, StuckFailure>();
  readonly #changed: (namespace: string, pkg: string) => void;

  /** `changed`: told whenever what is known of a package changes. */
  constructor(changed: (namespace: string, pkg: string) => void) {
    this.#changed = changed;
  }

  /** `pkg`: '' = what concerns the namespace as a whole. */
  of(namespace: string, pkg: string): StuckFailure | undefined {
    return this.#failing.get(`${namespace}/${pkg}`);
  }

  /** `failure` undefined = it goes on. */
  note(namespace: string, pkg: string, failure: StuckFailure | undefined): void {
    const key = `${namespace}/${pkg}`;
    const known = this.#failing.get(key);
    if (known?.message === failure?.message && known?.reason === failure?.reason) return;
    if (failure === undefined) this.#failing.delete(key);
    else this.#failing.set(key, failure);
    this.#changed(namespace, pkg);
  }
}
