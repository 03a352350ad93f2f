import { Reflector, type ReflectorSpec, type ReflectorTools } from './reflector.ts';
import type { KubeObject, ResourceRow } from './resource.ts';
import type { ChangeHandler } from './store.ts';

/** The claim of one holder on a reflector. */
export interface Held<T> {
  readonly reflector: Reflector<T>;
  /** Gives the claim up; the last one stops the reflector. Further calls do nothing. */
  release(): Promise<void>;
}

/** The reflectors of one spec, one a namespace, each running as long as somebody holds it. */
export interface ReflectorFamily<T> {
  readonly resource: ResourceRow;
  /** Starts to follow a namespace, or joins those who do; without a namespace: the whole cluster. */
  hold(namespace?: string): Held<T>;
  /** The reflector of a namespace while it is held. */
  in(namespace?: string): Reflector<T> | undefined;
  /** All that are held now. */
  reflectors(): readonly Reflector<T>[];
  /** Changes in every namespace held now or later. Returns how to stop that. */
  onChange(handler: ChangeHandler<T>): () => void;
}

/** Every reflector of the process: started and stopped as namespaces come and go. */
export interface Reflectors {
  /** Declares what to reflect; nothing runs until a namespace is held. */
  family<T>(spec: Omit<ReflectorSpec<T>, 'namespace'>): ReflectorFamily<T>;
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
  const running = () => families.flatMap((family) => family.reflectors());
  const needed = () => families.filter(({ optional }) => !optional).flatMap((family) => family.reflectors());
  return {
    family<T>(spec: Omit<ReflectorSpec<T>, 'namespace'>) {
      const family = new Family(spec, tools);
      families.push(family);
      return family;
    },
    observed(resource, object) {
      for (const family of families) {
        if (family.resource.plural !== resource.plural || family.resource.apiVersion !== resource.apiVersion) continue;
        for (const reflector of family.reflectors()) reflector.observed(object);
      }
    },
    async synced() {
      await Promise.all(needed().map((reflector) => reflector.synced));
    },
    isSynced: () => needed().every((reflector) => reflector.isSynced()),
    silentMs: () => Math.max(0, ...running().map((reflector) => reflector.silentMs())),
    async stop() {
      await Promise.all(families.map((family) => family.stop()));
    },
  };
}

/** What the set needs of a family, whatever it keeps. */
interface AnyFamily {
  readonly resource: ResourceRow;
  readonly optional: boolean;
  reflectors(): readonly Pick<Reflector<unknown>, 'observed' | 'synced' | 'isSynced' | 'silentMs'>[];
  stop(): Promise<void>;
}

interface Shared<T> {
  readonly reflector: Reflector<T>;
  holders: number;
}

class Family<T> implements ReflectorFamily<T> {
  readonly resource: ResourceRow;
  readonly optional: boolean;
  readonly #spec: Omit<ReflectorSpec<T>, 'namespace'>;
  readonly #tools: ReflectorTools;
  readonly #shared = new Map<string | undefined, Shared<T>>();
  readonly #handlers = new Set<ChangeHandler<T>>();

  constructor(spec: Omit<ReflectorSpec<T>, 'namespace'>, tools: ReflectorTools) {
    this.resource = spec.resource;
    this.optional = spec.optional === true;
    this.#spec = spec;
    this.#tools = tools;
  }

  hold(namespace?: string): Held<T> {
    const shared = this.#shared.get(namespace) ?? this.#begin(namespace);
    shared.holders += 1;
    let held = true;
    return {
      reflector: shared.reflector,
      release: async () => {
        if (!held) return;
        held = false;
        shared.holders -= 1;
        if (shared.holders > 0) return;
        if (this.#shared.get(namespace) === shared) this.#shared.delete(namespace);
        await shared.reflector.stop();
      },
    };
  }

  in(namespace?: string): Reflector<T> | undefined {
    return this.#shared.get(namespace)?.reflector;
  }

  reflectors(): readonly Reflector<T>[] {
    return [...this.#shared.values()].map(({ reflector }) => reflector);
  }

  onChange(handler: ChangeHandler<T>): () => void {
    // A handler of its own for each call: the same function given twice is called twice, and taken back once.
    const own: ChangeHandler<T> = (key, change) => handler(key, change);
    this.#handlers.add(own);
    return () => this.#handlers.delete(own);
  }

  async stop(): Promise<void> {
    const stopping = this.reflectors();
    this.#shared.clear();
    await Promise.all(stopping.map((reflector) => reflector.stop()));
  }

  #begin(namespace: string | undefined): Shared<T> {
    const reflector = new Reflector<T>({ ...this.#spec, namespace }, this.#tools);
    const { logger } = this.#tools;
    reflector.onChange((key, change) => {
      for (const handler of this.#handlers) {
        try {
          handler(key, change);
        } catch (err) {
          logger.error({ resource: this.resource.plural, err }, 'change handler failed');
        }
      }
    });
    const shared = { reflector, holders: 0 };
    this.#shared.set(namespace, shared);
    reflector.start();
    return shared;
  }
}
