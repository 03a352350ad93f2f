/** Follows one resource on the API server, and tells what it hears to those who keep it. */
import { delayMs, type Backoff } from '../time/backoff.ts';
import { sleep, type Cancel, type Clock } from '../time/clock.ts';
import type { Logger } from '../log.ts';
import { Failure, toFailure } from './failures.ts';
import { listPages, watch, type Selection, type WatchEvent } from './read.ts';
import { isNewer } from './resource-version.ts';
import type { KubeObject, ResourceRow } from './resource.ts';
import type { Transport } from './transport.ts';

/** What to follow. */
export interface Followed extends Selection {
  readonly resource: ResourceRow;
  /** An API server that does not serve the resource has none of it, instead of keeping everybody waiting. */
  readonly mayBeAbsent?: boolean;
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

/** A whole list, told one object at a time. One that breaks off is never adopted, and another begins. */
export interface Listing {
  put(object: KubeObject): void;
  /** The object went while the list was told. */
  remove(object: KubeObject): void;
  /** Everything was told, as of this resource version. */
  adopt(resourceVersion: string): void;
}

/** What keeps what is heard. Nothing that it does may throw. */
export interface WatchTarget {
  list(): Listing;
  /** A list or stream failed. */
  failed(failure: Failure): void;
  /** What happened after everything that was told before. */
  fold(type: ChangeType, object: KubeObject): void;
  /** The API server does not serve the resource: there is none of it. */
  absent(): void;
  /** The resource version of the object in a line that is of no use to the target; undefined = the line has to be told. */
  passes?(line: Buffer): string | undefined;
}

export type ChangeType = Exclude<WatchEvent['type'], 'BOOKMARK'>;

/**
 * A streaming list (WatchList; pages where the server refuses that), then a watch with bookmarks, resumed after any break, listed again when
 * history is gone. What it tells never goes back in time.
 */
export class WatchLoop {
  readonly settings: ReflectorSettings;
  readonly #followed: Followed;
  readonly #tools: ReflectorTools;
  readonly #target: WatchTarget;
  readonly #stopping = new AbortController();
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

  constructor(followed: Followed, tools: ReflectorTools, target: WatchTarget) {
    this.settings = { ...defaultReflectorSettings, ...tools.settings };
    this.#followed = followed;
    this.#tools = tools;
    this.#target = target;
    this.#heardAt = tools.clock.monotonic();
  }

  /** Everything up to this resource version has been told; empty before the first list. */
  get position(): string {
    return this.#position;
  }

  /** Whether changes are told as they come, or will be once the stream is open again: no list is due or under way. */
  isLive(): boolean {
    return !this.#listNext;
  }

  /** Milliseconds since the API server last said anything on the stream. */
  silentMs(): number {
    return this.#tools.clock.monotonic() - this.#heardAt;
  }

  /** Begins to follow; once. */
  start(): void {
    this.#running ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { clock, logger, metrics, random } = this.#tools;
    const { plural } = this.#followed.resource;
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
      const waitMs = Math.max(delayMs(this.settings.backoff, this.#failures, random()), this.#askedToWaitMs);
      logger.debug({ resource: plural, namespace: this.#followed.namespace, reason, waitMs }, 'watch restarts');
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
    const fields = { resource: this.#followed.resource.plural, namespace: this.#followed.namespace, err: failure };
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
    if (failure.kind === 'NotFound' && this.#followed.mayBeAbsent === true) {
      this.#askedToWaitMs = absentMs;
      // When it is served again, nothing that was known of it counts.
      this.#listNext = true;
      this.#target.absent();
      return 'Refused';
    }
    this.#target.failed(failure);
    const refused = failure.kind === 'Forbidden' || failure.kind === 'NotFound' || failure.kind === 'Invalid';
    if (refused) logger.warn(fields, 'watch refused');
    else if (failure.kind === 'Bug') logger.error(fields, 'watch failed');
    else logger.debug(fields, 'watch broken');
    return refused ? 'Refused' : 'Broken';
  }

  async #listInPages(signal: AbortSignal): Promise<void> {
    const { pageSize } = this.settings;
    const { resource } = this.#followed;
    const listing = this.#target.list();
    let resourceVersion = '';
    for await (const page of listPages(this.#tools.transport, resource, this.#followed, { pageSize, signal })) {
      this.#heard();
      for (const item of page.items) listing.put(item);
      resourceVersion = page.resourceVersion;
    }
    this.#adopt(listing, resourceVersion);
  }

  async #stream(signal: AbortSignal): Promise<void> {
    const { transport, random } = this.#tools;
    const { streamSeconds } = this.settings;
    let listing = this.#listNext ? this.#target.list() : undefined;
    const events = watch(transport, this.#followed.resource, this.#followed, {
      after: listing ? undefined : this.#position,
      timeoutSeconds: Math.round(streamSeconds * (1 + random())),
      signal,
      skip: this.#target.passes && ((line) => this.#passes(line, listing === undefined)),
    });
    for await (const event of events) {
      this.#heard();
      if (!listing) this.#apply(event);
      else if (event.type === 'DELETED') listing.remove(event.object);
      else if (event.type !== 'BOOKMARK') listing.put(event.object);
      else if (event.initialEventsEnd) {
        this.#adopt(listing, event.resourceVersion);
        listing = undefined;
      }
    }
  }

  #adopt(listing: Listing, resourceVersion: string): void {
    if (isNewer(this.#position, resourceVersion)) throw new OlderThanSeen(resourceVersion, this.#position);
    this.#position = resourceVersion;
    this.#listNext = false;
    this.#told += 1;
    listing.adopt(resourceVersion);
  }

  #apply(event: WatchEvent): void {
    this.#told += 1;
    const { resourceVersion } = event.type === 'BOOKMARK' ? event : event.object.metadata;
    // Told before: a server that lags behind the one we heard last.
    if (!isNewer(resourceVersion, this.#position)) return;
    this.#position = resourceVersion;
    if (event.type !== 'BOOKMARK') this.#target.fold(event.type, event.object);
  }

  /** Whether a line is of no use. It counts as heard all the same, and as told where it is a change. */
  #passes(line: Buffer, isChange: boolean): boolean {
    const resourceVersion = this.#target.passes?.(line);
    if (resourceVersion === undefined) return false;
    this.#heard();
    if (!isChange) return true;
    this.#told += 1;
    if (isNewer(resourceVersion, this.#position)) this.#position = resourceVersion;
    return true;
  }

  #heard(): void {
    this.#heardAt = this.#tools.clock.monotonic();
    this.#tools.metrics?.heard(this.#followed.resource.plural);
  }

  /** Runs once when nothing has been heard for the idle time, counted from now. */
  #whenIdle(run: () => void): Cancel {
    const { clock } = this.#tools;
    const since = clock.monotonic();
    const check = (): Cancel => {
      const heardAt = Math.max(this.#heardAt, since);
      return clock.after(heardAt + this.settings.idleMs - clock.monotonic(), () => {
        if (this.#heardAt > heardAt) cancel = check();
        else run();
      });
    };
    let cancel = check();
    return () => cancel();
  }
}

/** A list from before the floor: a restored backup, or a server that has lost its store. Nothing of it is taken. */
export class OlderThanSeen extends Failure {
  constructor(listed: string, seen: string) {
    super('Unavailable', `listed at resourceVersion ${listed}, but ${seen} has been seen`);
  }
}
