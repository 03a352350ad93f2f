/**
 * Contents of bundles, apart from what else is known of them. A bundle is hardly ever read whole, and there are very many: contents are kept
 * packed, up to a bound, and read again from the API server when they are needed and are no longer there.
 */
import { deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib';
import { bundledContentBytes, type BundledObject } from '../api/bundle.ts';
import { jsonObject, type JsonObject } from '../api/meta.ts';

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

type Stored = Pick<BundledObject, 'content' | 'encoding' | 'size'>;

/** Contents above this, together, are packed. */
const packedAbove = 64 * 1024;

type Kept = { readonly is: 'Plain'; readonly all: readonly Stored[] } | { readonly is: 'Packed'; readonly all: Buffer };

const packed = (all: readonly Stored[]): Kept => {
  const characters = all.reduce((sum, { content }) => sum + content.length, 0);
  if (characters <= packedAbove) return { is: 'Plain', all };
  const rows = all.map(({ content, encoding, size }) => [content, encoding ?? '', size ?? 0]);
  return { is: 'Packed', all: deflateRawSync(JSON.stringify(rows), { level: 1 }) };
};

const unpacked = (kept: Kept): readonly Stored[] => {
  if (kept.is === 'Plain') return kept.all;
  // What was packed here: its shape is known.
  const rows = JSON.parse(inflateRawSync(kept.all).toString()) as [string, '' | 'gzip', number][]; // oxlint-disable-line typescript/no-unsafe-type-assertion
  return rows.map(([content, encoding, size]) => (encoding === '' ? { content } : { content, encoding, size }));
};

const bytesOf = (kept: Kept): number =>
  kept.is === 'Packed' ? kept.all.byteLength : kept.all.reduce((sum, { content }) => sum + content.length, 0);

/**
 * The canonical JSON of a stored content.
 * @throws RangeError for one that unpacks to more than it says, or than any content has
 */
export const contentText = ({ content, encoding, size = 0 }: Stored): string =>
  encoding === undefined
    ? content
    : gunzipSync(Buffer.from(content, 'base64'), {
        maxOutputLength: Math.max(1, Math.min(size, bundledContentBytes)),
      }).toString();

export class Contents {
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #kept = new Map<string, Kept>();
  /** Unpacked, for as long as nobody needs the memory. */
  readonly #open = new Map<string, WeakRef<readonly Stored[]>>();
  #bytes = 0;

  /** @param maxBytes as they are kept; one bundle that is larger is kept alone */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes kept now. */
  bytes(): number {
    return this.#bytes;
  }

  has(uid: string): boolean {
    return this.#kept.has(uid);
  }

  keep(uid: string, all: readonly Stored[]): void {
    this.drop(uid);
    const kept = packed(all);
    this.#kept.set(uid, kept);
    this.#bytes += bytesOf(kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === uid) return;
      this.drop(oldest);
    }
  }

  drop(uid: string): void {
    const kept = this.#kept.get(uid);
    if (kept === undefined) return;
    this.#bytes -= bytesOf(kept);
    this.#kept.delete(uid);
    this.#open.delete(uid);
  }

  /** @throws {ContentAway} when it is not here */
  read(home: Home, index: number): JsonObject {
    const stored = this.#stored(home)[index];
    if (stored === undefined) throw new TypeError(`bundle ${home.head} has no object ${index}`);
    return jsonObject(JSON.parse(contentText(stored)));
  }

  #stored(home: Home): readonly Stored[] {
    const kept = this.#kept.get(home.uid);
    if (kept === undefined) throw new ContentAway(home);
    this.#kept.delete(home.uid);
    this.#kept.set(home.uid, kept);
    if (kept.is === 'Plain') return kept.all;
    const open = this.#open.get(home.uid)?.deref() ?? unpacked(kept);
    this.#open.set(home.uid, new WeakRef(open));
    return open;
  }
}
