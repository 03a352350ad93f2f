/** Remembers writes to production that the API server did not take, for as long as the intent that they were tried under is open. */
import { textAt } from '../decide/json/json.ts';
import { keyOf, type Instant, type ObjectKey } from '../decide/objects.ts';
import type { ObjectEffect } from '../decide/plan.ts';
import type { RefusedWrite, RefusedWrites } from '../decide/release/refused-writes.ts';

interface OfPackage {
  readonly intent: string;
  readonly writes: Map<ObjectKey, RefusedWrite>;
}

const none: RefusedWrites = new Map();

/** What a process that dies forgets, the next one is told by trying again. */
export class RefusedWritesOfPackages {
  readonly #packages = new Map<string, OfPackage>();
  readonly #changed: (namespace: string, pkg: string) => void;

  /** `changed`: told whenever what is known of a package changes. */
  constructor(changed: (namespace: string, pkg: string) => void) {
    this.#changed = changed;
  }

  /** Of the intent that is open; what is known of another one is forgotten. */
  facts(namespace: string, pkg: string, intent: string | undefined): RefusedWrites {
    const key = `${namespace}/${pkg}`;
    const known = this.#packages.get(key);
    if (known === undefined || known.intent === intent) return known?.writes ?? none;
    this.#packages.delete(key);
    return none;
  }

  /** A write was tried and not taken. */
  note(
    effect: ObjectEffect,
    { message, isFinal, at }: Pick<RefusedWrite, 'message' | 'isFinal'> & { at: Instant },
  ): void {
    const { namespace, intent, ref } = effect;
    const place = `${namespace}/${intent.package}`;
    const known = this.#packages.get(place);
    const writes = known?.intent === intent.id ? known.writes : new Map<ObjectKey, RefusedWrite>();
    if (writes !== known?.writes) this.#packages.set(place, { intent: intent.id, writes });
    const key = keyOf(ref);
    const tries = (writes.get(key)?.tries ?? 0) + 1;
    writes.set(key, { message, isFinal, tries, at, resourceVersion: versionOf(effect) });
    this.#changed(namespace, intent.package);
  }

  /** It was taken. */
  taken({ namespace, intent, ref }: ObjectEffect): void {
    const isKnown = this.#packages.get(`${namespace}/${intent.package}`)?.writes.delete(keyOf(ref));
    if (isKnown === true) this.#changed(namespace, intent.package);
  }
}

const versionOf = (effect: ObjectEffect): string => {
  switch (effect.do) {
    case 'Create':
      return '';
    case 'Delete':
      return effect.resourceVersion;
    case 'Replace':
      return textAt(effect.manifest, 'metadata', 'resourceVersion') ?? '';
  }
};
