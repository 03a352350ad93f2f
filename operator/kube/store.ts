import { isNewer } from './resource-version.ts';

/** What happened to one key. Only `value`: it appeared; only `old`: it went; both: it changed. */
export interface Change<T> {
  readonly old?: T;
  readonly new?: T;
}

export type ChangeHandler<T> = (key: string, change: Change<T>) => void;

/** Secondary keys of a value; a value may have none or many. */
export type Indexes<T> = Readonly<Record<string, (value: T) => readonly string[]>>;

/**
 * One incarnation of an object in one state. `value` is undefined where the projection does not keep it: remembered only so that an older
 * state, told later, is recognized.
 */
export interface Seen<T> {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly value: T | undefined;
}

/**
 * The kept objects of one resource, never older than anything seen before: a state is taken only when its resource version is newer than
 * the one held under its key, wherever it comes from. Two incarnations of a name are two objects: one goes, then the other appears.
 */
export class Store<T> {
  readonly #entries = new Map<string, Seen<T>>();
  readonly #indexes: ReadonlyMap<string, Index<T>>;
  readonly #changed: ChangeHandler<T>;

  /** `changed` is called after each change is visible, in order. It must not throw. */
  constructor(indexes: Indexes<T>, changed: ChangeHandler<T>) {
    this.#indexes = new Map(Object.entries(indexes).map(([name, keysOf]) => [name, { keysOf, keys: new Map() }]));
    this.#changed = changed;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  values(): T[] {
    const values: T[] = [];
    for (const { value } of this.#entries.values()) if (value !== undefined) values.push(value);
    return values;
  }

  /** The values whose index function names `indexKey`. @throws for an index that was not declared */
  byIndex(name: string, indexKey: string): T[] {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`no index named ${name}`);
    const values: T[] = [];
    for (const key of index.keys.get(indexKey) ?? []) {
      const value = this.get(key);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  /** How many `byIndex` would find, without gathering them. @throws as that does */
  countBy(name: string, indexKey: string): number {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`no index named ${name}`);
    return index.keys.get(indexKey)?.size ?? 0;
  }

  /** An object is, or was at its resource version, like this. */
  put(key: string, seen: Seen<T>): void {
    const held = this.#entries.get(key);
    if (held && !isNewer(seen.resourceVersion, held.resourceVersion)) return;
    if (held && held.uid !== seen.uid) this.#drop(key, held);
    this.#hold(key, seen);
  }

  /** An object is gone as of this resource version. */
  remove(key: string, resourceVersion: string): void {
    const held = this.#entries.get(key);
    if (held && !isNewer(held.resourceVersion, resourceVersion)) this.#drop(key, held);
  }

  /** Everything there is as of `resourceVersion`. What is held from later than that stays. */
  replace(all: ReadonlyMap<string, Seen<T>>, resourceVersion: string): void {
    for (const key of this.#entries.keys()) if (!all.has(key)) this.remove(key, resourceVersion);
    for (const [key, seen] of all) this.put(key, seen);
  }

  #hold(key: string, seen: Seen<T>): void {
    const old = this.get(key);
    this.#unindex(key, old);
    this.#entries.set(key, seen);
    this.#index(key, seen.value);
    this.#tell(key, old, seen.value);
  }

  #drop(key: string, held: Seen<T>): void {
    this.#entries.delete(key);
    this.#unindex(key, held.value);
    this.#tell(key, held.value, undefined);
  }

  #tell(key: string, old: T | undefined, value: T | undefined): void {
    if (old === undefined && value === undefined) return;
    this.#changed(key, { ...(old !== undefined && { old }), ...(value !== undefined && { new: value }) });
  }

  #index(key: string, value: T | undefined): void {
    if (value === undefined) return;
    for (const { keysOf, keys } of this.#indexes.values()) {
      for (const indexKey of keysOf(value)) {
        const under = keys.get(indexKey);
        if (under) under.add(key);
        else keys.set(indexKey, new Set([key]));
      }
    }
  }

  #unindex(key: string, value: T | undefined): void {
    if (value === undefined) return;
    for (const { keysOf, keys } of this.#indexes.values()) {
      for (const indexKey of keysOf(value)) {
        const under = keys.get(indexKey);
        under?.delete(key);
        if (under?.size === 0) keys.delete(indexKey);
      }
    }
  }
}

interface Index<T> {
  readonly keysOf: (value: T) => readonly string[];
  readonly keys: Map<string, Set<string>>;
}
