/** What `binaryData` of a ConfigMap holds: text that somebody wrote, or bytes that nobody reads. */
import { createHash } from 'node:crypto';
import type { Json } from '../../api/meta.ts';
import { digestOf } from '../json/canonical.ts';
import type { Path } from '../json/field-path.ts';
import type { ObjectRef } from '../objects.ts';

/** The text, or what is there instead; no two different values are told alike. */
export type Decoded = { readonly text: string } | { readonly instead: string };

/** Whether the value at a path is base64 of what the API server hands to pods. */
export const isBinaryData = ({ apiVersion, kind }: ObjectRef, path: Path): boolean => {
  const [first] = path;
  return (
    apiVersion === 'v1' &&
    kind === 'ConfigMap' &&
    path.length === 2 &&
    first !== undefined &&
    'field' in first &&
    first.field === 'binaryData'
  );
};

/** A mark of byte order is a character of the text. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Line breaks and tabs are text; other controls are not. */
const control = /(?![\t\n\r])\p{Cc}/u;

/** Decodes a value that `isBinaryData` names; undefined = it is no text, and stands as it is. */
export const decoded = (value: Json | undefined): Decoded | undefined => {
  if (typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value, 'base64');
  // The API server takes, and keeps, only what it would write itself.
  if (bytes.toString('base64') !== value) {
    return { instead: told(value.length, 'character', ' that are no base64', digestOf(value)) };
  }
  try {
    const text = utf8.decode(bytes);
    if (!control.test(text)) return { text };
  } catch {
    // Bytes that are no text are told by their digest.
  }
  return { instead: told(bytes.length, 'byte', '', `sha256:${createHash('sha256').update(bytes).digest('hex')}`) };
};

const told = (count: number, unit: string, what: string, digest: string): string =>
  `(${count} ${unit}${count === 1 ? '' : 's'}${what}, ${digest})`;
