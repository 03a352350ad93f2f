import { Copy, type CopySpec, type Listed } from './copy.ts';
import { keyOf, type KubeObject } from './resource.ts';
import { WatchLoop, type Followed, type Listing, type ReflectorTools } from './watch-loop.ts';

export type { ReflectorMetrics, ReflectorSettings, ReflectorTools, RestartReason } from './watch-loop.ts';

/** What to reflect, and what to keep of it. */
export interface ReflectorSpec<T> extends Followed, CopySpec<T> {
  /** The process begins and is ready without it; what needs it asks `isSynced`. */
  readonly optional?: boolean;
}

/** A copy of one resource that follows the API server by a stream of its own. What it shows never goes back in time. */
export class Reflector<T> extends Copy<T> {
  readonly #spec: ReflectorSpec<T>;
  readonly #loop: WatchLoop;

  constructor(spec: ReflectorSpec<T>, tools: ReflectorTools) {
    super(spec, tools.logger);
    this.#spec = spec;
    this.#loop = new WatchLoop(spec, tools, {
      list: () => this.#list(),
      fold: (type, object) => this.fold(type, object),
      absent: () => this.complete(),
      failed: (failure) => this.failed(failure, tools.clock.monotonic()),
    });
  }

  /** Milliseconds since the API server last said anything on the stream. */
  silentMs(): number {
    return this.#loop.silentMs();
  }

  /** Begins to follow; once. */
  start(): void {
    this.#loop.start();
  }

  /** Ends the stream. The copy stays readable as it is. */
  async stop(): Promise<void> {
    this.giveUp();
    await this.#loop.stop();
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
    this.foldWritten(object, this.#loop.position);
  }

  #list(): Listing {
    const listed: Listed<T> = new Map();
    return {
      put: (object) => this.collect(listed, object),
      remove: ({ metadata }) => listed.delete(keyOf(metadata)),
      adopt: (resourceVersion) => this.adopt(listed, resourceVersion),
    };
  }
}
