/** A copy of some objects of one resource, as complete as it has been told, that never goes back in time. */
import type { Logger } from '../log.ts';
import { Failure } from './failures.ts';
import { isNewer } from './resource-version.ts';
import { keyOf, type KubeObject, type ResourceRow } from './resource.ts';
import { Store, type ChangeHandler, type Indexes, type Seen } from './store.ts';
import type { ChangeType } from './watch-loop.ts';

/** What to keep of a resource. */
export interface CopySpec<T> {
  readonly resource: ResourceRow;
  /** Keeps of a raw object what is used; undefined = the object is not kept. Called once a state; a throw is logged, and the object not kept. */
  readonly project: (raw: KubeObject) => T | undefined;
  readonly indexes?: Indexes<T>;
}

/** Answers that are all errors, in milliseconds: longer than an API server needs that starts or is short of time. */
const lastingMs = 20_000;

interface Errors {
  /** When they began. */
  readonly since: number;
  readonly said: string;
  /** For longer than any start takes. */
  readonly lasted: boolean;
}

/** What a whole list holds, by `namespace/name`. */
export type Listed<T> = Map<string, Seen<T>>;

/**
 * Changes may be told before the list that they belong to: they wait for it, and the later state of an object counts, a deletion included.
 * After a list as of some resource version, changes up to that one are old news.
 */
export class Copy<T> {
  /** Resolves when the copy is complete for the first time; rejects when it is given up before. */
  readonly synced: Promise<void>;
  /** Resolves when the API server has answered nothing but errors for a while instead: it may be in vain to wait. */
  readonly unreadable: Promise<void>;
  readonly resource: ResourceRow;
  readonly #project: CopySpec<T>['project'];
  readonly #logger: Logger;
  readonly #store: Store<T>;
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #sync = Promise.withResolvers<void>();
  #isSynced = false;
  readonly #unreadable = Promise.withResolvers<void>();
  #errors: Errors | undefined;
  /** The resource version of the last whole list. */
  #listedAt = '';
  /** The last change of each object since before the first list. A value that is undefined: it went, or is not kept. */
  readonly #early: Listed<T> = new Map();

  constructor({ resource, project, indexes = {} }: CopySpec<T>, logger: Logger) {
    this.resource = resource;
    this.#project = project;
    this.#logger = logger;
    this.#store = new Store(indexes, (key, change) => {
      for (const handler of this.#handlers) this.#guard('change handler failed', () => handler(key, change));
    });
    this.synced = this.#sync.promise;
    this.unreadable = this.#unreadable.promise;
    // Giving up early is no error for those who never asked.
    this.synced.catch(() => {});
  }

  isSynced(): boolean {
    return this.#isSynced;
  }

  /** What the API server says instead of what there is, once that has lasted; undefined = it has not, or the copy is complete. */
  unreadBecause(): string | undefined {
    return this.#errors?.lasted === true ? this.#errors.said : undefined;
  }

  /** What should have filled the copy failed, at a moment in milliseconds of a clock that only goes on. */
  failed({ code, message }: Failure, at: number): void {
    if (this.#isSynced) return;
    const known = this.#errors;
    if (code === 0) {
      // Without an answer nothing is known: the API server may be away, and has to be heard for as long once it is back.
      if (known?.lasted !== true) this.#errors = undefined;
      return;
    }
    const since = known?.since ?? at;
    const lasted = at - since >= lastingMs;
    this.#errors = { since, said: message, lasted };
    if (lasted) this.#unreadable.resolve();
  }

  /** By `namespace/name`, or `name` where there is no namespace. */
  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(): T[] {
    return this.#store.values();
  }

  byIndex(index: string, indexKey: string): T[] {
    return this.#store.byIndex(index, indexKey);
  }

  countBy(index: string, indexKey: string): number {
    return this.#store.countBy(index, indexKey);
  }

  /** Calls `handler` after each change of the copy, in order, at once. Returns how to stop that. */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** A list is about to be asked for that holds everything told so far: what waited for one need not wait any longer. */
  awaitList(): void {
    this.#early.clear();
  }

  /** Takes an object into a list that is being told. */
  collect(listed: Listed<T>, object: KubeObject): void {
    const seen = this.#seenOf(object);
    // What is not kept need not be listed: a missing key is removed.
    if (seen.value === undefined) listed.delete(keyOf(object.metadata));
    else listed.set(keyOf(object.metadata), seen);
  }

  /** The copy is now what was listed, and what happened after that. A list from before the last one is ignored. */
  adopt(listed: Listed<T>, resourceVersion: string): void {
    if (isNewer(this.#listedAt, resourceVersion)) return;
    for (const [key, seen] of this.#early) {
      if (!isNewer(seen.resourceVersion, resourceVersion)) continue;
      if (seen.value === undefined) listed.delete(key);
      else listed.set(key, seen);
    }
    this.#store.replace(listed, resourceVersion);
    this.#listedAt = resourceVersion;
    this.complete();
  }

  /** There is nothing that it has not been told. */
  complete(): void {
    this.#early.clear();
    this.#errors = undefined;
    this.#isSynced = true;
    this.#sync.resolve();
  }

  fold(type: ChangeType, object: KubeObject): void {
    const { uid, resourceVersion } = object.metadata;
    if (!isNewer(resourceVersion, this.#listedAt)) return;
    const key = keyOf(object.metadata);
    const seen: Seen<T> = type === 'DELETED' ? { uid, resourceVersion, value: undefined } : this.#seenOf(object);
    if (!this.#isSynced) this.#early.set(key, seen);
    else if (seen.value === undefined) this.#store.remove(key, resourceVersion);
    else this.#store.put(key, seen);
  }

  /**
   * Folds in an object that the API server answered to a write or read of ours, before the watch tells it. Older states than the copy has
   * seen change nothing. `position`: everything up to there has been told.
   */
  foldWritten(object: KubeObject, position: string): void {
    const { resourceVersion } = object.metadata;
    // Told already: this state, or a later one, or that the object is gone.
    if (!this.#isSynced || !isNewer(resourceVersion, position) || !isNewer(resourceVersion, this.#listedAt)) return;
    this.#store.put(keyOf(object.metadata), this.#seenOf(object));
  }

  /** Nothing will be told any more. The copy stays readable as it is. */
  giveUp(): void {
    this.#sync.reject(new Failure('Unavailable', 'the reflector was stopped'));
  }

  #seenOf(object: KubeObject): Seen<T> {
    const { uid, resourceVersion } = object.metadata;
    let value: T | undefined;
    this.#guard('projection failed', () => (value = this.#project(object)));
    return { uid, resourceVersion, value };
  }

  #guard(message: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#logger.error({ resource: this.resource.plural, err: error }, message);
    }
  }
}
