/** What is to be looked at in production, and since when it has not been explained. Work is done only for what changed. */
import type { Instant, ObjectKey } from '../decide/objects.ts';
import { sameProgram, type Program } from '../decide/manifest/pod-fingerprint.ts';
import type { Suspect } from '../decide/findings/snapshot.ts';
import type { Clock } from '../time/clock.ts';

/** Templates of one workload that are remembered: those of a rollout that is under way, and the one before. */
const mostFormer = 4;

interface Place {
  readonly open: Map<ObjectKey, { readonly since: Instant; readonly changedAt: Instant }>;
  /** Everything is to be looked at, once. */
  everything: boolean;
}

export interface DirtyObjectsOptions {
  /** Whether this process looks at what is marked; before it does, that something changed is all it keeps. */
  readonly looks: () => boolean;
  /** Told the namespace of whatever is marked. */
  readonly marked: (namespace: string) => void;
}

/** Changed objects of production by namespace, until they are explained. */
export class DirtyObjects {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #options: DirtyObjectsOptions;
  readonly #places = new Map<string, Place>();
  /** By uid of the workload. */
  readonly #former = new Map<string, readonly (readonly Program[])[]>();

  constructor(clock: Pick<Clock, 'now'>, options: DirtyObjectsOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** An object came, changed or went. */
  mark(namespace: string, key: ObjectKey): void {
    this.#mark(this.#place(namespace), key);
    this.#options.marked(namespace);
  }

  /** Whatever was explained may not be any more, or was never looked at. */
  markAll(namespace: string): void {
    this.#place(namespace).everything = true;
    this.#options.marked(namespace);
  }

  /** What is left of the marked objects when those that are explained are let go. `all`: every key there is or should be. */
  look(namespace: string, all: () => Iterable<ObjectKey>, isOpen: (key: ObjectKey) => boolean): readonly Suspect[] {
    const place = this.#place(namespace);
    const now = this.#clock.now();
    if (place.everything) {
      for (const key of all()) if (!place.open.has(key)) place.open.set(key, { since: now, changedAt: now });
      place.everything = false;
    }
    for (const key of place.open.keys()) if (!isOpen(key)) place.open.delete(key);
    return [...place.open].map(([key, times]) => ({ key, ...times }));
  }

  /** The template of a workload was replaced; its pods go one by one. */
  replaced(uid: string, programs: readonly Program[]): void {
    const known = this.#former.get(uid) ?? [];
    if (programs.length === 0 || known.some((each) => sameProgram(each, programs))) return;
    this.#former.set(uid, [programs, ...known].slice(0, mostFormer));
  }

  former(uid: string): readonly (readonly Program[])[] {
    return this.#former.get(uid) ?? [];
  }

  /** The workload is gone. */
  forget(uid: string): void {
    this.#former.delete(uid);
  }

  #mark(place: Place, key: ObjectKey): void {
    if (!this.#options.looks()) {
      place.everything = true;
      return;
    }
    const now = this.#clock.now();
    place.open.set(key, { since: place.open.get(key)?.since ?? now, changedAt: now });
  }

  #place(namespace: string): Place {
    const place = this.#places.get(namespace) ?? { open: new Map(), everything: true };
    this.#places.set(namespace, place);
    return place;
  }
}
