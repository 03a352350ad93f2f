/** One stream for all followed namespaces of a resource, however many there are. What lies elsewhere is dropped as it comes. */
import { delayMs } from '../time/backoff.ts';
import { sleep } from '../time/clock.ts';
import type { Logger } from '../log.ts';
import { Copy, type CopySpec, type Listed } from './copy.ts';
import { toFailure, type Failure } from './failures.ts';
import { placeOf } from './peek.ts';
import { listPages } from './read.ts';
import { isNewer } from './resource-version.ts';
import { keyOf, type KubeObject } from './resource.ts';
import { OlderThanSeen, WatchLoop, type Followed, type Listing, type ReflectorTools } from './watch-loop.ts';

export interface SharedWatchSpec<T>
  extends CopySpec<T>, Pick<Followed, 'labelSelector' | 'fieldSelector' | 'mayBeAbsent'> {}

/** The copy of one namespace. */
class NamespaceCopy<T> extends Copy<T> {
  readonly namespace: string;
  /** Ends the list that fills it: it is complete, or nobody follows the namespace any more. */
  readonly filled = new AbortController();
  failures = 0;

  constructor(namespace: string, spec: CopySpec<T>, logger: Logger) {
    super(spec, logger);
    this.namespace = namespace;
  }
}

/**
 * Copies of namespaces, fed by one stream of the whole cluster. What the stream tells of a namespace that nobody follows is lost, so that one
 * that is followed later is listed once by itself, while the changes of it that come meanwhile are kept until that list is there:
 *
 * - followed before the first object of a whole list is told: it is part of that list;
 * - followed while a whole list is told: it is listed when that is over, for some of it may have been dropped;
 * - followed at any other time: it is listed at once. The API server answers a list with everything that was accepted before it was asked, so
 *   the list holds whatever was dropped, and whatever is not in it is told by the stream.
 *
 * Namespaces are listed one after another, so that many new ones do not flood the API server.
 */
export class SharedWatch<T> {
  readonly #spec: SharedWatchSpec<T>;
  readonly #tools: ReflectorTools;
  readonly #loop: WatchLoop;
  readonly #copies = new Map<string, NamespaceCopy<T>>();
  readonly #stopping = new AbortController();
  /** What the list that is being told holds of each namespace that was followed when it began. */
  #listed: ReadonlyMap<NamespaceCopy<T>, Listed<T>> | undefined;
  #isAbsent = false;
  /** To be listed by themselves, in this order. */
  readonly #unfilled = new Set<NamespaceCopy<T>>();
  #filling: Promise<void> | undefined;

