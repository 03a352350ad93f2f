/** How the objects of a bundle are stored: in its head, or in parts of a size that the API server takes. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { bundledContentBytes, storedContentLength, type BundledObject } from '../../api/bundle.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject, ObjectSource } from '../bundle.ts';
import { canonicalJson } from '../json/canonical.ts';
import { keyOf, type ObjectRef } from '../objects.ts';

/** Contents of one part, in bytes of JSON: the API server takes 1.5 MiB. */
const partBytes = 900 * 1024;
/** Contents that a head has room for beside its delta and the text of it. */
const headBytes = 350_000;

/** An object as a bundle stores it. */
export interface WrittenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly digest: string;
  readonly content: string;
  readonly encoding?: 'gzip';
  readonly size?: number;
  readonly source?: ObjectSource;
}

/** Texts above this are compressed: as text inside JSON a megabyte of JSON is half as much again, and more than etcd takes. */
const compressAbove = 64 * 1024;

/** An object of a bundle that no bundle can store; the message names it, its size, the limit, and what to do. */
export class ContentTooLarge extends Error {
  constructor(ref: ObjectRef, size: number, length: number) {
    super(
      `${keyOf(ref)} has ${size} bytes, ${length} of them as a bundle stores them: at most ${bundledContentBytes} and ${storedContentLength} are taken. ` +
        'Next: split the object, or take what it holds out of the package, and create a new candidate',
    );
    this.name = 'ContentTooLarge';
  }
}

/** A content as text, and compressed where it is stored so. */
export interface WrittenText {
  readonly text: string;
  /** Undefined for one that is stored as it is. */
  readonly zipped: Buffer | undefined;
}

/** Whether a text is stored compressed. */
export const isCompressed = (text: string): boolean => text.length > compressAbove;

const writtenText = (content: JsonObject): WrittenText => {
  const text = canonicalJson(content);
  return { text, zipped: isCompressed(text) ? gzipSync(text) : undefined };
};

/** `written`: what its content is as text, where that is known already. @throws {ContentTooLarge} */
export const writtenObject = (
  { ref, digest, content, source }: BundleObject,
  written: WrittenText = writtenText(content),
): WrittenObject => ({
  ...ref,
  digest,
  ...stored(ref, written),
  ...(source === undefined ? {} : { source }),
});

const stored = (
  ref: ObjectRef,
  { text, zipped }: WrittenText,
): Pick<WrittenObject, 'content' | 'encoding' | 'size'> => {
  if (zipped === undefined) return { content: text };
  const size = Buffer.byteLength(text);
  const content = zipped.toString('base64');
  if (size <= bundledContentBytes && content.length <= storedContentLength) return { content, encoding: 'gzip', size };
  throw new ContentTooLarge(ref, size, content.length);
};

/** Where the objects of a bundle are stored. Parts that are there hold all of them. */
export interface StoredContent {
  readonly head: readonly WrittenObject[];
  readonly parts: readonly (readonly WrittenObject[])[];
}

/** @throws {ContentTooLarge} */
export const storedContent = (objects: readonly BundleObject[]): StoredContent =>
  arranged(objects.map((object) => writtenObject(object)));

export const arranged = (objects: readonly WrittenObject[]): StoredContent => {
  const all = objects.map((object) => ({ object, size: Buffer.byteLength(JSON.stringify(object)) }));
  if (all.reduce((sum, { size }) => sum + size, 0) <= headBytes) {
    return { head: all.map(({ object }) => object), parts: [] };
  }
  const parts: WrittenObject[][] = [[]];
  let bytes = 0;
  for (const { object, size } of all) {
    if (bytes > 0 && bytes + size > partBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(object);
    bytes += size;
  }
  return { head: [], parts };
};

/** As it was compressed, without base64. */
export interface Zipped {
  readonly bytes: Buffer;
  readonly size: number;
}

/**
 * The canonical JSON of a stored content.
 * @throws RangeError for one that unpacks to more than it says, or than any content has
 */
export const contentText = ({
  content,
  encoding,
  size = 0,
}: Pick<BundledObject, 'content' | 'encoding' | 'size'>): string =>
  encoding === undefined ? content : unzipped({ bytes: Buffer.from(content, 'base64'), size });

export const unzipped = ({ bytes, size }: Zipped): string =>
  gunzipSync(bytes, { maxOutputLength: Math.max(1, Math.min(size, bundledContentBytes)) }).toString();
