/**
 * Contents of bundles, apart from what else is known of them. A bundle is hardly ever read whole, and there are very many: contents are kept
 * packed, up to a bound, and read again from the API server when they are needed and are no longer there.
 */
import type { BundledObject } from '../api/bundle.ts';
import { jsonObject, type JsonObject } from '../api/meta.ts';
import { unzipped, type Zipped } from '../decide/manifest/bundle-parts.ts';
import { PackedValues } from '../kube/packed.ts';

/** Of one ReleaseBundle object, head or part. It never changes, so its uid says what is in it. */
export interface Home {
  readonly uid: string;
  readonly namespace: string;
  /** The head that it is, or is a part of. */
  readonly head: string;
}

/** A content was needed that is not here: whoever can wait has it loaded, and begins again. */
export class ContentAway extends Error {
  readonly home: Home;

  constructor(home: Home) {
    super(`the content of bundle ${home.head} in ${home.namespace} has to be read first`);
    this.name = 'ContentAway';
    this.home = home;
  }
}

export class Contents {
  readonly #maxBytes: number;
  /** Those that are compressed, by their place. The least recently used bundle first. */
  readonly #zipped = new Map<string, ReadonlyMap<number, Zipped>>();
  /** Those that are not; in place of the others an empty text. The bound is for all together, and kept here. */
  readonly #texts = new PackedValues<readonly string[]>(Infinity);
  #zippedBytes = 0;

  /** @param maxBytes as they are kept; one bundle that is larger is kept alone */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes kept now. */
  bytes(): number {
    return this.#texts.bytes() + this.#zippedBytes;
  }

  has(uid: string): boolean {
    return this.#zipped.has(uid);
  }

  /** See `PackedValues.settled`. */
  settled(): Promise<void> {
    return this.#texts.settled();
  }

  keep(uid: string, all: readonly Pick<BundledObject, 'content' | 'encoding' | 'size'>[]): void {
    this.drop(uid);
    const zipped = new Map(
      all.flatMap(({ content, encoding, size = 0 }, index) =>
        encoding === undefined ? [] : [[index, { bytes: Buffer.from(content, 'base64'), size }] as const],
      ),
    );
    this.#zipped.set(uid, zipped);
    this.#zippedBytes += bytesOf(zipped);
    this.#texts.keep(
      uid,
      '',
      all.map(({ content, encoding }) => (encoding === undefined ? content : '')),
    );
    for (const oldest of this.#zipped.keys()) {
      if (this.bytes() <= this.#maxBytes || oldest === uid) return;
      this.drop(oldest);
    }
  }

  drop(uid: string): void {
    const zipped = this.#zipped.get(uid);
    if (zipped === undefined) return;
    this.#zippedBytes -= bytesOf(zipped);
    this.#zipped.delete(uid);
    this.#texts.drop(uid);
  }

  /** @throws {ContentAway} when it is not here */
  read(home: Home, index: number): JsonObject {
    const zipped = this.#zipped.get(home.uid);
    const texts = this.#texts.get(home.uid, '');
    if (zipped === undefined || texts === undefined) throw new ContentAway(home);
    this.#zipped.delete(home.uid);
    this.#zipped.set(home.uid, zipped);
    const compressed = zipped.get(index);
    const text = compressed === undefined ? texts[index] : unzipped(compressed);
    if (text === undefined) throw new TypeError(`bundle ${home.head} has no object ${index}`);
    return jsonObject(JSON.parse(text));
  }
}

const bytesOf = (zipped: ReadonlyMap<number, Zipped>): number =>
  [...zipped.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
