/** How the objects of a bundle are stored: in its head, or in parts of a size that the API server takes. */
import type { BundleObject, ObjectSource } from './bundle.ts';
import { canonicalJson } from './digest.ts';

/** Contents of one part, in bytes of JSON: the API server takes 1.5 MiB. */
const partBytes = 900 * 1024;
/** Contents that a head has room for beside its delta and the text of it. */
const headBytes = 400_000;

/** An object as a bundle stores it. */
export interface WrittenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly digest: string;
  readonly content: string;
  readonly source?: ObjectSource;
}

const written = ({ ref, digest, content, source }: BundleObject): WrittenObject => ({
  ...ref,
  digest,
  content: canonicalJson(content),
  ...(source === undefined ? {} : { source }),
});

/** Where the objects of a bundle are stored. Parts that are there hold all of them. */
export interface StoredContent {
  readonly head: readonly WrittenObject[];
  readonly parts: readonly (readonly WrittenObject[])[];
}

export const storedContent = (objects: readonly BundleObject[]): StoredContent => {
  const all = objects.map(written).map((object) => ({ object, size: Buffer.byteLength(JSON.stringify(object)) }));
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