  constructor(spec: SharedWatchSpec<T>, tools: ReflectorTools) {
    this.#spec = spec;
    this.#tools = tools;
    this.#loop = new WatchLoop(spec, tools, {
      list: () => this.#list(),
      fold: (type, object) => this.#copyOf(object)?.fold(type, object),
      absent: () => this.#absent(),
      failed: (failure) => {
        for (const copy of this.#copies.values()) copy.failed(failure, tools.clock.monotonic());
      },
      passes: (line) => this.#passes(line),
    });
  }

  /** Follows one more namespace. The first one starts the stream. */
  follow(namespace: string): Copy<T> {
    const copy = new NamespaceCopy(namespace, this.#spec, this.#tools.logger);
    this.#copies.set(namespace, copy);
    if (this.#isAbsent) copy.complete();
    else if (this.#loop.isLive()) this.#fillSoon(copy);
    this.#loop.start();
    return copy;
  }

  /** Follows a namespace no more. */
  unfollow(namespace: string): void {
    const copy = this.#copies.get(namespace);
    if (copy === undefined) return;
    this.#copies.delete(namespace);
    this.#unfilled.delete(copy);
    copy.filled.abort();
    copy.giveUp();
  }

  in(namespace: string): Copy<T> | undefined {
    return this.#copies.get(namespace);
  }

  copies(): readonly Copy<T>[] {
    return [...this.#copies.values()];
  }

  silentMs(): number {
    return this.#loop.silentMs();
  }

  /** See `Reflector.observed`. */
  observed(object: KubeObject): void {
    const { labelSelector, fieldSelector } = this.#spec;
    if (labelSelector !== undefined || fieldSelector !== undefined) return;
    this.#copyOf(object)?.foldWritten(object, this.#loop.position);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const namespace of this.#copies.keys()) this.unfollow(namespace);
    await Promise.all([this.#loop.stop(), this.#filling]);
  }

  #copyOf({ metadata }: KubeObject): NamespaceCopy<T> | undefined {
    return metadata.namespace === undefined ? undefined : this.#copies.get(metadata.namespace);
  }

  #passes(line: Buffer): string | undefined {
    const place = placeOf(line);
    return place === undefined || this.#copies.has(place.namespace) ? undefined : this.#drop(place.resourceVersion);
  }

  /** From the first object on that is told of a list, dropped or not, nobody joins it. */
  #drop(resourceVersion: string): string {
    if (!this.#loop.isLive()) this.#joined();
    return resourceVersion;
  }

  #joined(): ReadonlyMap<NamespaceCopy<T>, Listed<T>> {
    // Whatever is told of a list, the resource is served.
    this.#isAbsent = false;
    this.#listed ??= new Map([...this.#copies.values()].map((copy) => [copy, new Map()]));
    return this.#listed;
  }

  #list(): Listing {
    this.#listed = undefined;
    const listedFor = (object: KubeObject) => {
      const joined = this.#joined();
      const copy = this.#copyOf(object);
      const listed = copy && joined.get(copy);
      return copy && listed && { copy, listed };
    };
    return {
      put: (object) => {
        const found = listedFor(object);
        found?.copy.collect(found.listed, object);
      },
      remove: (object) => listedFor(object)?.listed.delete(keyOf(object.metadata)),
      adopt: (resourceVersion) => this.#adopt(resourceVersion),
    };
  }

  #adopt(resourceVersion: string): void {
    const joined = this.#joined();
    this.#listed = undefined;
    for (const copy of this.#copies.values()) {
      const listed = joined.get(copy);
      if (listed === undefined) this.#fillSoon(copy);
      else {
        copy.adopt(listed, resourceVersion);
        this.#unfilled.delete(copy);
        copy.filled.abort();
      }
    }
  }

  #absent(): void {
    this.#isAbsent = true;
    for (const copy of this.#copies.values()) copy.complete();
  }

  #fillSoon(copy: NamespaceCopy<T>): void {
    if (copy.isSynced()) return;
    this.#unfilled.add(copy);
    this.#filling ??= this.#fillAll();
  }

  async #fillAll(): Promise<void> {
    for (const copy of this.#unfilled) {
      this.#unfilled.delete(copy);
      await this.#fill(copy);
    }
    this.#filling = undefined;
  }

  async #fill(copy: NamespaceCopy<T>): Promise<void> {
    const { random } = this.#tools;
    try {
      await this.#listOne(copy);
    } catch (error) {
      if (copy.filled.signal.aborted) return;
      const failure = toFailure(error);
      this.#report(copy.namespace, failure);
      copy.failed(failure, this.#tools.clock.monotonic());
      copy.failures += 1;
      const waitMs = Math.max(delayMs(this.#loop.settings.backoff, copy.failures, random()), failure.retryAfterMs ?? 0);
      // The others do not wait for it.
      void this.#fillAfter(copy, waitMs);
    }
  }

  async #fillAfter(copy: NamespaceCopy<T>, waitMs: number): Promise<void> {
    await sleep(this.#tools.clock, waitMs, copy.filled.signal);
    if (!copy.filled.signal.aborted) this.#fillSoon(copy);
  }

  async #listOne(copy: NamespaceCopy<T>): Promise<void> {
    const { labelSelector, fieldSelector, resource } = this.#spec;
    const { pageSize } = this.#loop.settings;
    const { signal } = copy.filled;
    const told = this.#loop.position;
    // Or changes would pile up for as long as lists fail.
    copy.awaitList();
    const selection = { namespace: copy.namespace, labelSelector, fieldSelector };
    const listed: Listed<T> = new Map();
    let resourceVersion = '';
    for await (const page of listPages(this.#tools.transport, resource, selection, { pageSize, signal })) {
      for (const item of page.items) copy.collect(listed, item);
      resourceVersion = page.resourceVersion;
    }
    if (signal.aborted) return;
    // What was dropped before is in no list from before that.
    if (isNewer(told, resourceVersion)) throw new OlderThanSeen(resourceVersion, told);
    copy.adopt(listed, resourceVersion);
    copy.filled.abort();
  }

  #report(namespace: string, failure: Failure): void {
    const fields = { resource: this.#spec.resource.plural, namespace, err: failure };
    const message = 'list of a namespace failed';
    if (failure.kind === 'Bug' || failure instanceof OlderThanSeen) this.#tools.logger.error(fields, message);
    else if (failure.kind === 'Unavailable' || failure.kind === 'Throttled' || failure.kind === 'Gone')
      this.#tools.logger.debug(fields, message);
    else this.#tools.logger.warn(fields, message);
  }
}
