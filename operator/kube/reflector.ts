import { delayMs, type Backoff } from '../run/backoff.ts';
import { sleep, type Cancel, type Clock } from '../run/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Failure, toFailure } from './failures.ts';
import { listPages, watch, type Selection, type WatchEvent } from './read.ts';
import { isNewer } from './resource-version.ts';
import { keyOf, type KubeObject, type ResourceRow } from './resource.ts';
import { Store, type ChangeHandler, type Indexes, type Seen } from './store.ts';
import type { Transport } from './transport.ts';

/** What to reflect, and what to keep of it. */
export interface ReflectorSpec<T> extends Selection {
  readonly resource: ResourceRow;
  /** Keeps of a raw object what is used; undefined = the object is not kept. Called once a state; a throw is logged, and the object not kept. */
  readonly project: (raw: KubeObject) => T | undefined;
  readonly indexes?: Indexes<T>;
  /** An API server that does not serve the resource has none of it, instead of keeping everybody waiting. */
  readonly mayBeAbsent?: boolean;
  /** The process begins and is ready without it; what needs it asks `isSynced`. */
  readonly optional?: boolean;
}

/** Why a stream was started anew; label of a metric. `Ended`: the server closed it in good order. */
export type RestartReason = 'Ended' | 'Gone' | 'Idle' | 'Refused' | 'Broken' | 'OlderThanSeen';

export interface ReflectorMetrics {
  restarted(resource: string, reason: RestartReason): void;
  /** An event or bookmark came. */
  heard(resource: string): void;
}

export interface ReflectorSettings {
  /** Milliseconds without event or bookmark after which the stream counts as dead. The API server sends a bookmark about every minute. */
  readonly idleMs: number;
  /** The server is asked to end a stream after between one and two times this many seconds, so that streams spread over its replicas. */
  readonly streamSeconds: number;
  readonly backoff: Backoff;
  readonly pageSize: number;
}

export const defaultReflectorSettings: ReflectorSettings = {
  idleMs: 150_000,
  streamSeconds: 300,
  backoff: { firstMs: 100, capMs: 15_000 },
  pageSize: 500,
};

/** Whether a resource is served changes with the flags of an API server. */
const absentMs = 10 * 60_000;

/** What every reflector of a process shares. */
export interface ReflectorTools {
  readonly transport: Transport;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics?: ReflectorMetrics | undefined;
  readonly settings?: Partial<ReflectorSettings> | undefined;
}

/**
 * A copy of one resource that follows the API server: a streaming list (WatchList; pages where the server refuses that), then a watch with
 * bookmarks, resumed after any break, listed again when history is gone. What it shows never goes back in time.
 */
export class Reflector<T> {
  /** Resolves when the copy is complete for the first time; rejects when the reflector is stopped before. */
  readonly synced: Promise<void>;
  readonly #spec: ReflectorSpec<T>;
  readonly #tools: ReflectorTools;
  readonly #settings: ReflectorSettings;
  readonly #store: Store<T>;
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #stopping = new AbortController();
  readonly #sync = Promise.withResolvers<void>();
  #isSynced = false;
  #running: Promise<void> | undefined;
  /** Everything up to here has been told by a watch or list; empty before the first list. */
  #position = '';
  /** Whether the next stream has to start with everything. */
  #listNext = true;
  #streamsLists = true;
  /** Counts whole lists, and what streams told after them. */
  #told = 0;
  /** Streams in a row that told nothing. */
  #failures = 0;
  /** The server's wish after the last failure. */
  #askedToWaitMs = 0;
  #heardAt: number;

