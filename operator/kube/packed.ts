/** JSON values by key, as small as they can be kept, up to a bound of bytes: what is not asked for goes first. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Texts above this are compressed. */
const compressedAbove = 8 * 1024;

interface Kept {
  /** Which state of the value; another one is not there. */
  readonly version: string;
  readonly text: string | Buffer;
  readonly bytes: number;
  /** The value itself, for as long as nobody needs the memory. */
  open: WeakRef<object> | undefined;
}

/** A character that takes two bytes makes every other one take two. */
const bytesOf = (text: string | Buffer): number => (typeof text === 'string' ? text.length * 2 : text.byteLength);

export class PackedValues<T extends object> {
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  /** @param maxBytes as they are kept; one value that is larger is kept alone */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes kept now. */
  bytes(): number {
    return this.#bytes;
  }

  /** Keeps a value in the place of the one that the key had. `text`: its JSON, where that is there already. */
  keep(key: string, version: string, value: T, text = JSON.stringify(value)): void {
    this.drop(key);
    const packed = text.length > compressedAbove ? deflateRawSync(text, { level: 1 }) : text;
    const kept = { version, text: packed, bytes: bytesOf(packed) + key.length, open: new WeakRef(value) };
    this.#kept.set(key, kept);
    this.#bytes += kept.bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === key) return;
      this.drop(oldest);
    }
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

  drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#bytes -= kept.bytes;
    this.#kept.delete(key);
  }
}
