/** Which namespaces are followed, and whether everything of them has been read once. */
import { policyName } from '../api/kinds.ts';
import { clusterWide, type Caches } from './caches.ts';
import { isStatusOnly, type OnChange } from './changes.ts';
import { isRedefined } from './custom-kinds.ts';
import type { Copy } from '../kube/copy.ts';

/** What following needs of a family, whatever it keeps. */
interface Followable {
  hold(namespace: string): {
    readonly reflector: Pick<Copy<unknown>, 'isSynced' | 'synced' | 'unreadable' | 'unreadBecause'>;
    release(): Promise<void>;
  };
}

/** What is followed in a namespace, by what it is to us. */
const followed = (caches: Caches): Record<Role, readonly Followable[]> => {
  const both: readonly Followable[] = [...caches.objects.own.values(), caches.pods];
  return {
    Production: both,
    Secrets: [caches.secrets],
    // ReplicaSets say which pods are of a Deployment, and of what it says now.
    Staging: [...both, ...[caches.watched.get('ReplicaSet')].filter((family) => family !== undefined)],
    Defined: caches.objects.defined.families(),
    Watched: [...caches.watched.values(), ...caches.guarded.families()],
  };
};

/** By id, and why; undefined = not known yet. */
export type KindsToRead = ReadonlyMap<string, string | undefined>;

/**
 * `Watched`: production whose every change is to be explained, for it is guarded. `Secrets`: those of production. Releases do not wait for what
 * only others need. `Defined`: kinds of definitions, in production and staging; who needs one asks for it (`unreadKinds`).
 */
type Role = 'Production' | 'Secrets' | 'Staging' | 'Defined' | 'Watched';

export interface FollowedOptions {
  /** Production namespaces in which something is half way: they are followed to its end, even if policy or label are taken away meanwhile. */
  readonly busy: () => readonly string[];
  /** Everything of a namespace that is newly followed has been read once, or something of it cannot be. */
  readonly completed: (namespace: string) => void;
  /** Whether this process decides. One that only waits to follows no Secrets: a connection for each production namespace is for leaders. */
  readonly decides: () => boolean;
}

/** Follows the namespaces that policies name, and no others. */
export class Followed {
  readonly #caches: Caches;
  readonly #options: FollowedOptions;
  readonly #held = new Map<string, ReadonlyMap<Followable, ReturnType<Followable['hold']>>>();

  constructor(caches: Caches, options: FollowedOptions) {
    this.#caches = caches;
    this.#options = options;
  }

  /** Brings what is followed in line with the policies and labels there are, and with what this process is to do. */
  update(): void {
    const wanted = new Map<string, readonly Followable[]>();
    const families = followed(this.#caches);
    const want = (role: Role, namespace: string): void => void wanted.set(`${role} ${namespace}`, families[role]);
    const wantProduction = (namespace: string): void => {
      want('Production', namespace);
      want('Defined', namespace);
      if (this.#options.decides()) want('Secrets', namespace);
    };
    for (const { metadata, spec } of this.#caches.policies.in()?.list() ?? []) {
      if (metadata.name !== policyName) continue;
      wantProduction(metadata.namespace);
      want('Staging', spec.sourceNamespace);
      want('Defined', spec.sourceNamespace);
      const isGuarded = this.#caches.namespaces.in()?.get(metadata.namespace)?.guarded !== undefined;
      if (isGuarded) want('Watched', metadata.namespace);
    }
    for (const namespace of this.#options.busy()) {
      wantProduction(namespace);
      want('Watched', namespace);
    }
    for (const [key, families] of wanted) {
      const namespace = namespaceOf(key);
      const before = this.#held.get(key);
      if (before?.size === families.length && families.every((each) => before.has(each))) continue;
      const held = new Map(families.map((each) => [each, before?.get(each) ?? this.#hold(each, namespace)]));
      this.#held.set(key, held);
      for (const [family, each] of before ?? []) if (!held.has(family)) void each.release();
      Promise.all([...held.values()].map(({ reflector }) => reflector.synced)).then(
        () => this.#options.completed(namespace),
        () => {}, // let go before it was complete
      );
    }
    for (const [key, held] of this.#held) {
      if (wanted.has(key)) continue;
      this.#held.delete(key);
      for (const each of held.values()) void each.release();
    }
  }

  #hold(family: Followable, namespace: string): ReturnType<Followable['hold']> {
    const held = family.hold(namespace);
    void held.reflector.unreadable.then(() => this.#options.completed(namespace));
    return held;
  }

  /** Whether what is followed in the whole cluster has been read once. Nothing is judged before. */
  isClusterRead(): boolean {
    return clusterWide(this.#caches).every((family) => family.in()?.isSynced() ?? false);
  }

  /**
   * Kinds of definitions of which a namespace has not been read, by id, with what the API server says instead once that has lasted: a definition may
   * name a webhook that converts, and that is gone. Nobody waits for such a kind any more.
   */
  unreadKinds(namespace: string): KindsToRead {
    const { objects, guarded } = this.#caches;
    return new Map(
      [objects.defined, guarded].flatMap((families) =>
        families.kinds.flatMap(({ id }) => {
          const family = families.get(id);
          const copy = family?.in(namespace);
          return family === undefined || copy?.isSynced() === true ? [] : [[id, copy?.unreadBecause()] as const];
        }),
      ),
    );
  }

  /** Whether everything that a namespace is looked at for, as production, has been read once, but for defined kinds that cannot be (`unreadKinds`). */
  isProductionRead(namespace: string): boolean {
    const { objects, guarded } = this.#caches;
    const defined = new Set<Followable>([...objects.defined.families(), ...guarded.families()]);
    return (['Production', 'Secrets', 'Defined', 'Watched'] as const).every((role) => {
      const held = this.#held.get(`${role} ${namespace}`);
      return (
        held !== undefined &&
        [...held].every(
          ([family, { reflector }]) =>
            reflector.isSynced() || (defined.has(family) && reflector.unreadBecause() !== undefined),
        )
      );
    });
  }

  /** Whether everything that is followed in a namespace has been read once. */
  isComplete(role: Role, namespace: string): boolean {
    const held = this.#held.get(`${role} ${namespace}`);
    return held !== undefined && [...held.values()].every(({ reflector }) => reflector.isSynced());
  }
}

const namespaceOf = (key: string): string => key.slice(key.indexOf(' ') + 1);

/** From now on what is followed is brought in line whenever policies, labels or definitions change. */
export const keepFollowing = (
  followed: Followed,
  caches: Pick<Caches, 'definitions' | 'guarded' | 'objects'>,
  on: OnChange,
): void => {
  on.policies((change) => {
    if (!isStatusOnly(change)) followed.update();
  });
  on.namespaces(({ old, new: now }) => {
    if (old?.guarded !== now?.guarded) followed.update();
  });
  caches.definitions.onChange((_, change) => {
    if (isRedefined(caches, change)) followed.update();
  });
};
