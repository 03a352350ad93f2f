import type { Copy } from './copy.ts';
import { Reflector, type ReflectorSpec, type ReflectorTools } from './reflector.ts';
import type { KubeObject, ResourceRow } from './resource.ts';
import { SharedWatch } from './shared-watch.ts';
import type { ChangeHandler } from './store.ts';

/** What a family reflects. */
export interface FamilySpec<T> extends Omit<ReflectorSpec<T>, 'namespace'> {
  /**
   * All namespaces that are followed share one stream of the whole cluster: for resources of which whatever lies elsewhere may pass through
   * the process. Otherwise each namespace has a stream of its own.
   */
  readonly shared?: boolean;
}

/** The claim of one holder on a copy. */
export interface Held<T> {
  readonly reflector: Copy<T>;
  /** Gives the claim up; the last one ends the copy. Further calls do nothing. */
  release(): Promise<void>;
}

/** The copies of one spec, one a namespace, each kept as long as somebody holds it. */
export interface ReflectorFamily<T> {
  readonly resource: ResourceRow;
  /** Starts to follow a namespace, or joins those who do; without a namespace: the whole cluster. */
  hold(namespace?: string): Held<T>;
  /** The copy of a namespace while it is held. */
  in(namespace?: string): Copy<T> | undefined;
  /** Folds an object from an answer of the API server into every copy it belongs to; see `Reflector.observed`. */
  observed(object: KubeObject): void;
  /** Changes in every namespace held now or later. Returns how to stop that. */
  onChange(handler: ChangeHandler<T>): () => void;
}

/** Every reflector of the process: started and stopped as namespaces come and go. */
export interface Reflectors {
  /** Declares what to reflect; nothing runs until a namespace is held. */
  family<T>(spec: FamilySpec<T>): ReflectorFamily<T>;
  /** Folds an object from an answer of the API server into every copy it belongs to; see `Reflector.observed`. */
  observed(resource: ResourceRow, object: KubeObject): void;
  /** Resolves when all that are held now are complete, but those that are optional. */
  synced(): Promise<void>;
  isSynced(): boolean;
  /** The longest silence of any stream, in milliseconds; 0 with no streams. */
  silentMs(): number;
  stop(): Promise<void>;
}

/** An empty set of reflectors that will share these tools. */
export function createReflectors(tools: ReflectorTools): Reflectors {
  const families: AnyFamily[] = [];
  const needed = () => families.filter(({ optional }) => !optional).flatMap((family) => family.copies());
  return {
    family<T>(spec: FamilySpec<T>) {
      const family = new Family(spec, tools);
      families.push(family);
      return family;
    },
    observed(resource, object) {
      for (const family of families) {
        if (family.resource.plural !== resource.plural || family.resource.apiVersion !== resource.apiVersion) continue;
        family.observed(object);
      }
    },
    async synced() {
      await Promise.all(needed().map((copy) => copy.synced));
    },
    isSynced: () => needed().every((copy) => copy.isSynced()),
    silentMs: () => Math.max(0, ...families.map((family) => family.silentMs())),
    async stop() {
      await Promise.all(families.map((family) => family.stop()));
    },
  };
}

/** What the set needs of a family, whatever it keeps. */
interface AnyFamily {
  readonly resource: ResourceRow;
  readonly optional: boolean;
  copies(): readonly { readonly synced: Promise<void>; isSynced(): boolean }[];
  observed(object: KubeObject): void;
  /** The longest silence of its streams, in milliseconds. */
  silentMs(): number;
  stop(): Promise<void>;
}

interface Place<T> {
  readonly copy: Copy<T>;
  readonly end: () => Promise<void>;
  holders: number;
}

class Family<T> implements ReflectorFamily<T>, AnyFamily {
  readonly resource: ResourceRow;
  readonly optional: boolean;
  readonly #spec: FamilySpec<T>;
  readonly #tools: ReflectorTools;
  readonly #places = new Map<string | undefined, Place<T>>();
  /** Those that have a stream of their own. */
  readonly #own = new Set<Reflector<T>>();
  /** Runs while a namespace is held. */
  #shared: SharedWatch<T> | undefined;
  readonly #handlers = new Set<ChangeHandler<T>>();

  constructor(spec: FamilySpec<T>, tools: ReflectorTools) {
    this.resource = spec.resource;
    this.optional = spec.optional === true;
    this.#spec = spec;
    this.#tools = tools;
  }

  hold(namespace?: string): Held<T> {
    const place = this.#places.get(namespace) ?? this.#begin(namespace);
    place.holders += 1;
    let held = true;
    return {
      reflector: place.copy,
      release: async () => {
        if (!held) return;
        held = false;
        place.holders -= 1;
        if (place.holders > 0) return;
        if (this.#places.get(namespace) === place) this.#places.delete(namespace);
        await place.end();
      },
    };
  }

  in(namespace?: string): Copy<T> | undefined {
    return this.#places.get(namespace)?.copy;
  }

  copies(): readonly Copy<T>[] {
    return [...this.#places.values()].map(({ copy }) => copy);
  }

  observed(object: KubeObject): void {
    for (const reflector of this.#own) reflector.observed(object);
    this.#shared?.observed(object);
  }

  silentMs(): number {
    const own = [...this.#own].map((reflector) => reflector.silentMs());
    return Math.max(0, this.#shared?.silentMs() ?? 0, ...own);
  }

  onChange(handler: ChangeHandler<T>): () => void {
    // A handler of its own for each call: the same function given twice is called twice, and taken back once.
    const own: ChangeHandler<T> = (key, change) => handler(key, change);
    this.#handlers.add(own);
    return () => this.#handlers.delete(own);
  }

  async stop(): Promise<void> {
    const ending = [...this.#places.values()];
    this.#places.clear();
    await Promise.all(ending.map(({ end }) => end()));
  }

  #begin(namespace: string | undefined): Place<T> {
    const { copy, end } =
      this.#spec.shared === true && namespace !== undefined ? this.#share(namespace) : this.#follow(namespace);
    const { logger } = this.#tools;
    copy.onChange((key, change) => {
      for (const handler of this.#handlers) {
        try {
          handler(key, change);
        } catch (err) {
          logger.error({ resource: this.resource.plural, err }, 'change handler failed');
        }
      }
    });
    const place = { copy, end, holders: 0 };
    this.#places.set(namespace, place);
    return place;
  }

  #follow(namespace: string | undefined): Pick<Place<T>, 'copy' | 'end'> {
    const reflector = new Reflector<T>({ ...this.#spec, namespace }, this.#tools);
    this.#own.add(reflector);
    reflector.start();
    return {
      copy: reflector,
      end: async () => {
        this.#own.delete(reflector);
        await reflector.stop();
      },
    };
  }

  /** The last namespace takes the stream with it. */
  #share(namespace: string): Pick<Place<T>, 'copy' | 'end'> {
    const shared = (this.#shared ??= new SharedWatch(this.#spec, this.#tools));
    return {
      copy: shared.follow(namespace),
      end: async () => {
        shared.unfollow(namespace);
        if (shared.copies().length > 0) return;
        if (this.#shared === shared) this.#shared = undefined;
        await shared.stop();
      },
    };
  }
}
