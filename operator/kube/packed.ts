/** JSON values by key, as small as they can be kept, up to a bound of bytes: what is not asked for goes first. */
import { promisify } from 'node:util';
import { deflateRaw, inflateRawSync } from 'node:zlib';

const packed = promisify<string, { level: number }, Buffer>(deflateRaw);

/** Texts above this are compressed. */
const compressedAbove = 8 * 1024;

interface Kept {
  /** Which state of the value; another one is not there. */
  readonly version: string;
  text: string | Buffer;
  bytes: number;
  /** The value itself, for as long as nobody needs the memory. */
  open: WeakRef<object> | undefined;
}

/** A character that takes two bytes makes every other one take two. */
const bytesOf = (text: string | Buffer): number => (typeof text === 'string' ? text.length * 2 : text.byteLength);

/** undefined = the set is empty. No iterator outlives the call: one that does holds every table which the set outgrows. */
const firstOf = <T>(set: ReadonlySet<T>): T | undefined => {
  for (const first of set) return first;
  return undefined;
};

export class PackedValues<T extends object> {
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  /** To be compressed, one after the other. */
  readonly #loose = new Set<Kept>();
  #packing: Promise<void> | undefined;

  /** @param maxBytes as they are kept; one value that is larger is kept alone */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes kept now. */
  bytes(): number {
    return this.#bytes;
  }

  /** Resolves when everything that is kept is as small as it can be: a moment later, for another thread compresses it. Never rejects. */
  async settled(): Promise<void> {
    await this.#packing;
  }

  /** Keeps a value in the place of the one that the key had. `text`: its JSON, where that is there already. */
  keep(key: string, version: string, value: T, text = JSON.stringify(value)): void {
    this.drop(key);
    const kept: Kept = { version, text, bytes: bytesOf(text) + key.length, open: new WeakRef(value) };
    this.#kept.set(key, kept);
    this.#bytes += kept.bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === key) break;
      this.drop(oldest);
    }
    if (text.length <= compressedAbove) return;
    this.#loose.add(kept);
    this.#packing ??= this.#pack();
  }

  async #pack(): Promise<void> {
    for (let kept = firstOf(this.#loose); kept !== undefined; kept = firstOf(this.#loose)) {
      const { text } = kept;
      // What cannot be compressed is kept as it is.
      const small = typeof text === 'string' ? await packed(text, { level: 1 }).catch(() => text) : text;
      if (!this.#loose.delete(kept)) continue;
      const saved = bytesOf(text) - bytesOf(small);
      kept.text = small;
      kept.bytes -= saved;
      this.#bytes -= saved;
    }
    // In the same turn as nothing was left: what comes next begins anew.
    this.#packing = undefined;
  }

  /** undefined = it is not there, or in another version. The same value is the same object for as long as somebody has it. */
  get(key: string, version: string): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.version !== version) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const open = kept.open?.deref();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was kept under this key
    if (open !== undefined) return open as T;
    const text = typeof kept.text === 'string' ? kept.text : inflateRawSync(kept.text).toString();
    const value = JSON.parse(text) as T; // oxlint-disable-line typescript/no-unsafe-type-assertion -- what was kept under this key
    kept.open = new WeakRef(value);
    return value;
  }

  /** Whether it is there in this version, without unpacking it. */
  has(key: string, version: string): boolean {
    return this.#kept.get(key)?.version === version;
  }

  drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#bytes -= kept.bytes;
    this.#kept.delete(key);
    this.#loose.delete(kept);
  }
}