  constructor(spec: ReflectorSpec<T>, tools: ReflectorTools) {
    this.#spec = spec;
    this.#tools = tools;
    this.#settings = { ...defaultReflectorSettings, ...tools.settings };
    this.#store = new Store(spec.indexes ?? {}, (key, change) => {
      for (const handler of this.#handlers) this.#guard('change handler failed', () => handler(key, change));
    });
    this.#heardAt = tools.clock.monotonic();
    this.synced = this.#sync.promise;
    // Stopping early is no error for those who never asked.
    this.synced.catch(() => {});
  }

  get resource(): ResourceRow {
    return this.#spec.resource;
  }

  isSynced(): boolean {
    return this.#isSynced;
  }

  /** Milliseconds since the API server last said anything on the stream. */
  silentMs(): number {
    return this.#tools.clock.monotonic() - this.#heardAt;
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

  /** Calls `handler` after each change of the copy, in order, at once. Returns how to stop that. */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Begins to follow; once. */
  start(): void {
    this.#running ??= this.#follow();
  }

  /** Ends the stream. The copy stays readable as it is. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#sync.reject(new Failure('Unavailable', 'the reflector was stopped'));
    await this.#running;
  }

  /**
   * Folds in an object that the API server answered to a write or read of ours, before the watch tells it. Older states than the copy has
   * seen change nothing. With selectors only the server knows what belongs here, so it is left to the watch.
   */
  observed(object: KubeObject): void {
    const { namespace, name, labelSelector, fieldSelector } = this.#spec;
    const { metadata } = object;
    if (labelSelector !== undefined || fieldSelector !== undefined) return;
    if (namespace !== undefined && metadata.namespace !== namespace) return;
    if (name !== undefined && metadata.name !== name) return;
    // The stream is past it: it has told this state, or a later one, or that the object is gone.
    if (!this.#isSynced || !isNewer(metadata.resourceVersion, this.#position)) return;
    this.#store.put(keyOf(metadata), this.#seenOf(object));
  }

  async #follow(): Promise<void> {
    const { clock, logger, metrics, random } = this.#tools;
    const { plural } = this.#spec.resource;
    while (!this.#stopping.signal.aborted) {
      const toldBefore = this.#told;
      this.#askedToWaitMs = 0;
      const reason = await this.#session();
      if (this.#stopping.signal.aborted) return;
      metrics?.restarted(plural, reason);
      const progress = this.#told > toldBefore;
      this.#failures = progress ? 0 : this.#failures + 1;
      // A stream that told something and ended well is asked for again at once; others are not, or a broken server would be flooded.
      if (reason === 'Ended' && progress) continue;
      const waitMs = Math.max(delayMs(this.#settings.backoff, this.#failures, random()), this.#askedToWaitMs);
      logger.debug({ resource: plural, namespace: this.#spec.namespace, reason, waitMs }, 'watch starts anew');
      await sleep(clock, waitMs, this.#stopping.signal);
    }
  }

  /** One list or stream, to its end. */
  async #session(): Promise<RestartReason> {
    const idle = new AbortController();
    const signal = AbortSignal.any([idle.signal, this.#stopping.signal]);
    const cancel = this.#whenIdle(() => idle.abort());
    try {
      if (this.#listNext && !this.#streamsLists) await this.#listInPages(signal);
      await this.#stream(signal);
      return 'Ended';
    } catch (error) {
      return idle.signal.aborted ? 'Idle' : this.#explain(toFailure(error));
    } finally {
      cancel();
    }
  }

  #explain(failure: Failure): RestartReason {
    const { logger } = this.#tools;
    this.#askedToWaitMs = failure.retryAfterMs ?? 0;
    const fields = { resource: this.#spec.resource.plural, namespace: this.#spec.namespace, err: failure };
    if (failure.kind === 'Gone') {
      this.#listNext = true;
      return 'Gone';
    }
    if (failure instanceof OlderThanSeen) {
      logger.error(fields, 'API server answers with an older state than it showed before');
      return 'OlderThanSeen';
    }
    if (failure.kind === 'Invalid' && this.#listNext && this.#streamsLists) {
      // The WatchList feature is off on this server.
      this.#streamsLists = false;
      return 'Refused';
    }
    if (this.#stopping.signal.aborted) return 'Broken';
    if (failure.kind === 'NotFound' && this.#spec.mayBeAbsent === true) {
      this.#askedToWaitMs = absentMs;
      this.#complete();
      return 'Refused';
    }
    const refused = failure.kind === 'Forbidden' || failure.kind === 'NotFound' || failure.kind === 'Invalid';
    if (refused) logger.warn(fields, 'watch refused');
    else if (failure.kind === 'Bug') logger.error(fields, 'watch failed');
    else logger.debug(fields, 'watch broken');
    return refused ? 'Refused' : 'Broken';
  }

  async #listInPages(signal: AbortSignal): Promise<void> {
    const { transport } = this.#tools;
    const all = new Map<string, Seen<T>>();
    let resourceVersion = '';
    for await (const page of listPages(transport, this.resource, this.#spec, {
      pageSize: this.#settings.pageSize,
      signal,
    })) {
      this.#heard();
      for (const item of page.items) this.#collect(all, item);
      resourceVersion = page.resourceVersion;
    }
    this.#adopt(all, resourceVersion);
  }

  async #stream(signal: AbortSignal): Promise<void> {
    const { transport, random } = this.#tools;
    const { streamSeconds } = this.#settings;
    const first = this.#listNext ? new Map<string, Seen<T>>() : undefined;
    const events = watch(transport, this.resource, this.#spec, {
      after: first ? undefined : this.#position,
      timeoutSeconds: Math.round(streamSeconds * (1 + random())),
      signal,
    });
    let listing = first;
    for await (const event of events) {
      this.#heard();
      if (!listing) this.#apply(event);
      else if (event.type === 'DELETED') listing.delete(keyOf(event.object.metadata));
      else if (event.type !== 'BOOKMARK') this.#collect(listing, event.object);
      else if (event.initialEventsEnd) {
        this.#adopt(listing, event.resourceVersion);
        listing = undefined;
      }
    }
  }

  /** The copy is now what was listed. */
  #adopt(all: ReadonlyMap<string, Seen<T>>, resourceVersion: string): void {
    if (isNewer(this.#position, resourceVersion)) throw new OlderThanSeen(resourceVersion, this.#position);
    this.#store.replace(all, resourceVersion);
    this.#position = resourceVersion;
    this.#listNext = false;
    this.#told += 1;
    this.#complete();
  }

  #complete(): void {
    this.#isSynced = true;
    this.#sync.resolve();
  }

  #apply(event: WatchEvent): void {
    this.#told += 1;
    const { resourceVersion } = event.type === 'BOOKMARK' ? event : event.object.metadata;
    // Told before: a server that lags behind the one we heard last.
    if (!isNewer(resourceVersion, this.#position)) return;
    if (event.type !== 'BOOKMARK') this.#fold(event.type, event.object);
    this.#position = resourceVersion;
  }

  #fold(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    const key = keyOf(object.metadata);
    const seen = type === 'DELETED' ? undefined : this.#seenOf(object);
    if (seen?.value === undefined) this.#store.remove(key, object.metadata.resourceVersion);
    else this.#store.put(key, seen);
  }

  #collect(all: Map<string, Seen<T>>, object: KubeObject): void {
    const seen = this.#seenOf(object);
    // What is not kept need not be listed: a missing key is removed.
    if (seen.value === undefined) all.delete(keyOf(object.metadata));
    else all.set(keyOf(object.metadata), seen);
  }

  #seenOf(object: KubeObject): Seen<T> {
    const { uid, resourceVersion } = object.metadata;
    let value: T | undefined;
    this.#guard('projection failed', () => (value = this.#spec.project(object)));
    return { uid, resourceVersion, value };
  }

  #guard(message: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#tools.logger.error({ resource: this.#spec.resource.plural, err: error }, message);
    }
  }

  #heard(): void {
    this.#heardAt = this.#tools.clock.monotonic();
    this.#tools.metrics?.heard(this.#spec.resource.plural);
  }

  /** Runs once when nothing has been heard for the idle time, counted from now. */
  #whenIdle(run: () => void): Cancel {
    const { clock } = this.#tools;
    const since = clock.monotonic();
    const check = (): Cancel => {
      const heardAt = Math.max(this.#heardAt, since);
      return clock.after(heardAt + this.#settings.idleMs - clock.monotonic(), () => {
        if (this.#heardAt > heardAt) cancel = check();
        else run();
      });
    };
    let cancel = check();
    return () => cancel();
  }
}

/** A list from before the floor: a restored backup, or a server that has lost its store. Nothing of it is taken. */
class OlderThanSeen extends Failure {
  constructor(listed: string, seen: string) {
    super('Unavailable', `listed at resourceVersion ${listed}, but ${seen} has been seen`);
  }
}
