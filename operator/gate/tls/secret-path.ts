/**
 * The path under which the API server asks, which keeps everybody else out. It does not stay secret: when a call fails, the API server tells whoever
 * wrote the whole address. So a path is used for a while only. Each has an index, which is a moment, and a code that only holders of the seed can make
 * for it: a replica knows a newer path for genuine before it has heard of it, and an older one for old.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../../decide/objects.ts';
import type { Clock } from '../../time/clock.ts';
import { isEntry, type Entry } from '../../api/webhooks.ts';

/** Where the API server asks about an entry. In lower case: each part of a Service's path has to be a DNS name. */
export const pathOf = (seed: string, index: Instant, entry: Entry): string =>
  `/admit/${index}-${codeOf(seed, index)}/${entry}`;

export interface Named {
  readonly index: Instant;
  readonly entry: Entry;
}

/** What a path names; undefined unless it was made from the seed. */
export const readPath = (seed: string, path: string): Named | undefined => {
  const [root, admit, token = '', name = '', ...more] = path.split('/');
  const dash = token.indexOf('-');
  const digits = token.slice(0, Math.max(dash, 0));
  // Compared first and always, in a time that does not depend on where they differ.
  const given = createHmac('sha256', seed)
    .update(token.slice(dash + 1))
    .digest();
  const right = createHmac('sha256', seed).update(codeOf(seed, digits)).digest();
  const isGenuine = timingSafeEqual(given, right) && /^[1-9]\d{0,15}$/.test(digits);
  const isPath = root === '' && admit === 'admit' && more.length === 0;
  return isGenuine && isPath && isEntry(name) ? { index: Number(digits), entry: name } : undefined;
};

const codeOf = (seed: string, index: Instant | string): string =>
  createHmac('sha256', seed).update(`path ${index}`).digest('hex');

/** Which paths are answered now: the newest one known, and for a while the ones before it. */
export class Paths {
  readonly #clock: Clock;
  readonly #graceMs: number;
  #seed: string | undefined;
  #newest = 0;
  readonly #former = new Map<Instant, Instant>();

  /** `graceMs`: for how long an API server may not have heard of a new path. */
  constructor(clock: Clock, graceMs: number) {
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  /** The path of this index is published. Another seed forgets everything that was made from the last one. */
  published(seed: string, index: Instant): void {
    if (seed !== this.#seed) {
      this.#former.clear();
      this.#newest = 0;
    }
    this.#seed = seed;
    this.#advance(index);
  }

  /** The entry that a path names, if it is one that is answered now. */
  entryAt(path: string): Entry | undefined {
    const named = this.#seed === undefined ? undefined : readPath(this.#seed, path);
    if (named === undefined) return undefined;
    this.#advance(named.index);
    const isCurrent = named.index === this.#newest || this.#clock.now() < (this.#former.get(named.index) ?? 0);
    return isCurrent ? named.entry : undefined;
  }

  #advance(index: Instant): void {
    if (index <= this.#newest) return;
    const now = this.#clock.now();
    for (const [former, until] of this.#former) if (until <= now) this.#former.delete(former);
    if (this.#newest > 0) this.#former.set(this.#newest, now + this.#graceMs);
    this.#newest = index;
  }
}
