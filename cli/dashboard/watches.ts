/** Watches of the API server that views share: each object is followed once, however many tabs look at it. */
import { toFailure } from '../../operator/kube/failures.ts';
import type { Selection } from '../../operator/kube/read.ts';
import { isRecord, type KubeObject, type ResourceRow } from '../../operator/kube/resource.ts';
import { isForbidden, type Cluster } from '../cluster/cluster.ts';
import { after } from './pace.ts';

/** Something has changed. The production namespace that it belongs to; undefined = it may be any. */
export type Heard = (production: string | undefined) => void;

/** What is followed of objects that never change, and so are read only once. */
type Held = ReadonlyMap<string, KubeObject>;

interface Watch {
  readonly listeners: Set<Heard>;
  readonly stop: AbortController;
  readonly held: Map<string, KubeObject>;
  /** Resolves once everything that there is was told, or it turned out that it may not be watched. */
  readonly told: Promise<void>;
}

/** Before a watch that broke is tried again. */
const retryMs = 2_000;

/** Candidates are in staging, and belong to where they go. */
const productionOf = ({ kind, metadata, spec }: KubeObject & { readonly spec?: unknown }): string | undefined =>
  kind === 'ReleaseCandidate' && isRecord(spec) ? String(spec['targetNamespace']) : metadata.namespace;

/** Without who wrote which field, which nobody asks for: tens of thousands are kept. */
const slim = (entry: KubeObject): KubeObject => ({
  ...entry,
  metadata: { ...entry.metadata, managedFields: undefined },
});

export class Watches {
  readonly #cluster: Cluster;
  readonly #watches = new Map<string, Watch>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Calls back with every change, until the returned function is called. Where nobody may watch, it never calls back. */
  on(resource: ResourceRow, selection: Selection, heard: Heard): () => void {
    const key = JSON.stringify([resource.apiVersion, resource.plural, selection]);
    const watch = this.#watches.get(key) ?? this.#start(resource, selection);
    this.#watches.set(key, watch);
    watch.listeners.add(heard);
    return () => {
      watch.listeners.delete(heard);
      if (watch.listeners.size > 0 || this.#watches.get(key) !== watch) return;
      this.#watches.delete(key);
      watch.stop.abort();
    };
  }

  /** Everything that is followed under this key, once it was told. @returns nothing where it is not followed or may not be */
  async held(resource: ResourceRow, selection: Selection): Promise<Held> {
    const watch = this.#watches.get(JSON.stringify([resource.apiVersion, resource.plural, selection]));
    await watch?.told;
    return watch?.held ?? new Map<string, KubeObject>();
  }

  #start(resource: ResourceRow, selection: Selection): Watch {
    const { promise: told, resolve } = Promise.withResolvers<void>();
    const watch: Watch = { listeners: new Set(), stop: new AbortController(), held: new Map(), told };
    void this.#follow(resource, selection, watch, resolve).finally(resolve);
    return watch;
  }

  async #follow(resource: ResourceRow, selection: Selection, watch: Watch, told: () => void): Promise<void> {
    const { signal } = watch.stop;
    const tell = (production: string | undefined) => {
      for (const heard of watch.listeners) heard(production);
    };
    // Only the record is kept: its entries never change, and there are many.
    const keeps = resource.kind === 'LedgerEntry';
    while (!signal.aborted) {
      let current = false;
      try {
        for await (const change of this.#cluster.follow(resource, selection, { signal })) {
          if (change.type === 'Is' && keeps) watch.held.set(change.object.metadata.name, slim(change.object));
          if (change.type === 'Current') {
            current = true;
            told();
            tell(undefined);
          } else if (current) tell(change.type === 'Is' ? productionOf(change.object) : undefined);
        }
      } catch (error) {
        if (isForbidden(error) || toFailure(error).kind === 'NotFound') return;
        await after(retryMs, signal);
      }
    }
  }
}
